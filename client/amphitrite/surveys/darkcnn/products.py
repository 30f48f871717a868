"""The files of a run: both tables, the likelihoods, and the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from astropy.io import fits
from astropy.table import QTable

from amphitrite.engine.beside import Beside
from amphitrite.files import catalogues
from amphitrite.files.cards import provenance_cards
from amphitrite.files.drawings import drawing
from amphitrite.files.texts import fits_text
from amphitrite.surveys.darkcnn import pictures
from amphitrite.surveys.darkcnn.interpret.clusters import Clusters
from amphitrite.surveys.darkcnn.interpret.judgement import Judgement
from amphitrite.surveys.darkcnn.interpret.posterior import GRID
from amphitrite.surveys.darkcnn.interpret.sample import Group, log_likelihoods

PICTURE: Final = "sample.png"
"""Name of the picture in its folder."""
SAMPLE: Final = "SAMPLE"
"""Name of the extension of a FITS catalogue that holds the table of the sample."""

Cards = Mapping[str, str | int | float]


def sample_path(out: Path) -> Path | None:
    """Return where the table of the sample goes; None for the catalogue's own file.

    A FITS file holds both tables.  Other formats hold one: the second stands beside it,
    such as ``clusters_sample.ecsv`` beside ``clusters.ecsv``.
    """
    if catalogues.is_fits(out):
        return None
    return out.with_name(f"{out.stem}_sample{out.suffix}")


def beside(out: Path, likelihoods: Path | None) -> list[Path]:
    """Return the files that a run writes beside its catalogue."""
    return [path for path in (sample_path(out), likelihoods) if path is not None]


def write_tables(
    table: QTable,
    sample: QTable,
    result: Path,
    cards: Cards,
    *,
    out: Path,
    files: Beside,
) -> None:
    """Write the catalogue of clusters and the table of the sample.

    Parameters
    ----------
    table, sample : QTable
        The tables.
    result : Path
        Where the catalogue is made.
    cards : mapping
        Provenance of both.
    out : Path
        The catalogue's final name.
    files : Beside
        Of the run; see `beside`.
    """
    second = sample_path(out)
    if second is None:
        catalogues.write(table, result, provenance=cards, more={SAMPLE: sample})
        return
    catalogues.write(table, result, provenance=cards)
    with files.aside(second) as path:
        catalogues.write(sample, path, provenance=cards)


def write_likelihoods(
    path: Path, clusters: Clusters, groups: Sequence[Group], cards: Cards
) -> None:
    """Write the log-likelihood of each calibrated cluster, for others to multiply.

    Parameters
    ----------
    path : Path
        A FITS file.  ``LIKELIHOODS`` has ``cluster_id``, ``curve`` (a row of
        ``CURVES``), ``score`` and ``log_likelihood`` on the grid; ``GRID`` the
        ``cross_section`` in cm2/g; ``CURVES``, for each kind of cluster and noise, the
        score's ``mean``, its ``variance`` for one cluster, and ``shared``, the variance
        of the mean itself, which all clusters of that curve have in common: a sum of
        log-likelihoods lacks it.
    clusters : Clusters
        The clusters.
    groups : sequence of Group
        Those that count, by curve.
    cards : mapping
        Provenance, whose first card is the warning.
    """
    primary = fits.PrimaryHDU()
    primary.header.extend(provenance_cards(cards), end=True)
    rows = np.concatenate([np.zeros(0, int), *(group.rows for group in groups)])
    n, points = len(rows), f"{len(GRID)}E"
    values = np.zeros((n, len(GRID)), np.float32)
    numbers = np.zeros(n, np.int32)
    first = 0
    for number, group in enumerate(groups):
        last = first + len(group.rows)
        values[first:last] = log_likelihoods(clusters.score[group.rows], group.curve)
        numbers[first:last] = number
        first = last
    names = np.array([fits_text(str(name)) for name in clusters.name[rows]], str)
    width = max(1, names.dtype.itemsize // 4)
    order = np.argsort(rows)
    each = fits.BinTableHDU.from_columns(
        [
            fits.Column("cluster_id", f"{width}A", array=names[order]),
            fits.Column("curve", "J", array=numbers[order]),
            fits.Column("score", "E", array=clusters.score[rows][order]),
            fits.Column("log_likelihood", points, array=values[order]),
        ],
        name="LIKELIHOODS",
    )
    grid = fits.BinTableHDU.from_columns(
        [fits.Column("cross_section", "D", unit="cm2 g-1", array=GRID)], name="GRID"
    )
    fits.HDUList([primary, each, grid, _curves(groups)]).writeto(path)


def _curves(groups: Sequence[Group]) -> fits.BinTableHDU:
    """Return the table of the curves that were used."""
    kinds = np.array([group.kind for group in groups], str)
    points = f"{len(GRID)}D"
    curves = [group.curve for group in groups]

    def on_grid(name: str, method: str) -> fits.Column:
        rows = [getattr(curve, method)(GRID) for curve in curves]
        return fits.Column(name, points, array=np.reshape(rows, (-1, len(GRID))))

    return fits.BinTableHDU.from_columns(
        [
            fits.Column("kind", f"{max(1, kinds.dtype.itemsize // 4)}A", array=kinds),
            fits.Column("noise", "D", array=[curve.noise for curve in curves]),
            on_grid("mean", "mean_at"),
            on_grid("variance", "variance_at"),
            on_grid("shared", "mean_error_at"),
        ],
        name="CURVES",
    )


def draw(
    folder: Path,
    clusters: Clusters,
    judgement: Judgement,
    shown: tuple[Sequence[pictures.Shown], Sequence[pictures.Shown]],
    *,
    replace: bool,
) -> None:
    """Draw the sample, `PICTURE`.

    Parameters
    ----------
    folder : Path
        Where.
    clusters, judgement
        See `amphitrite.surveys.darkcnn.pictures.sample`.
    shown : tuple of two sequences of Shown
        The most and the least certain clusters.
    replace : bool
        Whether an earlier picture may be replaced.

    Raises
    ------
    OutputError
        See `amphitrite.files.drawings.drawing`.
    """
    figure = pictures.sample(clusters, judgement, *shown)
    with drawing(folder / PICTURE, replace=replace) as path:
        figure.savefig(path)
