"""The sources of the demonstration are counted one to one."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import units as u
from astropy.table import QTable

from amphitrite_training.surveys.asid import demo

PER_AREA = u.Unit("cm-2 s-1")


def places(*rows, **more):
    lon, lat = np.array(rows, float).reshape(-1, 2).T
    return QTable({"l": lon, "b": lat, **more}, units={"l": "deg", "b": "deg"})


def known(*rows):
    flux = np.array([row[2] for row in rows])
    return places(*(row[:2] for row in rows), flux1000=flux * PER_AREA)


def found(*rows, flux, r95):
    flux, r95 = np.array(flux) * PER_AREA, np.array(r95) * u.deg
    return places(*rows, flux1000=flux, r95=r95)


def test_gamma_ray_sources_are_counted_one_to_one():
    truth = known(
        (70, 40, 5e-9),
        (71, 40, 5e-10),
        (72, 40, 1e-10),
        (73, 40, 4e-11),
        (74, 40, 2e-9),
        (76, 40, 1e-9),
    )
    table = found(
        *((70, 40.1), (70, 40.2), (71, 40), (73, 40), (80, 45), (76, 40.2)),
        flux=[6e-9, 1e-9, 1e-9, 1e-9, 1e-9, 0.9e-9],
        r95=[0.11, 0.3, 0.1, 0.1, 0.1, 0.19],
    )
    assert demo.compare(table, truth) == {
        "sources": 6,
        "true": 3,  # a duplicate, one too faint to count and one of nothing are false
        "within_r95": 2,
        "flux_ratio": pytest.approx((1.2 + 0.9) / 2),  # of the bright ones
        "bright": 3,
        "bright_found": 2,
        "faint": 4,
        "faint_found": 3,
    }


def test_no_gamma_ray_source_at_all_is_counted():
    counted = demo.compare(found(flux=[], r95=[]), known((70, 40, 5e-9)))
    assert counted["sources"] == counted["true"] == counted["bright_found"] == 0
    assert counted["bright"] == 1
    assert counted["flux_ratio"] is None
    assert (demo._percent(0, 0), demo._ratio(None)) == ("none", "not known")
