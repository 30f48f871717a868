"""Learn from real light curves: an archive of SPOC files and a list of known binaries.

The folder holds the files as ``tess/lc/s001/*.fits`` (sector 1; ``.fits.gz`` too) and
CALNet's list of eclipsing binaries, ``training_samples.dat``, in astropy's format
``fixed_width_two_line``.
"""

from __future__ import annotations

import logging
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from astropy.io.ascii import InconsistentTableError
from astropy.table import Table
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.calnet.prepare.inputs import usable_segments
from amphitrite_training.surveys.calnet.samples import LightCurves, Sample

logger = logging.getLogger(__name__)

SAMPLES: Final = "training_samples.dat"
_CHUNK: Final = 250
_FOLDS: Final = 10
_TIC = re.compile(r"-s\d{4}-(\d{16})-")
_SECTOR = re.compile(r"s\d{3}")


@dataclass(frozen=True)
class Files(LightCurves):
    """A chunk of light-curve files.

    Parameters
    ----------
    paths : tuple of str
        The files.
    kinds : tuple of str
        The class of each file's star in the list of binaries; empty for others.
    interpolation : {"spline", "pchip"}
        See `amphitrite_training.surveys.calnet.recipe.Recipe`.
    """

    paths: tuple[str, ...]
    kinds: tuple[str, ...]
    interpolation: Literal["spline", "pchip"]

    def samples(self) -> Iterator[Sample]:
        """Yield the prepared segments of the files, without those that cannot be used.

        As in the paper, every segment of a known binary is labelled as a binary,
        whether or not an eclipse can be seen in it.
        """
        for path, kind in zip(self.paths, self.kinds, strict=True):
            try:
                curve, parts = usable_segments(
                    Path(path), interpolation=self.interpolation
                )
            except BadInput as error:
                logger.warning("skipped: %s", error)
                continue
            for part in parts:
                yield Sample(
                    light_curve=part.light_curve,
                    periodogram=part.periodogram,
                    star=curve.tic,
                    is_binary=bool(kind),
                    kind=kind or "other",
                    tmag=curve.tmag,
                )


def tic_of(path: Path) -> int:
    """Return the TIC number in the name of a SPOC light-curve file.

    Raises
    ------
    BadInput
        The name holds none.
    """
    if not (found := _TIC.search(path.name)):
        raise BadInput(
            f"the name of {path} holds no TIC number; expected the mission's own name, "
            "such as tess2018206045859-s0001-0000000117544915-0120-s_lc.fits"
        )
    return int(found[1])


def known_binaries(path: Path) -> dict[int, str]:
    """Return the classes of the eclipsing binaries in a list.

    Parameters
    ----------
    path : Path
        A table with the columns TIC and class (EA, EB or EW).

    Returns
    -------
    dict of int to str
        The class of each star, by TIC number.

    Raises
    ------
    BadInput
        The list cannot be read.
    """
    try:
        table = Table.read(path, format="ascii.fixed_width_two_line")
        return {int(row["TIC"]): str(row["class"]) for row in table}
    except (OSError, ValueError, KeyError, InconsistentTableError) as error:
        raise BadInput(
            f"cannot read the list of binaries {path}: {error}; expected CALNet's "
            f"{SAMPLES}, a table with the columns TIC and class"
        ) from error


def chunks(
    folder: Path,
    *,
    others_per_sector: int,
    interpolation: Literal["spline", "pchip"],
    seed: int = 0,
) -> list[Files]:
    """Return files drawn from an archive, in chunks.

    Parameters
    ----------
    folder : Path
        See the module's description.
    others_per_sector : int
        How many stars that are not in the list are drawn from each sector; all stars
        of the list are taken.
    interpolation : {"spline", "pchip"}
        See `amphitrite_training.surveys.calnet.recipe.Recipe`.
    seed : int
        Seed of the drawing.

    Raises
    ------
    BadInput
        There is no list, or there are no files.
    """
    known = known_binaries(folder / SAMPLES)
    rng = np.random.default_rng(seed)
    chosen: list[tuple[str, str]] = []
    root = folder / "tess" / "lc"
    sectors = sorted(root.iterdir()) if root.is_dir() else []
    for sector in sectors:
        if not _SECTOR.fullmatch(sector.name):
            continue
        files = sorted([*sector.glob("*_lc.fits"), *sector.glob("*_lc.fits.gz")])
        kinds = [known.get(tic_of(path), "") for path in files]
        others = [path for path, kind in zip(files, kinds, strict=True) if not kind]
        drawn = rng.permutation(len(others))[:others_per_sector]
        chosen += [(str(p), k) for p, k in zip(files, kinds, strict=True) if k]
        chosen += [(str(others[i]), "") for i in np.sort(drawn)]
    if not chosen:
        raise BadInput(
            f"there are no light curves in {root}; expected folders such as "
            f"{root / 's001'} with the mission's files (*_lc.fits)"
        )
    parts = [chosen[i : i + _CHUNK] for i in range(0, len(chosen), _CHUNK)]
    return [
        Files(
            paths=tuple(path for path, _ in part),
            kinds=tuple(kind for _, kind in part),
            interpolation=interpolation,
        )
        for part in parts
    ]


def held_back(stars: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return a mask of the validation stars: a tenth, chosen by TIC number alone.

    Parameters
    ----------
    stars : (n,) ndarray of int64
        TIC numbers; a star belongs to the same set in every sector.

    Returns
    -------
    (n,) ndarray of bool
    """
    numbers, index = np.unique(stars, return_inverse=True)
    held = [zlib.crc32(str(number).encode()) % _FOLDS == 0 for number in numbers]
    return np.asarray(held, dtype=bool)[index]
