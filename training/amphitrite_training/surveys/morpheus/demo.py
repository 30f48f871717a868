"""The image demo: a simulated four-band field to a catalogue, against the truth."""

from __future__ import annotations

import math
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

from astropy.table import QTable, Table

from amphitrite.files.writing import writing
from amphitrite.surveys.morpheus import run as morpheus_run
from amphitrite.surveys.morpheus.options import Options
from amphitrite.surveys.morpheus.page import BANDS
from amphitrite.triton.served import Server
from amphitrite_training.surveys import User
from amphitrite_training.surveys.morpheus.simulate.field import render_field
from amphitrite_training.surveys.morpheus.simulate.files import write_field

SEED: Final = 20
SIDE: Final = 240
BRIGHT: Final = 24.0
MATCH_PIXELS: Final = 5.0


def demo(
    out: Path, user: User, connecting: AbstractContextManager[Server]
) -> tuple[str, dict[str, Any]]:
    """Simulate a four-band HST field, find its galaxies, and compare with the truth.

    See `amphitrite_training.surveys.Demo`.
    """
    began = time.monotonic()
    result = out / "result"
    files = out / "field"
    field = render_field(SEED, shape=(SIDE, SIDE))
    with writing(out):
        files.mkdir(exist_ok=True)
        write_field(field, files)
    bands = [files / f"{band.lower()}.fits" for band in BANDS]
    names = " ".join(str(path) for path in bands)
    command = f"amphitrite morpheus {names} -o {result}"
    control = user.control(f"A simulated field stands in {files}.", command)
    run = morpheus_run.run(bands, connecting, result, Options(), control)
    seconds = time.monotonic() - began
    found = compare(run.table, field.truth)
    summary = {
        **found,
        "seconds": round(seconds, 1),
        "catalogue": str(result / "catalogue.fits"),
        "report": str(result / "report.png"),
        "colour": str(result / "colour.png"),
    }
    return (
        f"{found['sources']} sources found in {seconds:.0f} s; of the "
        f"{found['bright']} simulated ones brighter than H = {BRIGHT}, "
        f"{found['recovered']} are among them, {found['same_class']} with the class "
        "they were simulated with (simulated data: no measure of real performance).\n"
        f"  catalogue  {result / 'catalogue.fits'}\n"
        f"  pictures   {result / 'report.png'}  {result / 'colour.png'}\n"
        f"  truth      {files / 'truth.fits'}",
        summary,
    )


def compare(table: QTable, truth: Table) -> dict[str, int]:
    """Return counts of true sources in a catalogue, brightest first, one to one."""
    free = set(range(len(table)))
    found_x, found_y = table["x"].value, table["y"].value
    bright = truth[truth["mag_h"] < BRIGHT]
    bright.sort("mag_h")
    recovered = same_class = 0
    for source in bright:
        distances = {
            i: math.hypot(found_x[i] - source["x"], found_y[i] - source["y"])
            for i in free
        }
        nearest = min(distances, key=distances.__getitem__, default=None)
        if nearest is not None and distances[nearest] <= MATCH_PIXELS:
            free.remove(nearest)
            recovered += 1
            same_class += table["morphology"][nearest] == source["morphology"]
    return {
        "sources": len(table),
        "bright": len(bright),
        "recovered": recovered,
        "same_class": int(same_class),
    }
