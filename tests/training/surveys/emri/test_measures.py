"""How alarms are counted, against counts by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from amphitrite.surveys.emri.sampling import N_SAMPLES
from amphitrite_training.evaluation.matching import Share
from amphitrite_training.surveys.emri.judging import Judged
from amphitrite_training.surveys.emri.measures import Rate, Stream


def judged(**statistics):
    n = len(next(iter(statistics.values())))
    return Judged(
        np.zeros(n), {name: np.asarray(v, float) for name, v in statistics.items()}
    )


@pytest.fixture
def counted(evaluated):
    """An evaluation with 20,000 segments of noise, whose statistics are 0 to 19,999."""
    rising = np.random.default_rng(1).permutation(20_000)
    return replace(evaluated, noise=judged(emri=rising, boxes=-rising))


def test_as_much_noise_is_above_a_threshold_as_should_be(counted):
    assert counted.probabilities == (0.01, 0.001)
    # of 20,000, 200 are above: 19,800 and more
    assert counted.thresholds["emri", 0.01] == 19_799.5
    assert counted.thresholds["emri", 0.001] == 19_979.5
    assert counted.thresholds["boxes", 0.01] == -199.5
    for name in ("emri", "boxes"):
        assert counted.alarms(counted.noise, name, 0.01) == Share(200, 20_000)


def test_alarms_are_above_the_threshold(counted):
    some = judged(emri=[0, 19_799, 19_800, 30_000], boxes=[0, -199, -200, -1])
    assert counted.alarms(some, "emri", 0.01) == Share(2, 4)
    assert counted.alarms(some, "boxes", 0.01) == Share(3, 4)


@pytest.mark.parametrize(
    ("n", "expected"), [(10_000, (0.01, 0.001)), (9_999, (0.01,)), (999, ())]
)
def test_a_threshold_needs_ten_false_alarms(evaluated, n, expected):
    found = replace(evaluated, noise=judged(emri=np.arange(n)))
    assert found.probabilities == expected
    assert {probability for _, probability in found.thresholds} == set(expected)


def test_the_best_yardstick_does_not_know_the_level(evaluated):
    """Energy finds all here, and does not count."""
    noise = np.arange(20_000)
    found = replace(
        evaluated, noise=judged(energy=noise, band_share=noise, boxes=noise)
    )
    some = judged(
        energy=[3e4, 3e4, 3e4], band_share=[3e4, 0, 0], boxes=[3e4, 19_990, 0]
    )
    assert found.yardstick(some, 0.01) == "boxes"
    assert found.yardstick(judged(**{**some.statistics, "boxes": [0, 0, 0]}), 0.01) == (
        "band_share"
    )


def test_the_roc_goes_through_the_alarms(evaluated):
    (point,) = evaluated.group(1)
    fap, tap = evaluated.roc(point.judged, "energy")
    expected = evaluated.alarms(point.judged, "energy", 0.01)
    assert tap[fap <= 0.01].max() == pytest.approx(expected.value)
    assert (fap[-1], tap[-1]) == (1, 1)


def test_triggers_that_overlap_are_one():
    half = N_SAMPLES // 2
    statistic = [5, 5, 0, 5, 0, 0, 5, 0, 0, 1]
    stream = Stream(
        11 * half, 0.5, tuple(range(0, 10 * half, half)), judged(emri=statistic)
    )
    # segments 0 and 1 overlap; 3 begins where 1 ends
    rate = stream.rate("emri", 3.0)
    assert rate.n == 3
    assert stream.rate("emri", 5.0).n == 0  # a threshold must be exceeded
    # 11 halves of 91.02 days
    assert rate.years == pytest.approx(11 * 91.02 / 2 / 365.25, rel=1e-3)
    assert rate.value == pytest.approx(3 / rate.years)


def test_intervals_of_rates_are_those_of_tables():
    """Garwood's for 0 and 10 events, as in Gehrels 1986, ApJ 303, 336, two-sided."""
    none = Rate(0, 2.0)
    assert none.interval == (0, pytest.approx(3.689 / 2, rel=1e-3))
    assert Rate(10, 1.0).interval == (
        pytest.approx(4.795, rel=1e-3),
        pytest.approx(18.39, rel=1e-3),
    )


def test_the_numbers_are_json(evaluated):
    numbers = json.loads(json.dumps(evaluated.as_dict(), allow_nan=False))
    assert numbers["networks"]["emri"] == {"version": 2, "digest": "sha256:12ab"}
    assert numbers["n_noise"] == 20_000
    assert set(numbers["thresholds"]["boxes"]) == {"0.01", "0.001"}
    faint = [each for each in numbers["points"] if each["at"] == {"snr": 30.0}]
    assert len(faint) == 1
    assert faint[0]["median_snr"] == 30
    (point,) = (each for each in evaluated.group(4) if each.at["snr"] == 30)
    share = evaluated.alarms(point.judged, "emri", 0.001)
    assert faint[0]["alarms"]["emri"]["0.001"] == [share.n_hits, share.n]
    assert len(numbers["departed"]) == len(evaluated.departed)
    assert numbers["stream"]["overlap"] == 0.5
    assert numbers["stream"]["triggers"]["emri"]["0.01"] > 0


def test_a_quick_look_is_json_too(evaluated):
    few = replace(evaluated, noise=judged(emri=np.arange(1_000)))
    thresholds = json.loads(json.dumps(few.as_dict()))["thresholds"]
    assert thresholds == {"emri": {"0.01": 989.5}}
