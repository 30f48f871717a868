"""Simulated inspirals per second of one core, by mass, and where the time goes.

Every signal is drawn, its orbit followed, its strain in both channels of TianQin added
up and whitened.  Prints medians over the signals of each range of mass, and the rate
over an empty run of the two Fourier transforms of whitening, the part that any code
would need::

    python tests/bench/emri_waveforms.py --n 40
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # one core
    os.environ[name] = "1"

import numpy as np  # noqa: E402
from scipy import fft  # noqa: E402

from amphitrite.surveys.emri.prepare.whitening import whiten  # noqa: E402
from amphitrite_training.surveys.emri.simulate.inspirals import (  # noqa: E402
    Population,
    draw,
)
from amphitrite_training.surveys.emri.simulate.orbits import orbit  # noqa: E402
from amphitrite_training.surveys.emri.simulate.waveforms import strain  # noqa: E402

RANGES = ((4.0, 4.5), (4.5, 5.0), (5.0, 5.477), (5.477, 6.0), (6.0, 6.5), (6.5, 7.0))


def measured(population: Population, n: int, seed: int) -> dict[str, float]:
    """Return the median seconds of each step, and of the transforms alone."""
    rng = np.random.default_rng(seed)
    seconds: dict[str, list[float]] = {}
    while len(seconds.get("orbit", ())) < n:
        times = [time.perf_counter()]
        path = orbit(inspiral := draw(rng, population))
        if path is None:
            continue
        times.append(time.perf_counter())
        signal = strain(inspiral, path)
        times.append(time.perf_counter())
        whiten(signal)
        times.append(time.perf_counter())
        fft.irfft(fft.rfft(signal.astype(np.float64)), signal.shape[1])
        times.append(time.perf_counter())
        steps = ("orbit", "strain", "whitening", "transforms")
        for step, took in zip(steps, np.diff(times), strict=True):
            seconds.setdefault(step, []).append(took)
    return {step: statistics.median(values) for step, values in seconds.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=20, help="signals of each range")
    chosen = parser.parse_args()
    measured(Population(), 3, 0)  # numba compiles
    print("log M (Msun)   signals/s   ms: orbit  strain  whitening   over transforms")
    for seed, (low, high) in enumerate(RANGES, 1):
        found = measured(Population(log_mass=(low, high)), chosen.n, seed)
        transforms = found.pop("transforms")
        total = sum(found.values())
        parts = "  ".join(f"{1000 * took:6.1f}" for took in found.values())
        print(
            f"{low:.1f} to {high:.1f}     {1 / total:9.1f}      {parts}"
            f"   {total / transforms:8.1f}"
        )


if __name__ == "__main__":
    main()
