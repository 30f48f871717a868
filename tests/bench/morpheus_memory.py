"""How much memory ``amphitrite morpheus`` needs for a large image.

Writes four bands of a simulated sky, repeated up to the size asked for, runs the whole
command on them at a coarse stride against a local Triton, and prints the peak resident
memory of the client (the server's is its own).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from client import amphitrite
from numpy.typing import NDArray

from amphitrite.files.image_writing import Extension, ImageFile
from amphitrite.server.launcher import LocalTriton
from amphitrite.surveys.morpheus.page import BANDS
from amphitrite.triton.repository import find_repository

TILE = 500


def main() -> None:
    """Run the benchmark and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=10_000, help="pixels a side")
    parser.add_argument("--stride", type=int, default=30)
    parser.add_argument("--folder", type=Path, help="where the files go, 9 GB of them")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as scratch:
        print(json.dumps(measure(Path(scratch), arguments.size, arguments.stride)))


def measure(folder: Path, size: int, stride: int) -> dict[str, float | int]:
    """Run the command once and return what it took."""
    paths = write_sky(folder, size)
    with LocalTriton(find_repository(), ["morpheus"]) as triton:
        used = amphitrite(
            *("morpheus", *paths, "-o", folder / "out"),
            *("--stride", stride, "--server", triton.grpc_url),
        )
    return {
        "pixels": size * size,
        "stride": stride,
        "sources": used.answer["sources"],
        "seconds": round(used.wall, 1),
        "peak_client_gib": round(used.peak_gib, 3),
    }


def write_sky(folder: Path, size: int) -> list[Path]:
    """Repeat a simulated field, with fresh noise in each row of tiles."""
    from amphitrite_training.surveys.morpheus.simulate.field import render_field

    field = render_field(3, shape=(TILE, TILE))
    paths = []
    for band in BANDS:
        tile: NDArray[np.float32] = field.bands[band]
        paths.append(folder / f"{band.lower()}.fits")
        repeats = -(-size // TILE)
        with ImageFile(
            paths[-1], shape=(size, size), extensions=[Extension("IMAGE", "float32")]
        ) as file:
            for y0 in range(0, size, TILE):
                rows = np.tile(np.roll(tile, y0 // 7, axis=1), repeats)
                file.write_rows("IMAGE", y0, rows[: size - y0, :size])
    return paths


if __name__ == "__main__":
    main()
