import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.prepare.coverage import Channel
from amphitrite.surveys.asid.prepare.footprints import WholeSky
from amphitrite.surveys.asid.prepare.photons import Photons, check_usable


def test_the_length_is_the_number_of_photons():
    photons = Photons(
        np.zeros((3, 3), np.float32), np.zeros(3, np.uint8), {BANDS[0]: 1.0}, WholeSky()
    )

    assert len(photons) == 3
    assert photons.n_outside == 0


def test_one_usable_band_is_enough():
    check_usable({BANDS[0]: 0.5}, [])


@pytest.mark.parametrize(
    ("energies", "received"),
    [([], "received no energies"), ([Channel(20e3, 5e5)], "received 20-500 GeV")],
)
def test_no_usable_band_is_refused(energies, received):
    with pytest.raises(BadInput, match=received) as caught:
        check_usable({}, energies)

    assert "25%" in str(caught.value)
    assert "7-20 GeV, 2-7 GeV, 1-2 GeV, 0.5-1 GeV, 0.3-0.5 GeV" in str(caught.value)
