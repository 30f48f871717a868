"""Networks for inspirals with windows of other lengths, on the same segments.

Long windows resolve frequency, short ones follow a signal whose frequency rises.  Each
network is trained in turn by ``amphitrite train emri --set window=...`` for the same
time, and judged with Keras on validation signals, of which it was not trained on any:
the share that it finds at a false-alarm probability of 1 %, by its own answer alone
(``p_signal``) and by the served statistic.  Nothing of them is shipped::

    python tests/bench/emri_windows.py --time-limit 20m --work /tmp/windows

A short training needs short epochs, for signals get fainter from one to the next::

    python tests/bench/emri_windows.py --time-limit 8m --work /tmp/windows \\
        --set steps=25 epochs=16 warmup_steps=20
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.emri.page import STATISTIC, STRAIN
from amphitrite_export.conversion.artefact import load
from amphitrite_training.surveys.emri.data import VALIDATION_SIGNALS
from amphitrite_training.surveys.emri.recipe import WINDOWS
from amphitrite_training.surveys.emri.segments import Batch, Noise, Stored
from amphitrite_training.surveys.emri.simulate.signals import signals

UNUSED = "n_noise=100"  # of which thresholds are made for users
OWN = "p_signal"
FAP = 0.01
RATIOS = (20.0, 30.0, 40.0, 50.0)
# places of noise among all random numbers, which no evaluation has
NOISE, WITH_SIGNALS = 9_000, 9_100
BATCH = 8

Answers = dict[str, NDArray[np.float64]]


def trained(window: int, time_limit: str, work: Path, more: Sequence[str]) -> Any:
    """Return a network with a window, trained now or before."""
    folder = work / f"window_{window}"
    if not folder.exists():
        command = [sys.executable, "-m", "amphitrite", "train", "emri"]
        command += ["--model", "emri", "--out", str(folder), "--resume"]
        command += ["--time-limit", time_limit]
        for setting in (f"window={window}", UNUSED, *more):
            command += ["--set", setting]
        subprocess.run(command, check=True)
    return load(folder)


def noise(part: int, n: int) -> Iterator[Noise]:
    """Yield segments of noise alone in batches."""
    for first in range(0, n, BATCH):
        yield Noise(part, first, min(BATCH, n - first))


def answers(model: Any, batches: Iterator[Batch]) -> Answers:
    """Return what a network answers to some segments."""
    found: dict[str, list[Any]] = {OWN: [], STATISTIC: []}
    for batch in batches:
        said = model.predict_on_batch({STRAIN: batch.made().strain})
        for name, values in found.items():
            values.append(np.asarray(said[name])[:, 0])
    return {name: np.concatenate(values) for name, values in found.items()}


def shares(model: Any, n_noise: int, n_signals: int) -> dict[str, dict[str, float]]:
    """Return which share of signals of each loudness a network finds."""
    alone = answers(model, noise(NOISE, n_noise))
    thresholds = {name: np.quantile(said, 1 - FAP) for name, said in alone.items()}
    stored = signals(VALIDATION_SIGNALS, n_signals)
    found: dict[str, dict[str, float]] = {name: {} for name in alone}
    for ratio in RATIOS:
        with_signals = (
            Stored(
                each,
                np.stack([stored[i] for i in range(each.first, each.first + each.n)]),
                np.full(each.n, ratio),
            )
            for each in noise(WITH_SIGNALS, n_signals)
        )
        for name, said in answers(model, with_signals).items():
            found[name][f"{ratio:g}"] = float((said > thresholds[name]).mean())
    return found


def main() -> None:
    """Train, judge and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--time-limit", default="5m", help="of each training")
    parser.add_argument("--windows", type=int, nargs="+", default=list(WINDOWS))
    parser.add_argument("--work", type=Path, required=True, help="for the networks")
    parser.add_argument("--noise", type=int, default=1_500, help="segments")
    parser.add_argument("--signals", type=int, default=500, help="of each loudness")
    parser.add_argument("--set", nargs="+", default=[], help="KEY=VALUE of all recipes")
    chosen = parser.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    for window in chosen.windows:
        artefact = trained(window, chosen.time_limit, chosen.work, chosen.set)
        facts: Any = artefact.spec.learned["training"]
        line = {
            "window": window,
            "samples_seen": facts["samples_seen"],
            **shares(artefact.model, chosen.noise, chosen.signals),
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
