"""What a coarser stride saves and what it costs, against stride 1.

For each stride: the share of the time that is left; over the pixels of all images, the
mean and the 99th percentile of the largest difference between class probabilities and
the share of pixels whose leading class differs; and how many of the catalogue's sources
at stride 1 have a counterpart within 3 pixels, and one of the same class.

Without FITS files it runs on simulated fields; with them, on groups of four (H J V z).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import QTable
from numpy.typing import NDArray

from amphitrite.api import connect, run
from amphitrite.surveys.morpheus.page import LABELS
from amphitrite.triton.connection import Connection

MATCH_PIXELS = 3.0


def main() -> None:
    """Run the comparison and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="H J V z, H J V z, ...")
    parser.add_argument("--strides", type=int, nargs="+", default=[2, 3, 4, 5, 8, 10])
    parser.add_argument("--fields", type=int, default=2, help="simulated fields")
    parser.add_argument("--size", type=int, default=160)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as scratch,
        connect(models=["morpheus"]) as connection,
    ):
        groups = [
            arguments.files[at : at + 4] for at in range(0, len(arguments.files), 4)
        ]
        groups = groups or simulate(Path(scratch), arguments.fields, arguments.size)
        compare(groups, arguments.strides, connection, Path(scratch))


def simulate(folder: Path, n_fields: int, size: int) -> list[list[Path]]:
    """Write simulated fields and return their files."""
    from amphitrite_training.surveys.morpheus.simulate.field import render_field
    from amphitrite_training.surveys.morpheus.simulate.files import write_field

    groups = []
    for seed in range(n_fields):
        place = folder / f"field{seed}"
        place.mkdir()
        write_field(render_field(100 + seed, shape=(size, size)), place)
        groups.append([place / f"{band}.fits" for band in "hjvz"])
    return groups


def compare(
    groups: Sequence[Sequence[Path]],
    strides: Sequence[int],
    connection: Connection,
    folder: Path,
) -> None:
    """Print one line per stride."""
    reference = [
        classify(group, 1, connection, folder / f"{number}-1")
        for number, group in enumerate(groups)
    ]
    print("stride  time   mean |dp|  99 % |dp|  other class  sources kept  same class")
    for stride in strides:
        found = [
            classify(group, stride, connection, folder / f"{number}-{stride}")
            for number, group in enumerate(groups)
        ]
        pairs = list(zip(reference, found, strict=True))
        spent = sum(f[2] for f in found) / sum(r[2] for r in reference)
        difference = np.concatenate(
            [np.abs(r[0] - f[0]).max(axis=0).ravel() for r, f in pairs]
        )
        other = np.concatenate(
            [(r[0].argmax(axis=0) != f[0].argmax(axis=0)).ravel() for r, f in pairs]
        )
        kept, same, total = np.sum([matched(r[1], f[1]) for r, f in pairs], axis=0)
        print(
            f"{stride:6} {spent:5.3f} {difference.mean():11.5f} "
            f"{np.percentile(difference, 99):10.4f} {other.mean():12.5f} "
            f"{f'{kept}/{total}':>13} {f'{same}/{total}':>11}"
        )


def classify(
    group: Sequence[Path], stride: int, connection: Connection, out: Path
) -> tuple[NDArray[np.float32], QTable, float]:
    """Return mean maps (n_labels, n_pixels judged), the catalogue, and the seconds."""
    began = time.perf_counter()
    table = run(
        "morpheus", list(group), connection, output=out, stride=stride, report=False
    )
    seconds = time.perf_counter() - began
    judged = fits.getdata(out / "count.fits") > 0
    maps = [fits.getdata(out / f"{label}.fits", "MEAN")[judged] for label in LABELS]
    return np.array(maps), table, seconds


def matched(reference: QTable, found: QTable) -> tuple[int, int, int]:
    """Return sources with a counterpart, of the same class, and all sources."""
    kept = same = 0
    for source in reference:
        if len(found) == 0:
            break
        distance = np.hypot(
            (found["x"] - source["x"]).value, (found["y"] - source["y"]).value
        )
        nearest = int(distance.argmin())
        if distance[nearest] <= MATCH_PIXELS:
            kept += 1
            same += int(found["morphology"][nearest] == source["morphology"])
    return kept, same, len(reference)


if __name__ == "__main__":
    main()
