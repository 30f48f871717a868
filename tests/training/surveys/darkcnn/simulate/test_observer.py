"""From how far clusters are seen."""

from __future__ import annotations

import math

import pytest
from astropy.cosmology import Planck18

from amphitrite_training.surveys.darkcnn.simulate.observer import (
    PIXEL_ARCMIN2,
    X_RAY_UNIT,
    dimming,
    pixel_arcmin,
)


def test_a_pixel_on_the_sky():
    distance = Planck18.angular_diameter_distance(0.3).to_value("kpc")
    side = math.degrees(20 / distance) * 60
    assert pixel_arcmin(0.3) == pytest.approx(side, rel=1e-9)
    assert pytest.approx(side**2) == PIXEL_ARCMIN2


def test_all_pixels_together_have_the_flux_of_the_luminosity():
    distance = Planck18.luminosity_distance(0.3).to_value("cm")
    flux = 1e44 * X_RAY_UNIT * PIXEL_ARCMIN2
    assert flux == pytest.approx(1e44 / (4 * math.pi * distance**2), rel=1e-9)


def test_brightness_dims_with_the_fourth_power():
    assert dimming(0.3) == 1
    assert dimming(0.0) == pytest.approx(1.3**4)
    # the same luminosity, over its flux and its solid angle at another redshift
    flux = (
        Planck18.luminosity_distance(0.3) / Planck18.luminosity_distance(0.1)
    ).value ** 2
    area = (pixel_arcmin(0.1) / pixel_arcmin(0.3)) ** 2
    assert dimming(0.1) == pytest.approx(flux / area, rel=1e-9)
