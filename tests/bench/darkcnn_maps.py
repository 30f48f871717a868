"""How fast maps of clusters are judged, against bare ONNX Runtime and Keras.

On simulated clusters: bare ONNX Runtime, the local Triton and Keras, as it was trained;
see `peers`.  Then the whole command on an archive of as many maps, with the wall time
of each stage and the client's peak memory.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import peers
from client import amphitrite

from amphitrite.server.launcher import LocalTriton
from amphitrite.surveys.darkcnn.page import MODEL
from amphitrite.triton.connection import Connection
from amphitrite.triton.repository import find_repository
from amphitrite_training.surveys.darkcnn import cases
from amphitrite_training.surveys.darkcnn.data import observed
from amphitrite_training.surveys.darkcnn.own import SHIPPED
from amphitrite_training.surveys.darkcnn.simulate.clusters import clusters
from amphitrite_training.surveys.darkcnn.simulate.files import write_archive
from amphitrite_training.surveys.darkcnn.simulate.maps import maps
from amphitrite_training.surveys.darkcnn.simulate.population import draw

BATCH = 64
_IDS = 9_100_000


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clusters", type=int, default=1_024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as scratch,
        LocalTriton(find_repository(), [MODEL.name]) as triton,
    ):
        with Connection(triton.grpc_url) as connection:
            rates = peers.rates(
                *(connection.model(MODEL), batches(chosen.clusters)),
                [each.name for each in MODEL.outputs],
                rounds=chosen.rounds,
                trained=SHIPPED / "model.keras",
            )
        archive = Path(scratch) / "maps.npz"
        write(archive, chosen.clusters)
        out = archive.with_suffix(".fits")
        used = amphitrite("darkcnn", archive, "-o", out, "--server", triton.grpc_url)
    run = {
        "wall": round(used.wall, 2),
        "seconds": used.answer["seconds"],
        "peak_client_gib": round(used.peak_gib, 3),
    }
    if chosen.json:
        print(json.dumps({"rates": rates, "run": run}))
        return
    peers.show(rates, "clusters")
    print(f"{chosen.clusters} clusters", json.dumps(run))


def batches(n: int) -> list[peers.Batch]:
    """Return requests of simulated clusters with all channels, some of them noisy."""
    made, rng = clusters(_IDS, -(-n // 3)), np.random.default_rng(1)
    views = [cases.CLEAR.view, cases.CASES[2].view]
    found = []
    for first in range(0, n - n % BATCH, BATCH):
        places = np.arange(first, first + BATCH)
        seen = [views[place % len(views)] for place in places]
        told = np.ones((BATCH, 4), bool)
        found.append(observed(made, places, seen, rng, told))
    return found


def write(path: Path, n: int) -> None:
    """Write an archive of simulated clusters, each of its own."""
    made = [maps(draw(_IDS + number), [0.1])[0] for number in range(n)]
    names = [f"cluster {number}" for number in range(n)]
    write_archive(path, *zip(*made, strict=True), id=names)


if __name__ == "__main__":
    main()
