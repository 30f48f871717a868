"""What needs no training framework imports none."""

from __future__ import annotations

import json
import subprocess
import sys

PACKAGE = "amphitrite_training.surveys.emri"
MODULES = (
    *("calibrate", "card", "card_tables", "comparisons", "data", "demo", "departures"),
    *("evaluate", "groups", "judging", "measures", "pictures", "recipe", "segments"),
    *("targets", "tasks", "yardsticks", "simulate.augmented", "simulate.files"),
    *("simulate.harmonics", "simulate.inspirals", "simulate.orbits"),
    *("simulate.response", "simulate.signals", "simulate.streams"),
    "simulate.waveforms",
)
HEAVY = {
    *("keras", "tensorflow", "jax", "torch", "onnx", "onnxruntime", "matplotlib"),
    "few",
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
