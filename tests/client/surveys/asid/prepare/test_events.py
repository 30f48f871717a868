import bz2
import gzip
import lzma
import re
import tracemalloc

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.prepare import inputs
from amphitrite.surveys.asid.prepare.footprints import (
    Circle,
    HealpixFootprint,
    WholeSky,
)
from amphitrite.surveys.asid.prepare.patches import angles, unit_vectors

# Positions are stored as float32 of up to 360 deg and returned as float32 vectors:
# a quarter of an arc second for each.
ARCSEC = np.radians(0.5 / 3600)

ENERGY_CUT = ("ENERGY", "MeV", "300:20000")
WHOLE_SKY = ("POS(RA,DEC)", "deg", "CIRCLE(0,0,180)")


def near(n, *, seed=0, radius=5.0):
    """Return longitudes and latitudes around the Galactic Centre."""
    random = np.random.default_rng(seed)
    return random.uniform(-radius, radius, (2, n)) + np.array([[360.0], [0.0]])


def without(kind, cuts):
    return [cut for cut in cuts if not cut[0].startswith(kind)]


@pytest.fixture
def twelve(write_events):
    """Write 12 photons: two in each band, one below and one above all."""
    energy = [299, 300, 499, 500, 999, 1000, 1999, 2000, 6999, 7000, 19999, 20000]
    lon, lat = near(12)

    def write(name="twelve.fits", **options):
        return write_events(name, energy=energy, lon=lon, lat=lat, **options)

    write.expected = unit_vectors(lon, lat)[1:11]
    return write


def test_photons_go_to_the_band_that_holds_their_energy(twelve):
    photons = inputs.read([twelve()])

    names = [BANDS[index].name for index in photons.bands]
    assert names == sorted(names, key=lambda n: float(n.split("_")[0]))
    assert [names.count(band.name) for band in BANDS] == [2, 2, 2, 2, 2]
    assert photons.n_outside == 2
    assert photons.vectors.dtype == np.float32
    assert photons.bands.dtype == np.uint8
    np.testing.assert_allclose(photons.vectors, twelve.expected, atol=ARCSEC)


@pytest.mark.parametrize("unit", ["keV", "GeV"])
def test_energies_in_other_units_are_converted(write_events, unit):
    energy = {"keV": [400e3, 10e6], "GeV": [0.4, 10.0]}[unit]

    photons = inputs.read(
        [write_events(energy=energy, lon=[0, 1], lat=[0, 1], energy_unit=unit)]
    )

    assert [BANDS[index].name for index in photons.bands] == ["300_500", "7000_20000"]


def test_equatorial_positions_are_turned_to_galactic_ones(twelve):
    photons = inputs.read([twelve(frame="icrs")])

    np.testing.assert_allclose(photons.vectors, twelve.expected, atol=ARCSEC)


def test_columns_of_doubles_and_radians_are_read(twelve):
    def change(columns):
        for column in columns:
            if column.name in ("L", "B"):
                yield fits.Column(
                    column.name, "D", "rad", array=np.radians(np.float64(column.array))
                )
            else:
                yield column

    photons = inputs.read([twelve(change=lambda columns: list(change(columns)))])

    np.testing.assert_allclose(photons.vectors, twelve.expected, atol=ARCSEC)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_list_gives_the_same_photons(twelve, pack):
    path = twelve("a.fits")
    plain = inputs.read([path])
    path.write_bytes(pack(path.read_bytes()))
    packed = inputs.read([path])

    np.testing.assert_array_equal(plain.vectors, packed.vectors)
    np.testing.assert_array_equal(plain.bands, packed.bands)


def test_weekly_lists_are_joined(write_events):
    weeks = [
        write_events(f"w{n}.fits", energy=[400 + n, 8000.0], lon=[n, n], lat=[0, 0])
        for n in range(3)
    ]
    seen = []

    class Advance:
        def __init__(self, what, total):
            assert (what, total) == ("reading", 6)

        def __enter__(self):
            return seen.append

        def __exit__(self, *exception):
            pass

    photons = inputs.read(weeks, progress=Advance)

    assert len(photons) == sum(seen) == 6
    assert angles(photons.vectors)[0].round(4).tolist() == [0, 0, 1, 1, 2, 2]


def test_more_rows_than_one_block_keep_their_order(write_events):
    n = 500_000  # three blocks of 16 MB
    random = np.random.default_rng(3)
    lon, lat = random.uniform(0, 360, n), random.uniform(-90, 90, n)
    energy = random.uniform(300, 20_000, n)

    tracemalloc.start()
    photons = inputs.read([write_events(energy=energy, lon=lon, lat=lat)])
    tracemalloc.stop()

    assert len(photons) == n
    np.testing.assert_allclose(photons.vectors, unit_vectors(lon, lat), atol=ARCSEC)


def test_the_memory_is_that_of_the_photons_and_a_few_blocks(write_events):
    n = 2_000_000
    lon, lat = near(n)
    path = write_events(energy=np.full(n, 3000.0), lon=lon, lat=lat)

    tracemalloc.start()
    photons = inputs.read([path])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    kept = photons.vectors.nbytes + photons.bands.nbytes
    # Two threads with a block of 16 MB each and its arrays in double precision, up to
    # 50 MB, and the map of the occupied cells; the file itself has 100 MB, and its
    # columns in double precision would take as much again.
    assert peak < kept + 120e6


def test_a_photon_outside_the_stated_energies_does_not_count(write_events, caplog):
    """Though its band counts, of which the file says to hold a part."""
    cuts = [("ENERGY", "MeV", "1000:5000"), WHOLE_SKY]
    energy = [1000, 4999, 5000, 5100, 6000]
    path = write_events(
        energy=energy, lon=np.zeros(5), lat=np.arange(5.0) / 10, cuts=cuts
    )
    photons = inputs.read([path])
    assert [BANDS[band].name for band in photons.bands] == [
        *("1000_2000", "2000_7000", "2000_7000")
    ]
    assert photons.n_outside == 2
    assert "2 of 5 photons are outside the energy limits" in caplog.text


def test_limits_come_from_the_keywords_not_from_the_photons(write_events, caplog):
    cuts = [("ENERGY", "GeV", "1:2,10:1000"), WHOLE_SKY]
    photons = inputs.read(
        [
            write_events(
                energy=[1500, 5000, 11e3], lon=[0, 0, 0], lat=[0, 1, 2], cuts=cuts
            )
        ]
    )

    shares = {band.name: share for band, share in photons.coverage.items()}
    assert shares["1000_2000"] == 1
    # (10^-1.4 - 20^-1.4) / (7^-1.4 - 20^-1.4)
    assert shares["7000_20000"] == pytest.approx(0.4895, abs=1e-4)
    assert shares.keys() == {"1000_2000", "7000_20000"}
    assert len(photons) == 2
    assert photons.n_outside == 1
    assert "1 of 3 photons are outside the energy limits" in caplog.text


def test_without_keywords_the_photons_give_the_limits(twelve, caplog):
    photons = inputs.read([twelve(cuts=[WHOLE_SKY])])

    assert len(photons.coverage) == 5
    assert "no ENERGY cut in the DSS keywords" in caplog.text
    assert "299 and 2e+04 MeV" in caplog.text


def test_a_band_that_is_mostly_missing_is_not_used(write_events):
    cuts = [("ENERGY", "MeV", "1800:7000"), WHOLE_SKY]
    photons = inputs.read(
        [write_events(energy=[1900, 3000], lon=[0, 0], lat=[0, 0], cuts=cuts)]
    )

    assert [band.name for band in photons.coverage] == ["2000_7000"]
    assert len(photons) == photons.n_outside == 1


def test_the_footprint_is_the_circle_of_the_keywords(write_events):
    cuts = [ENERGY_CUT, ("POS(RA,DEC)", "deg", "circle(266.40499, -28.93617, 12.5)")]
    path = write_events(energy=[400], lon=[0], lat=[0], cuts=cuts)

    footprint = inputs.read([path]).footprint

    assert isinstance(footprint, Circle)
    # This is the direction of the Galactic Centre, l = b = 0, to 0.01 arcsec.
    assert footprint.radius == 12.5
    assert np.cos(np.radians(footprint.lon)) == pytest.approx(1, abs=1e-9)
    assert footprint.lat == pytest.approx(0, abs=1e-4)


def test_a_circle_of_180_deg_is_the_whole_sky(twelve):
    path = twelve(cuts=[ENERGY_CUT, WHOLE_SKY])

    assert inputs.read([path]).footprint == WholeSky()


def test_two_circles_leave_what_they_have_in_common(write_events):
    cuts = [
        ENERGY_CUT,
        ("POS(RA,DEC)", "deg", "CIRCLE(10,0,15)"),
        ("POS(RA,DEC)", "deg", "CIRCLE(30,0,15)"),
    ]
    path = write_events(energy=[400], lon=[0], lat=[0], cuts=cuts)

    footprint = inputs.read([path]).footprint

    parts = [
        part.contains(unit_vectors(np.array([part.lon]), np.array([part.lat])))
        for part in footprint.parts
    ]
    assert np.all(parts)
    for part in footprint.parts:
        centre = unit_vectors(np.array([part.lon]), np.array([part.lat]))
        assert not footprint.contains(centre)


def test_a_list_without_position_cut_shows_where_its_photons_are(write_events, caplog):
    random = np.random.default_rng(5)
    lon, lat = random.uniform(100, 130, 40_000), random.uniform(20, 40, 40_000)
    path = write_events(
        energy=np.full(40_000, 3000.0), lon=lon, lat=lat, cuts=[ENERGY_CUT]
    )

    footprint = inputs.read([path]).footprint

    assert isinstance(footprint, HealpixFootprint)
    assert "no position cut in the DSS keywords" in caplog.text
    inside = unit_vectors(np.array([101, 115, 129]), np.array([21, 30, 39]))
    outside = unit_vectors(np.array([98, 115, 132]), np.array([30, 42, 30]))
    assert footprint.contains(inside).all()
    assert not footprint.contains(outside).any()


def test_photons_outside_the_bands_are_counted_for_the_footprint(write_events):
    lon, lat = near(20_000)
    energy = np.where(np.arange(20_000) < 5, 8000.0, 50_000.0)
    cuts = [("ENERGY", "MeV", "7000:1000000")]

    photons = inputs.read([write_events(energy=energy, lon=lon, lat=lat, cuts=cuts)])

    assert len(photons) == 5
    assert photons.footprint.contains(unit_vectors(lon, lat)).all()


def test_no_photon_in_any_band_gives_none(write_events):
    photons = inputs.read([write_events(energy=[20.0], lon=[0], lat=[0])])

    assert len(photons) == 0
    assert photons.vectors.shape == (0, 3)
    assert len(photons.coverage) == 5


def test_a_list_without_rows_gives_no_photons(write_events):
    photons = inputs.read([write_events(energy=[], lon=[], lat=[])])

    assert len(photons) == 0
    assert isinstance(photons.footprint, Circle)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_a_truncated_list_is_refused(write_events, pack):
    lon, lat = near(20_000)
    path = write_events(energy=np.full(20_000, 3000.0), lon=lon, lat=lat)
    whole = pack(path.read_bytes())
    path.write_bytes(whole[: len(whole) // 2])

    with pytest.raises(BadInput, match="truncated"):
        inputs.read([path])


@pytest.mark.parametrize("name", ["events.fits", "events.fits.gz"])
def test_a_header_that_promises_too_much_is_refused_at_once(write_events, name):
    path = write_events(energy=[3000.0], lon=[0], lat=[0])
    whole = path.read_bytes()
    rows = b"NAXIS2  =                    1"
    assert rows in whole
    whole = whole.replace(rows, b"NAXIS2  =           1000000000", 1)
    path = path.with_name(name)
    path.write_bytes(gzip.compress(whole) if name.endswith("gz") else whole)

    with pytest.raises(BadInput, match=r"truncated: its 1000000000 events end at"):
        inputs.read([path])


@pytest.mark.parametrize("name", ["ENERGY", "L", "B"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(write_events, name, value):
    def change(columns):
        column = next(column for column in columns if column.name == name)
        column.array[7] = value
        return columns

    lon, lat = near(10)
    path = write_events(energy=np.full(10, 3e3), lon=lon, lat=lat, change=change)

    with pytest.raises(BadInput, match=rf"row 7 .* has {name} = {value}.*so have 1 of"):
        inputs.read([path])


def test_a_latitude_beyond_the_pole_is_refused(write_events):
    def change(columns):
        next(column for column in columns if column.name == "B").array[1] = 91
        return columns

    path = write_events(energy=[400, 400], lon=[0, 0], lat=[0, 0], change=change)

    with pytest.raises(BadInput, match=r"row 1 .* has B = 91"):
        inputs.read([path])


@pytest.mark.parametrize(
    ("left_out", "message"),
    [
        ({"ENERGY"}, "no column ENERGY; it has: RA, DEC"),
        ({"L", "DEC"}, "no column DEC"),
        ({"L", "RA", "DEC"}, "no column RA or DEC"),
    ],
)
def test_missing_columns_are_named(twelve, left_out, message):
    def change(columns):
        return [column for column in columns if column.name not in left_out]

    with pytest.raises(BadInput, match=message):
        inputs.read([twelve(change=change)])


def test_a_unit_that_is_no_energy_is_refused(twelve):
    with pytest.raises(BadInput, match=r"ENERGY .* has the unit 'm', .* MeV"):
        inputs.read([twelve(energy_unit="m")])


def test_a_missing_unit_of_energy_is_taken_as_the_format_says(twelve, caplog):
    photons = inputs.read([twelve(energy_unit=None)])

    assert len(photons) == 10
    assert "states no unit of ENERGY; taken to be MeV" in caplog.text


def test_energies_as_integers_are_refused(twelve):
    def change(columns):
        first, *others = columns
        return [fits.Column("ENERGY", "J", "MeV", array=first.array), *others]

    with pytest.raises(BadInput, match="not stored as plain numbers"):
        inputs.read([twelve(change=change)])


def test_no_usable_band_names_the_bands_and_the_input(twelve):
    path = twelve(cuts=[("ENERGY", "MeV", "30000:500000"), WHOLE_SKY])

    with pytest.raises(BadInput) as caught:
        inputs.read([path])

    assert "received 30-500 GeV" in str(caught.value)
    for band in BANDS:
        assert band.label in str(caught.value)


def test_one_photon_cannot_tell_the_energies(write_events):
    path = write_events(energy=[400], lon=[0], lat=[0], cuts=[WHOLE_SKY])

    with pytest.raises(BadInput, match=r"too few photons to tell"):
        inputs.read([path])


@pytest.mark.parametrize(
    ("kind", "other"),
    [
        ("ENERGY", ("ENERGY", "MeV", "1000:20000")),
        ("BIT_MASK", ("BIT_MASK(EVENT_CLASS,1024,P8R3)", "DIMENSIONLESS", "1:1")),
        ("POS", ("POS(RA,DEC)", "deg", "CIRCLE(83.6,22,20)")),
        ("ZENITH", ("ZENITH_ANGLE", "deg", "0:90")),
    ],
)
def test_mixed_exposures_are_refused(twelve, write_events, kind, other):
    one = twelve("one.fits")
    header = fits.getheader(one, "EVENTS")
    cuts = [
        tuple(header[f"DS{key}{number}"] for key in ("TYP", "UNI", "VAL"))
        for number in range(1, 6)
    ]
    two = twelve("two.fits", cuts=[*without(kind, cuts), other])

    with pytest.raises(BadInput, match="mixed exposures") as caught:
        inputs.read([one, two])

    text = str(caught.value)
    assert str(one) in text
    assert str(two) in text
    value = other[2].split("(")[-1].rstrip(")")
    assert value in text or "EVENT_CLASS,1024" in text


def test_lists_may_differ_in_times_and_in_how_cuts_are_written(write_events):
    one = write_events("one.fits", energy=[400], lon=[0], lat=[0])
    two = write_events(
        "two.fits",
        energy=[450],
        lon=[1],
        lat=[0],
        cuts=[
            ("ENERGY", "GeV", "0.3:20"),
            ("POS(RA,DEC)", "deg", "circle(266.400,-28.90, 20.0)"),
            ("TIME", "s", "239557417:240000000"),
            ("ZENITH_ANGLE", "deg", "0:105"),
            ("BIT_MASK(EVENT_CLASS,128,P8R3)", "DIMENSIONLESS", "1:1"),
        ],
    )

    assert len(inputs.read([one, two])) == 2


LIMB = {"energy": [400.0, 3000.0, 9000.0, 400.0], "lon": range(4), "lat": [0] * 4}


@pytest.mark.parametrize(
    "cut", [None, ("ZENITH_ANGLE", "deg", "0:180"), ("ZENITH_ANGLE", "deg", "0:120")]
)
def test_the_limb_is_cut_where_the_file_was_not(write_events, caplog, cut):
    cuts = [ENERGY_CUT, WHOLE_SKY, *([cut] if cut else [])]
    path = write_events(**LIMB, zenith=[89.9, 40.0, 112.0, 90.1], cuts=cuts)

    photons = inputs.read([path])

    assert angles(photons.vectors)[0].round(4).tolist() == [0, 1]
    assert photons.n_outside == 0
    assert photons.choices == {"ZENMAX": 90.0, "NZENITH": 2}
    assert "2 photons with zenith angles above 90 deg are left out" in caplog.text


def test_the_limb_is_found_in_other_units(write_events):
    def change(columns):
        *others, zenith = columns
        return [*others, fits.Column("ZENITH_ANGLE", "D", "rad", array=zenith.array)]

    path = write_events(
        **LIMB,
        zenith=np.radians([89.9, 40, 112, 90.1]),
        cuts=[WHOLE_SKY],
        change=change,
    )
    assert inputs.read([path]).choices["NZENITH"] == 2


@pytest.mark.parametrize("widest", [60, 90, 100, 105])
def test_a_cut_of_the_file_itself_is_kept(write_events, caplog, widest):
    cuts = [ENERGY_CUT, WHOLE_SKY, ("ZENITH_ANGLE", "deg", f"0:{widest}")]
    path = write_events(**LIMB, zenith=[104.0, 40.0, 104.0, 104.0], cuts=cuts)

    photons = inputs.read([path])

    assert len(photons) == 4
    assert photons.choices == {}
    assert not caplog.records


def test_a_list_that_cannot_be_cut_is_warned_of(write_events, caplog):
    photons = inputs.read([write_events(**LIMB, cuts=[ENERGY_CUT, WHOLE_SKY])])

    assert len(photons) == 4
    assert "no column ZENITH_ANGLE; photons of the Earth's limb may count" in (
        caplog.text
    )


def test_lists_of_which_one_cannot_be_cut_are_refused(write_events):
    cuts = [ENERGY_CUT, WHOLE_SKY]
    one = write_events("one.fits", **LIMB, zenith=[40.0] * 4, cuts=cuts)
    two = write_events("two.fits", **LIMB, cuts=cuts)

    with pytest.raises(BadInput, match=r"two\.fits has no column ZENITH_ANGLE"):
        inputs.read([one, two])


def test_a_list_of_nothing_but_limb_gives_no_photons(write_events):
    path = write_events(**LIMB, zenith=[112.0] * 4, cuts=[ENERGY_CUT, WHOLE_SKY])

    assert len(inputs.read([path])) == 0


def test_a_zenith_angle_that_is_none_is_refused(write_events):
    path = write_events(**LIMB, zenith=[40.0, np.nan, 40.0, 40.0], cuts=[ENERGY_CUT])

    with pytest.raises(BadInput, match=r"row 1 .* has ZENITH_ANGLE = nan"):
        inputs.read([path])


def test_the_real_list_around_the_galactic_centre(gamma_data):
    path = gamma_data / "3fhl_gc" / "fermi-3fhl-gc-events.fits.gz"

    photons = inputs.read([path])

    with fits.open(path) as hdus:
        table = hdus["EVENTS"].data
        energy = table["ENERGY"].astype(float)
        lon, lat = (table[name].astype(float) for name in ("L", "B"))
    kept = energy < 20_000
    assert len(photons) == np.count_nonzero(kept)
    assert photons.n_outside == np.count_nonzero(~kept)
    np.testing.assert_allclose(
        photons.vectors, unit_vectors(lon[kept], lat[kept]), atol=ARCSEC
    )
    assert [band.name for band in photons.coverage] == ["7000_20000"]
    # The list shows |l| < 10, |b| < 5 and says nothing of it.
    random = np.random.default_rng(0)
    lon, lat = random.uniform(-180, 180, 10**6), random.uniform(-90, 90, 10**6)
    shown = photons.footprint.contains(unit_vectors(lon, lat))
    cell = 0.46  # deg: the side of a cell at nside 128
    inner = (np.abs(lon) < 10 - cell) & (np.abs(lat) < 5 - cell)
    outer = (np.abs(lon) < 10 + 1.5 * cell) & (np.abs(lat) < 5 + 1.5 * cell)
    assert shown[inner].all()
    assert not shown[~outer].any()


def test_messages_end_with_what_to_do(twelve):
    path = twelve(cuts=[ENERGY_CUT, ("POS(RA,DEC)", "deg", "BOX(1,2,3,4,0)")])

    with pytest.raises(BadInput, match=re.escape("select the events in a circle")):
        inputs.read([path])
