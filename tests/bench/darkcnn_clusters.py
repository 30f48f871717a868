"""Simulated clusters per second of one core, by cross-sections per id, and by step.

Every round draws ids, and makes the maps of each for one and for three cross-sections:
gas, X-rays and stars are made once for an id.  Prints medians over the rounds, and the
time over that of the projection alone (columns through the dark matter, and their mean
over the pixels of an ellipsoid), the part that any code would need, and of the Fourier
transforms of the noise of weak lensing::

    python tests/bench/darkcnn_clusters.py --rounds 5 --n 20
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # one core
    os.environ[name] = "1"

import numpy as np  # noqa: E402

from amphitrite.surveys.darkcnn.page import CROSS_SECTIONS  # noqa: E402
from amphitrite_training.surveys.darkcnn.simulate import noise, painting  # noqa: E402
from amphitrite_training.surveys.darkcnn.simulate.grid import RADII_KPC  # noqa: E402
from amphitrite_training.surveys.darkcnn.simulate.maps import maps  # noqa: E402
from amphitrite_training.surveys.darkcnn.simulate.population import (  # noqa: E402
    Cluster,
    draw,
)
from amphitrite_training.surveys.darkcnn.simulate.shapes import (  # noqa: E402
    column_density,
    ellipses,
)


def project(cluster: Cluster) -> None:
    """Project one ellipsoid onto a map."""
    column = column_density(cluster.halo.density(RADII_KPC))
    shape = ellipses(cluster.body, 0.0)
    painting.add_body(painting.empty(), column, shape, (3.0, -4.0), 6.0)


def transform(cluster: Cluster) -> None:
    """Make shear of a map, and a map of the shear."""
    noise.convergence(noise.shear(cluster.texture[0]))


STEPS: dict[str, tuple[Callable[[int, Cluster], object], int]] = {
    "draw": (lambda number, _: draw(number), 1),
    "one cross-section": (lambda _, cluster: maps(cluster, [0.3]), 1),
    "three cross-sections": (lambda _, cluster: maps(cluster, CROSS_SECTIONS), 3),
    "projection alone": (lambda _, cluster: project(cluster), 1),
    "transforms alone": (lambda _, cluster: transform(cluster), 1),
}


def measured(n: int, first: int) -> dict[str, float]:
    """Return the CPU seconds of each step for a cluster or an id, over n ids."""
    drawn = [(number, draw(number)) for number in range(first, first + n)]
    seconds = {}
    for step, (work, _) in STEPS.items():
        start = time.process_time()
        for number, cluster in drawn:
            work(number, cluster)
        seconds[step] = (time.process_time() - start) / n
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--n", type=int, default=20, help="ids of each round")
    chosen = parser.parse_args()
    measured(2, 0)  # numba compiles
    rounds = [
        measured(chosen.n, 1000 + chosen.n * number) for number in range(chosen.rounds)
    ]
    middle = {step: statistics.median(each[step] for each in rounds) for step in STEPS}
    for step in STEPS:
        spread = np.array([each[step] for each in rounds]) * 1e3
        print(
            f"{step:22} {1e3 * middle[step]:7.2f} ms"
            f"   ({spread.min():.2f} to {spread.max():.2f})"
        )
    for step in ("one cross-section", "three cross-sections"):
        each = (middle["draw"] + middle[step]) / STEPS[step][1]
        print(
            f"{step}: {1 / each:.0f} clusters/s, {1e3 * each:.2f} ms for a cluster, "
            f"{each / middle['projection alone']:.1f} projections"
        )


if __name__ == "__main__":
    main()
