"""Real light curves for those who have them."""

from __future__ import annotations

import logging
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

from amphitrite.errors import BadInput
from amphitrite_training.surveys.calnet import archive, data
from amphitrite_training.surveys.calnet.recipe import SHIPPED
from amphitrite_training.surveys.calnet.simulate import files
from amphitrite_training.surveys.calnet.simulate.stars import draw_star


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Lay out simulated stars as an archive is laid out."""
    root = tmp_path_factory.mktemp("archive")
    known = []
    for sector in (1, 2):
        place = root / "tess" / "lc" / f"s{sector:03d}"
        place.mkdir(parents=True)
        for seed in range(20 * sector, 20 * sector + 12):
            star = draw_star(seed)
            files.write_star(star, place)
            if star.is_binary:
                known.append((files.tic(star), star.kind))
    (root / "tess" / "lc" / "notes").mkdir()
    Table(rows=known, names=("TIC", "class")).write(
        root / archive.SAMPLES, format="ascii.fixed_width_two_line"
    )
    return root


def chosen(folder, **options):
    options = {"others_per_sector": 100, "interpolation": "pchip", **options}
    parts = archive.chunks(folder, **options)
    return [pair for part in parts for pair in zip(part.paths, part.kinds, strict=True)]


def test_all_known_binaries_and_some_others_are_taken(folder):
    everything = chosen(folder)
    assert len(everything) == 24
    assert sum(bool(kind) for _, kind in everything) == 12
    fewer = chosen(folder, others_per_sector=2)
    assert sum(bool(kind) for _, kind in fewer) == 12
    assert sum(not kind for _, kind in fewer) == 4
    assert fewer == chosen(folder, others_per_sector=2)
    assert fewer != chosen(folder, others_per_sector=2, seed=1)


def test_stars_are_on_one_side_whatever_the_sector():
    stars = np.arange(5_000) % 2_500
    held = archive.held_back(stars)
    np.testing.assert_array_equal(held[:2_500], held[2_500:])
    assert 0.08 < held.mean() < 0.12
    np.testing.assert_array_equal(archive.held_back(stars[::-1]), held[::-1])


def test_a_recipe_learns_from_an_archive(folder, cache):
    recipe = replace(SHIPPED, archive=str(folder), others_per_sector=3, batch_size=4)
    sets = data.data(recipe)
    labels = sets.training.samples.labels
    assert sets.training.samples is sets.validation.samples
    assert set(sets.training.chosen) | set(sets.validation.chosen) == set(
        range(len(labels))
    )
    assert not set(labels.star[sets.training.chosen]) & set(
        labels.star[sets.validation.chosen]
    )
    assert set(labels.kind) <= {"EA", "EB", "EW", "other"}
    np.testing.assert_array_equal(labels.is_binary, labels.kind != "other")
    assert np.isfinite(labels.tmag).all()
    inputs, _ = sets.training.batch(0, 0)
    assert inputs["light_curve"].shape == (4, 4_000)


def test_files_that_cannot_be_used_are_passed_over(folder, tmp_path, caplog):
    paths = [path for path, _ in chosen(folder)][:2]
    broken = tmp_path / Path(paths[0]).name
    broken.write_bytes(Path(paths[0]).read_bytes()[:4_000])
    part = archive.Files((str(broken), paths[1]), ("EA", ""), "pchip")
    with caplog.at_level(logging.WARNING):
        found = list(part.samples())
    assert {each.star for each in found} == {archive.tic_of(Path(paths[1]))}
    assert "skipped" in caplog.text


@pytest.mark.parametrize("missing", ["list", "files"])
def test_what_is_missing_is_told(folder, tmp_path, missing):
    if missing == "files":
        shutil.copy(folder / archive.SAMPLES, tmp_path)
        message = r"no light curves in .*expected folders such as .*s001 with the"
    else:
        message = r"cannot read the list of binaries .*training_samples.dat: .*TIC and"
    with pytest.raises(BadInput, match=message):
        chosen(tmp_path)


def test_a_file_without_a_number_is_refused():
    with pytest.raises(
        BadInput, match=r"star\.fits holds no TIC number; expected the m"
    ):
        archive.tic_of(Path("star.fits"))


def test_the_published_list_can_be_read(real_data):
    known = archive.known_binaries(real_data / "tess" / archive.SAMPLES)
    assert len(known) == 4_225
    assert set(known.values()) == {"EA", "EB", "EW"}
    assert known[117544915] == "EA"
