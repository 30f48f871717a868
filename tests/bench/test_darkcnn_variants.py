"""The comparison of networks trains each, judges it, and keeps what it has measured."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from amphitrite_training.fitting.recipe import override
from amphitrite_training.surveys.darkcnn import cases
from amphitrite_training.surveys.darkcnn.variants import read

pytest.importorskip("keras", reason="networks need the training extra")
pytest.importorskip("amphitrite_export", reason="networks are read by the export")
pytestmark = [pytest.mark.training, pytest.mark.export, pytest.mark.slow]

TINY = (
    *("width=0.1", "pixels=50", "batch_size=4", "n_ids=2", "n_validation_ids=2"),
    *("n_calibration_ids=6", "epochs=1", "warmup_steps=1"),
)
SHOWN = (cases.CLEAR, cases.NOISY_ALONE)


@pytest.fixture(scope="module")
def bench():
    """Return the benchmark as a module."""
    path = Path(__file__).parent / "darkcnn_variants.py"
    spec = importlib.util.spec_from_file_location("darkcnn_variants", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_every_way_is_a_recipe_and_has_a_name_of_its_own(bench):
    from amphitrite_training.surveys.darkcnn.recipe import Recipe

    assert len({way.name for way in bench.WAYS}) == len(bench.WAYS)
    recipes = [
        override(Recipe(), [f"{key}={value}" for key, value in way.settings.items()])
        for way in bench.WAYS
    ]
    assert recipes[0] == Recipe()
    assert len(set(map(str, recipes))) == len(recipes)
    paper = next(way for way in bench.WAYS if way.name == "the paper's mode")
    recipe = override(Recipe(), [f"{k}={v}" for k, v in paper.settings.items()])
    assert (recipe.scaling, recipe.continuous, recipe.noisy_share) == (
        *("maximum", False, 0.0),
    )
    assert override(Recipe(), bench.UNUSED) != Recipe()


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Return the folder of networks; what is simulated stays in one of its own."""
    monkeypatch.setenv("AMPHITRITE_CACHE", str(tmp_path / "cache"))
    return tmp_path


def test_networks_are_trained_judged_and_kept(bench, tree, capsys):
    ways = [bench.WAYS[0], replace(bench.WAYS[1], name="another")]
    out = tree / "variants.json"

    def compare(ways):
        return bench.compare(
            ways,
            time_limit="60s",
            n_ids=2,
            work=tree / "networks",
            out=out,
            more=TINY,
            shown=SHOWN,
        )

    found = compare(ways[:1])
    assert found == read(out)
    (first,) = found.trained
    assert (first.name, found.minutes, found.n_ids) == ("the default", 1, 2)
    assert found.settings["width"] == "0.1"
    assert first.samples_seen == 8
    assert set(first.accuracies) == {case.name for case in SHOWN}
    assert all(0 <= each["value"] <= 1 for each in first.accuracies.values())
    # what is there is not trained again
    both = compare(ways)
    assert both.trained[0] == first
    assert both.trained[1].settings == {"noisy_share": "0"}
    assert capsys.readouterr().out.count("clusters seen") == 2
