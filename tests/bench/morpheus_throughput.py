"""How much of bare ONNX Runtime's speed reaches the user, and against which peer.

In every round, on the same simulated field and with the same threads in total:

* bare ONNX Runtime: two sessions of one thread each, fed by two Python threads with
  windows cut beforehand;
* gRPC to the local Triton: the same batches, as the client sends them;
* the whole command ``amphitrite morpheus``, from FITS files to FITS files;
* the peer: Keras ``predict(batch_size=200)``, as the original program calls its
  network, and its window-by-window aggregation in numpy.

Prints windows per second (medians over the rounds) and the ratios, round by round.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import numpy as np
from bare import session
from numpy.typing import NDArray

from amphitrite.files import images
from amphitrite.server.launcher import LocalTriton
from amphitrite.surveys.morpheus.options import Options
from amphitrite.surveys.morpheus.page import BANDS, MARGIN, MODEL, PROBABILITIES
from amphitrite.surveys.morpheus.prepare.windows import (
    cut_windows,
    finite_windows,
    window_starts,
)
from amphitrite.triton.connection import Connection
from amphitrite.triton.repository import find_repository

THREADS = 2
IN_FLIGHT = 4


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=320, help="field, pixels a side")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=Options().batch)
    parser.add_argument("--stride", type=int, default=1)  # as the peer
    parser.add_argument("--no-keras", action="store_true", help="leave the peer out")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        paths = simulate(folder, arguments.size)
        found = measure(paths, folder, arguments)
    report(found, arguments)


def simulate(folder: Path, size: int) -> list[Path]:
    """Write a simulated field and return its four files."""
    from amphitrite_training.surveys.morpheus.simulate.field import render_field
    from amphitrite_training.surveys.morpheus.simulate.files import write_field

    write_field(render_field(7, shape=(size, size)), folder)
    return [folder / f"{band.lower()}.fits" for band in BANDS]


def measure(
    paths: list[Path], folder: Path, arguments: argparse.Namespace
) -> dict[str, list[float]]:
    """Return windows per second of each way, one number per round."""
    ways: dict[str, Callable[[], float]] = {}
    batches = list(cut(paths, arguments.stride, arguments.batch))
    repository = find_repository()
    sessions = [session(repository, "morpheus") for _ in range(THREADS)]
    with (
        LocalTriton(repository, ["morpheus"]) as triton,
        Connection(triton.grpc_url) as connection,
    ):
        model = connection.model(MODEL)
        ways["bare ONNX Runtime"] = lambda: bare(sessions, batches)
        ways["gRPC to Triton"] = lambda: served(model.submit, batches)
        ways["whole command"] = lambda: command(
            paths, folder / "out", triton.grpc_url, arguments
        )
        if not arguments.no_keras:
            ways["Keras and numpy"] = keras_peer(paths)
        found: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(arguments.rounds):
            for name, way in ways.items():
                found[name].append(way())
    return found


def cut(paths: list[Path], stride: int, batch: int) -> Iterator[NDArray[np.float32]]:
    """Yield every window of the field, in batches."""
    bands = []
    for path in paths:
        with images.read_image(path) as image:
            bands.append(image.rows(0, image.shape[0]))
    pixels = np.stack(bands, axis=-1)
    starts = tuple(int(start) for start in window_starts(pixels.shape[0], stride))
    ys, xs = finite_windows(pixels, starts, stride)
    for at in range(0, len(ys), batch):
        yield cut_windows(pixels, ys[at : at + batch], xs[at : at + batch])


def rate(batches: list[NDArray[np.float32]], began: float) -> float:
    """Return windows per second."""
    return sum(map(len, batches)) / (time.perf_counter() - began)


def bare(sessions: list[Any], batches: list[NDArray[np.float32]]) -> float:
    """Bring all batches through sessions in this process."""
    began = time.perf_counter()

    def work(number: int) -> None:
        for batch in batches[number :: len(sessions)]:
            sessions[number].run([PROBABILITIES], {"windows": batch})

    with ThreadPoolExecutor(len(sessions)) as pool:
        list(pool.map(work, range(len(sessions))))
    return rate(batches, began)


def served(
    submit: Callable[..., Future[Any]], batches: list[NDArray[np.float32]]
) -> float:
    """Bring all batches through the server, a few in flight."""
    began = time.perf_counter()
    flying: set[Future[Any]] = set()
    for batch in batches:
        if len(flying) == IN_FLIGHT:
            done, flying = wait(flying, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
        flying.add(submit({"windows": batch}, [PROBABILITIES]))
    for future in flying:
        future.result()
    return rate(batches, began)


def command(
    paths: list[Path], out: Path, server: str, arguments: argparse.Namespace
) -> float:
    """Run the command as a user does; its start and its products count."""
    began = time.perf_counter()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "amphitrite", "morpheus", *map(str, paths)),
            *("-o", str(out), "--overwrite", "--server", server, "--json"),
            *("--stride", str(arguments.stride), "--batch", str(arguments.batch)),
            *("--in-flight", str(IN_FLIGHT)),
        ],
        check=True,
        capture_output=True,
    )
    json.loads(done.stdout)
    side = len(window_starts(arguments.size, arguments.stride))
    return side**2 / (time.perf_counter() - began)


def keras_peer(paths: list[Path], n_windows: int = 4000) -> Callable[[], float]:
    """Return the peer, on the field's first windows at stride 1."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    from amphitrite_export.conversion.artefact import load

    network = load(artefact_folder()).model
    batches = list(cut(paths, 1, 200))[: n_windows // 200]
    columns = len(window_starts(images.read_image(paths[0]).shape[1], 1))

    def way() -> float:
        began = time.perf_counter()
        rows = sum(map(len, batches)) // columns + 1 + 40
        shape = (rows, columns + 39, 5)
        mean, spread, votes = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        count = np.zeros(shape[:2])
        inner = slice(MARGIN, -MARGIN)
        at = 0
        for batch in batches:
            answer = network.predict(batch, batch_size=200, verbose=0)
            for window in answer[PROBABILITIES]:
                y, x = divmod(at, columns)
                place = np.s_[y + MARGIN : y + 35, x + MARGIN : x + 35]
                value = window[inner, inner]
                count[place] += 1
                before = mean[place].copy()
                mean[place] += (value - before) / count[place][..., None]
                spread[place] += (value - before) * (value - mean[place])
                votes[place] += value.argsort().argsort() == 4
                at += 1
        return rate(batches, began)

    return way


def artefact_folder() -> Path:
    """Return where the peer's Keras artefact is, importing it on first use."""
    folder = Path("artefacts") / "morpheus"
    if not folder.is_dir():
        subprocess.run(
            [
                *(sys.executable, "-m", "amphitrite", "train", "morpheus"),
                *("--pretrained", "--out", str(folder)),
            ],
            check=True,
        )
    return folder


def report(found: dict[str, list[float]], arguments: argparse.Namespace) -> None:
    """Print medians, and ratios to bare ONNX Runtime taken round by round."""
    reference = found["bare ONNX Runtime"]
    rows = {
        name: {
            "windows_per_second": statistics.median(rates),
            "ratio_to_bare": statistics.median(
                [mine / its for mine, its in zip(rates, reference, strict=True)]
            ),
        }
        for name, rates in found.items()
    }
    if arguments.json:
        print(json.dumps({"options": vars(arguments), "ways": rows, "rounds": found}))
        return
    print(f"{'way':20} {'windows/s':>10} {'ratio':>6}   rounds")
    for name, row in rows.items():
        rounds = " ".join(f"{rate:7.1f}" for rate in found[name])
        print(
            f"{name:20} {row['windows_per_second']:10.1f} "
            f"{row['ratio_to_bare']:6.3f}   {rounds}"
        )


if __name__ == "__main__":
    main()
