"""A survey is added by its files, its name and the linter's lists, and by no more.

A copy of the source gets the survey of ``new_survey``, which measures the one star in a
small image, and goes the whole way: linter, promises, training, export, a real Triton,
catalogue, demo and card.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import QTable

ROOT = Path(__file__).parents[2]
ADDED = Path(__file__).parent / "new_survey"
SIDE = 8

pytestmark = [
    *(pytest.mark.triton, pytest.mark.export, pytest.mark.training, pytest.mark.long),
    pytest.mark.timeout(
        600
    ),  # four programs that import a framework, one after another
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Return a copy of the source with the new survey in it."""
    copy = tmp_path_factory.mktemp("tree")
    for stage in ("client", "training", "export"):
        shutil.copytree(
            *(ROOT / stage, copy / stage),
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    (copy / "tests" / "contract").mkdir(parents=True)
    house = Path("tests") / "contract" / "test_house.py"
    shutil.copy(ROOT / house, copy / house)
    shutil.copytree(ADDED, copy, dirs_exist_ok=True)
    surveys = copy / "client" / "amphitrite" / "surveys" / "__init__.py"
    replace(surveys, '"morpheus")', '"morpheus", "stamps")')
    lists = (ROOT / "pyproject.toml").read_text()
    for package in ("amphitrite", "amphitrite_training"):
        name = f'    "{package}.surveys.morpheus",\n'
        assert name in lists
        lists = lists.replace(name, name + name.replace("morpheus", "stamps"))
    (copy / "pyproject.toml").write_text(lists)
    return copy


def replace(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def program(tree, *arguments):
    """Return what a program says on standard output, run in the tree."""
    stages = (str(tree / stage) for stage in ("client", "training", "export"))
    done = subprocess.run(
        arguments,
        cwd=tree,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(stages)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def amphitrite(tree, *arguments):
    return program(tree, sys.executable, "-m", "amphitrite", *arguments)


@pytest.fixture(scope="module")
def repository(tree):
    """Return a model repository with the trained network of the new survey."""
    amphitrite(tree, "train", "stamps", "--out", "artefact", "--quiet")
    amphitrite(tree, "export", "artefact", "--to", "models")
    return tree / "models"


def test_the_rooms_of_the_house_stand(tree):
    linter = Path(sys.executable).with_name("lint-imports")
    said = program(tree, linter, "--no-cache")
    assert "0 broken" in said
    assert "amphitrite.surveys.stamps" in (tree / "pyproject.toml").read_text()


def test_it_keeps_what_every_survey_promises(tree):
    pytest_ = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    said = program(tree, *pytest_, "tests/contract/test_house.py", "-k", "stamps")
    assert "passed" in said


def test_its_command_teaches(tree):
    assert "Measure the flux of the star" in amphitrite(tree, "stamps", "--help")
    assert "stamps" in amphitrite(tree, "--help")


def test_its_files_become_a_catalogue(tree, repository):
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    shape = np.exp(-(x**2 + y**2) / 4)
    fluxes = [0.8, 1.7]
    for number, flux in enumerate(fluxes):
        image = flux * shape / shape.sum() + rng.normal(0, 1e-3, shape.shape)
        fits.writeto(tree / f"{number}.fits", image.astype(np.float32))
    said = amphitrite(
        *(tree, "stamps", "0.fits", "1.fits", "-o", "stars.vot", "--json"),
        *("--model-repository", repository),
    )
    assert json.loads(said)["stars"] == 2
    table = QTable.read(tree / "stars.vot")
    assert list(table["name"]) == ["0.fits", "1.fits"]
    # the simulated noise is 1 % of such a flux, and the training is short
    np.testing.assert_allclose(table["flux"].value, fluxes, rtol=0.1)
    assert table["flux"].unit == "ct"


def test_it_is_shown_and_measured(tree, repository):
    models = ("--model-repository", repository, "--json")
    ratio = json.loads(amphitrite(tree, "demo", "stamps", *models))["ratio"]
    np.testing.assert_allclose(ratio, 1, rtol=0.1)  # as above
    card = ("--card", "CARD.md", "--fields", "50")
    found = json.loads(amphitrite(tree, "evaluate", "stamps", *card, *models))
    assert found["stars"] == 50
    assert 0 < found["scatter"] < 0.1
    assert "simulated stars" in (tree / "CARD.md").read_text()
