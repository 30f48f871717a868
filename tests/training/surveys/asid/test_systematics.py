"""The same sources in front of other diffuse emission: shifts are measured."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from amphitrite.surveys.asid.prepare.patches import unit_vectors
from amphitrite_training.surveys.asid.sky_results import SkyResult
from amphitrite_training.surveys.asid.systematics import shifts

N = 200


def catalogue(*, moved=0.0, off=0.01, seed=1):
    """A result that finds every source, all of 2e-9, with a bias and an error."""
    rng = np.random.default_rng(4)
    lon, lat = rng.uniform(0, 360, N), np.degrees(np.arcsin(rng.uniform(-1, 1, N)))
    noise = 0.02 * np.random.default_rng(seed).normal(size=N)
    order = np.random.default_rng(seed).permutation(N)
    return SkyResult(
        truth=unit_vectors(lon, lat),
        flux=np.full(N, 2e-9),
        found=unit_vectors(lon, lat)[order],
        aperture_flux=np.full(N, 2e-9),
        threshold=0.28,
        described={
            "score": np.full(N, 0.5),
            "sources": unit_vectors(lon, lat + off)[order],
            "log10_flux": (np.log10(2e-9) + moved + noise)[order],
            "flux_sigma": np.full(N, 0.1),
            "p_fake": np.full(N, 0.1),
            "offset_variance": np.full(N, 1e-4),
        },
    )


@pytest.fixture(scope="module")
def found():
    results = {"A": catalogue(), "B": catalogue(moved=0.05, off=0.03, seed=2)}
    return shifts(results, 0.5, radius_degrees=0.3)


def test_a_flux_that_moves_is_seen(found):
    near, far = (each for each in found["variants"]["B"]["bins"] if each["n"])
    assert (near["part"], far["part"]) == ("|b| < 10", "|b| > 10")
    # of directions anywhere, the sine of 10 deg; three standard deviations
    assert near["n"] / N == pytest.approx(0.174, abs=0.08)
    for row in (near, far):
        assert row["flux_edges"] == [1e-9, 3e-9]
        # two draws of 0.02, in some 35 sources of the smaller part: 0.005
        assert row["flux"]["value"] == pytest.approx(0.05, abs=0.015)
        assert row["flux"]["low"] < 0.05 < row["flux"]["high"]
        assert row["position"]["value"] == pytest.approx(0.02, abs=1e-6)


def test_the_first_is_what_the_others_are_compared_with(found):
    assert found["against"] == "A"
    for row in (each for each in found["variants"]["A"]["bins"] if each["n"]):
        assert row["flux"]["value"] == row["position"]["value"] == 0


def test_only_what_both_have_is_compared():
    other = catalogue(seed=2)
    p_fake = np.where(np.arange(N) < 50, 0.9, 0.1)
    other = replace(other, described={**other.described, "p_fake": p_fake})
    found = shifts({"A": catalogue(), "B": other}, 0.5, radius_degrees=0.3)
    assert sum(each["n"] for each in found["variants"]["B"]["bins"]) == N - 50
    parts = found["variants"]["B"]["parts"]["all sky"]
    assert (parts["purity"]["hits"], parts["purity"]["of"]) == (N - 50, N - 50)
    assert parts["completeness"]["hits"] < N - 40


def test_numbers_are_strict_json(found):
    assert json.loads(json.dumps(found, allow_nan=False)) == found
