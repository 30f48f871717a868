"""The four bands as people have them: in any container, order, unit and with zeros."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from four_bands import pixels_of
from real_data import beside

from amphitrite.errors import BadInput
from amphitrite.files.choices import Choices
from amphitrite.surveys.morpheus.page import BANDS
from amphitrite.surveys.morpheus.prepare.conditions import outside_training
from amphitrite.surveys.morpheus.prepare.inputs import (
    hdu_cards,
    named_hdus,
    object_card,
    open_bands,
)


def read(paths, hdu=None):
    """Return pixels by band, and what was said."""
    choices = Choices()
    with open_bands(named_hdus([*map(Path, paths)], hdu), choices) as bands:
        pixels = {name: band.rows(0, band.shape[0]) for name, band in bands.items()}
        for name, band in bands.items():
            np.testing.assert_array_equal(band[5:9, 3:7], pixels[name][5:9, 3:7])
    return pixels, choices.made


def check_tidy(pixels, *, rtol=0.0):
    """Check that the pixels are those of the tidy files."""
    assert list(pixels) == list(BANDS)
    for band in BANDS:
        np.testing.assert_allclose(pixels[band], pixels_of(band), rtol=rtol)
        assert pixels[band].dtype == np.float32


def rewrite(path, change):
    """Replace a file's HDUs by those that a change makes of its image."""
    data, header = fits.getdata(path, header=True)
    change(data, header).writeto(path, overwrite=True)


def test_tidy_files_need_no_word(files):
    pixels, said = read(files.write())
    check_tidy(pixels)
    assert said == []


@pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gz", "bz2", "xz"]
)
def test_packed_files(files, pack):
    paths = files.write()
    for path in paths:
        path.write_bytes(pack(path.read_bytes()))
    pixels, said = read(paths)
    check_tidy(pixels)
    assert said == []


def drizzled(data, header):
    """Return the layout of DrizzlePac's products, but weights first."""
    keys = [key for key in header if key.startswith(("FILTER", "INSTRUME", "EXPTIME"))]
    primary = fits.PrimaryHDU(header=fits.Header({key: header[key] for key in keys}))
    for key in keys:
        del header[key]
    weights = fits.ImageHDU(np.full_like(data, 7), header, name="WHT")
    context = fits.ImageHDU(np.ones(data.shape, np.int32), header, name="CTX")
    return fits.HDUList([primary, weights, context, fits.ImageHDU(data, header, "SCI")])


def test_the_science_image_is_read_from_among_weights_and_said(files):
    paths = files.write()
    for path in paths:
        rewrite(path, drizzled)
    pixels, said = read([paths[1], paths[0], *paths[2:]])
    check_tidy(pixels)
    assert [sentence.split(":")[0] for sentence in said] == [
        "of several images in a file, these are read",
        "the images are put in the order of the filters in their headers",
    ]
    assert f"{paths[0]}[SCI]" in said[0]


@pytest.mark.parametrize("name", ["SCI", "sci,1", "3"])
def test_the_user_chooses_the_hdu(files, name):
    paths = files.write()
    for path in paths:
        rewrite(path, drizzled)
    pixels, said = read([f"{path}[{name}]" for path in paths])
    check_tidy(pixels)
    assert said == []
    check_tidy(read(paths, hdu=name)[0])
    chosen = [f"{paths[0]}[WHT]", *paths[1:]]
    assert (read(chosen, hdu="SCI")[0]["H"] == 7).all()


def test_weights_are_not_taken_in_silence(files):
    paths = files.write()
    rewrite(paths[2], lambda data, header: drizzled(data, header)[:3])
    with pytest.raises(BadInput, match=r"no image of the sky.*\n.*V\.fits\[WHT\]"):
        read(paths)
    paths = files.write(pixels={"V": np.full_like(pixels_of("V"), 5)})
    _, said = read(paths)
    assert re.search(r"map of weights or exposure is taken .*: \S*V\.fits$", said[0])
    (paths[3].parent / "z_wht.fits").write_bytes(paths[3].read_bytes())
    _, said = read([*paths[:3], paths[3].parent / "z_wht.fits"])
    assert said[0].endswith("V.fits, " + str(paths[3].parent / "z_wht.fits"))


def test_bands_in_one_file(files, tmp_path):
    paths = files.write()
    hdus = [fits.PrimaryHDU()]
    for path, band in zip(paths, BANDS, strict=True):
        data, header = fits.getdata(path, header=True)
        hdus.append(fits.ImageHDU(data, header, name=f"BAND_{band}"))
    fits.HDUList(hdus).writeto(tmp_path / "all.fits")
    check_tidy(read([f"{tmp_path}/all.fits[BAND_{band}]" for band in BANDS])[0])
    with pytest.raises(BadInput, match="one image is given for several"):
        read([tmp_path / "all.fits"] * 4)


@pytest.mark.parametrize("axes", [(0,), (0, 1)])
def test_axes_of_length_one_are_dropped(files, axes):
    paths = files.write(pixels={b: np.expand_dims(pixels_of(b), axes) for b in BANDS})
    pixels, said = read(paths)
    check_tidy(pixels)
    assert said == []


def test_counts_become_rates(files):
    counts = {"BUNIT": "ELECTRONS", "EXPTIME": 2000.0}
    v = pixels_of("V") * np.float32(2000)
    pixels, said = read(files.write(pixels={"V": v}, V=counts))
    # two roundings of float32
    check_tidy(pixels, rtol=2e-7)
    assert len(said) == 1


def test_zeros_of_one_band_are_no_data_there(files):
    data = pixels_of("J")
    data[:, :20] = 0.0
    data[30, 40] = 0.0
    pixels, said = read(files.write(pixels={"J": data}))
    data[:, :20] = np.nan
    np.testing.assert_array_equal(pixels.pop("J"), data)
    for band, found in pixels.items():
        np.testing.assert_array_equal(found, pixels_of(band))
    assert re.search(r"count as no data .*: 1000 of 3000 in \S*J\.fits$", said[0])


@pytest.mark.parametrize("arcsec", [0.0599, 0.06, 0.0601])
def test_the_training_has_this_scale(files, arcsec):
    assert outside(files.write(arcsec=arcsec)) == (set(), [])


@pytest.mark.parametrize("arcsec", [0.03, 0.05, 0.065, 0.128])
def test_another_scale_is_said_and_flagged(files, arcsec):
    flags, said = outside(files.write(arcsec=arcsec))
    assert flags == {"pixel_scale"}
    assert f"the pixels are of {arcsec:.4g} arcsec" in said[0]


def test_another_filter_is_said_and_flagged(files):
    flags, said = outside(files.write(V={"FILTER1": "F814W"}))
    assert flags == {"other_filter"}
    assert "V.fits is of F814W, the network's training of F606W" in said[0]


def outside(paths):
    choices = Choices()
    with open_bands(named_hdus(paths, None), choices) as bands:
        return outside_training(bands, choices), choices.made


def test_cards_of_provenance(files, caplog):
    paths = files.write(H={"OBJECT": " GOODS-S "}, V={"BUNIT": None})
    rewrite(paths[1], drizzled)
    choices = Choices()
    with open_bands(named_hdus(paths, None), choices) as bands:
        assert object_card(bands["H"]) == {"OBJECT": "GOODS-S"}
        assert object_card(bands["J"]) == {}
        assert list(hdu_cards(bands).items()) == [
            *[("INHDU1", "0"), ("INHDU2", "SCI"), ("INHDU3", "0"), ("INHDU4", "0")]
        ]
    assert list(choices.cards.values()) == [r.getMessage() for r in caplog.records]
    assert list(choices.cards) == ["CHOICE1", "CHOICE2"]


def test_distortions_by_missing_tables_do_not_cost_the_coordinates(files):
    lookup = {"CPDIS1": "LOOKUP", "CPDIS2": "LOOKUP", "D2IMDIS1": "LOOKUP"}
    tidy = files.write()
    choices = Choices()
    with open_bands(named_hdus(tidy, None), choices) as bands:
        want = bands["H"].wcs.pixel_to_world_values(3, 4)
    with open_bands(named_hdus(files.write(H=lookup), None), choices) as bands:
        got = bands["H"].wcs.pixel_to_world_values(3, 4)
    np.testing.assert_array_equal(got, want)
    (sentence,) = choices.made
    assert "the distortion by tables (CPDIS1) in the header of" in sentence


def test_what_is_missing_is_named(tmp_path, files):
    paths = files.write()
    for name in ("none.fits", "none.fits[SCI]"):
        with pytest.raises(BadInput, match=r"there is no file \S*none\.fits;"):
            read([tmp_path / name, *paths[1:]])
    with pytest.raises(BadInput, match=r"no two-dimensional image named ERR; its HDUs"):
        read(paths, hdu="ERR")


@pytest.fixture
def paths(files):
    return files.write()


def refuse(paths, message):
    with (
        pytest.raises(BadInput, match=message),
        open_bands(named_hdus(paths, None), Choices()),
    ):
        pass


def test_the_files_are_closed_in_the_end(paths):
    with open_bands(named_hdus(paths, None), Choices()) as images:
        pass
    for image in images.values():
        with pytest.raises(BadInput, match="closed file"):
            image.rows(0, 1)


@pytest.mark.parametrize("n", [0, 3, 5])
def test_other_numbers_of_files_are_refused(paths, n):
    message = rf"needs 4 images, in the order H, J, V, z \(F160W, .*; received {n}"
    refuse((paths * 2)[:n], message)


def test_one_file_for_two_bands_is_refused_though_by_another_name(paths):
    paths[3].unlink()
    paths[3].symlink_to(paths[1])
    refuse(paths, "one image is given for several bands")


def test_a_missing_file_is_named(paths):
    paths[2].unlink()
    refuse(paths, r"there is no file .*V\.fits")


def test_less_than_a_window_and_another_grid_are_refused(paths):
    fits.writeto(paths[1], np.zeros((45, 39), np.float32), overwrite=True)
    refuse(paths, r"J\.fits is too small: received 39 x 45")
    fits.writeto(paths[1], np.zeros((45, 51), np.float32), overwrite=True)
    refuse(paths, "H and J differ in shape")


@pytest.fixture(scope="module")
def cases():
    """Files of people's trials, beside the real data."""
    return beside("cases")


@pytest.mark.parametrize(
    ("case", "names", "words"),
    [
        ("plain", "h.fits j.fits v.fits z.fits", []),
        ("axis_of_one", "h.fits j.fits v.fits z.fits", []),
        ("bz2", "h.fits.bz2 j.fits.bz2 v.fits.bz2 z.fits.bz2", []),
        ("weights_first", "h.fits j.fits v.fits z.fits", ["[SCI]"]),
        ("filter_in_primary", "j.fits h.fits v.fits z.fits", ["[SCI]", "order"]),
        ("mixed_units", "h.fits j.fits v.fits z.fits", ["2000 s", "2000 s"]),
        ("zero_fill", "h.fits j.fits v.fits z.fits", ["4500 of 10000"]),
    ],
)
def test_each_case_gives_the_pixels_of_the_plain_one(cases, case, names, words):
    plain = [cases / "images_plain" / f"{band}.fits" for band in "hjvz"]
    want, _ = read(plain)
    got, said = read(cases / f"images_{case}" / name for name in names.split())
    for band in BANDS:
        if case == "zero_fill":
            assert np.isnan(got[band][:, :45]).all()
            got[band][:, :45] = want[band][:, :45]
        # of counts, whose product with the exposure time was rounded to float32
        rtol = 2e-7 if case == "mixed_units" else 0
        np.testing.assert_allclose(got[band], want[band], rtol=rtol)
    assert len(said) == len(words)
    assert all(word in sentence for word, sentence in zip(words, said, strict=True))
