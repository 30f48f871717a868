"""The telescope: exposure, and where its photons are seen."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from amphitrite.surveys.asid.bands import BANDS
from amphitrite_training.surveys.asid.simulate import instrument

PADDED = 15.0  # deg, the field over which a patch is blurred


def image_of(band, types=instrument.ALL_TYPES):
    side = max(round(1.5 * band.pixels), 96)
    transform = instrument.kernel(band, side, PADDED / side, types)
    image = np.fft.fftshift(np.fft.irfft2(transform, s=(side, side)))
    return image, PADDED / side


@pytest.mark.parametrize("band", BANDS, ids=lambda band: band.name)
def test_the_kernel_keeps_all_photons_and_spreads_them_as_it_says(band):
    image, pixel = image_of(band)
    assert image.sum() == pytest.approx(1, abs=1e-6)  # single precision
    # below zero only by the rounding of the transform
    assert image.min() > -1e-6 * image.max()
    axis = (np.arange(len(image)) - len(image) // 2) * pixel
    radius = np.hypot(axis, axis[:, None])
    order = np.argsort(radius, axis=None)
    share = np.cumsum(image.ravel()[order])
    seen = np.interp(0.68, share, radius.ravel()[order])
    # The grid puts the light of a pixel at its centre, and the few per cent of the
    # softest photons beyond 7.5 deg back into the field.
    assert seen == pytest.approx(instrument.r68(band), abs=pixel)


def test_the_kernel_is_centred_and_even():
    image, _ = image_of(BANDS[1])
    middle = len(image) // 2
    assert np.unravel_index(image.argmax(), image.shape) == (middle, middle)
    inner = image[1:, 1:]  # an even grid has one more row before its middle than after
    # single precision, of a peak of 0.02
    np.testing.assert_allclose(inner, inner[::-1, ::-1], atol=2e-8)
    np.testing.assert_allclose(inner, inner.T, atol=2e-8)


def test_sharper_event_types_have_a_sharper_kernel():
    sharp, _ = image_of(BANDS[0], (0.0, 0.0, 0.0, 1.0))
    mixed, _ = image_of(BANDS[0])
    assert sharp.max() > 2 * mixed.max()
    assert sharp.sum() == pytest.approx(1, abs=1e-6)


def test_the_spread_falls_with_energy_and_event_type():
    radii = [instrument.r68(band) for band in BANDS]
    assert radii == sorted(radii)
    sigma = instrument.king_sigma(np.full(4, 1_000.0), np.arange(4))
    assert (np.diff(sigma) < 0).all()
    # At low energies the scale falls as E^-0.8: there scattering rules.
    low, high = instrument.king_sigma(np.array([30.0, 60.0]), np.array([0, 0]))
    assert high / low == pytest.approx(2**-0.8, rel=1e-3)


@pytest.mark.parametrize(("energy", "kind"), [(400.0, 0), (3_000.0, 3)])
def test_photons_are_displaced_as_the_king_profile_says(energy, kind):
    n = 20_000
    rng = np.random.default_rng(1)
    dx, dy = instrument.draw_offsets(rng, np.full(n, energy), np.full(n, kind))
    radius = np.hypot(dx, dy)
    sigma = float(instrument.king_sigma(np.array(energy), np.array(kind)))
    # by definition 68 % lie within 2.385 sigma of a profile of slope 2.5
    inside = stats.binomtest(int((radius < 2.385 * sigma).sum()), n)
    low, high = inside.proportion_ci(0.999)
    assert low < 0.68 < high
    answer = stats.kstest(radius, lambda r: instrument.contained(r, sigma))
    assert answer.pvalue > 1e-3
    angle = np.arctan2(dy, dx) / (2 * np.pi) + 0.5
    assert stats.kstest(angle, "uniform").pvalue > 1e-3


def test_the_king_profile_integrates_to_its_cumulative_share():
    sigma, radius = 0.3, np.linspace(0, 2, 20_001)
    ring = 2 * np.pi * radius * instrument._king(radius**2, sigma)
    whole = np.trapezoid(ring, radius)
    assert whole == pytest.approx(instrument.contained(2.0, sigma), rel=1e-6)


def test_exposure_is_that_of_the_published_cube():
    # 3.23e11 cm2 s in seven years at 10 GeV; the shape is within 1 % of 1 there
    assert instrument.exposure(np.array(1e4), years=7) == pytest.approx(
        3.23e11, rel=0.01
    )
    both = instrument.exposure(np.array([300.0, 2e4]), years=1)
    np.testing.assert_allclose(
        instrument.exposure(np.array([300.0, 2e4]), years=11), 11 * both
    )
    assert both[0] < both[1]


def test_exposure_varies_about_a_mean_of_one_over_the_sky():
    dec = np.degrees(np.arcsin(np.linspace(-1, 1, 2_001)))
    relative = instrument.relative_exposure(dec)
    # nine numbers of three digits each make the mean good to about 2 %
    assert relative.mean() == pytest.approx(1, abs=0.02)
    assert dec[relative.argmin()] == pytest.approx(0, abs=5)
