"""Seconds from nothing to a server that is ready, against a bare ``tritonserver``.

The bare one is started in explicit mode, open to everybody, over the same folder, and
is ready when it says so.  Ours is also checked, closed, watched over and tried with an
inference.  Rounds take turns::

    python tests/bench/start.py --models morpheus --rounds 7
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from amphitrite.server import rest, served
from amphitrite.server.host import CLOSED
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.layout import Layout, assemble, command, environ
from amphitrite.server.listening import Network
from amphitrite.server.provision import ServerEnvironment, provision
from amphitrite.triton.repository import find_repository


def ours(
    repository: Path, models: Sequence[str], environment: ServerEnvironment
) -> float:
    """Start and stop a server of ours; return the seconds until it was ready."""
    began = time.perf_counter()
    with LocalTriton(repository, models, environment=environment):
        return time.perf_counter() - began


def bare(
    repository: Path, models: Sequence[str], environment: ServerEnvironment
) -> float:
    """Start and stop a bare server; return the seconds until it was ready."""
    with tempfile.TemporaryDirectory(prefix="bare-triton-") as folder:
        layout = Layout(Path(folder))
        chosen = served.choose(repository, models)
        assemble(layout, environment, chosen)
        addresses = Network().addresses(layout.folder)
        words = command(
            *(layout, environment),
            addresses=addresses.options,
            private=False,
            gpu=False,
        )
        open_ = [word for word in words if CLOSED not in word and "-mode=" not in word]
        names = (layout.selfcheck_model, *(model.name for model in chosen))
        began = time.perf_counter()
        with subprocess.Popen(
            [
                *(*open_, "--model-control-mode=explicit"),
                *(f"--load-model={name}" for name in names),
            ],
            env=environ(layout, os.environ),
            cwd=layout.empty,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as server:
            while not all(rest.is_ready(addresses.http, name) for name in names):
                time.sleep(0.02)
            seconds = time.perf_counter() - began
            server.terminate()
        return seconds


def main() -> None:
    """Measure in turns, and print medians and the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["morpheus"])
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    repository, environment = find_repository(), provision()
    pairs = []
    for number in range(options.rounds):
        order = (ours, bare) if number % 2 else (bare, ours)
        taken = {way: way(repository, options.models, environment) for way in order}
        pairs.append((taken[ours], taken[bare]))
    for name, seconds in zip(("ours", "bare"), zip(*pairs, strict=True), strict=True):
        print(f"{name} {statistics.median(seconds):6.2f} s")
    print(f"ratio {statistics.median(one / other for one, other in pairs):6.2f}")


if __name__ == "__main__":
    main()
