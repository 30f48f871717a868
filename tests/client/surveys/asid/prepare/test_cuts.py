import pytest
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.prepare.coverage import Channel
from amphitrite.surveys.asid.prepare.cuts import Cone, read_cuts


def header(*cuts):
    cards = fits.Header()
    for number, (kind, unit, value) in enumerate(cuts, start=1):
        cards[f"DSTYP{number}"] = kind
        cards[f"DSUNI{number}"] = unit
        cards[f"DSVAL{number}"] = value
    return cards


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [
        ("MeV", "300:20000", [(300, 20_000)]),
        ("GeV", "0.5:20", [(500, 20_000)]),
        ("keV", "3e5:2e7", [(300, 20_000)]),
        ("MeV", "1000:2000,7000:20000", [(1000, 2000), (7000, 20_000)]),
        ("MeV", "1000 : 3000, 2000 : 4000", [(1000, 4000)]),
        ("MeV", ":500", [(0, 500)]),
        ("MeV", "500:", [(500, float("inf"))]),
    ],
)
def test_energies_become_disjoint_ranges_in_mev(unit, value, expected):
    cuts = read_cuts(header(("ENERGY", unit, value)), name="a.fits")

    assert [(c.low, c.high) for c in cuts.energies] == expected


def test_two_energy_cuts_leave_what_they_have_in_common():
    cuts = read_cuts(
        header(("ENERGY", "MeV", "300:5000"), ("ENERGY", "MeV", "1000:20000")),
        name="a.fits",
    )

    assert cuts.energies == (Channel(1000, 5000),)


def test_energy_cuts_with_nothing_in_common_are_refused():
    cards = header(("ENERGY", "MeV", "300:500"), ("ENERGY", "MeV", "1000:20000"))

    with pytest.raises(BadInput, match=r"a\.fits select no energy at all"):
        read_cuts(cards, name="a.fits")


@pytest.mark.parametrize(
    ("unit", "value"),
    [
        ("MeV", "TABLE"),
        ("MeV", "300"),
        ("MeV", "20000:300"),
        ("MeV", "nan:300"),
        ("s", "300:20000"),
        ("furlong", "300:20000"),
    ],
)
def test_energies_that_are_not_understood_are_refused(unit, value):
    with pytest.raises(BadInput, match=r"ENERGY cut .* of a\.fits is not understood"):
        read_cuts(header(("ENERGY", unit, value)), name="a.fits")


@pytest.mark.parametrize(
    "value", ["CIRCLE(83.63,22.01,15)", "circle( 83.630, 22.010, 15.0)"]
)
def test_circles_are_read(value):
    cuts = read_cuts(header(("POS(RA,DEC)", "deg", value)), name="a.fits")

    assert cuts.cones == (Cone(83.63, 22.01, 15.0),)
    assert cuts.energies is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("POS(RA,DEC)", "ELLIPSE(1,2,3,4,5)"),
        ("POS(RA,DEC)", "BOX(1,2,3,4,5)"),
        ("POS(RA,DEC)", "CIRCLE(1,2)"),
        ("POS(RA,DEC)", "CIRCLE(1,x,3)"),
        ("POS(RA,DEC)", "CIRCLE(1,95,3)"),
        ("POS(RA,DEC)", "CIRCLE(1,2,-3)"),
        ("POS(RA,DEC)", "CIRCLE(1,2,nan)"),
        ("POS(L,B)", "CIRCLE(1,2,3)"),
    ],
)
def test_other_regions_are_refused(kind, value):
    with pytest.raises(BadInput, match=r"position cut .* of a\.fits is not understood"):
        read_cuts(header((kind, "deg", value)), name="a.fits")


def test_what_else_was_cut_is_kept_but_the_times():
    cuts = read_cuts(
        header(
            ("ZENITH_ANGLE", "deg", "0:105"),
            ("TIME", "s", "TABLE"),
            ("BIT_MASK(EVENT_TYPE,3,P8R2)", "DIMENSIONLESS", "1:1"),
        ),
        name="a.fits",
    )

    assert cuts.others == ("BIT_MASK(EVENT_TYPE,3,P8R2) 1:1", "ZENITH_ANGLE 0:105")
    assert str(cuts) == (
        "no ENERGY cut; no position cut; BIT_MASK(EVENT_TYPE,3,P8R2) 1:1; "
        "ZENITH_ANGLE 0:105"
    )


@pytest.mark.parametrize(
    ("values", "zenith", "limb"),
    [
        ([], 180, True),
        (["0:180"], 180, True),
        (["0:"], 180, True),
        (["0:106"], 106, True),
        (["0:105"], 105, False),
        (["0:180", ":90"], 90, False),
        (["0:100", "0:90"], 90, False),
    ],
)
def test_the_widest_zenith_angle_is_read(values, zenith, limb):
    cuts = read_cuts(
        header(*(("ZENITH_ANGLE", "deg", value) for value in values)), name="a.fits"
    )

    assert (cuts.zenith, cuts.admits_limb) == (zenith, limb)


def test_a_cut_that_selects_all_is_none():
    assert read_cuts(header(("ZENITH_ANGLE", "deg", "0:180")), name="a.fits") == (
        read_cuts(header(), name="a.fits")
    )


@pytest.mark.parametrize(("unit", "value"), [("s", "0:90"), ("deg", "TABLE")])
def test_a_zenith_angle_that_is_not_understood_is_refused(unit, value):
    with pytest.raises(BadInput, match=r"ZENITH_ANGLE .* of a\.fits is not understood"):
        read_cuts(header(("ZENITH_ANGLE", unit, value)), name="a.fits")
