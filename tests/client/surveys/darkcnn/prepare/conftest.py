"""Maps of a round cluster on any grid."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.prepare.cluster import Cluster


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
