"""``amphitrite prepare``: files as the network is given them, to look at or reuse."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amphitrite._version import __version__
from amphitrite.commands import map_options as maps
from amphitrite.commands import options as common
from amphitrite.engine.beside import check_distinct
from amphitrite.errors import BadInput, OutputError
from amphitrite.files.checksums import checksum

if TYPE_CHECKING:
    from amphitrite.surveys.darkcnn.prepare.inputs import Sample

PREPARED = ("darkcnn",)
"""The surveys whose files can be prepared alone."""
_SKIPPED = 1


def prepare(
    survey: Annotated[
        str,
        typer.Argument(help=f"One of: {', '.join(PREPARED)}.", show_default=False),
    ],
    inputs: maps.Maps,
    output: Annotated[
        Path,
        typer.Option(
            *("-o", "--output"),
            metavar="FILE.npz",
            help="Where the tensors go.",
            show_default=False,
        ),
    ],
    unit: maps.Unit = "",
    redshift: maps.Redshift = None,
    source_redshift: maps.SourceRedshift = None,
    pixel_kpc: maps.PixelKpc = None,
    pixel_arcsec: maps.PixelArcsec = None,
    centre: maps.Centre = "middle",
    channels: maps.Channels = "",
    overwrite: common.Overwrite = False,
    as_json: common.Json = False,
    quiet: common.Quiet = False,
    verbose: common.Verbose = False,
) -> None:
    """Write files as a survey's network is given them; only darkcnn's for now.

    Maps of galaxy clusters come onto one grid of 100 x 100 pixels of 20 kpc, all mass
    in one unit, X-rays and stars over their means; no network and no server is asked.
    Look at them to see what the network sees, or train on them.

    The archive holds the tensors (maps, present, relative, attributes,
    attributes_present) and, for each cluster, cluster_id, redshift, log_m200,
    xray_concentration, bcg_ellipticity, unit and flags; 'amphitrite darkcnn' reads it
    in place of the maps. A file or cluster that cannot be used is named and left out,
    and the exit code is then 1.

    Example: amphitrite prepare darkcnn 'maps/*.fits' --z 0.3 -o prepared.npz
    """
    from amphitrite.commands.talk import Talk
    from amphitrite.files import lists
    from amphitrite.files.replacing import aside
    from amphitrite.files.standing import sighting
    from amphitrite.surveys.darkcnn.prepare import archive
    from amphitrite.surveys.darkcnn.prepare.inputs import MAP_FILES, clusters
    from amphitrite.surveys.darkcnn.prepare.reading import Reading

    talk = Talk(as_json=as_json, quiet=quiet, verbose=verbose)
    if survey not in PREPARED:
        raise BadInput(
            f"nothing is prepared for '{survey}'; it is for: {', '.join(PREPARED)}"
        )
    if output.suffix.lower() != ".npz":
        raise BadInput(
            f"--output must be a file name that ends in .npz; received {output}"
        )
    reading = Reading(
        **maps.stated(
            unit=unit,
            redshift=redshift,
            source_redshift=source_redshift,
            pixel_kpc=pixel_kpc,
            pixel_arcsec=pixel_arcsec,
            centre=centre,
            channels=channels,
        )
    )
    files, missing = lists.found(inputs, MAP_FILES)
    check_distinct([], output, files)
    seen = sighting(output)
    if seen is not None and not overwrite:
        raise OutputError(
            f"{output} exists already; give another name, or replace it with "
            "--overwrite"
        )
    sample = clusters(files, reading)
    with talk.status("preparing"), aside(output, instead_of=seen) as path:
        n = archive.write(path, sample, lambda: _provenance(files, sample))
    skipped = {**missing, **sample.skipped}
    left_out = f"; {len(skipped)} left out" if skipped else ""
    talk.result(
        f"{n} clusters of {len(files)} files, in {output}{left_out}",
        {
            "output": str(output),
            "clusters": n,
            "files": len(files),
            "skipped": skipped,
        },
    )
    if skipped:
        raise typer.Exit(_SKIPPED)


def _provenance(files: Sequence[Path], sample: Sample) -> dict[str, Any]:
    """Return where prepared clusters come from."""
    from amphitrite.files.image_hdus import split_name

    used = [split_name(path)[0] for path in files if str(path) not in sample.skipped]
    return {
        "creator": f"amphitrite {__version__}",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(["amphitrite", *sys.argv[1:]]),
        "inputs": [[path.name, checksum(path)] for path in used],
        "skipped": dict(sample.skipped),
        "choices": list(sample.choices.made),
    }
