"""CALNet: eclipsing binaries among the light curves of TESS.

Each stretch of a light curve without a long gap goes in twice, as 4000 even steps of
time and as a periodogram (see `amphitrite.segments`); one score comes out.  What the
segments of a star say is combined, and likely binaries get a period.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite import (
    catalogs,
    doubling,
    engine,
    file_lists,
    input_lists,
    measuring,
    periods,
    scoring,
    side_products,
    star_pictures,
    stars,
)
from amphitrite.columns import Column, join_flags
from amphitrite.errors import BadInput, SpecMismatch
from amphitrite.folding import join
from amphitrite.periods import Ephemeris
from amphitrite.resampling import INTERPOLATIONS, N_POINTS
from amphitrite.scoring import FileWork
from amphitrite.segments import (
    GAP_DAYS,
    LEAST_POINTS,
    N_PERIODS,
    PERCENTILE,
    PERIODS,
)
from amphitrite.spec import ModelSpec, TensorSpec, reading_learned
from amphitrite.staging import Staging
from amphitrite.stars import Scored, Star
from amphitrite.triton import Connection

REFERENCES: Final = ("CALNet: arXiv:2504.15875",)

P_EB: Final = "p_eb"
LIGHT_CURVE: Final = "light_curve"
PERIODOGRAM: Final = "periodogram"

MODEL: Final = ModelSpec(
    name="calnet",
    inputs=(
        TensorSpec(
            name=LIGHT_CURVE,
            dtype="float32",
            shape=(N_POINTS,),
            axes=("time",),
            description=(
                "flux of one segment at even steps of time, in any linear unit: the "
                "graph stretches it to 0..1 and standardises it"
            ),
        ),
        TensorSpec(
            name=PERIODOGRAM,
            dtype="float32",
            shape=(N_PERIODS,),
            axes=("period",),
            description=(
                "generalised Lomb-Scargle power at periods that rise in even steps of "
                "their logarithm; the graph stretches it to 0..1 and standardises it"
            ),
        ),
    ),
    outputs=(
        TensorSpec(
            name="logit",
            dtype="float32",
            shape=(1,),
            axes=("score",),
            description="score before the sigmoid; positive for eclipsing binaries",
        ),
        TensorSpec(
            name=P_EB,
            dtype="float32",
            shape=(1,),
            axes=("score",),
            description="probability that the segment shows an eclipsing binary",
            minimum=0.0,
            maximum=1.0,
        ),
    ),
    constants={
        "gap_days": GAP_DAYS,
        "least_points": LEAST_POINTS,
        "percentile": PERCENTILE,
        "points": N_POINTS,
        "periods": N_PERIODS,
        "period_days": [round(float(PERIODS[0]), 9), round(float(PERIODS[-1]), 9)],
        "normalisation": "light curve and periodogram each from 0 to 1",
    },
    references=REFERENCES,
)

PRODUCTS: Final = ()
"""The result is one file, not a folder of products."""

COLUMNS: Final = (
    Column(
        "tic",
        "int64",
        "",
        "meta.id;meta.main",
        "Number in the TESS Input Catalog, 0 for stars of Kepler and K2",
    ),
    Column("star", "str", "", "meta.id", "Catalogue (TIC, KIC or EPIC) and number"),
    Column(
        "sectors",
        "str",
        "",
        "meta.id;obs",
        "Comma-separated sectors (quarters, campaigns) with usable segments",
    ),
    Column("ra", "float64", "deg", "pos.eq.ra;meta.main", "Right ascension (ICRS)"),
    Column("dec", "float64", "deg", "pos.eq.dec;meta.main", "Declination (ICRS)"),
    Column(
        "tmag",
        "float32",
        "mag",
        "phot.mag;em.opt.I",
        "Magnitude in the band of TESS (of Kepler for its stars)",
    ),
    Column(
        P_EB,
        "float32",
        "",
        "stat.probability;src.class",
        "Highest probability of its segments to show an eclipsing binary",
    ),
    Column("n_segments", "int32", "", "meta.number;obs", "Segments"),
    Column(
        "n_positive",
        "int32",
        "",
        "meta.number;obs",
        "Segments whose probability reaches the threshold",
    ),
    Column(
        "period",
        "float64",
        "d",
        "time.period",
        "Orbital period; of stars below the threshold the peak of the periodogram",
    ),
    Column(
        "period_err",
        "float64",
        "d",
        "stat.error;time.period",
        "Standard error of the period, NaN below the threshold",
    ),
    Column(
        "gls_power",
        "float64",
        "",
        "stat.fit.goodness",
        "Highest peak of the generalised Lomb-Scargle periodogram, 0 to 1",
    ),
    Column(
        "fap",
        "float64",
        "",
        "stat.probability",
        "False-alarm probability of that peak in white noise (Baluev 2008)",
    ),
    Column(
        "bls_period",
        "float64",
        "d",
        "time.period",
        "Period of the best repeated box, NaN below the threshold",
    ),
    Column(
        "epoch",
        "float64",
        "d",
        "time.epoch",
        "A primary minimum, BJD (TDB) - 2457000, NaN below the threshold",
    ),
    Column(
        "depth",
        "float64",
        "",
        "phot.flux;arith.ratio",
        "Depth of the primary minimum, a part of the flux; NaN below the threshold",
    ),
    Column(
        "flags",
        "str",
        "",
        "meta.code",
        "Comma-separated words, explained by amphitrite calnet --help",
    ),
)

FLAGS: Final = {
    "periodogram": "below the threshold: the period is the periodogram's peak alone",
    doubling.ODD_EVEN: "the period was doubled, since odd and even minima differ",
    doubling.SINUSOID: "the period was doubled, since the profile is a plain sinusoid",
    periods.FEW_CYCLES: "less than three cycles were seen",
    periods.UNCONNECTED: "sectors too far away to count the cycles were left out",
    "one_segment": "only one of several segments reaches the threshold",
    "repeated": "further files of the same sectors were left out",
}
"""What the words in the column ``flags`` mean; empty where none applies."""

_JOURNAL_BYTES: Final = 8192  # of a file and a star, and more
_STAGES: Final = ("scoring", "measuring", "writing")


@dataclass(frozen=True)
class Options:
    """How light curves are searched.

    Parameters
    ----------
    threshold : float, optional
        Probability from which a star is a candidate and gets a full period search; by
        default what was learned.
    plots : Path, optional
        A folder for a picture of each candidate and a sheet of the best hundred; needs
        the ``plots`` extra.
    """

    threshold: float | None = None
    plots: Path | None = None

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 < self.threshold < 1:
            raise BadInput(
                "--threshold must be a probability above 0 and below 1; received "
                f"{self.threshold:g}"
            )
        if self.plots is not None:
            object.__setattr__(self, "plots", Path(self.plots))


@dataclass(frozen=True)
class Learned:
    """What was learned with the weights, as the client needs it.

    Parameters
    ----------
    interpolation : {"pchip", "spline"}
        How the light curves were resampled.
    threshold : float
        Probability from which a star counts as a candidate.
    """

    interpolation: str
    threshold: float

    @classmethod
    def of(cls, spec: ModelSpec) -> Learned:
        """Read what a served model has learned.

        Raises
        ------
        SpecMismatch
            Something is missing, or unknown to this client.
        """
        with reading_learned(spec) as values:
            learned = cls(str(values["interpolation"]), float(values["threshold"]))
        if learned.interpolation not in INTERPOLATIONS:
            raise SpecMismatch(
                f"the served '{spec.name}' wants the interpolation "
                f"'{learned.interpolation}', which this client does not know; it knows "
                f"{', '.join(INTERPOLATIONS)}. Use client and models of one release."
            )
        return learned


def prepare(path: Path, *, interpolation: str, batch: int) -> FileWork:
    """Read and preprocess one light curve file.

    Parameters
    ----------
    path : Path
        The file.
    interpolation : {"pchip", "spline"}
        See `amphitrite.segments.segments`.
    batch : int
        Segments per request.

    Raises
    ------
    BadInput
        The file cannot be used.
    """
    light_curve, found = stars.usable_segments(path, interpolation=interpolation)
    return FileWork(
        Scored(
            path=path,
            **{name: getattr(light_curve, name) for name in stars.IDENTITY},
            peak=periods.peak(*join(found)),
            p_eb=np.zeros(len(found), np.float32),
            start=np.array([segment.time[0] for segment in found]),
        ),
        {
            LIGHT_CURVE: np.stack([segment.light_curve for segment in found]),
            PERIODOGRAM: np.stack([segment.periodogram for segment in found]),
        },
        P_EB,
        batch,
    )


def interpret(
    found: Sequence[Star],
    ephemerides: Mapping[str, Ephemeris],
    *,
    threshold: float,
) -> dict[str, NDArray[Any]]:
    """Turn stars into the columns of the catalogue.

    Parameters
    ----------
    found : sequence of Star
        The rows.
    ephemerides : mapping of str to Ephemeris
        By name of the star, of those that reach the threshold.
    threshold : float
        Probability from which a segment counts as positive.

    Returns
    -------
    dict of str to (n,) ndarray
        By column name.
    """
    first = [star.files[0] for star in found]
    measured = [ephemerides.get(star.name) for star in found]
    peaks = [
        ephemeris.peak if ephemeris else star.peak
        for star, ephemeris in zip(found, measured, strict=True)
    ]
    n_segments = np.array([len(star.scores) for star in found])
    # in double precision, in which candidates are chosen
    n_positive = np.array(
        [(star.scores.astype(np.float64) >= threshold).sum() for star in found]
    )
    applies = {
        "periodogram": np.array([ephemeris is None for ephemeris in measured]),
        "one_segment": (n_positive == 1) & (n_segments > 1),
        "repeated": np.array([star.repeated for star in found]),
        **{
            flag: np.array([flag in (e.flags if e else ()) for e in measured])
            for flag in periods.FLAGS
        },
    }
    return {
        **_columns(first, ("tic", "star", "ra", "dec", "tmag")),
        "sectors": np.array([star.sectors for star in found]),
        P_EB: np.array([star.p_eb for star in found]),
        "n_segments": n_segments,
        "n_positive": n_positive,
        "period": np.array(
            [(e or peak).period for e, peak in zip(measured, peaks, strict=True)]
        ),
        "gls_power": np.array([peak.power for peak in peaks]),
        "fap": np.array([peak.fap for peak in peaks]),
        **_columns(measured, ("period_err", "bls_period", "epoch", "depth")),
        "flags": join_flags({flag: applies[flag] for flag in FLAGS}, len(found)),
    }


def _columns(
    records: Sequence[object], names: Sequence[str]
) -> dict[str, NDArray[Any]]:
    """Return fields of records as arrays, NaN where there is no record."""
    return {
        name: np.array([getattr(record, name, np.nan) for record in records])
        for name in names
    }


@dataclass(frozen=True)
class Result(engine.Result):
    """What a search gives back.

    Parameters
    ----------
    n_files : int
        Files given.
    n_segments : int
        Segments judged.
    n_candidates : int
        Stars that reach the threshold.
    threshold : float
        The threshold.
    seconds : mapping of str to float
        Wall time of the stages: scoring, measuring and writing.
    """

    n_files: int
    n_segments: int
    n_candidates: int
    threshold: float
    seconds: Mapping[str, float]


def run(
    inputs: Sequence[Path],
    connecting: AbstractContextManager[Connection],
    out: Path,
    options: Options,
    control: engine.Control | None = None,
) -> Result:
    """Find eclipsing binaries in light curves.

    Parameters
    ----------
    inputs : sequence of Path
        Files, patterns and lists; see `amphitrite.file_lists.expand`.
    connecting : context manager
        Gives a connection to a server with the model; entered once the inputs and the
        output are known to be usable.
    out : Path
        The catalogue's file; its suffix chooses the format.
    options : Options
        How to search.
    control : Control, optional
        How to run.

    Returns
    -------
    Result
        The catalogue and what it was made of; ``summary.skipped`` lists the files that
        could not be used, and why.

    Raises
    ------
    AmphitriteError
        See `amphitrite.errors`; nothing then stands under the name ``out``.
    """
    control = control or engine.Control()
    catalogs.check_suffix(out)
    files = file_lists.expand(inputs)
    side_products.check_distinct([], out, files)
    with ExitStack() as stack:
        staging = stack.enter_context(
            Staging(out, resume=control.resume, overwrite=control.overwrite)
        )
        staging.require(len(files) * _JOURNAL_BYTES)
        replace = control.overwrite or control.resume
        if options.plots is not None:
            star_pictures.check_folder(options.plots, replace=replace)
        clock = [time.monotonic()]
        model = stack.enter_context(connecting).model(MODEL)
        learned = Learned.of(model.spec)
        threshold = options.threshold or learned.threshold
        provenance = input_lists.provenance(files, model, control.command)
        head = {
            "survey": MODEL.name,
            "plots": str(options.plots and options.plots.absolute()),
            "batch": model.max_batch,
            **provenance.identity,
        }
        journal = stack.enter_context(
            engine.recording(staging, head, resume=control.resume)
        )
        work = partial(
            prepare, interpolation=learned.interpolation, batch=model.max_batch
        )
        pool = stack.enter_context(engine.pool(control.limits))
        scored, summary = scoring.score(
            *(files, work, model, journal, control), executor=pool
        )
        clock.append(time.monotonic())
        found = stars.group(scored)
        candidates = [star for star in found if star.p_eb >= threshold]
        if options.plots is not None:
            star_pictures.make_folder(options.plots)
        ephemerides = measuring.measure(
            *(candidates, model, journal, control),
            interpolation=learned.interpolation,
            plots=options.plots,
            executor=pool,
        )
        clock.append(time.monotonic())
        cards = {
            **input_lists.read(provenance, scored).cards,
            "NFILES": len(files),
            "NSKIPPED": len(summary.skipped),
            "THRESH": threshold,
            "INTERPOL": learned.interpolation,
        }
        table = catalogs.table(
            COLUMNS, interpret(found, ephemerides, threshold=threshold), cards
        )
        catalogs.write(table, staging.result, provenance=cards)
        if options.plots is not None:
            best = star_pictures.best(candidates)
            folded = measuring.thumbnails(best, journal)
            star_pictures.write_sheet(
                *(options.plots, best, ephemerides, folded), replace=replace
            )
        journal.close()
        staging.publish()
        clock.append(time.monotonic())
    return Result(
        *(table, summary, out, len(files)),
        n_segments=sum(len(file.p_eb) for file in scored),
        n_candidates=len(candidates),
        threshold=threshold,
        seconds=dict(zip(_STAGES, np.diff(clock).tolist(), strict=True)),
    )
