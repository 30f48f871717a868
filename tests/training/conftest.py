"""The published weights, fetched once for all tests that need them."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import pytest

from amphitrite_training import surveys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@pytest.fixture
def line(monkeypatch):
    """The tasks of a small survey that only the tests know."""
    pytest.importorskip("tensorflow", reason="needs the training extra")
    places = [*surveys.__path__, str(Path(__file__).parent / "toy")]
    monkeypatch.setattr(surveys, "__path__", places)
    importlib.invalidate_caches()
    yield importlib.import_module("amphitrite_training.surveys.line.tasks")
    for name in (
        "amphitrite_training.surveys.line",
        "amphitrite_training.surveys.line.tasks",
    ):
        sys.modules.pop(f"amphitrite_training.surveys.{name}", None)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The authors' package, as pip gives it (from its cache or a configured index)."""
    pytest.importorskip("keras", reason="needs the training extra")
    from amphitrite.errors import BadInput
    from amphitrite_training.surveys.morpheus.pretrained import fetch

    try:
        return fetch(tmp_path_factory.mktemp("wheel"))
    except BadInput as error:
        pytest.skip(f"pip cannot fetch the authors' package: {error}")


@pytest.fixture(scope="session")
def artefact(wheel):
    """Morpheus with its published weights."""
    pytest.importorskip("tensorflow", reason="needs the training extra")
    from amphitrite_training.surveys.morpheus.pretrained import pretrained
    from amphitrite_training.surveys.morpheus.recipe import Recipe

    return pretrained(Recipe(), wheel=wheel)
