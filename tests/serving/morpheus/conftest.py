"""Morpheus served by a real Triton, and small fields to run it on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from amphitrite.server.launcher import LocalTriton
from amphitrite.server.provision import ServerEnvironment
from amphitrite.triton.connection import Connection
from amphitrite.triton.repository import find_repository

BANDS = "hjvz"


def tan_header() -> fits.Header:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crval = 53.1, -27.8
    wcs.wcs.crpix = 30.5, 30.5
    wcs.wcs.cdelt = -0.06 / 3600, 0.06 / 3600
    return wcs.to_header()


@pytest.fixture(scope="session")
def blobs() -> Callable[..., np.ndarray]:
    return make_blobs


def make_blobs(shape: tuple[int, int], seed: int = 11) -> np.ndarray:
    """A few round sources over noise, (4, ny, nx) float32."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]]
    field = np.zeros((4, *shape))
    for _ in range(max(1, shape[0] * shape[1] // 1500)):
        cy, cx = rng.uniform(8, np.array(shape) - 8)
        width, peak = rng.uniform(1.5, 4), rng.uniform(0.05, 0.5)
        profile = np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * width**2))
        field += peak * rng.uniform(0.3, 1, 4)[:, None, None] * profile
    return (field + rng.normal(scale=0.003, size=field.shape)).astype(np.float32)


def into(
    folder: Path, field: np.ndarray, *, header: fits.Header | None = None
) -> list[Path]:
    """Write a four-band field as FITS and return the files, in H, J, V, z order."""
    paths = [folder / f"{band}.fits" for band in BANDS]
    for path, band in zip(paths, field, strict=True):
        hdu = fits.PrimaryHDU(band, tan_header() if header is None else header)
        hdu.writeto(path)
    return paths


@pytest.fixture(scope="session")
def write_bands_into() -> Callable[..., list[Path]]:
    return into


@pytest.fixture
def write_bands(tmp_path: Path) -> Callable[..., list[Path]]:
    """Write a four-band field as FITS into a new folder; see `into`."""

    def write(
        field: np.ndarray, *, folder: str = "field", header: fits.Header | None = None
    ) -> list[Path]:
        (tmp_path / folder).mkdir()
        return into(tmp_path / folder, field, header=header)

    return write


@pytest.fixture(scope="session")
def morpheus_server(server_environment: ServerEnvironment) -> Iterator[LocalTriton]:
    with LocalTriton(
        find_repository(), ["morpheus"], environment=server_environment
    ) as server:
        yield server


@pytest.fixture
def connection(morpheus_server: LocalTriton) -> Iterator[Connection]:
    with Connection(morpheus_server.grpc_url) as connection:
        yield connection


def start(*arguments: object) -> subprocess.Popen[str]:
    """Start the command line."""
    return subprocess.Popen(
        [sys.executable, "-m", "amphitrite", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="session")
def amphitrite() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line to its end."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        process = start(*arguments)
        try:
            out, err = process.communicate(timeout=120)
        finally:
            process.kill()
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    return run


@pytest.fixture(scope="session")
def launch() -> Callable[..., subprocess.Popen[str]]:
    return start
