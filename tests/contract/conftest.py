"""Which models the surveys' pages declare, and where the committed ones are."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from amphitrite.places import checkout_repository
from amphitrite.surveys import SURVEYS, page
from amphitrite.triton.spec import ModelSpec

# Models whose weights are still being trained.
AWAITED: set[str] = set()


def declared(survey: str) -> list[ModelSpec]:
    """Return every model that a survey's page declares, the survey's own first."""
    own = page(survey).MODEL
    specs = {
        value.name: value
        for value in vars(page(survey)).values()
        if isinstance(value, ModelSpec)
    }
    return [own, *(specs[name] for name in sorted(specs.keys() - {own.name}))]


SPECS = {spec.name: spec for survey in SURVEYS for spec in declared(survey)}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask a question of every survey, or of every model, unless it says of which."""
    asked = {mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")}
    for name, values in (("survey", SURVEYS), ("model", SPECS)):
        if name in metafunc.fixturenames and name not in asked:
            metafunc.parametrize(name, values)


@pytest.fixture(scope="session")
def models() -> SimpleNamespace:
    """Give what is declared: specs by name and models that are awaited."""
    return SimpleNamespace(specs=SPECS, awaited=AWAITED)


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the committed model repository."""
    found = checkout_repository()
    assert found is not None
    return found


@pytest.fixture
def spec(model: str) -> ModelSpec:
    """Return the spec on the page of a model."""
    return SPECS[model]


@pytest.fixture
def folder(model: str, repository: Path) -> Path:
    """Return the folder of a committed model."""
    if model in AWAITED:
        pytest.skip(f"the weights of {model} are still being trained")
    return repository / model
