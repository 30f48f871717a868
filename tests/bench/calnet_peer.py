"""The peer of ``amphitrite calnet``: a program as the original one is written.

It reads light curves with ``astropy.io.fits``, masks bad points, splits at gaps, fits
the published cubic spline (three passes; the one that
`amphitrite.surveys.calnet.prepare.resampling` keeps for the published network) and
takes a generalised Lomb-Scargle periodogram in plain numpy as the original does: a loop
over the 1000 published periods, and seven sums over products of arrays with the weights
at each.  Keras predicts all segments in batches of 32, and the highest score of each
star goes into a table.  Not repeated is what the original also does but need not: the
spectrum of the window, and text files between the steps.  Every fifth segment's
periodogram is taken again by dot products without weights, the quickest that plain
numpy can do.

Weights are not trained: they cost the same.  Prints one JSON object with the seconds
of each stage, of the processors and of the wall::

    python tests/bench/calnet_peer.py LIST --out FILE.csv
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # threads gain nothing on so short arrays
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np
from astropy.io import fits
from astropy.table import Table
from numpy.typing import NDArray

from amphitrite.surveys.calnet.prepare.resampling import resample
from amphitrite_training.surveys.calnet.recipe import SHIPPED, Recipe

Floats = NDArray[np.float64]

PERIODS = np.logspace(-3, 1, 1125)[125:]
BATCH = 32
QUICK = "periodogram by dot products"
QUICK_EVERY = 5
NETWORKS = {"published network": Recipe(), "our network": SHIPPED}


class Clock:
    """Adds up seconds by stage, of the processors and of the wall."""

    def __init__(self) -> None:
        self.processor: Counter[str] = Counter()
        self.wall: Counter[str] = Counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what a ``with`` block takes."""
        began = time.process_time(), time.perf_counter()
        yield
        self.processor[name] += time.process_time() - began[0]
        self.wall[name] += time.perf_counter() - began[1]


def main() -> None:
    """Search the light curves of a list, with each network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("list", type=Path, help="text file with one name a line")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    clock = Clock()
    stars, curves, powers = prepared(arguments.list.read_text().split(), clock)
    for name, recipe in NETWORKS.items():
        with clock.stage(f"building {name}"):
            network = built(recipe, len(stars) % BATCH)
        with clock.stage(name):
            inputs = {"light_curve": curves, "periodogram": powers}
            answer = network.predict(inputs, batch_size=BATCH, verbose=0)
    with clock.stage("writing"):
        write(stars, answer["p_eb"][:, 0], arguments.out)
    print(
        json.dumps(
            {
                "segments": len(stars),
                "processor": clock.processor,
                "wall": clock.wall,
            }
        )
    )


def prepared(
    names: list[str], clock: Clock
) -> tuple[list[int], NDArray[np.float32], NDArray[np.float32]]:
    """Return the star, light curve and periodogram of each segment of all files."""
    stars, curves, powers = [], [], []
    for name in names:
        with clock.stage("reading"):
            star, time_, flux = read(name)
        for part in split(time_):
            t, y = below_percentile(time_[part], flux[part])
            stars.append(star)
            with clock.stage("resampling"):
                curves.append(scaled(resample(t, y, interpolation="spline")))
            with clock.stage("periodogram"):
                powers.append(scaled(periodogram(t, y)))
            if len(stars) % QUICK_EVERY == 0:
                with clock.stage(QUICK):
                    quick_periodogram(t, y)
    return stars, np.array(curves, np.float32), np.array(powers, np.float32)


def read(name: str) -> tuple[int, Floats, Floats]:
    """Return the star's number, and times and fluxes of good points."""
    with fits.open(name) as hdus:
        table = hdus[1].data
        good = (table["QUALITY"] == 0) & np.isfinite(table["PDCSAP_FLUX"])
        good &= np.isfinite(table["TIME"])
        time_ = table["TIME"][good].astype(np.float64)
        return hdus[0].header["TICID"], time_, table["PDCSAP_FLUX"][good].astype(float)


def split(time_: Floats) -> list[slice]:
    """Return the parts between gaps of more than 0.75 d that have 2000 points."""
    edges = [0, *(np.flatnonzero(np.diff(time_) > 0.75) + 1).tolist(), len(time_)]
    parts = [slice(*pair) for pair in pairwise(edges)]
    return [part for part in parts if part.stop - part.start >= 2000]


def below_percentile(time_: Floats, flux: Floats) -> tuple[Floats, Floats]:
    """Drop the highest per cent."""
    keep = flux < np.percentile(flux, 99)
    return time_[keep], flux[keep]


def periodogram(time_: Floats, flux: Floats) -> Floats:
    """Return the generalised Lomb-Scargle power at `PERIODS`.

    The names are those of Zechmeister & Kürster 2009, A&A 496, 577,
    doi:10.1051/0004-6361:200811296, equations 6 to 15.
    """
    w = np.full(len(time_), 1 / len(time_))
    mean = (w * flux).sum()
    yy = (w * flux**2).sum() - mean**2
    power = np.empty(len(PERIODS))
    for at, omega in enumerate(2 * np.pi / PERIODS):
        angle = omega * time_
        cosine, sine = np.cos(angle), np.sin(angle)
        c, s = (w * cosine).sum(), (w * sine).sum()
        yc = (w * flux * cosine).sum() - mean * c
        ys = (w * flux * sine).sum() - mean * s
        cc = (w * cosine**2).sum() - c * c
        ss = (w * sine**2).sum() - s * s
        cs = (w * cosine * sine).sum() - c * s
        explained = ss * yc**2 + cc * ys**2 - 2 * cs * yc * ys
        power[at] = explained / (yy * (cc * ss - cs * cs))
    return power


def quick_periodogram(time_: Floats, flux: Floats) -> Floats:
    """Return the same, with as few passes over the points as numpy allows."""
    n = len(time_)
    y = flux - flux.mean()
    yy = y @ y / n
    power = np.empty(len(PERIODS))
    for at, omega in enumerate(2 * np.pi / PERIODS):
        angle = omega * time_
        cosine, sine = np.cos(angle), np.sin(angle)
        c, s = cosine.mean(), sine.mean()
        yc, ys = y @ cosine / n, y @ sine / n
        square = cosine @ cosine / n
        cc, ss, cs = square - c * c, 1 - square - s * s, cosine @ sine / n - c * s
        explained = ss * yc**2 + cc * ys**2 - 2 * cs * yc * ys
        power[at] = explained / (yy * (cc * ss - cs * cs))
    return power


def scaled(values: Floats) -> Floats:
    """Bring values to 0..1."""
    result: Floats = (values - values.min()) / np.ptp(values)
    return result


def built(recipe: Recipe, rest: int) -> Any:
    """Return a network that has answered one whole batch and one of the rest."""
    from amphitrite.surveys.calnet.page import MODEL
    from amphitrite_training.surveys.calnet.model import build

    network = build(recipe)
    inputs = {
        tensor.name: np.zeros((BATCH + rest, *tensor.shape), np.float32)
        for tensor in MODEL.inputs
    }
    network.predict(inputs, batch_size=BATCH, verbose=0)
    return network


def write(stars: list[int], scores: NDArray[np.float32], out: Path) -> None:
    """Write the highest score of each star."""
    highest: dict[int, float] = {}
    for star, score in zip(stars, scores.tolist(), strict=True):
        highest[star] = max(score, highest.get(star, 0.0))
    table = Table({"tic": list(highest), "p_eb": list(highest.values())})
    table.write(out, overwrite=True)


if __name__ == "__main__":
    main()
