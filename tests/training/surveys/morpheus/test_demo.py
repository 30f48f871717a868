"""The galaxies of the demonstration are counted one to one."""

from __future__ import annotations

from astropy.table import QTable

from amphitrite_training.surveys.morpheus import demo


def test_galaxies_are_counted_one_to_one():
    truth = QTable(
        {
            "x": [10.0, 12.0, 50.0, 80.0],
            "y": [10.0, 10.0, 50.0, 80.0],
            "mag_h": [22.0, 21.0, 23.0, 25.0],
            "morphology": ["disk", "spheroid", "disk", "disk"],
        }
    )
    found = QTable(
        {
            "x": [11.9, 50.0, 80.0],
            "y": [10.0, 53.0, 80.0],
            "morphology": ["spheroid", "irregular", "disk"],
        }
    )
    # the brightest chooses first; the faintest is fainter than what counts
    assert demo.compare(found, truth) == {
        "sources": 3,
        "bright": 3,
        "recovered": 2,
        "same_class": 1,
    }
