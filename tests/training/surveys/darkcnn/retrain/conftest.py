"""Simulated clusters in a file, as a user has them."""

from __future__ import annotations

from dataclasses import fields

import pytest

from amphitrite_training.surveys.darkcnn.simulate.files import write_archive
from amphitrite_training.surveys.darkcnn.simulate.maps import Truth


@pytest.fixture
def archive(some, tmp_path):
    """Write the clusters of `some` into an archive, with other arrays where given."""
    truths = [
        Truth(
            **{field.name: some.truth[field.name][n].item() for field in fields(Truth)}
        )
        for n in range(len(some))
    ]

    def written(name="maps.npz", **others):
        path = tmp_path / name
        write_archive(path, truths, [some[n] for n in range(len(some))], **others)
        return path

    return written
