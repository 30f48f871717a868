"""The second pass of a search through light curves: likely stars get a period."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from amphitrite import engine, periods, star_pictures
from amphitrite.errors import BadInput
from amphitrite.folding import join
from amphitrite.journal import Journal
from amphitrite.periods import Ephemeris
from amphitrite.star_pictures import drawing
from amphitrite.stars import Star, together
from amphitrite.triton import ServedModel


@dataclass(frozen=True)
class Candidate:
    """A star whose period is to be found.

    Parameters
    ----------
    star : Star
        Which one.
    picture : Path, optional
        Where to draw it.
    replace : bool
        Whether a picture that is there may be replaced.
    """

    star: Star
    picture: Path | None = None
    replace: bool = False


@dataclass(frozen=True)
class StarWork:
    """A star whose period was found: nothing is asked of the server.

    Parameters
    ----------
    found : mapping of str to ndarray
        The ephemeris (see `amphitrite.periods.Ephemeris.to_arrays`) and a thumbnail.
    """

    found: Mapping[str, NDArray[Any]]

    def requests(self) -> Iterator[tuple[None, dict[str, NDArray[Any]]]]:
        """Yield nothing."""
        return iter(())

    def add(self, where: None, outputs: Mapping[str, NDArray[Any]]) -> None:
        """Take no answer, since nothing was asked."""

    def record(self) -> Mapping[str, NDArray[Any]]:
        """Return what the journal keeps of the star."""
        return self.found


def prepare(candidate: Candidate, *, interpolation: str) -> StarWork:
    """Find the period of one star, and draw it.

    Parameters
    ----------
    candidate : Candidate
        Which star.
    interpolation : {"pchip", "spline"}
        See `amphitrite.segments.segments`.

    Raises
    ------
    BadInput
        A file cannot be read any more, or has another content than was judged.
    """
    files = candidate.star.files
    time, flux = join(together(files, interpolation=interpolation))
    ephemeris = periods.measure(time, flux)
    if candidate.picture is not None:
        with drawing(candidate.picture, replace=candidate.replace) as path:
            star_pictures.write(path, candidate.star, time, flux, ephemeris)
    thumbnail = star_pictures.thumbnail(time, flux, ephemeris)
    return StarWork({**ephemeris.to_arrays(), "thumbnail": thumbnail})


def measure(
    candidates: Sequence[Star],
    model: ServedModel,
    journal: Journal,
    control: engine.Control,
    *,
    interpolation: str,
    plots: Path | None = None,
    executor: Executor | None = None,
) -> dict[str, Ephemeris]:
    """Find the periods of likely stars.

    Parameters
    ----------
    candidates : sequence of Star
        The stars.
    model : ServedModel
        The engine's; it is asked nothing.
    journal : Journal
        Where the periods are kept; stars found in it are not measured again.
    control : Control
        How to run.
    interpolation : {"pchip", "spline"}
        See `amphitrite.segments.segments`.
    plots : Path, optional
        A folder for a picture of each.
    executor : Executor, optional
        What measures them; see `amphitrite.engine.execute`.

    Returns
    -------
    dict of str to Ephemeris
        By name of the star.

    Raises
    ------
    BadInput
        A file changed since it was judged.
    """
    replace = control.overwrite or control.resume
    units = (
        engine.Unit(
            _key(star),
            Candidate(star, plots and plots / star_pictures.file_name(star), replace),
        )
        for star in candidates
    )
    with control.progress("measuring", len(candidates)) as advance:
        summary = engine.execute(
            *(units, partial(prepare, interpolation=interpolation), model, journal),
            limits=control.limits,
            executor=executor,
            advance=advance,
        )
    if summary.skipped:
        raise BadInput(
            "files changed while they were searched; leave them alone during a run, "
            "and go on with --resume: " + "; ".join(summary.skipped.values())
        )
    return {
        star.name: Ephemeris.from_arrays(journal.read(_key(star)))
        for star in candidates
    }


def thumbnails(stars: Iterable[Star], journal: Journal) -> dict[str, NDArray[Any]]:
    """Return the folded light curves of measured stars, by name.

    Parameters
    ----------
    stars : iterable of Star
        A few of those that were measured.
    journal : Journal
        Where `measure` kept them.
    """
    return {star.name: journal.read(_key(star))["thumbnail"] for star in stars}


def _key(star: Star) -> str:
    """Name a star's measurement by what it is made of."""
    contents = " ".join(file.checksum for file in star.files)
    return f"star {star.name} sectors {star.sectors} of {contents}"
