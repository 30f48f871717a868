"""The exposure that goes with simulated photons."""

import numpy as np

from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.prepare import exposures
from amphitrite.surveys.asid.prepare.patches import unit_vectors
from amphitrite_training.surveys.asid.simulate import instrument
from amphitrite_training.surveys.asid.simulate.exposures import write_exposure


def test_the_client_reads_what_the_photons_were_drawn_with(tmp_path):
    write_exposure(tmp_path / "exposure.fits", years=3.0)
    found = exposures.read(tmp_path / "exposure.fits")
    # the North Galactic Pole is at a declination of 27.128 deg
    (pole,) = found.at(unit_vectors(np.array([0.0]), np.array([90.0])))
    mean = [instrument.band_exposure(band, years=3.0) for band in BANDS]
    # pixels are 1.8 deg wide, and few energies are written
    np.testing.assert_allclose(
        pole, mean * instrument.relative_exposure(np.array(27.128)), rtol=0.02
    )


def test_the_sky_s_mean_is_that_of_the_survey(tmp_path):
    write_exposure(tmp_path / "exposure.fits", years=3.0)
    values = exposures.read(tmp_path / "exposure.fits").values.mean(axis=1)
    mean = [instrument.band_exposure(band, years=3.0) for band in BANDS]
    np.testing.assert_allclose(values, mean, rtol=0.02)
