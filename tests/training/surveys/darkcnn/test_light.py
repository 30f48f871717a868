"""What needs no training framework imports none."""

from __future__ import annotations

import json
import subprocess
import sys

PACKAGE = "amphitrite_training.surveys.darkcnn"
MODULES = (
    *("accuracy", "biases", "blind", "card", "card_tables", "cases", "coverage"),
    *("curves", "data", "demo", "domain", "evaluate", "floor", "judging", "measures"),
    *("observing", "pictures", "published", "recipe", "samples", "serving"),
    *("strangers", "systematics", "targets", "tasks", "variants", "words"),
    *("simulate.clusters", "simulate.files"),
)
HEAVY = {
    *("keras", "tensorflow", "jax", "torch", "onnx", "onnxruntime", "matplotlib"),
}


def test_simulation_data_and_measures_need_no_framework():
    code = (
        f"import {', '.join(f'{PACKAGE}.{module}' for module in MODULES)}, sys, json; "
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found = set(json.loads(done.stdout))
    assert "numpy" in found
    assert not found & HEAVY
