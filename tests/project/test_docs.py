"""What the READMEs say is true: their commands run, their links lead somewhere."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from amphitrite.triton.repository import model_folders
from amphitrite_training.surveys.asid.simulate.exposures import write_exposure
from amphitrite_training.surveys.asid.simulate.files import write_events
from amphitrite_training.surveys.asid.simulate.photons import Region, draw_events
from amphitrite_training.surveys.asid.simulate.sky import YEARS, make_sky
from amphitrite_training.surveys.calnet.simulate.files import write_star
from amphitrite_training.surveys.calnet.simulate.stars import draw_star
from amphitrite_training.surveys.emri.simulate.files import write_stream
from amphitrite_training.surveys.emri.simulate.streams import stream

ROOT = Path(__file__).parents[2]
READMES = sorted(
    path
    for path in [
        *ROOT.glob("*.md"),
        *ROOT.glob("*/*.md"),
        *ROOT.glob("deploy/*/*.md"),
        *ROOT.glob("tests/bench/*.md"),
    ]
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(pip install [^`]+)`")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

pytestmark = pytest.mark.timeout(300)  # commands train, export and start servers


def blocks(path: Path, language: str) -> list[str]:
    return [text for kind, text in FENCE.findall(path.read_text()) if kind == language]


def commands(path: Path) -> list[str]:
    lines = [line for block in blocks(path, "sh") for line in block.splitlines()]
    return [line for line in [*lines, *INLINE.findall(path.read_text())] if line]


NAMES = [str(path.relative_to(ROOT)) for path in READMES]
COMMANDS = [(name, line) for name in NAMES for line in commands(ROOT / name)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the READMEs imagine the reader's: photons, stars, maps and more.

    It has the clone's models too, as a copy, lest a command write into the clone.
    """
    place = tmp_path_factory.mktemp("reader")
    shutil.copytree(ROOT / "model_repository", place / "model_repository")
    rng = np.random.default_rng(6)
    y, x = np.mgrid[:64, :72]
    source = 0.3 * np.exp(-((y - 30) ** 2 + (x - 36) ** 2) / 18)
    region = Region(lon=70, lat=40, radius=4)
    photons = draw_events(make_sky(1), rng, region)
    write_events(photons, place / "events.fits", years=YEARS, region=region)
    write_exposure(place / "exposure.fits", years=YEARS)
    stars = place / "lc" / "s015"
    stars.mkdir(parents=True)
    for seed in range(4):
        write_star(draw_star(seed), stars)
    (place / "maps").mkdir()
    for number in range(3):
        write_convergence(place / "maps" / f"{number}.fits", 0.3 + 0.1 * number)
    write_stream(place / "strain.h5", stream(600_000, seed=1), 0.0)
    for band in "hjvz":
        noise = rng.normal(scale=0.003, size=source.shape)
        fits.writeto(place / f"{band}.fits", (source + noise).astype(np.float32))
    return place


def write_convergence(path: Path, maximum: float) -> None:
    """Write a map of a cluster as lensing gives it: a convergence on the sky."""
    y, x = np.mgrid[-60:61, -60:61]
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [150.0, 2.0], [61, 61]
    wcs.wcs.cdelt = [-5 / 3600, 5 / 3600]
    image = maximum / np.hypot(1, np.hypot(x, y) / 4)
    fits.writeto(path, image.astype(np.float32), wcs.to_header())


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a reader who has no models in the data folder yet."""
    return {**os.environ, "XDG_DATA_HOME": str(tmp_path_factory.mktemp("data"))}


def test_there_are_commands_to_test():
    assert len(COMMANDS) > 10


def demos_are_long(readme: str, line: str) -> object:
    """Return a command's parameters; the demos take half a minute, and have tests."""
    long = [pytest.mark.long] if line.startswith("amphitrite demo") else []
    return pytest.param(readme, line, marks=long)


@pytest.mark.parametrize(
    ("readme", "line"),
    [demos_are_long(*pair) for pair in COMMANDS if pair[1].startswith("amphitrite ")],
    ids=lambda value: str(value),
)
@pytest.mark.triton
def test_amphitrite_commands_run(
    readme: str, line: str, folder: Path, environment: dict[str, str]
):
    words = shlex.split(line)[1:]
    if words[0] in ("train", "export") and "--help" not in words:
        pytest.importorskip("tensorflow", reason="needs the export extra")
        pytest.importorskip("tf2onnx", reason="needs the export extra")
    if words[:2] == ["train", "morpheus"] and (folder / "artefacts").exists():
        return  # another README has the same line
    done = subprocess.run(
        [sys.executable, "-m", "amphitrite", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    for option in ("-o", "--plot", "--plots", "--regions"):
        if option in words:
            out = folder / words[words.index(option) + 1]
            assert any(out.glob("*.png")) if out.is_dir() else out.exists()
    if words[:2] == ["models", "install"]:
        installed = Path(environment["XDG_DATA_HOME"]) / "amphitrite" / words[2]
        assert model_folders(installed)


@pytest.mark.parametrize(
    ("readme", "line"),
    [pair for pair in COMMANDS if not pair[1].startswith("amphitrite ")],
    ids=lambda value: str(value),
)
def test_other_commands_mean_something(readme: str, line: str):
    words = shlex.split(line)
    if words[0] == "make":
        subprocess.run([*words, "--dry-run"], cwd=ROOT, check=True, capture_output=True)
    elif words[:2] == ["pip", "install"]:
        asked = re.search(r"\[(.*)\]", line)
        extras = set(asked[1].split(",")) if asked else set()
        assert extras <= set(PROJECT["optional-dependencies"])
    elif words[:2] in (["docker", "compose"], ["docker", "build"]):
        assert (ROOT / words[words.index("-f") + 1]).is_file()
    else:
        pytest.fail(f"{readme} shows a command that no test understands: {line}")


@pytest.mark.parametrize("readme", READMES, ids=NAMES)
@pytest.mark.triton
def test_python_examples_run(readme: Path, folder: Path, environment: dict[str, str]):
    for example in blocks(readme, "python"):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", example],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=280,
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("readme", READMES, ids=NAMES)
def test_links_lead_to_files(readme: Path):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", readme.read_text()):
        assert (readme.parent / target).exists(), target


def test_every_room_is_in_the_client_readme():
    told = (ROOT / "client" / "README.md").read_text()
    package = ROOT / "client" / "amphitrite"
    rooms = [f"{room.parent.name}/" for room in package.glob("[a-z]*/__init__.py")]
    assert len(rooms) == 6
    for name in (*rooms, *(module.name for module in package.glob("[a-z]*.py"))):
        assert f"`{name}`" in told, name


def test_readmes_fit_a_screen_or_two():
    for readme in (path for path in READMES if path.name == "README.md"):
        limit = 120 if readme.parent == ROOT else 60
        assert len(readme.read_text().splitlines()) <= limit, readme


def test_docstring_examples_run(folder: Path, environment: dict[str, str]):
    """The library's verbs, as their docstrings show them."""
    field = folder / "field"
    field.mkdir(exist_ok=True)
    for band in "hjvz":
        (field / f"{band}.fits").write_bytes((folder / f"{band}.fits").read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "doctest", str(ROOT / "client/amphitrite/api.py")],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
