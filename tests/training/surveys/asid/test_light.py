"""What needs no training framework imports none."""

from __future__ import annotations

import json
import subprocess
import sys

PACKAGE = "amphitrite_training.surveys.asid"
MODULES = (
    *("calibrate", "card", "data", "demo", "discs", "evaluate", "measures", "recipe"),
    *(
        "heads.calibrate",
        "heads.card",
        "heads.data",
        "heads.published",
        "heads.labelled_peaks",
    ),
    *("heads.measures", "heads.recipe", "systematics"),
    *("simulate.diffuse", "simulate.files", "simulate.instrument"),
    *("simulate.photons", "simulate.population", "simulate.sky", "simulate.spectra"),
    "tasks",
)
HEAVY = {"keras", "tensorflow", "jax", "torch", "onnx", "onnxruntime", "matplotlib"}


def imported_by(*modules):
    """Return the top-level names that importing modules brings in, in a process."""
    code = (
        f"import {', '.join(modules)}, sys, json; "
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_skies_data_and_measures_need_no_framework():
    found = imported_by(*(f"{PACKAGE}.{module}" for module in MODULES))
    assert "numpy" in found
    assert not found & HEAVY


def test_the_demo_s_command_needs_nothing_until_it_runs():
    found = imported_by("amphitrite_training.commands.demo")
    assert not found & {*HEAVY, "astropy", "scipy", "tritonclient"}
