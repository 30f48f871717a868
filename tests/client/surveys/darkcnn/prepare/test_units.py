"""Convergence and surface density come into one unit, and a missing one is refused."""

from __future__ import annotations

import pytest
from astropy import units as u
from scipy.integrate import quad

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.page import DENSITY, LENS_REDSHIFT, SOURCE_REDSHIFT
from amphitrite.surveys.darkcnn.prepare.units import (
    KAPPA,
    MAXIMUM,
    critical_density,
    factor,
    parse,
)


def test_the_page_has_the_critical_density_of_planck_2018():
    found = critical_density(LENS_REDSHIFT, SOURCE_REDSHIFT)
    # The page has eight digits; G has five that are certain.
    assert found == pytest.approx(DENSITY, rel=1e-7)


def test_the_critical_density_is_that_of_distances_by_hand():
    """H0 of 67.66 km/s/Mpc and a matter density of 0.3097, without radiation."""

    def comoving(z):
        def inverse(x):
            return (0.3097 * (1 + x) ** 3 + 0.6903) ** -0.5

        return 299_792.458 / 67.66 * quad(inverse, 0, z)[0]  # Mpc

    near, far = comoving(0.3) / 1.3, comoving(2.0) / 3
    between = (comoving(2.0) - comoving(0.3)) / 3
    by_hand = 1.66292e18 * far / (near * between) * 1e-6  # c^2 / (4 pi G), Msun/Mpc
    # Radiation and neutrinos make less than 1e-3 of it.
    assert critical_density(0.3, 2.0) == pytest.approx(by_hand, rel=1e-3)


@pytest.mark.parametrize("pair", [(0.0, 2.0), (0.5, 0.5), (1.0, 0.4)])
def test_no_lens(pair):
    with pytest.raises(BadInput, match="needs sources behind a lens that is not at"):
        critical_density(*pair)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Msun/kpc2", 1),
        ("M_sun kpc-2", 1),
        ("solMass / kpc^2", 1),
        ("Msol/kpc**2", 1),
        ("Msun/Mpc2", 1e-6),
        ("solMass Mpc-2", 1e-6),
        ("1e10 Msun/Mpc2", 1e4),
        ("Msun/pc2", 1e6),
        ("g/cm2", 4.78845e9),  # 1 / (1.98841e33 g) times (3.08568e21 cm)^2
    ],
)
def test_spellings_of_a_surface_density(text, value):
    unit = parse(text, "a")
    assert unit.to(u.Msun / u.kpc**2) == pytest.approx(value, rel=2e-4)
    assert factor(unit, 0.0, 2.0) == pytest.approx(value / DENSITY, rel=2e-4)


@pytest.mark.parametrize("text", ["kappa", " Kappa", "CONVERGENCE"])
def test_a_convergence(text):
    assert parse(text, "a") == KAPPA
    assert factor(KAPPA, 0.3, 2.0) == pytest.approx(1)
    # The same convergence of nearer sources needs more mass.
    assert factor(KAPPA, 0.3, 1.0) > 1


def test_a_map_over_its_maximum():
    assert parse("maximum", "a") == MAXIMUM
    assert factor(MAXIMUM, 0.3, 2.0) == 1


@pytest.mark.parametrize("text", ["", "  "])
def test_a_missing_unit_is_refused_with_what_to_do(text):
    with pytest.raises(BadInput, match=r"a\.fits does not say .*--unit .*Msun/kpc2"):
        parse(text, "a.fits")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Jy/beam", "is in 'Jy/beam', which is neither"),
        ("Msun", "neither a convergence nor a surface density"),
        ("h Msun/kpc2", "divide h out first"),
        ("mag/arcsec2", "neither"),
        ("dex(Msun/kpc2)", "neither"),
        ("counts", "neither"),
        ("!!", "neither"),
    ],
)
def test_another_unit_is_refused(text, said):
    with pytest.raises(BadInput, match=said):
        parse(text, "a.fits")
