"""Prepared light curves are kept in the cache folder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amphitrite.errors import OutputError
from amphitrite_training.surveys.calnet import data
from amphitrite_training.surveys.calnet.recipe import SHIPPED


def test_a_set_is_kept_and_found_again(cache, some):
    folders = set((cache / "light_curves").iterdir())
    again = data.simulated(7_000_000, 30, SHIPPED)
    assert set((cache / "light_curves").iterdir()) == folders
    np.testing.assert_array_equal(
        again.take(np.arange(3))[0], some.take(np.arange(3))[0]
    )
    other = data.simulated(7_000_000, 4, replace(SHIPPED, interpolation="spline"))
    assert len(set((cache / "light_curves").iterdir())) == len(folders) + 1
    assert np.abs(other.take(np.arange(2))[0] - some.take(np.arange(2))[0]).max() > 1e-3


def test_a_cache_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("AMPHITRITE_CACHE", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="cannot keep prepared light curves in"):
        data.simulated(7_000_000, 2, SHIPPED)
