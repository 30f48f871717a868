"""Light curves as people have them: each is read right, or says what to do."""

import numpy as np
import pytest

from amphitrite.surveys.calnet.interpret import periods
from amphitrite.surveys.calnet.interpret.folding import join
from amphitrite.surveys.calnet.prepare.inputs import usable_segments


def ephemeris(path):
    light_curve, found = usable_segments(path, interpolation="pchip")
    assert (light_curve.star, light_curve.sectors) == ("TIC 900000001", (1,))
    return light_curve, periods.measure(*join(found))


def assert_reference(measured):
    # what the star was made with; the deepest bin of 20 minutes is the whole eclipse
    assert measured.period == pytest.approx(3.2, abs=1e-4)
    cycles = (measured.epoch - 1326.5) / 3.2
    assert cycles == pytest.approx(round(cycles), abs=1e-3)
    assert measured.epoch == pytest.approx(1339.3, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lc_reference/plain", ()),
        ("lc_export/lower_case", ()),
        ("lc_export/no_ticid", ("taken from OBJECT",)),
        ("lc_export/text_bjdrefi", ()),
        ("lc_export/ticid_in_table", ()),
        ("lc_stitched/halves_swapped", ("were sorted",)),
        ("lc_stitched/overlapping", ("were sorted", "the first was used")),
        ("lc_time_zero/full_bjd", ("counted from JD 0",)),
    ],
)
def test_a_light_curve_is_the_reference(cases, name, said):
    light_curve, measured = ephemeris(cases / f"{name}_lc.fits.gz")
    assert_reference(measured)
    assert measured.depth == pytest.approx(0.35, abs=1e-3)
    assert measured.flags == ()
    assert len(light_curve.notes) == len(said)
    for note, words in zip(light_curve.notes, said, strict=True):
        assert words in note


def test_no_eclipse_is_deeper_than_the_star(cases):
    path = cases / "lc_below_zero_background" / "over_subtracted_lc.fits.gz"
    _, measured = ephemeris(path)
    assert_reference(measured)
    assert np.isnan(measured.depth)
    assert measured.flags == (periods.NEGATIVE_FLUX,)
