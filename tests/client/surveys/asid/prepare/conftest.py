"""Gamma-ray files as the tools of the Fermi mission write them, but small."""

import gzip

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

CUTS = (
    ("BIT_MASK(EVENT_CLASS,128,P8R3)", "DIMENSIONLESS", "1:1"),
    ("TIME", "s", "TABLE"),
    ("POS(RA,DEC)", "deg", "CIRCLE(266.4,-28.9,20)"),
    ("ENERGY", "MeV", "300:20000"),
    ("ZENITH_ANGLE", "deg", "0:105"),
)


def event_columns(*, energy, lon, lat, frame, energy_unit):
    sky = SkyCoord(lon, lat, unit="deg", frame="galactic")
    angles = {"RA": sky.icrs.ra, "DEC": sky.icrs.dec, "L": sky.l, "B": sky.b}
    names = {"both": ("RA", "DEC", "L", "B"), "icrs": ("RA", "DEC")}[frame]
    n = len(energy)
    return [
        fits.Column("ENERGY", "E", energy_unit, array=energy),
        *(fits.Column(name, "E", "deg", array=angles[name].deg) for name in names),
        fits.Column("TIME", "D", "s", array=np.arange(n, dtype=float)),
        fits.Column("EVENT_CLASS", "32X", array=np.zeros((n, 32), dtype=bool)),
        fits.Column("CALIB_VERSION", "3I", array=np.zeros((n, 3), dtype=np.int16)),
    ]


def pack(path):
    path.write_bytes(gzip.compress(path.read_bytes(), compresslevel=1))


@pytest.fixture
def write_events(tmp_path):
    """Write an event list; angles are Galactic, in deg, energies in `energy_unit`.

    `numbers` are of events in one run; `time` is in s, `zenith` in deg.
    """

    def write(
        name="events.fits",
        *,
        energy,
        lon,
        lat,
        cuts=CUTS,
        frame="both",
        energy_unit="MeV",
        change=None,
        time=None,
        numbers=None,
        zenith=None,
        cards=None,
    ):
        columns = event_columns(
            energy=np.asarray(energy),
            lon=lon,
            lat=lat,
            frame=frame,
            energy_unit=energy_unit,
        )
        if time is not None:
            columns = [column for column in columns if column.name != "TIME"]
            columns.append(fits.Column("TIME", "D", "s", array=time))
        if numbers is not None:
            run = np.full(len(numbers), 239557414)
            columns.append(fits.Column("EVENT_ID", "J", array=numbers))
            columns.append(fits.Column("RUN_ID", "J", array=run))
        if zenith is not None:
            columns.append(fits.Column("ZENITH_ANGLE", "E", "deg", array=zenith))
        if change is not None:
            columns = change(columns)
        table = fits.BinTableHDU.from_columns(columns, name="EVENTS")
        for number, (kind, unit, value) in enumerate(cuts, start=1):
            table.header[f"DSTYP{number}"] = kind
            table.header[f"DSUNI{number}"] = unit
            table.header[f"DSVAL{number}"] = value
        table.header.update({"TELESCOP": "GLAST", "INSTRUME": "LAT"} | (cards or {}))
        gti = fits.BinTableHDU.from_columns(
            [fits.Column("START", "D", "s", array=np.zeros(3))], name="GTI"
        )
        path = tmp_path / name
        fits.HDUList([fits.PrimaryHDU(), table, gti]).writeto(path)
        if path.suffix == ".gz" and path.read_bytes()[:2] != b"\x1f\x8b":
            pack(path)
        return path

    return write


def ebounds(limits, *, unit="keV", name="EBOUNDS"):
    """Return the table of energy limits, given in MeV."""
    scale = 1 if unit is None else (u.MeV).to(unit) if unit in ("keV", "GeV") else 1
    low, high = (np.array(column) * scale for column in zip(*limits, strict=True))
    return fits.BinTableHDU.from_columns(
        [
            fits.Column("CHANNEL", "I", array=np.arange(len(low)) + 1),
            fits.Column("E_MIN", "E", unit, array=low),
            fits.Column("E_MAX", "E", unit, array=high),
        ],
        name=name,
    )


def image_wcs(
    shape, *, ctype=("GLON-CAR", "GLAT-CAR"), crval=(0, 0), cdelt=(-0.5, 0.5)
):
    ny, nx = shape
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = list(ctype)
    wcs.wcs.crval = crval
    wcs.wcs.crpix = [nx / 2 + 0.5, ny / 2 + 0.5]
    wcs.wcs.cdelt = cdelt
    return wcs


@pytest.fixture
def write_cube(tmp_path):
    """Write a counts cube on an image; `limits` of its channels are in MeV."""

    def write(
        counts,
        limits=((1000, 2000), (2000, 7000)),
        *,
        name="cube.fits",
        tables=None,
        cards=None,
        **wcs,
    ):
        counts = np.asarray(counts)
        header = image_wcs(counts.shape[-2:], **wcs).to_header()
        header.update(cards or {})
        tables = [ebounds(limits)] if tables is None else tables
        path = tmp_path / name
        fits.HDUList([fits.PrimaryHDU(counts, header), *tables]).writeto(path)
        return path

    return write


@pytest.fixture
def write_healpix(tmp_path):
    """Write a HEALPix counts cube, (n_channels, n_cells)."""

    def write(
        counts,
        limits=((1000, 2000), (2000, 7000)),
        *,
        nside,
        order="RING",
        coordsys="GAL",
        index=None,
        index_name="PIX",
        columns=None,
        tables=None,
        cards=None,
        name="healpix.fits",
    ):
        counts = np.asarray(counts)
        code = {"f": "D", "i": "J"}[counts.dtype.kind]
        if columns is None:
            columns = [
                fits.Column(f"CHANNEL{number}", code, array=channel)
                for number, channel in enumerate(counts, start=1)
            ]
        if index is not None:
            columns = [fits.Column(index_name, "K", array=index), *columns]
        table = fits.BinTableHDU.from_columns(columns, name="SKYMAP")
        table.header.update(
            {
                "PIXTYPE": "HEALPIX",
                "ORDERING": order,
                "NSIDE": nside,
                "COORDSYS": coordsys,
                "INDXSCHM": "IMPLICIT" if index is None else "EXPLICIT",
            }
        )
        table.header.update(cards or {})
        for keyword in [key for key, value in (cards or {}).items() if value is None]:
            del table.header[keyword]
        tables = [ebounds(limits)] if tables is None else tables
        path = tmp_path / name
        fits.HDUList([fits.PrimaryHDU(), table, *tables]).writeto(path)
        return path

    return write


@pytest.fixture(scope="session")
def gamma_data(real_data):
    """Return the folder of real gamma-ray files."""
    return real_data / "gamma"
