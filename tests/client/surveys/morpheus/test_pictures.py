"""Pictures, pixel by pixel where that can be said."""

import sys

import numpy as np
import pytest
from astropy.wcs import WCS
from PIL import Image
from scipy import ndimage

from amphitrite.errors import MissingExtra
from amphitrite.files import catalogues
from amphitrite.surveys.morpheus import pictures as morpheus_pictures
from amphitrite.surveys.morpheus.catalogue import COLUMNS
from amphitrite.surveys.morpheus.page import LABELS, MORPHOLOGIES
from amphitrite.surveys.morpheus.pictures import colour_image, draw_report

SHAPE = (80, 100)
PLACES = [(20, 30), (60, 30), (40, 75)]  # (y, x)


@pytest.fixture
def classified():
    """A dark sky with one square of each of three classes; a frame not classified."""
    votes = {label: np.zeros(SHAPE, np.float32) for label in LABELS}
    votes["background"][:] = 1
    labels = np.zeros(SHAPE, np.int32)
    for number, (label, (y, x)) in enumerate(zip(MORPHOLOGIES, PLACES, strict=False)):
        box = np.s_[y - 5 : y + 6, x - 5 : x + 6]
        votes["background"][box] = 0
        votes[label][box] = 1
        labels[box] = number + 1
    count = np.full(SHAPE, 900, np.int16)
    for frame in (np.s_[:5], np.s_[-5:], np.s_[:, :5], np.s_[:, -5:]):
        count[frame] = 0
        labels[frame] = -1
    return votes, count, labels


def catalogue(places=PLACES):
    data = {column.name: np.zeros(len(places)) for column in COLUMNS}
    data["id"] = np.arange(1, len(places) + 1)
    data["y"], data["x"] = np.array(places).reshape(-1, 2).T
    data["area"] = np.full(len(places), 121)
    data["morphology"] = [MORPHOLOGIES[i] for i in range(len(places))]
    return catalogues.table(COLUMNS, data, {"INPUT1": "h.fits", "DATE": "2026-01-01"})


@pytest.fixture
def flux():
    rng = np.random.default_rng(2)
    image = rng.normal(scale=0.01, size=SHAPE).astype(np.float32)
    for y, x in PLACES:
        image[y, x] = 1
    return image


def test_colours_are_the_originals(classified, tmp_path):
    votes, count, _ = classified
    colour_image(votes, count, tmp_path / "colour.png")
    rgb = np.asarray(Image.open(tmp_path / "colour.png"))[::-1]
    assert rgb.shape == (*SHAPE, 3)
    spheroid, disk, irregular = (rgb[place] for place in PLACES)
    assert tuple(spheroid) == (255, 0, 0)
    assert disk.argmax() == 2
    assert disk[1] == 0
    assert irregular.argmax() == 1
    assert not rgb[10, 10].any()
    assert not rgb[:5].any()


def test_a_large_image_is_reduced_by_averages(classified, tmp_path):
    votes, count, _ = classified
    colour_image(votes, count, tmp_path / "whole.png")
    colour_image(votes, count, tmp_path / "small.png", side=50)
    whole = np.asarray(Image.open(tmp_path / "whole.png"))
    small = np.asarray(Image.open(tmp_path / "small.png"))
    blocks = whole.reshape(40, 2, 50, 2, 3).mean(axis=(1, 3))
    # The averages are rounded to whole numbers once more or less.
    np.testing.assert_allclose(small, blocks, atol=1)


def rendered(classified, flux, table, **options):
    """Return the pixels of a report, and its panels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    votes, count, labels = classified
    figure = draw_report(flux, votes, count, labels, table, **options)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3].astype(int)
    return pixels, figure.axes


def markers(pixels):
    """Return the centre and size of each cyan ring, as (row, column, height)."""
    cyan = np.array([0, 0xE5, 0xFF])
    rings, _ = ndimage.label(np.abs(pixels - cyan).sum(-1) < 150, np.ones((3, 3)))
    return [
        (
            (box[0].start + box[0].stop) / 2,
            (box[1].start + box[1].stop) / 2,
            box[0].stop - box[0].start,
        )
        for box in ndimage.find_objects(rings)
        if box[0].stop - box[0].start > 20  # the legend's circle is smaller
    ]


@pytest.mark.parametrize("n_rows", [0, 1, 3])
def test_every_row_of_the_catalogue_is_marked_once_in_each_panel(
    n_rows, classified, flux
):
    pytest.importorskip("matplotlib", reason="needs the plots extra")
    pixels, axes = rendered(classified, flux, catalogue(PLACES[:n_rows]))
    found = markers(pixels)
    assert len(found) == 3 * n_rows
    for panel in axes:
        for y, x in PLACES[:n_rows]:
            column, up = panel.transData.transform((x, y))
            row = pixels.shape[0] - up
            assert any(abs(row - r) < 3 and abs(column - c) < 3 for r, c, _ in found), (
                f"no marker at y={y}, x={x}"
            )


def test_the_scale_bar_needs_coordinates(classified, flux):
    pytest.importorskip("matplotlib", reason="needs the plots extra")
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.cdelt = -0.06 / 3600, 0.06 / 3600
    _, axes = rendered(classified, flux, catalogue(), wcs=wcs)
    assert [text.get_text() for text in axes[0].texts] == ["1″"]
    bar = axes[0].lines[0].get_xdata()
    assert (bar[1] - bar[0]) * SHAPE[1] * 0.06 == pytest.approx(1)
    _, axes = rendered(classified, flux, catalogue())
    assert not axes[0].texts


def test_an_image_without_any_contrast_is_drawn(classified):
    pytest.importorskip("matplotlib", reason="needs the plots extra")
    rendered(classified, np.full(SHAPE, np.nan, np.float32), catalogue([]))


def test_without_matplotlib_the_extra_is_named(classified, flux, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    votes, count, labels = classified
    with pytest.raises(MissingExtra, match=r"amphitrite\[plots\]"):
        morpheus_pictures.report(
            flux, votes, count, labels, catalogue(), tmp_path / "r.png"
        )
