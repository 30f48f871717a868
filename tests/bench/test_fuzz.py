"""A small, fixed share of the damaged files: each is read, or refused by name."""

from __future__ import annotations

import importlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.surveys import SURVEYS

BENCH = Path(__file__).parent
SHARE = range(40)


@pytest.fixture(scope="module")
def fuzz() -> Iterator[ModuleType]:
    """The benchmark's module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCH))
        yield importlib.import_module("fuzz")


@pytest.fixture(params=SURVEYS)
def survey(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def silent() -> Iterator[None]:
    """Let astropy warn of damaged headers."""
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings(action="ignore"):
        yield
    logging.disable(logging.NOTSET)


@pytest.mark.slow
def test_damaged_files_are_read_or_refused(
    fuzz: ModuleType, survey: str, silent: None
) -> None:
    source = fuzz.sources(survey)
    found = [fuzz.case(number, survey=survey, source=source) for number in SHARE]
    faults = [details for outcome, details in found if outcome in fuzz.FAULTS]
    assert not faults, faults[0]
    # a survey that refuses everything, or reads everything, is not put to the test
    assert {outcome for outcome, _ in found} == {"read", "refused"}


@pytest.mark.slow
def test_sound_files_are_read(
    fuzz: ModuleType, survey: str, silent: None, tmp_path: Path
) -> None:
    for name, data in fuzz.sources(survey).items():
        (tmp_path / name).write_bytes(data)
    for name in fuzz.sources(survey):
        fuzz.READERS[survey](tmp_path, name)


def test_the_same_case_is_the_same_file(fuzz: ModuleType, tmp_path: Path) -> None:
    fits.writeto(tmp_path / "a.fits", np.zeros((50, 50)))
    data = (tmp_path / "a.fits").read_bytes()
    made = [fuzz.changed(data, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]
    assert made[0][1] != data


@pytest.mark.parametrize("number", range(8))
def test_every_change_changes_a_table(
    fuzz: ModuleType, number: int, tmp_path: Path
) -> None:
    columns = [fits.Column("TIME", "D", array=np.arange(400.0))]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "a.fits")
    data = (tmp_path / "a.fits").read_bytes()
    changed = bytearray(data)
    fuzz.CHANGES[number](changed, np.random.default_rng(3))
    assert bytes(changed) != data
