"""What is measured of flux, classifier and location, against numbers that are known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from amphitrite_training.surveys.asid.heads import measures
from amphitrite_training.surveys.asid.heads.measures import Described


@pytest.fixture(scope="module")
def summary(described):
    return measures.summary(described(bias=0.02, width=0.1), 0.5)


def test_bias_and_width_of_the_flux_come_back(summary):
    bright = summary["flux"]["bright"]
    assert bright["n"] > 1_500
    # of some 2,000: 0.1 sqrt(pi / 2 / 2000) = 0.003 for the median, 0.003 for the width
    assert bright["median"]["value"] == pytest.approx(0.02, abs=0.01)
    assert bright["width"]["value"] == pytest.approx(0.1, abs=0.01)
    assert bright["median"]["low"] < 0.02 < bright["median"]["high"]
    assert bright["width"]["low"] < bright["width"]["value"] < bright["width"]["high"]
    bins = summary["flux"]["bins"]
    assert [each["flux"][0] for each in bins] == list(measures.COARSE_FLUX_EDGES[:-1])
    assert sum(each["n"] for each in bins[3:]) == bright["n"]


def test_honest_errors_hold_what_they_state(described):
    found = measures.summary(described(bias=0.0), 1.0)
    for network in ("flux", "position"):
        # 3,200 sources: 0.008 and 0.004
        assert found[network]["coverage_68"]["value"] == pytest.approx(0.68, abs=0.025)
        assert found[network]["coverage_95"]["value"] == pytest.approx(0.95, abs=0.012)


def test_errors_that_are_too_small_hold_less(described):
    found = measures.summary(described(bias=0.0, claimed=0.5), 1.0)
    # half of a standard deviation holds 38 %; half of the circle's radius 25 %
    assert found["flux"]["coverage_68"]["value"] == pytest.approx(0.38, abs=0.03)
    assert found["position"]["coverage_68"]["value"] == pytest.approx(0.25, abs=0.03)


def test_positions_are_measured_against_the_peaks(summary):
    place = summary["position"]
    # the median of a circular normal distribution is 1.177 sigma
    assert place["median_error"]["value"] == pytest.approx(1.177 * 0.03, rel=0.05)
    ratio = place["median_error_of_peaks"]["value"] / place["median_error"]["value"]
    assert ratio == pytest.approx(2.0)


def test_the_cut_is_counted_before_and_after(described):
    some = described(10)
    some = Described(
        **{
            **{name: getattr(some, name) for name in ("flux_sigma", "error_sigma")},
            "flux": np.array([1e-9] * 6 + [np.nan] * 4),
            "log10_flux": np.full(10, -9.0),
            "p_fake": np.array([0.0, 0.1, 0.1, 0.2, 0.3, 0.9, 0.1, 0.6, 0.8, 0.9]),
            "error": np.full(10, 0.02),
            "peak_error": np.full(10, 0.03),
            "detected": np.array([True] * 5 + [False] + [True] * 2 + [False] * 2),
            "block": np.arange(10),
        }
    )
    found = measures.summary(some, 0.3)["classifier"]
    assert found["false_share_before"]["value"] == pytest.approx(0.4)
    assert found["false_share_after"]["value"] == pytest.approx(1 / 6)
    assert found["fakes_kept"]["value"] == pytest.approx(1 / 4)
    assert found["sources_kept"]["value"] == pytest.approx(5 / 6)
    assert found["false_share_of_detector"]["value"] == pytest.approx(2 / 7)
    assert found["sources_of_detector"]["value"] == pytest.approx(5 / 6)
    # pairs of a false and a true one: 24; the false one is higher in all but some
    pairs = [
        (f > r) + 0.5 * (f == r)
        for f in (0.1, 0.6, 0.8, 0.9)
        for r in (0.0, 0.1, 0.1, 0.2, 0.3, 0.9)
    ]
    assert found["area_under_curve"]["value"] == pytest.approx(np.mean(pairs))


def test_nothing_is_told_of_nothing(described):
    none = described().where(np.zeros(0, int))
    found = measures.summary(none, 0.3)
    assert found["flux"]["bright"]["median"]["value"] is None
    assert found["classifier"]["false_share_before"]["value"] is None


def test_numbers_are_strict_json(summary):
    again = json.loads(json.dumps(summary, allow_nan=False))
    assert set(again) == {"classifier", "flux", "position"}


def test_skies_are_joined(described):
    both = Described.joined([described(30), described(20, seed=2)])
    assert len(both) == 50
