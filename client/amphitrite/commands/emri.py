"""``amphitrite emri``: strain of TianQin to a list of triggers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amphitrite.commands import options as common
from amphitrite.commands.groups import grouped

if TYPE_CHECKING:
    from amphitrite.surveys.emri.run import Result

_PANEL = "Search"


@grouped
def emri(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            help="Strain of channels I and II, the parts of one stream in any order: "
            "HDF5 (a dataset per channel with an attribute dt or fs, a compound table "
            "t, I, II, or as gwpy writes it), FITS tables, or .npz. Quoted patterns "
            "('strain/*.h5'), folders and @LIST, a text file with one name a line, "
            "stand for many.",
            show_default=False,
        ),
    ],
    output: common.Catalogue,
    channels: Annotated[
        str,
        typer.Option(
            metavar="I,II",
            help="Names of the two channels' columns or datasets.",
            rich_help_panel=_PANEL,
        ),
    ] = "I,II",
    psd: Annotated[
        str,
        typer.Option(
            metavar="CURVE",
            help="The noise curve: 'tianqin' (the design's), 'estimate' (from the "
            "strain itself), or a file of two columns, frequency (Hz) and one-sided "
            "power spectral density (1/Hz).",
            rich_help_panel=_PANEL,
        ),
    ] = "tianqin",
    whitened: Annotated[
        bool,
        typer.Option(
            "--whitened",
            help="The strain is whitened already: noise of variance 1.",
            rich_help_panel=_PANEL,
        ),
    ] = False,
    fap: Annotated[
        float,
        typer.Option(
            help="False-alarm probability of a segment, which sets the threshold.",
            rich_help_panel=_PANEL,
        ),
    ] = 1e-3,
    overlap: Annotated[
        float,
        typer.Option(
            help="Share of a segment (91 d) that the next one covers too.",
            rich_help_panel=_PANEL,
        ),
    ] = 0.5,
    model: Annotated[
        str,
        typer.Option(
            help="The network: 'emri', on maps of power, or 'emri_table3', that of "
            "Table III of Zhang et al. 2022 on the strain itself, which finds less.",
            rich_help_panel=_PANEL,
        ),
    ] = "emri",
    calibrate: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="First judge N segments of noise, simulated with the noise curve and "
            "whitened as the strain is, and set the threshold by them; for --fap 0.001 "
            "at least 10000, which take some minutes.",
            show_default="the noise run stored with the network",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    plots: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Also draw the statistic along the stream, and each trigger's power "
            "over time and frequency (needs the 'plots' extra).",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Threads that whiten strain, one at least.",
            show_default="one per core",
            rich_help_panel="Run",
        ),
    ] = None,
    run: common.Common = common.COMMON,
) -> None:
    """Find extreme-mass-ratio inspirals in the strain of TianQin.

    The strain is whitened and cut into segments of 91 d (262,144 samples at steps of
    30 s) that overlap. A network gives each a statistic; those above the threshold
    become triggers, overlapping ones together. The network was trained on simulated
    signals in simulated Gaussian noise, since there is no other yet.

    Gaps of up to a day are bridged; longer ones part the stream, and parts shorter than
    a segment are not searched. Faster sampling is brought to steps of 30 s, of which
    the file's must be a whole fraction. Strain has no unit; data of another unit, or
    whitened twice, are refused by their whitened amplitude.

    The list has a row for each trigger: trigger, start, end (s), start_time, end_time
    (UTC, where the zero point of the times is stated), statistic, fap, frequency (Hz)
    and drift (Hz/s) of the loudest straight track, level_1, level_2 (amplitude of the
    whitened noise), n_segments, model and flags.

    Flags: loudest (no segment of noise was as loud: fap is an upper limit), gaps (more
    than 5% of the loudest segment is missing), level (the noise differs by more than
    10% in amplitude from its curve), no_track (no straight track stands out in the map
    of the loudest segment).

    Example: amphitrite emri strain.h5 -o triggers.ecsv --plots tracks
    """
    from amphitrite.commands.conduct import conduct
    from amphitrite.surveys.emri.options import Options

    conduct(
        *("emri", inputs, output),
        Options(
            channels=tuple(name.strip() for name in channels.split(",")),
            psd=psd,
            whitened=whitened,
            fap=fap,
            overlap=overlap,
            model=model,
            calibrate=calibrate,
            plots=plots,
        ),
        run,
        describe,
        workers=(os.cpu_count() or 1) if workers is None else workers,
    )


def describe(result: Result) -> tuple[str, dict[str, Any]]:
    """Return the sentence to print, and the fields for scripts."""
    expected = result.n_segments * result.fap
    sentence = (
        f"{result.n_triggers} triggers (statistic above {result.threshold:.3f}) among "
        f"{result.n_segments} segments of {result.days:.1f} d, in {result.out}; noise "
        f"alone would give {expected:.2g} at most"
    )
    return sentence, {
        "triggers": result.n_triggers,
        "threshold": result.threshold,
        "fap": result.fap,
        "segments": result.n_segments,
        "days": result.days,
        "false_alarms_expected": expected,
        "files": result.n_files,
    }
