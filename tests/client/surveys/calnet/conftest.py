"""Light curves as the pipelines write them, with signals that are known."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.surveys.calnet.interpret.periods import Ephemeris, Peak
from amphitrite.surveys.calnet.interpret.stars import Scored, Star


def cadences(*, days=27.0, step=120.0, start=2000.0, gap=(12.5, 14.0)):
    """Return times of a sector with its gap in the middle."""
    time = start + np.arange(0, days, step / 86400)
    return time[(time < start + gap[0]) | (time > start + gap[1])]


def eclipses(time, *, period, epoch=0.0, depths=(0.3, 0.2), width=0.03):
    """Return the relative flux of two smooth eclipses an orbit."""
    x = ((time - epoch) / period + 0.25) % 1 - 0.25
    flux = np.ones_like(time)
    for depth, at in zip(depths, (0.0, 0.5), strict=True):
        flux -= depth * np.exp(-0.5 * ((x - at) / width) ** 2)
    return flux


def write_light_curve(
    path,
    time,
    flux,
    *,
    quality=None,
    names=("PDCSAP_FLUX", "PDCSAP_FLUX_ERR", "QUALITY"),
    header=None,
    zero=2457000,
    fraction=0.0,
    error=1.0,
    time_unit="d",
    flux_unit="e-/s",
    cards=None,
    more=(),
):
    """Write a file; a zero point of None is one that it does not state.

    ``cards`` go into the table's header, ``more`` are further columns; a column without
    a name is left out.
    """
    primary = fits.PrimaryHDU()
    defaults = {
        "TELESCOP": "TESS",
        "TICID": 117544915,
        "SECTOR": 1,
        "RA_OBJ": 340.5,
        "DEC_OBJ": -43.75,
        "TESSMAG": 8.5,
    }
    primary.header.update(defaults if header is None else header)
    n = len(time)
    columns = [
        fits.Column("TIME", "D", time_unit, array=time),
        fits.Column("CADENCENO", "J", array=np.arange(n) + 600),
        fits.Column(names[0], "E", flux_unit, array=flux),
        fits.Column(names[1], "E", flux_unit, array=np.full(n, error)),
        fits.Column(
            names[2], "J", array=np.zeros(n, int) if quality is None else quality
        ),
        *more,
    ]
    table = fits.BinTableHDU.from_columns(
        [column for column in columns if column.name], name="LIGHTCURVE"
    )
    if zero is not None:
        table.header["BJDREFI"] = zero
        table.header["BJDREFF"] = fraction
    table.header.update(cards or {})
    content = Path(path).with_suffix("")
    fits.HDUList([primary, table]).writeto(content, overwrite=True)
    if Path(path).suffix == ".gz":
        Path(path).write_bytes(gzip.compress(content.read_bytes()))
        content.unlink()
    else:
        content.rename(path)
    return Path(path)


@pytest.fixture
def sector():
    return cadences


@pytest.fixture
def binary():
    return eclipses


@pytest.fixture
def write():
    return write_light_curve


@pytest.fixture
def ephemeris():
    """Period and epoch of a binary whose two eclipses are alike."""
    return Ephemeris(2.5, 1e-5, 2010.0, 0.3, Peak(1.25, 0.4, 0.0), 2.5, ("odd_even",))


@pytest.fixture
def candidate(ephemeris):
    """Return a star of one file and one segment."""

    def make(number=42, p_eb=0.95):
        scored = Scored(
            *(Path("a.fits"), f"TIC {number}", number, 10.0, -5.0, 9.25, (3,)),
            checksum="0" * 64,
            notes=(),
            peak=ephemeris.peak,
            p_eb=np.array([p_eb], np.float32),
            start=np.array([2000.0]),
            stop=np.array([2012.0]),
        )
        return Star((scored,), repeated=False)

    return make


@pytest.fixture
def curve(sector, binary):
    """Times and relative fluxes of that binary."""
    time = sector(step=400.0)
    return time, binary(time, period=2.5, epoch=2010.0)


@pytest.fixture
def cases(beside_data):
    """The folder of files as people have them, which lies beside the real data."""
    return beside_data("cases")
