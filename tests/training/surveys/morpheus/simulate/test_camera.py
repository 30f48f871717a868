"""Every constant of the camera is that of the real stamps, and its sky is as stated."""

import math

import numpy as np
import pytest
from astropy.io import fits
from scipy import ndimage

from amphitrite.surveys.morpheus.page import BANDS
from amphitrite_training.surveys.morpheus.simulate import camera


@pytest.fixture(scope="module")
def stamps(real_data):
    """(sky pixels, mask of them, header) of every band of every real stamp."""
    found = {band: [] for band in BANDS}
    for path in sorted((real_data / "hst").glob("*_segmap.fits.gz")):
        near = ndimage.binary_dilation(fits.getdata(path) != 0, iterations=4)
        for band in BANDS:
            name = path.name.replace("segmap", band.lower())
            pixels, header = fits.getdata(path.with_name(name), header=True)
            pixels = pixels.astype(float)
            level = np.median(pixels[~near])
            spread = 1.4826 * np.median(np.abs(pixels[~near] - level))
            empty = ~near & (np.abs(pixels - level) < 4 * spread)
            found[band].append((pixels - pixels[empty].mean(), empty, header))
    assert all(found.values())
    return found


def correlation(pixels, empty, dy, dx):
    """Correlation of empty pixels with those (dy, dx) away."""
    rows, columns = pixels.shape
    here = (slice(rows - dy), slice(columns - dx))
    there = (slice(dy, None), slice(dx, None))
    both = empty[here] & empty[there]
    return (pixels[here] * pixels[there])[both].mean() / pixels[empty].var()


@pytest.mark.parametrize("band", BANDS)
def test_point_spread_is_as_wide_as_said(band):
    response = camera.BANDS[band]
    half = response.fwhm_arcsec / camera.PIXEL_ARCSEC / 2
    peak, at_half = camera.point_spread(np.array([0.0, half**2]), response)
    assert at_half == pytest.approx(peak / 2)
    edges = np.geomspace(1e-4, 1e4, 20001)
    middle = np.sqrt(edges[1:] * edges[:-1])
    rings = np.pi * np.diff(edges**2)
    # The integral stops at 10,000 pixels, where a share of 1e-5 is left.
    light = (camera.point_spread(middle**2, response) * rings).sum()
    assert light == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("band", BANDS)
def test_sky_has_its_noise(band):
    response = camera.BANDS[band]
    sky = camera.sky(np.random.default_rng(3), (500, 600), response)
    everything = np.ones(sky.shape, dtype=bool)
    rho = response.correlation
    # Five sigma of 300,000 pixels, of which some ten share what is random.
    five_sigma = 5 * math.sqrt(10 / sky.size)
    assert sky.std() == pytest.approx(response.noise, rel=five_sigma)
    assert sky.mean() == pytest.approx(response.sky, abs=five_sigma * response.noise)
    for dy, dx in ((0, 1), (1, 0), (1, 1), (0, 2), (3, 0)):
        measured = correlation(sky - sky.mean(), everything, dy, dx)
        assert measured == pytest.approx(rho ** (dy**2 + dx**2), abs=five_sigma)


class TestAgainstRealStamps:
    """Every constant of the camera lies within what the real stamps show."""

    @pytest.mark.parametrize("band", ["H", "J"])
    def test_zero_points(self, stamps, band):
        for _, _, header in stamps[band]:
            expected = camera.ab_zero_point(header["PHOTFLAM"], header["PHOTPLAM"])
            assert camera.BANDS[band].zero_point == pytest.approx(expected, abs=1e-6)

    @pytest.mark.parametrize("band", BANDS)
    def test_noise(self, stamps, band):
        rms = [pixels[empty].std() for pixels, empty, _ in stamps[band]]
        assert min(rms) <= camera.BANDS[band].noise <= max(rms)

    @pytest.mark.parametrize("band", BANDS)
    @pytest.mark.parametrize("lag", [(0, 1), (1, 0), (1, 1), (2, 0)])
    def test_correlation(self, stamps, band, lag):
        measured = np.median([correlation(p, e, *lag) for p, e, _ in stamps[band]])
        expected = camera.BANDS[band].correlation ** (lag[0] ** 2 + lag[1] ** 2)
        # A stamp has 1,000 to 6,600 empty pixels: one sigma is near 0.02, and
        # unseen galaxies add as much.
        assert expected == pytest.approx(measured, abs=0.05)
