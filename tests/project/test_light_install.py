"""What pip installs without extras, not editable, is light and does a survey's work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import venv
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.errors import ProvisioningError
from amphitrite.server.host import check_host, this_host
from amphitrite.server.launcher import LocalTriton
from amphitrite.triton.repository import find_repository

ROOT = Path(__file__).parents[2]
SOURCES = ("client", "training", "export")
FILES = ("pyproject.toml", "constraints.txt", "README.md", "LICENSE", "NOTICE")
HEAVY = {"tensorflow", "tensorflow-cpu", "keras", "onnx", "onnxruntime", "tf2onnx"}

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def bin_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of a fresh environment with the light installation."""
    place = tmp_path_factory.mktemp("light")
    # built from a copy, so that nothing is written into the checkout
    source = place / "source"
    for name in SOURCES:
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, source)
    venv.create(place / "env", with_pip=True)
    commands = place / "env" / "bin"
    pip = (commands / "python", "-m", "pip")
    # what builds the wheel stands for all: a failure after it is the project's own
    probe = call(*pip, "download", "--no-deps", "hatchling", cwd=place)
    if probe.returncode:
        pytest.skip(f"pip cannot reach its index: {probe.stderr.splitlines()[-1]}")
    options = ("--no-compile", "--constraint", source / "constraints.txt")
    done = call(*pip, "install", *options, source, cwd=place)
    assert done.returncode == 0, done.stderr
    return commands


def environ() -> dict[str, str]:
    """The environment without what could lend the new one this checkout's modules."""
    lent = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    return {key: value for key, value in os.environ.items() if key not in lent}


def call(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=cwd, env=environ(), capture_output=True, text=True, timeout=240
    )


def test_the_command_line_opens(bin_folder: Path, tmp_path: Path):
    done = call(bin_folder / "amphitrite", "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "morpheus" in done.stdout


def test_no_framework_and_no_plots_are_installed(bin_folder: Path, tmp_path: Path):
    listing = [bin_folder / "python", "-m", "pip", "list", "--format", "json"]
    installed = {row["name"] for row in json.loads(call(*listing, cwd=tmp_path).stdout)}
    assert {"amphitrite", "numpy", "astropy"} <= installed
    assert not installed & {*HEAVY, "matplotlib"}


@pytest.mark.triton
def test_a_survey_runs_against_a_server(bin_folder: Path, tmp_path: Path):
    try:
        check_host(this_host())
    except ProvisioningError as error:
        pytest.skip(str(error).splitlines()[0])
    rng = np.random.default_rng(4)
    y, x = np.mgrid[:64, :72]
    source = 0.3 * np.exp(-((y - 30) ** 2 + (x - 36) ** 2) / 18)
    bands = [f"{band}.fits" for band in "hjvz"]
    for name in bands:
        noise = rng.normal(scale=0.003, size=source.shape)
        fits.writeto(tmp_path / name, (source + noise).astype(np.float32))
    with LocalTriton(find_repository(), ["morpheus"]) as triton:
        done = call(
            *(bin_folder / "amphitrite", "morpheus", *bands, "-o", "result"),
            *("--server", triton.grpc_url),
            cwd=tmp_path,
        )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "result" / "catalogue.fits").is_file()
    assert not (tmp_path / "result" / "report.png").exists()
    assert "report.png needs the 'plots' extra" in " ".join(done.stderr.split())
