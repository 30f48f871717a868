"""Tests stand where their source stands, under the same name."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import amphitrite
import amphitrite_export
import amphitrite_training

TESTS = Path(__file__).parents[1]
SOURCES = {
    "client": Path(amphitrite.__file__).parent,
    "training": Path(amphitrite_training.__file__).parent,
    "export": Path(amphitrite_export.__file__).parent,
}
# Modules that are tested elsewhere, and where: mostly because a real server, or a whole
# command, shows more of them than their functions alone.
ELSEWHERE = {
    "client/api": "serving/test_weights.py",
    "client/streams": "client/test_cli.py",
    "client/commands/__init__": "client/test_cli.py",
    "client/commands/asid": "serving/asid/test_search.py",
    "client/commands/morpheus": "serving/morpheus/test_inputs.py",
    "client/commands/serve": "serving/test_serve.py",
    "client/commands/status": "serving/test_status.py",
    "client/engine/parts": "client/engine/test_staging.py",
    "client/engine/worker": "client/engine/test_workers.py",
    "client/files/unpacking": "client/files/test_archives.py",
    "client/server/launcher": "serving/test_launcher.py",
    "client/surveys/asid/prepare/selection": (
        "client/surveys/asid/prepare/test_events.py"
    ),
    "client/surveys/calnet/prepare/cadences": "client/surveys/calnet/test_cases.py",
    "client/surveys/calnet/prepare/missions": (
        "client/surveys/calnet/prepare/test_times.py"
    ),
    **dict.fromkeys(
        (
            "client/surveys/darkcnn/prepare/pickle_steps",
            "client/surveys/darkcnn/prepare/pickled_arrays",
        ),
        "client/surveys/darkcnn/prepare/test_pickles.py",
    ),
    "client/surveys/darkcnn/run": "serving/darkcnn/test_clusters.py",
    "client/surveys/emri/run": "serving/emri/test_search.py",
    "client/surveys/morpheus/prepare/bands": (
        "client/surveys/morpheus/prepare/test_inputs.py"
    ),
    "client/surveys/morpheus/prepare/conditions": (
        "client/surveys/morpheus/prepare/test_inputs.py"
    ),
    "client/surveys/morpheus/products": "serving/morpheus/test_inputs.py",
    "client/surveys/morpheus/run": "serving/morpheus/test_faults.py",
    "client/triton/connection": "serving/test_weights.py",
    "client/triton/plain_configs": "client/triton/test_plain_models.py",
    "training/commands/forecast": "serving/darkcnn/test_own.py",
    "training/commands/progress": "training/commands/test_train.py",
    "training/fitting/train": "training/commands/test_train.py",
    "training/surveys/asid/heads/card": "training/surveys/asid/test_card.py",
    "training/surveys/asid/heads/published": "training/surveys/asid/heads/test_data.py",
    "training/surveys/calnet/card_tables": "training/surveys/calnet/test_card.py",
    "training/surveys/darkcnn/card_tables": "training/surveys/darkcnn/test_card.py",
    **dict.fromkeys(
        (
            "training/surveys/darkcnn/forecasting/picture",
            "training/surveys/darkcnn/forecasting/words",
        ),
        "training/surveys/darkcnn/test_forecast.py",
    ),
    **dict.fromkeys(
        (
            "training/surveys/darkcnn/retrain/card",
            "training/surveys/darkcnn/retrain/learn",
        ),
        "serving/darkcnn/test_own.py",
    ),
    "training/surveys/emri/card_tables": "training/surveys/emri/test_card.py",
    **dict.fromkeys(
        (
            "training/surveys/emri/simulate/augmented_agreement",
            "training/surveys/emri/simulate/augmented_orbits",
            "training/surveys/emri/simulate/augmented_strain",
            "training/surveys/emri/simulate/augmented_worker",
        ),
        "training/surveys/emri/simulate/test_augmented.py",
    ),
    "training/surveys/morpheus/samples": "training/surveys/morpheus/test_model.py",
    "training/surveys/morpheus/tasks": "training/commands/test_train.py",
    "export/conversion/artefact": "export/commands/test_export.py",
    "export/publishing/generations": "export/publishing/test_publish.py",
    "export/publishing/repository": "export/publishing/test_publish.py",
    "export/publishing/versions": "export/publishing/test_publish.py",
    "export/surveys/asid/hooks": "export/publishing/test_hooks.py",
}
# Tests of what several modules do together.
TOGETHER = {
    "client/surveys/test_sharding.py": "every survey in shards",
    "client/surveys/calnet/test_cases.py": "from files of every kind to a period",
    "client/surveys/emri/prepare/test_gwpy.py": "files that gwpy has written",
    "client/engine/test_patience.py": "execution on a clock that only waiting moves",
    "export/publishing/test_served_ensemble.py": "what is published, on a real Triton",
    "export/surveys/asid/test_served_asid.py": "what is published, on a real Triton",
    "training/surveys/calnet/simulate/test_period_errors.py": "the client's errors",
    "training/surveys/asid/test_light.py": "no framework is loaded",
    "training/surveys/calnet/test_light.py": "no framework is loaded",
    "training/surveys/darkcnn/test_light.py": "no framework is loaded",
    "training/surveys/emri/test_light.py": "no framework is loaded",
    "training/surveys/asid/heads/test_tasks.py": "from a recipe to an artefact",
    "training/surveys/asid/simulate/test_real_sky.py": "the real sky's brightness",
}


def modules() -> Iterator[tuple[str, Path]]:
    """Yield the name of every module, with its tree, and its file."""
    for tree, folder in SOURCES.items():
        for path in folder.rglob("*.py"):
            name = path.relative_to(folder).with_suffix("").as_posix()
            yield f"{tree}/{name}", path


def mirrored(module: str) -> str:
    """Return the test file of a module; that of a package is test_init.py."""
    path = Path(module)
    return (path.parent / f"test_{path.name.strip('_')}.py").as_posix()


def does_something(path: Path) -> bool:
    """Tell whether a module has a function or a method, and not declarations alone."""
    tree = ast.parse(path.read_text())
    return any(isinstance(node, ast.FunctionDef) for node in ast.walk(tree))


def test_every_module_has_its_tests():
    untested = {
        module
        for module, path in modules()
        if does_something(path) and not (TESTS / mirrored(module)).is_file()
    }
    assert untested == set(ELSEWHERE)


def test_every_test_file_has_its_module():
    known = {mirrored(module) for module, _ in modules()}
    found = {
        path.relative_to(TESTS).as_posix()
        for tree in SOURCES
        for path in (TESTS / tree).rglob("test_*.py")
    }
    assert found - known == set(TOGETHER)


@pytest.mark.parametrize("module", ELSEWHERE)
def test_the_tests_elsewhere_are_there(module):
    assert (TESTS / ELSEWHERE[module]).is_file()
