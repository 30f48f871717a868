"""How fast strain is searched, against bare ONNX Runtime and Keras, and in what memory.

On segments of simulated noise, of 2 MB each: bare ONNX Runtime, the local Triton and,
with ``--keras``, a trained ``model.keras``, Keras itself; see `peers`.

Then the whole command on streams of a year and of ten years in HDF5, with the wall time
of each stage and the client's peak memory, and on 13 years with segments that overlap
so much that 5,000 of them are judged: how much of that time bare ONNX Runtime would
need for the network alone (``bare_share``), and for how much of it the server's
instances were inferring, by its own count (``inference_share``; client and server share
the processors, so that each slows the other).
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import peers
from client import amphitrite

from amphitrite.server import rest
from amphitrite.server.launcher import LocalTriton
from amphitrite.surveys.emri.page import MODEL, STATISTIC, STRAIN
from amphitrite.surveys.emri.sampling import SAMPLE_SECONDS
from amphitrite.triton.connection import Connection
from amphitrite.triton.repository import find_repository
from amphitrite_training.surveys.emri.simulate.files import write_stream
from amphitrite_training.surveys.emri.simulate.streams import stream

INSTANCES = 2
BATCH = 8
YEAR = round(365.25 * 86_400 / SAMPLE_SECONDS)


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--segments", type=int, default=160, help="in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keras", type=Path, help="a trained model.keras")
    parser.add_argument("--years", type=int, default=13, help="with much overlap")
    parser.add_argument("--overlap", type=float, default=0.99, help="of those years")
    parser.add_argument("--folder", type=Path, help="where the strain goes, 0.4 GB")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(dir=chosen.folder) as scratch,
        LocalTriton(find_repository(), [MODEL.name]) as triton,
    ):
        rates = measure(chosen, triton.grpc_url)
        runs = streams(Path(scratch), chosen, triton)
    bare = statistics.median(rates[peers.BARE])
    many = runs["many segments"]
    many["bare_share"] = round(many["segments"] / bare / many["wall"], 3)
    if chosen.json:
        print(json.dumps({"rates": rates, "runs": runs}))
        return
    peers.show(rates, "segments")
    for name, run in runs.items():
        print(name, json.dumps(run))


def measure(chosen: argparse.Namespace, server: str) -> dict[str, list[float]]:
    """Return segments per second of each way, one number per round."""
    rng = np.random.default_rng(1)
    shape = (BATCH, *MODEL.inputs[0].shape)
    batches = [
        {STRAIN: rng.standard_normal(shape, dtype=np.float32)}
        for _ in range(chosen.segments // BATCH)
    ]
    with Connection(server) as connection:
        return peers.rates(
            *(connection.model(MODEL), batches, [STATISTIC]),
            rounds=chosen.rounds,
            trained=chosen.keras,
        )


def streams(
    folder: Path, chosen: argparse.Namespace, triton: LocalTriton
) -> dict[str, dict[str, Any]]:
    """Run the command on streams, and return what each took."""
    year = folder / "year.h5"
    write_stream(year, stream(YEAR, seed=1), 0.0)
    decade = folder / "decade.h5"
    write_stream(decade, stream(10 * YEAR, seed=2), 0.0)
    longer = folder / "longer.h5"
    write_stream(longer, stream(chosen.years * YEAR, seed=3), 0.0)
    server = triton.grpc_url
    found = {"a year": command(year, server), "ten years": command(decade, server)}
    before = inferring(triton.metrics_url)
    many = command(longer, server, "--overlap", chosen.overlap)
    busy = inferring(triton.metrics_url) - before
    many["inference_share"] = round(busy / INSTANCES / many["wall"], 3)
    return {**found, "many segments": many}


def inferring(metrics: str) -> float:
    """Return for how many seconds instances of the model have been inferring."""
    _, text = rest.request(metrics, "/metrics", timeout=5)
    count = f'nv_inference_compute_infer_duration_us{{model="{MODEL.name}"'
    (line,) = (each for each in text.decode().splitlines() if each.startswith(count))
    return float(line.split()[-1]) / 1e6


def command(path: Path, server: str, *options: object) -> dict[str, Any]:
    """Run the command on a stream, and return its times and its peak memory."""
    used = amphitrite(
        *("emri", path, "-o", path.with_suffix(".ecsv"), "--overwrite"),
        *("--server", server, *options),
    )
    return {
        "days": round(used.answer["days"], 1),
        "segments": used.answer["segments"],
        "wall": round(used.wall, 2),
        "seconds": used.answer["seconds"],
        "peak_client_gib": round(used.peak_gib, 3),
    }


if __name__ == "__main__":
    main()
