"""Time from a file of labelled maps to a served answer, with nothing trained before.

Simulates a file as a user has it, 600 maps of 200 ids, and then does what a user does,
each as a command of its own: train on it, publish, and have clusters judged by a real
Triton.  Prints the wall-clock and CPU seconds of each step, and what the card says::

    python tests/bench/darkcnn_retraining.py --maps 600 --epochs 3
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import fields
from pathlib import Path

from amphitrite_training.surveys.darkcnn.simulate.clusters import clusters
from amphitrite_training.surveys.darkcnn.simulate.files import write_archive
from amphitrite_training.surveys.darkcnn.simulate.maps import Truth

_IDS = 9_000_000


def write(path: Path, n: int) -> None:
    """Write n labelled maps, three of each id."""
    some = clusters(_IDS, n // 3)
    names = [field.name for field in fields(Truth)]
    truths = [
        Truth(**{name: some.truth[name][place].item() for name in names})
        for place in range(len(some))
    ]
    write_archive(path, truths, [some[place] for place in range(len(some))])


def timed(what: str, *words: str | Path) -> str:
    """Run a command of amphitrite, print its times, and return what it prints."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "amphitrite", *map(str, words)],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"},
    )
    seconds = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr)
    print(f"{what:12} {seconds:8.1f} s   {cpu:8.1f} s of CPU")
    return done.stdout


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--maps", type=int, default=600)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], help="of the recipe")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        file, mine, models = place / "maps.npz", place / "mine", place / "models"
        write(file, chosen.maps)
        print(f"{chosen.maps} maps, {file.stat().st_size / 1e6:.0f} MB")
        start = time.monotonic()
        recipe = [f"epochs={chosen.epochs}", *chosen.set]
        told = json.loads(
            timed(
                "train",
                *("train", "darkcnn", "--maps", file, "--labels", "sigma"),
                *("--group", "id", "--out", mine, "--json"),
                *(word for text in recipe for word in ("--set", text)),
            )
        )
        timed("export", "export", mine, "--to", models)
        out = place / "clusters.fits"
        said = timed(
            "judge", "darkcnn", file, "--model-repository", models, "-o", out, "--json"
        )
        print(f"{'together':12} {time.monotonic() - start:8.1f} s")
        print(f"{told['steps']} steps in {told['seconds']} s of training")
        print(f"{json.loads(said)['clusters']} judged: the first map of each id")
        classes = told["own_test"]["classes"]
        for name in ("accuracy", "floor", "majority"):
            low, value, high = (classes[name][key] for key in ("low", "value", "high"))
            print(f"{name:12} {value:.3f} ({low:.3f} to {high:.3f})")


if __name__ == "__main__":
    main()
