"""Maps of a round cluster on any grid, learned values, and judged clusters."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.interpret.clusters import Clusters
from amphitrite.surveys.darkcnn.learned import (
    LARGEST,
    MEAN_TERMS,
    VARIANCE_TERMS,
    Floor,
    Learned,
    ScoreCurve,
    logarithm,
)
from amphitrite.surveys.darkcnn.prepare.cluster import Cluster

SCATTER = 0.25


def straight_curve(noise=0.0, scatter=SCATTER, error=0.0):
    """Return a curve whose mean score is `logarithm` of the cross-section.

    Parameters
    ----------
    noise : float
        Its node.
    scatter : float
        Standard deviation of the score of one cluster.
    error : float
        Standard deviation of the curve itself, the same everywhere.
    """
    low, high = logarithm(0.0), logarithm(LARGEST)
    mean, variance = np.zeros(MEAN_TERMS), np.zeros(VARIANCE_TERMS)
    mean[:2] = (low + high) / 2, (high - low) / 2
    variance[0] = scatter**2
    covariance = np.zeros((MEAN_TERMS, MEAN_TERMS))
    covariance[0, 0] = error**2
    return ScoreCurve(noise, mean, covariance, variance, scatter**2, 5.0)


@pytest.fixture(scope="session")
def curve():
    """Make a curve; see `straight_curve`."""
    return straight_curve


@pytest.fixture(scope="session")
def learned():
    """Return learned values for maps of all mass, alone and with stars."""
    return Learned(
        curves={
            "total": [straight_curve(), straight_curve(noise=0.4, scatter=0.5)],
            "total+stars": [straight_curve(scatter=0.1)],
        },
        shifts={"age 7.5 Gyr": np.array([[0.0, 0.1], [1.0, 0.1], [2.0, 0.1]])},
        floor=Floor(np.zeros(27), np.ones(27), np.zeros((27, 3)), np.zeros(3)),
    )


@pytest.fixture
def judged_clusters():
    """Make clusters of all mass alone that were judged, with some scores."""

    def make(scores, **changed):
        n = len(scores)
        shown = {
            "name": np.array([f"A{row}" for row in range(n)], "U9"),
            "label": np.array([f"a.npz, cluster {row + 1}" for row in range(n)], "U99"),
            "place": np.stack([np.zeros(n, int), np.arange(n)], axis=1),
            "flags": np.full(n, "", "U40"),
            "present": np.tile(np.float32([1, 0, 0]), (n, 1)),
            "attributes": np.tile(np.float32([0.3, 14.6, 0, 0.2]), (n, 1)),
            "attributes_present": np.tile(np.float32([1, 1, 0, 1]), (n, 1)),
            "mass": np.full(n, 3e14),
            "noise": np.zeros(n),
            "profile": np.tile(np.geomspace(1, 0.01, 12), (n, 1)),
            "probabilities": np.tile([0.2, 0.3, 0.5], (n, 1)),
            "score": np.array(scores, float),
            "distance": np.ones(n),
        }
        return Clusters(**{**shown, **changed})

    return make


def round_density(ny=100, nx=100, pixel=20.0, centre=None, core=60.0):
    """Return a surface density in Msun/kpc2 that falls with the radius beyond a core.

    Its mass within 400 kpc is 2.9e14 Msun, that of a cluster of 1e15 Msun.
    """
    x0, y0 = centre or ((nx - 1) / 2, (ny - 1) / 2)
    radius = np.hypot(*np.meshgrid(np.arange(nx) - x0, np.arange(ny) - y0)) * pixel
    return 2e9 / np.hypot(1, radius / core)


@pytest.fixture(scope="session")
def density():
    """Make a map; see `round_density`."""
    return round_density


@pytest.fixture
def cluster():
    """Make a cluster with maps; see `round_density`."""

    def make(maps=None, **changed):
        said = {
            "name": "A1",
            "maps": maps or {"total": round_density()},
            "unit": "Msun/kpc2",
            "pixel_kpc": (20.0, 20.0),
            "redshift": 0.3,
            "source_redshift": None,
        }
        return Cluster(**{**said, **changed})

    return make
