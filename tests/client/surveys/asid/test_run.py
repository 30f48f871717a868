"""The steps of a search that need no server; the whole is tested in `serving`."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from amphitrite.errors import SpecMismatch
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.page import HEADS_MODEL, MODEL
from amphitrite.surveys.asid.prepare.exposures import Exposure
from amphitrite.surveys.asid.prepare.footprints import WholeSky
from amphitrite.surveys.asid.prepare.photons import Photons
from amphitrite.surveys.asid.run import check_one_release, observation
from amphitrite.triton.spec import Member

WHOLE = dict.fromkeys(BANDS, 1.0)
CALIBRATION = SimpleNamespace(exposure=np.full(5, 1e11, np.float32))


def test_members_of_two_releases_are_refused():
    def served(spec, digests):
        members = tuple(Member(name, 1, "", told) for name, told in digests.items())
        return replace(spec, members=members)

    location = {"asid_location": "sha256:3"}
    model = served(MODEL, {**location, "asid_flux": "sha256:1"})
    check_one_release(model, served(HEADS_MODEL, location))
    other = served(HEADS_MODEL, {**location, "asid_flux": "sha256:2"})
    with pytest.raises(SpecMismatch, match="'asid_flux' is sha256:1 in the one and"):
        check_one_release(model, other)


@pytest.mark.parametrize(
    ("n_known", "said"), [(5, ""), (3, ""), (1, "for 2-7 GeV, 1-2 GeV: it is taken")]
)
def test_only_bands_that_count_for_a_flux_are_said_to_be_missing(n_known, said, caplog):
    values = np.full((5, 1), 2e11, np.float32)
    values[n_known:] = np.nan
    exposure = Exposure(values, lambda vectors: np.zeros(len(vectors), int))
    photons = Photons(
        np.zeros((0, 3), np.float32), np.zeros(0, np.uint8), WHOLE, WholeSky()
    )
    with caplog.at_level("WARNING", logger="amphitrite"):
        sky = observation(photons, exposure, CALIBRATION)
    assert len(caplog.records) == bool(said)
    assert said in caplog.text
    assert sky.exposure.missing == ()
