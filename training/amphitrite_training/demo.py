"""``amphitrite demo``: the whole way, from simulated FITS files to a catalogue."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from amphitrite.commands import options as common

if TYPE_CHECKING:
    from astropy.table import QTable, Table

SEED = 20
SIDE = 240
BRIGHT = 24.0
MATCH_PIXELS = 5.0


def demo(
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="DIR", help="Where the field and the products go."
        ),
    ] = Path("amphitrite-demo"),
    overwrite: common.Overwrite = False,
    server: common.Server = None,
    model_repository: common.ModelRepository = None,
    as_json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Simulate a four-band HST field, find its galaxies, and compare with the truth.

    Everything is made here from a fixed seed: four FITS files of a simulated field,
    which are then run through 'amphitrite morpheus' as your own would be.

    Example: amphitrite demo --out demo
    """
    from amphitrite.commands.talk import Talk
    from amphitrite.engine import Control
    from amphitrite.errors import OutputError
    from amphitrite.staging import writing
    from amphitrite.surveys import morpheus as page
    from amphitrite_training.morpheus.simulate import render_field, write_field

    talk = Talk(as_json=as_json, quiet=quiet)
    began = time.monotonic()
    result = out / "result"
    files = out / "field"
    if result.exists() and not overwrite:
        raise OutputError(
            f"{result} exists already; give another --out, or replace it with "
            "--overwrite"
        )
    field = render_field(SEED, shape=(SIDE, SIDE))
    with writing(out):
        files.mkdir(parents=True, exist_ok=True)
        write_field(field, files)
    bands = [files / f"{band.lower()}.fits" for band in page.BANDS]
    names = " ".join(str(path) for path in bands)
    command = f"amphitrite morpheus {names} -o {result}"
    talk.say(
        f"A simulated field stands in {files}. The demo now does as you would with"
    )
    talk.say(f"  {command}")
    connecting = talk.connected(
        server, models=[page.MODEL.name], model_repository=model_repository
    )
    # Nothing is lost: see above, and what an interrupted demo left is of no use.
    control = Control(overwrite=True, command=command, progress=talk.progress)
    run = page.run(bands, connecting, result, page.Options(), control)
    seconds = time.monotonic() - began
    found = compare(run.table, field.truth)
    summary = {
        **found,
        "seconds": round(seconds, 1),
        "catalogue": str(result / "catalogue.fits"),
        "report": str(result / "report.png"),
        "colour": str(result / "colour.png"),
    }
    talk.result(
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
    """Match the catalogue with the truth, brightest truth first, one to one."""
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
