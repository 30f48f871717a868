"""Files of each pipeline are read; what is no usable light curve is refused."""

import gzip
import hashlib
import importlib.util
import subprocess
import sys

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.time import Time

from amphitrite.errors import BadInput
from amphitrite.surveys.calnet.prepare.cadences import ONCE, SORTED
from amphitrite.surveys.calnet.prepare.identity import BY_DATE, OBJECT
from amphitrite.surveys.calnet.prepare.light_curves import OUTSIDE, read


def test_a_two_minute_file_is_read(tmp_path, sector, write):
    time = sector()
    rng = np.random.default_rng(1)
    flux = rng.uniform(900, 1100, len(time)).astype(np.float32)
    flux[3], time[7] = np.nan, np.nan
    quality = np.zeros(len(time), int)
    quality[11] = 128
    path = write(tmp_path / "a_lc.fits", time, flux, quality=quality)
    light_curve = read(path)
    good = ~np.isin(np.arange(len(time)), [3, 7, 11])
    np.testing.assert_array_equal(light_curve.time, time[good])
    np.testing.assert_array_equal(light_curve.flux, flux[good])
    np.testing.assert_array_equal(light_curve.flux_err, 1.0)
    assert (light_curve.star, light_curve.tic) == ("TIC 117544915", 117544915)
    assert (light_curve.sectors, light_curve.tmag) == ((1,), 8.5)
    assert (light_curve.ra, light_curve.dec) == (340.5, -43.75)
    assert light_curve.cadence == pytest.approx(120)
    assert light_curve.checksum == hashlib.sha256(path.read_bytes()).hexdigest()
    assert light_curve.notes == ()


def test_a_compressed_file_is_the_same(tmp_path, sector, write):
    time = sector()
    plain = read(write(tmp_path / "a.fits", time, time % 3))
    packed = read(write(tmp_path / "b.fits.gz", time, time % 3))
    np.testing.assert_array_equal(packed.flux, plain.flux)
    content = (tmp_path / "b.fits.gz").read_bytes()
    assert packed.checksum == hashlib.sha256(content).hexdigest()


def test_a_real_file_is_read(real_data):
    name = "tess2018206045859-s0001-0000000117544915-0120-s_lc.fits.gz"
    light_curve = read(real_data / "tess" / name)
    with fits.open(real_data / "tess" / name) as hdus:
        rows = hdus[1].data
        good = (rows["QUALITY"] == 0) & np.isfinite(rows["PDCSAP_FLUX"])
        np.testing.assert_array_equal(light_curve.time, rows["TIME"][good])
        np.testing.assert_array_equal(light_curve.flux, rows["PDCSAP_FLUX"][good])
    assert light_curve.tmag == pytest.approx(8.441, abs=1e-6)


def test_the_full_frame_images_of_qlp_are_read(tmp_path, sector, write):
    time = sector(step=200.0)
    flux = 1 + 0.1 * np.sin(time)
    names = ("SYS_RM_FLUX", "DET_FLUX_ERR", "QUALITY")
    light_curve = read(write(tmp_path / "q.fits", time, flux, names=names))
    assert len(light_curve.time) == len(time)
    assert light_curve.cadence == pytest.approx(200)


@pytest.mark.parametrize(
    ("step", "together", "header", "star"),
    [
        (20.0, 6, None, "TIC 117544915"),
        (
            58.85,
            2,
            {"TELESCOP": "Kepler", "MISSION": "Kepler", "KEPLERID": 757076},
            "KIC 757076",
        ),
        (
            58.85,
            2,
            {"TELESCOP": "Kepler", "MISSION": "K2", "KEPLERID": 206103150},
            "EPIC 206103150",
        ),
    ],
)
def test_fast_cadences_are_averaged(
    tmp_path, sector, write, step, together, header, star
):
    # Kepler's first cadence number need not begin a mean; 600 does.
    time = sector(days=1.0, step=step)
    rng = np.random.default_rng(2)
    flux = rng.normal(1000, 5, len(time)).astype(np.float32)
    zero = 2457000 if header is None else 2454833
    names = (
        "PDCSAP_FLUX",
        "PDCSAP_FLUX_ERR",
        "QUALITY" if not header else "SAP_QUALITY",
    )
    path = write(tmp_path / "f.fits", time, flux, header=header, zero=zero, names=names)
    light_curve = read(path)
    whole = len(time) // together * together
    means = flux[:whole].astype(float).reshape(-1, together).mean(axis=1)
    n = len(means)
    # sums of float64, in another order
    np.testing.assert_allclose(light_curve.flux[:n], means, rtol=1e-12)
    expected = time[:whole].reshape(-1, together).mean(axis=1) + (zero - 2457000)
    np.testing.assert_allclose(light_curve.time[:n], expected, rtol=1e-12)
    np.testing.assert_allclose(light_curve.flux_err[:n], together**-0.5)
    assert light_curve.star == star
    assert (light_curve.tic == 0) == (header is not None)
    assert light_curve.cadence == pytest.approx(step * together, rel=1e-6)


KEPLER = {"TELESCOP": "Kepler", "MISSION": "Kepler", "KEPLERID": 757076}
K2 = {"TELESCOP": "Kepler", "MISSION": "K2", "KEPLERID": 206103150}


@pytest.mark.parametrize(
    ("header", "zero"),
    # BKJD is BJD - 2454833, BTJD is BJD - 2457000
    [(None, 2457000), (KEPLER, 2454833), (K2, 2454833)],
)
def test_times_without_a_stated_zero_point_have_their_mission_s(
    tmp_path, sector, write, header, zero
):
    time = sector(days=1.0)
    path = write(tmp_path / "f.fits", time, time, header=header, zero=None)
    np.testing.assert_array_equal(read(path).time, time + (zero - 2457000))


@pytest.mark.parametrize("header", [None, KEPLER])
def test_a_stated_zero_point_counts_with_its_fraction(tmp_path, sector, write, header):
    # full days and a fraction: here Julian dates less 2400000.5, as modified ones are
    time = sector(days=1.0, start=58325.0)
    path = write(
        tmp_path / "f.fits", time, time, header=header, zero=2400000, fraction=0.5
    )
    np.testing.assert_allclose(read(path).time, time - 56999.5, rtol=1e-12)


def test_magnitudes_are_those_of_their_mission(tmp_path, sector, write):
    time = sector(days=1.0)
    both = {"TESSMAG": 10.5, "KEPMAG": 11.25}
    for name, header, expected in (
        ("a", {"TELESCOP": "TESS", "TICID": 5, **both}, 10.5),
        ("b", {**KEPLER, **both}, 11.25),
        ("c", {**K2, **both}, 11.25),
    ):
        zero = 2457000 if "TICID" in header else 2454833
        path = write(tmp_path / f"{name}.fits", time, time, header=header, zero=zero)
        assert read(path).tmag == expected


def test_a_mean_of_few_good_cadences_is_left_out(tmp_path, sector, write):
    time = sector(days=0.1, step=20.0)
    quality = np.zeros(len(time), int)
    quality[1:6] = 1  # one of six is left
    light_curve = read(write(tmp_path / "f.fits", time, time, quality=quality))
    assert light_curve.time[0] == pytest.approx(time[6:12].mean())


def test_a_mean_of_half_of_its_cadences_counts(tmp_path, sector, write):
    time = sector(days=0.1, step=20.0)
    quality = np.zeros(len(time), int)
    quality[3:6] = quality[6:10] = 1  # three of six are left, then two of six
    light_curve = read(write(tmp_path / "f.fits", time, time, quality=quality))
    assert light_curve.time[0] == pytest.approx(time[:3].mean())
    assert light_curve.time[1] == pytest.approx(time[12:18].mean())


def test_means_of_too_few_cadences_alone_are_refused(tmp_path, sector, write):
    time = sector(days=0.1, step=20.0)
    quality = np.ones(len(time), int)
    quality[::6] = 0
    path = write(tmp_path / "f.fits", time, time, quality=quality)
    with pytest.raises(
        BadInput, match=r"at 20 s a point, no mean .* half of its 6 points"
    ):
        read(path)


@pytest.mark.parametrize("number", [None, "", "x", 0, -5, 10**19, 1e300])
def test_files_of_no_star_are_refused(tmp_path, sector, write, number):
    header = {"TELESCOP": "TESS", "TICID": number}
    path = write(tmp_path / "a.fits", sector(), sector(), header=header)
    with pytest.raises(BadInput, match=r"a\.fits does not say which star .*TICID"):
        read(path)


def test_a_header_without_numbers_gives_nan(tmp_path, sector, write):
    header = {"TELESCOP": "TESS", "TICID": 5, "TESSMAG": None}
    light_curve = read(write(tmp_path / "a.fits", sector(), sector(), header=header))
    assert np.isnan([light_curve.tmag, light_curve.ra, light_curve.dec]).all()
    assert light_curve.sectors == (0,)


def test_half_hour_cadences_are_refused(tmp_path, sector, write):
    path = write(tmp_path / "a.fits", sector(step=1800.0), sector(step=1800.0))
    with pytest.raises(BadInput, match=r"a point every 30\.0 min; .* two minutes"):
        read(path)


@pytest.mark.parametrize(("step", "usable"), [(299.5, True), (301.0, False)])
def test_cadences_up_to_five_minutes_are_read(tmp_path, sector, write, step, usable):
    path = write(tmp_path / "a.fits", sector(step=step), sector(step=step))
    if usable:
        assert read(path).cadence == pytest.approx(step)
    else:
        with pytest.raises(BadInput, match=r"at most 5 min"):
            read(path)


def test_other_tables_are_refused(tmp_path, sector, write):
    time = sector()
    image = tmp_path / "image.fits"
    fits.PrimaryHDU(np.zeros((4, 4))).writeto(image)
    with pytest.raises(BadInput, match=r"image\.fits is no light curve"):
        read(image)
    path = write(tmp_path / "a.fits", time, time, names=("RAW_FLUX", "E", "QUALITY"))
    with pytest.raises(BadInput, match=r"neither PDCSAP_FLUX.*its columns are TIME"):
        read(path)
    path = write(tmp_path / "b.fits", time, time, header={"TELESCOP": "CHEOPS"})
    with pytest.raises(BadInput, match=r"which star.*TICID"):
        read(path)


@pytest.mark.parametrize("what", ["flux", "time", "quality", "rows"])
def test_files_without_a_usable_point_are_refused(tmp_path, sector, write, what):
    time = sector()[: 0 if what == "rows" else None]
    n = len(time)
    flux = np.full(n, np.nan if what == "flux" else 1.0)
    quality = np.full(n, int(what == "quality"))
    time = np.full(n, np.nan) if what == "time" else time
    path = write(tmp_path / "a.fits", time, flux, quality=quality)
    finite = n if what == "quality" else 0
    message = f"no usable point: of {n} rows {finite} have a finite TIME"
    with pytest.raises(BadInput, match=message):
        read(path)


def test_one_point_is_read(tmp_path, write):
    light_curve = read(write(tmp_path / "a.fits", np.array([2e3]), np.array([3.0])))
    assert (light_curve.time.tolist(), light_curve.flux.tolist()) == ([2000], [3])


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_truncated_files_are_refused(tmp_path, sector, write, share):
    time = sector()
    for name in ("a.fits", "b.fits.gz"):
        path = write(tmp_path / name, time, time % 3)
        content = path.read_bytes()
        if name == "a.fits":  # its end is padding
            content = content[: 2880 * 3 + len(time) * 24]
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(BadInput, match=rf"{name}.*(cut off|cannot be read)"):
            read(path)


def test_text_empty_and_missing_files_are_refused(tmp_path):
    (tmp_path / "a.fits").write_text("no FITS\n")
    (tmp_path / "b.fits").write_bytes(b"")
    (tmp_path / "c.fits.gz").write_bytes(gzip.compress(b"x" * 100))
    for name in ("a.fits", "b.fits", "c.fits.gz"):
        with pytest.raises(BadInput, match=f"{name} is not a FITS file"):
            read(tmp_path / name)
    with pytest.raises(BadInput, match=r"d\.fits cannot be read"):
        read(tmp_path / "d.fits")


def test_names_of_columns_have_no_case(tmp_path, sector):
    time = sector()
    table = Table({"Time": time, "pdcsap_flux": time % 3, "quality": time < 2010})
    table.meta["TICID"] = 5
    table.write(tmp_path / "a.fits")
    light_curve = read(tmp_path / "a.fits")
    np.testing.assert_array_equal(light_curve.time, time[time >= 2010])
    np.testing.assert_array_equal(light_curve.flux, (time % 3)[time >= 2010])


def test_points_are_sorted_and_equal_times_used_once(tmp_path, sector, write):
    time = sector()
    flux = np.arange(len(time)) % 100.0
    half = len(time) // 2
    # the halves swapped, and then 500 rows of the second one again with other fluxes
    rows = np.r_[half : len(time), :half, half : half + 500]
    shifted = flux[rows] + 100 * (np.arange(len(rows)) >= len(time))
    light_curve = read(write(tmp_path / "a.fits", time[rows], shifted))
    np.testing.assert_array_equal(light_curve.time, time)
    np.testing.assert_array_equal(light_curve.flux, flux)
    assert light_curve.notes == (SORTED, ONCE)


def test_points_outside_of_the_mission_s_life_are_left_out(tmp_path, sector, write):
    time = sector()
    time[:3] = 0.0  # rows that a program filled with zeros
    light_curve = read(write(tmp_path / "a.fits", time, time % 3))
    np.testing.assert_array_equal(light_curve.time, time[3:])
    assert light_curve.notes == (OUTSIDE,)


def test_a_good_column_beside_an_empty_one_is_named(tmp_path, sector, write):
    time = sector()
    more = [
        fits.Column("SAP_FLUX", "E", array=time % 3),
        fits.Column("RAW_FLUX", "E", array=np.full(len(time), np.nan)),
    ]
    path = write(tmp_path / "a.fits", time, np.full(len(time), np.nan), more=more)
    with pytest.raises(BadInput, match=r"but SAP_FLUX holds values; copy it into PDC"):
        read(path)


def test_a_stitched_file_lists_its_sectors(tmp_path, sector, write):
    first, sixth = sector(start=1325.3), sector(start=1465.3)
    time = np.concatenate([first, sixth])
    header = {"TELESCOP": "TESS", "TICID": 5, "SECTOR": 6}
    both = read(write(tmp_path / "a.fits", time, time % 3, header=header))
    assert both.sectors == (1, 6)
    assert both.notes == (BY_DATE,)
    one = read(write(tmp_path / "b.fits", first, first % 3, header=header))
    assert (one.sectors, one.notes) == ((6,), ())


def test_an_export_of_lightkurve_is_read(tmp_path, sector):
    """In the layout of TessLightCurve.to_fits of lightkurve 2.6."""
    time = sector(start=1325.3)
    flux = (time % 3).astype(np.float32)
    primary = fits.PrimaryHDU()
    primary.header.update(
        {"TELESCOP": "TESS", "OBJECT": "117544915", "MISSION": "TESS", "SECTOR": 1}
    )
    columns = [
        fits.Column("TIME", "D", "btjd", array=time),
        fits.Column("FLUX", "E", "electron / s", array=flux),
        fits.Column("FLUX_ERR", "E", "electron / s", array=flux / 100),
        fits.Column("CADENCENO", "J", array=np.arange(len(time))),
        fits.Column("QUALITY", "J", array=np.zeros(len(time), int)),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="LIGHTCURVE")
    fits.HDUList([primary, table]).writeto(tmp_path / "a.fits")
    light_curve = read(tmp_path / "a.fits")
    np.testing.assert_array_equal(light_curve.time, time)
    np.testing.assert_array_equal(light_curve.flux, flux)
    np.testing.assert_array_equal(light_curve.flux_err, flux / np.float32(100))
    assert (light_curve.star, light_curve.sectors) == ("TIC 117544915", (1,))
    assert light_curve.notes == ("the flux is that of the column FLUX", OBJECT)


LIGHTKURVE = """
import sys
import numpy as np, lightkurve
from astropy import units
from astropy.time import Time
folder, time = sys.argv[1], np.load(sys.argv[1] + "/time.npy")
light_curve = lightkurve.TessLightCurve(
    time=Time(time, format="btjd", scale="tdb"),
    flux=(1000 + time % 3) * units.electron / units.s,
    flux_err=np.full(len(time), 2.0) * units.electron / units.s,
    meta={
        "TARGETID": 117544915, "MISSION": "TESS", "OBJECT": "TIC 117544915", "SECTOR": 1
    },
)
for name in ("quality", "cadenceno", "centroid_col", "centroid_row"):
    light_curve[name] = np.arange(len(time)) if name == "cadenceno" else 0 * time
light_curve["quality"] = np.zeros(len(time), int)
light_curve.to_fits(path=folder + "/exported.fits")
light_curve.normalize().to_fits(path=folder + "/normalized.fits")
light_curve.write(folder + "/written.fits", format="fits")
"""


@pytest.fixture(scope="module")
def by_lightkurve(tmp_path_factory):
    """Write files with lightkurve itself, where it is installed."""
    if importlib.util.find_spec("lightkurve") is None:
        pytest.skip("lightkurve is not installed")
    folder = tmp_path_factory.mktemp("lightkurve")
    time = 1325.3 + np.arange(0, 20, 2 / 1440)
    np.save(folder / "time.npy", time)
    command = [sys.executable, "-W", "ignore", "-c", LIGHTKURVE, str(folder)]
    subprocess.run(command, check=True)
    return folder, time


@pytest.mark.parametrize("name", ["exported", "normalized", "written"])
def test_what_lightkurve_itself_writes_is_read(by_lightkurve, name):
    folder, time = by_lightkurve
    light_curve = read(folder / f"{name}.fits")
    scale = np.median(1000 + time % 3) if name == "normalized" else 1
    # days of float64 and flux of float32
    np.testing.assert_allclose(light_curve.time, time, rtol=0, atol=1e-9)
    expected = (1000 + time % 3) / scale
    np.testing.assert_allclose(light_curve.flux, expected, rtol=1e-6)
    np.testing.assert_allclose(light_curve.flux_err, 2 / scale, rtol=1e-6)
    assert (light_curve.tic, light_curve.sectors) == (117544915, (1,))


def test_a_table_of_astropy_is_read(tmp_path, sector):
    """As LightCurve.write of lightkurve does it: TIME is a pair of Julian Dates."""
    time = sector(start=1325.3)
    table = Table(
        {
            "time": Time(2457000.0, time, format="jd", scale="tdb"),
            "flux": time % 3,
            "quality": np.zeros(len(time), int),
        },
        meta={"TICID": 5, "BJDREFI": 2457000, "SECTOR": 1},
    )
    table.write(tmp_path / "a.fits")
    light_curve = read(tmp_path / "a.fits")
    # a pair has the precision of a time in days from 2457000
    np.testing.assert_allclose(light_curve.time, time, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(light_curve.flux, time % 3)


def test_magnitudes_become_flux_by_their_unit(tmp_path, sector, binary, write):
    time = sector()
    flux = binary(time, period=1.9)
    magnitude = 10 - 2.5 * np.log10(flux)
    magnitude[5] = 99.999  # no measurement
    path = write(tmp_path / "a.fits", time, magnitude, flux_unit="mag", error=0.01)
    light_curve = read(path)
    kept = np.arange(len(time)) != 5
    np.testing.assert_array_equal(light_curve.time, time[kept])
    # magnitudes of float32 are exact to 5e-7
    relative = flux[kept] / np.median(flux[kept])
    np.testing.assert_allclose(light_curve.flux, relative, rtol=2e-6)
    expected = 0.4 * np.log(10) * 0.01 * relative
    np.testing.assert_allclose(light_curve.flux_err, expected, rtol=2e-6)
    assert light_curve.notes == ("magnitudes were turned into flux",)


@pytest.mark.parametrize("number", [None, "restarted"])
def test_fast_cadences_without_numbers_are_averaged_by_time(
    tmp_path, sector, write, number
):
    """Numbers that begin anew in each file do not bring different times together."""
    time = sector(days=3.0, step=20.0, gap=(1.0, 2.5))
    path = write(tmp_path / "a.fits", time, time % 0.1)
    with fits.open(path) as hdus:
        columns = [c for c in hdus[1].columns if c.name != "CADENCENO"]
        if number:
            numbers = np.arange(len(time)) % int((time < 2001.01).sum())
            columns.append(fits.Column("CADENCENO", "J", array=numbers))
        table = fits.BinTableHDU.from_columns(columns, header=hdus[1].header)
        fits.HDUList([hdus[0], table]).writeto(tmp_path / "b.fits")
    light_curve = read(tmp_path / "b.fits")
    steps = np.diff(light_curve.time) * 86400
    # six cadences of 20 s; half of a mean may be missing before the gap
    assert np.median(steps) == pytest.approx(120, abs=0.01)
    assert ((steps > 80) & (steps < 160)).sum() == len(steps) - 1
    assert not ((light_curve.time > 2001.001) & (light_curve.time < 2002.499)).any()


def test_two_cadences_in_a_file_are_refused(tmp_path, sector, write):
    time = np.concatenate([sector(step=20.0), sector(start=2030.0)])
    path = write(tmp_path / "a.fits", time, time % 3)
    with pytest.raises(BadInput, match=r"mixes points every 20 s with slower ones"):
        read(path)


def test_a_column_whose_name_is_a_number_is_refused(tmp_path, sector, write):
    path = write(tmp_path / "a.fits", sector(), sector())
    card = b"TTYPE2  = 'CADENCENO'"
    content = path.read_bytes()
    assert content.count(card) == 1
    path.write_bytes(content.replace(card, b"TTYPE2  = 7".ljust(len(card))))
    with pytest.raises(BadInput, match=r"a\.fits cannot be read as FITS"):
        read(path)


def test_damage_anywhere_is_refused_or_harmless(tmp_path, sector, write):
    """Bytes of the headers are overwritten: no other error ever comes out."""
    time = sector(days=2.0)
    path = write(tmp_path / "a.fits", time, time % 3)
    content = path.read_bytes()
    rng = np.random.default_rng(9)
    refused = 0
    for _ in range(150):
        damaged = bytearray(content)
        at = int(rng.integers(9, 2880 * 3))
        damaged[at : at + 12] = rng.integers(0, 256, 12, dtype=np.uint8).tobytes()
        path.write_bytes(bytes(damaged))
        try:
            read(path)
        except BadInput:
            refused += 1
    assert refused > 10
