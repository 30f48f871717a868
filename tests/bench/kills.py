"""Whether a run that is killed at any moment goes on to the same rows.

Simulates small inputs of every survey, runs each undisturbed against one local Triton,
and then again and again: killed with SIGKILL at a random moment, gone on with by
``--resume``, possibly killed once more, and so on to its end.  Each result must be that
of the undisturbed run, bit for bit::

    python tests/bench/kills.py --n 200

Every run is the command line in a process of its own.  Prints a table, and exits with 1
if anything differs.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from amphitrite.server.launcher import LocalTriton
from amphitrite.surveys import SURVEYS, asked
from amphitrite.triton.repository import find_repository

SEED = 20
# How far beyond an undisturbed run's length a kill may come: some find it ended.
BEYOND = 1.1
# The chance that a run which goes on is killed too.
AGAIN = 0.5
PATIENCE_SECONDS = 600.0


@dataclass(frozen=True)
class Survey:
    """A survey's command, without the server and the output, and its products."""

    words: tuple[str, ...]
    out: str
    beside: tuple[str, ...] = ()


@dataclass
class Outcome:
    """What happened to the runs of one survey.

    ``killed`` counts the kills by what they left: "nothing" to go on with, "parts" of
    the work, or the "result" under its name.
    """

    undisturbed: float = 0.0
    killed: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    strays: int = 0
    wrong: list[str] = field(default_factory=list)
    last: list[float] = field(default_factory=list)


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=200, help="kills, over all surveys")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--folder", type=Path, help="for inputs and results")
    parser.add_argument("--repository", type=Path, help="models, if not the usual ones")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(dir=options.folder) as scratch,
        LocalTriton(
            find_repository(options.repository),
            [model for survey in SURVEYS for model in asked(survey)],
        ) as triton,
    ):
        found = kills(
            Path(scratch), triton.grpc_url, n=options.n, rng=random.Random(options.seed)
        )
    report = {survey: reduced(outcome) for survey, outcome in found.items()}
    print(json.dumps(report) if options.json else text(report))
    raise SystemExit(any(outcome.wrong for outcome in found.values()))


def kills(
    folder: Path, server: str, *, n: int, rng: random.Random
) -> dict[str, Outcome]:
    """Kill n runs of all surveys in turn; return what happened, by survey."""
    inputs = folder / "inputs"
    inputs.mkdir()
    surveys = simulated(inputs)
    # The processes are copies of one that has imported everything and done nothing.
    runs = multiprocessing.get_context("forkserver")
    runs.set_forkserver_preload(
        [__name__, *map("amphitrite.surveys.{}".format, SURVEYS)]
    )
    outcomes = {name: Outcome() for name in surveys}
    for name, survey in surveys.items():
        place = folder / f"{name}-undisturbed"
        place.mkdir()
        for _ in range(2):  # the first one warms the server
            began = time.monotonic()
            end(start(runs, survey, server, place, "--overwrite"))
            outcomes[name].undisturbed = time.monotonic() - began
    for number, (name, survey) in enumerate(cycle(surveys.items())):
        left = n - sum(outcome.killed.total() for outcome in outcomes.values())
        if not left:
            return outcomes
        place = folder / f"{name}-{number}"
        place.mkdir()
        run_killed(runs, survey, server, place, outcomes[name], rng, left)
        undisturbed = folder / f"{name}-undisturbed"
        for file in (survey.out, *survey.beside):
            if not same(undisturbed / file, place / file):
                outcomes[name].wrong.append(str(place / file))
    raise AssertionError("there is no survey")


def run_killed(
    runs: Any,
    survey: Survey,
    server: str,
    place: Path,
    outcome: Outcome,
    rng: random.Random,
    most: int,
) -> None:
    """Bring one run to its end, killing it on the way at most so many times."""
    outcome.runs += 1
    out, killed, flags = place / survey.out, 0, []
    part = out.with_name(f"{out.name}.part")
    journal = part / "journal"
    while killed < most and (not killed or rng.random() < AGAIN):
        process = start(runs, survey, server, place, *flags)
        process.join(rng.uniform(0, BEYOND * outcome.undisturbed))
        if process.exitcode is not None:  # it was quicker
            end(process)
            break
        process.kill()
        process.join()
        if process.exitcode != -signal.SIGKILL:  # it was quicker after all
            end(process)
            break
        killed += 1
        left = "result" if out.exists() else "parts" if journal.exists() else "nothing"
        outcome.killed[left] += 1
        flags = ["--resume"]
        if out.exists() and not part.exists():  # all was done but the clearing up
            break
    if part.exists() or not out.exists():
        began = time.monotonic()
        end(start(runs, survey, server, place, *flags))
        outcome.last.append(time.monotonic() - began)
    names = {path.name for path in place.iterdir()}
    hidden = {name for name in names if name.startswith(".")}
    outcome.strays += len(hidden)
    if names - hidden != {survey.out, *survey.beside}:
        outcome.wrong.append(f"{place} holds {', '.join(sorted(names))}")


def start(
    runs: Any, survey: Survey, server: str, place: Path, *flags: str
) -> BaseProcess:
    """Start a run of the command line."""
    words = [*survey.words, "-o", str(place / survey.out), "--server", server, *flags]
    for name in survey.beside:
        words += ["--regions", str(place / name)]
    process: BaseProcess = runs.Process(target=command, args=(words,))
    process.start()
    return process


def command(words: Sequence[str]) -> None:
    """Be the command line."""
    from amphitrite.cli import main

    sys.argv = ["amphitrite", *words, "--quiet"]
    main()


def end(process: BaseProcess) -> None:
    """Wait for a run that must succeed."""
    process.join(PATIENCE_SECONDS)
    if process.exitcode:
        raise SystemExit(f"a run failed with {process.exitcode}")


def simulated(folder: Path) -> dict[str, Survey]:
    """Write small inputs for every survey, of some seconds each."""
    return {
        "asid": sky(folder),
        "calnet": stars(folder),
        "darkcnn": clusters_of(folder),
        "emri": strain_of(folder),
        "morpheus": field_of(folder),
    }


def sky(folder: Path) -> Survey:
    """Write the photons of a region of the gamma-ray sky."""
    from amphitrite_training.surveys.asid.simulate.files import write_events
    from amphitrite_training.surveys.asid.simulate.photons import Region, draw_events
    from amphitrite_training.surveys.asid.simulate.sky import make_sky

    region, simulated = Region(70.0, 40.0, 6.0), make_sky(SEED, years=1.0)
    photons = draw_events(simulated, np.random.default_rng(SEED), region)
    path = folder / "events.fits"
    write_events(photons, path, years=simulated.years, region=region, seed=SEED)
    return Survey(("asid", str(path)), "sky.fits", ("sky.reg",))


def stars(folder: Path) -> Survey:
    """Write light curves of some binaries and other stars."""
    from amphitrite_training.surveys.calnet.simulate.files import write_star
    from amphitrite_training.surveys.calnet.simulate.stars import (
        BINARIES,
        KINDS,
        draw_star,
    )

    (folder / "stars").mkdir()
    for number, kind in enumerate((*BINARIES[:2], *KINDS[-2:])):
        write_star(draw_star(SEED + number, kind=kind, tmag=10.0), folder / "stars")
    words = ("calnet", str(folder / "stars" / "*.fits"), "--workers", "0")
    return Survey(words, "stars.fits")


def clusters_of(folder: Path) -> Survey:
    """Write maps of clusters."""
    from amphitrite_training.surveys.darkcnn.simulate.files import write_archive
    from amphitrite_training.surveys.darkcnn.simulate.maps import maps
    from amphitrite_training.surveys.darkcnn.simulate.population import draw

    made = [
        cluster for number in range(40) for cluster in maps(draw(number), (0.0, 0.1, 1))
    ]
    names = [f"cluster {number}" for number in range(len(made))]
    path = folder / "maps.npz"
    write_archive(path, *zip(*made, strict=True), id=names)
    return Survey(("darkcnn", str(path)), "clusters.fits")


def strain_of(folder: Path) -> Survey:
    """Write half a year of strain with an inspiral in it."""
    from amphitrite_training.surveys.emri.demo import signals
    from amphitrite_training.surveys.emri.simulate.files import write_stream
    from amphitrite_training.surveys.emri.simulate.streams import stream

    placed = replace(signals(SEED)[0], first=100_000, ratio=120.0)
    strain = stream(600_000, seed=SEED, placed=[placed])
    write_stream(folder / "strain.h5", strain, 0.0)
    words = ("emri", str(folder / "strain.h5"), "--overlap", "0.9", "--workers", "0")
    return Survey(words, "triggers.fits")


def field_of(folder: Path) -> Survey:
    """Write a field of galaxies in four bands."""
    from amphitrite_training.surveys.morpheus.simulate.field import render_field
    from amphitrite_training.surveys.morpheus.simulate.files import write_field

    (folder / "field").mkdir()
    write_field(render_field(SEED, shape=(130, 130)), folder / "field")
    bands = [str(folder / "field" / f"{band}.fits") for band in "hjvz"]
    options = ("--stride", "5", "--strip-rows", "20", "--no-report")
    return Survey(("morpheus", *bands, *options), "field")


def same(one: Path, other: Path) -> bool:
    """Return whether two results hold the same, bit for bit, but for their headers."""
    if not (one.exists() and other.exists()):
        return False
    if not one.is_dir():
        return content(one) == content(other)
    names = [sorted(path.name for path in folder.iterdir()) for folder in (one, other)]
    return names[0] == names[1] and all(
        content(one / name) == content(other / name) for name in names[0]
    )


def content(path: Path) -> list[Any]:
    """Return what a file holds; headers of FITS tell when and how it was made."""
    if path.suffix != ".fits":
        return [path.read_bytes()]
    with fits.open(path) as hdus:
        return [
            (hdu.name, None if hdu.data is None else hdu.data.tobytes()) for hdu in hdus
        ]


def reduced(outcome: Outcome) -> dict[str, Any]:
    """Return the figures of one survey."""
    return {
        "undisturbed": outcome.undisturbed,
        "runs": outcome.runs,
        "kills": outcome.killed.total(),
        **{left: outcome.killed[left] for left in ("nothing", "parts", "result")},
        "strays": outcome.strays,
        "last": statistics.median(outcome.last) if outcome.last else 0.0,
        "wrong": outcome.wrong,
    }


def text(report: dict[str, dict[str, Any]]) -> str:
    """Return the report for a reader."""
    return "\n".join(_lines(report))


def _lines(report: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield (
        f"{'survey':10} {'run, s':>7} {'runs':>5} {'kills':>6} {'left nothing':>13} "
        f"{'parts':>6} {'result':>7} {'last run, s':>12} {'hidden folders':>15}  rows"
    )
    for name, found in report.items():
        rows = "the same" if not found["wrong"] else f"OTHERS: {found['wrong']}"
        yield (
            f"{name:10} {found['undisturbed']:7.1f} {found['runs']:5} "
            f"{found['kills']:6} {found['nothing']:13} {found['parts']:6} "
            f"{found['result']:7} {found['last']:12.1f} {found['strays']:15}  {rows}"
        )


if __name__ == "__main__":
    main()
