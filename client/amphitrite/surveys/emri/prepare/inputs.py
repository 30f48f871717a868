"""A stream of strain, ready to be searched: read, checked, with its noise curves."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from amphitrite.errors import BadInput
from amphitrite.files.checksums import checksum
from amphitrite.files.choices import Choices
from amphitrite.files.lists import Kind
from amphitrite.surveys.emri.page import ESTIMATE, TIANQIN
from amphitrite.surveys.emri.prepare import segments
from amphitrite.surveys.emri.prepare.curves import designed, estimates, read_curve
from amphitrite.surveys.emri.prepare.segments import Curves
from amphitrite.surveys.emri.prepare.spectrum import (
    check_level,
    check_red,
    check_white,
    level,
)
from amphitrite.surveys.emri.prepare.strain import Strain, Stretch, join, stretches
from amphitrite.surveys.emri.prepare.strain_files import read
from amphitrite.surveys.emri.sampling import N_SAMPLES, SAMPLE_SECONDS

logger = logging.getLogger(__name__)

STRAIN_FILES: Final = Kind(
    "HDF5, .npz or FITS", r"(h5|hdf5?|npz|fits?)(\.(gz|fz|bz2|xz))?"
)
"""The files that a folder stands for."""
_DAY: Final = 86_400.0


@dataclass(frozen=True)
class Stream:
    """A stream of strain with the noise curves that whiten it.

    Parameters
    ----------
    stretches : tuple of Stretch
        Its parts between long gaps, each of a segment at least.
    curves : Curves or None
        The noise curves of channels I and II; None if it is whitened already.
    psd : str
        What they are, in words.
    zero : str
        Zero point of its times; see `amphitrite.surveys.emri.prepare.strain.Strain`.
    files : tuple of (str, str)
        Name and SHA-256 of each file that was read.
    skipped : dict of str to str
        Files that could not be read, and why.
    made : Choices
        Choices that were made for the user.
    """

    stretches: tuple[Stretch, ...]
    curves: Curves | None
    psd: str
    zero: str
    files: tuple[tuple[str, str], ...]
    skipped: dict[str, str]
    made: Choices

    @property
    def days(self) -> float:
        """Length of all stretches in days."""
        samples = sum(part.values.shape[1] for part in self.stretches)
        return float(samples * SAMPLE_SECONDS / _DAY)


def opened(
    files: Sequence[Path],
    channels: Sequence[str],
    *,
    psd: str | Path = TIANQIN,
    whitened: bool = False,
) -> Stream:
    """Return the stream that files are parts of.

    Parameters
    ----------
    files : sequence of Path
        In any order.
    channels : sequence of str
        Names of the columns or datasets of channels I and II.
    psd : str or Path
        `TIANQIN`, `ESTIMATE`, or a file; see `curves.read_curve`.
    whitened : bool
        Whether the strain is whitened already, and has no need of a noise curve.

    Raises
    ------
    BadInput
        No file can be read, or they are no parts of one stream; no stretch is as long
        as a segment; the noise curve cannot be used; or the strain is white where it
        should not be, is not where it should, or is in another unit.
    """
    parts, skipped = _readable(files, channels)
    strain = join(parts)
    found = stretches(strain)
    made = Choices()
    _say_resampled(parts, made)
    _say_bridged(found, made)
    name = strain.name if len(parts) == 1 else f"the stream of {len(parts)} files"
    if whitened:
        curves, said = None, "none: whitened already"
    else:
        curves, said = _curves(psd, found, name, made)
    _check(found, curves, name)
    return Stream(
        stretches=tuple(found),
        curves=curves,
        psd=said,
        zero=strain.zero,
        files=tuple(
            (Path(part.name).name, checksum(Path(part.name))) for part in parts
        ),
        skipped=skipped,
        made=made,
    )


def _named(path: Path) -> tuple[str, str]:
    """Return the name and the checksum of a file."""
    return path.name, checksum(path)


def _readable(
    files: Sequence[Path], channels: Sequence[str]
) -> tuple[list[Strain], dict[str, str]]:
    """Return the strain of the files that can be read, and the others by name."""
    parts: list[Strain] = []
    skipped: dict[str, str] = {}
    for path in files:
        try:
            parts.append(read(path, channels))
        except BadInput as error:
            if len(files) == 1:
                raise
            logger.warning("skipped %s: %s", path, error)
            skipped[str(path)] = str(error)
    if not parts:
        raise BadInput(
            f"none of the {len(files)} files can be used; the first: "
            f"{next(iter(skipped.values()))}"
        )
    return parts, skipped


def _say_resampled(parts: Sequence[Strain], made: Choices) -> None:
    """Record how many samples were brought together, for each sampling rate once."""
    for part in parts:
        if part.together > 1:
            made.say(
                f"samples at steps of {SAMPLE_SECONDS / part.together:.6g} s were "
                f"filtered and brought to steps of {SAMPLE_SECONDS:g} s"
            )


def _say_bridged(found: Sequence[Stretch], made: Choices) -> None:
    """Record how much was bridged."""
    missing = sum(int(part.missing.sum()) for part in found)
    if missing:
        samples = sum(len(part.missing) for part in found)
        made.say(
            f"{missing:,} of {samples:,} samples are missing and were bridged, and set "
            "to zero once whitened"
        )


def _curves(
    psd: str | Path, found: Sequence[Stretch], name: str, made: Choices
) -> tuple[Curves, str]:
    """Return the noise curves, and what they are."""
    if psd == TIANQIN:
        return designed(), "TianQin's design (Luo et al. 2016)"
    if psd == ESTIMATE:
        made.say(
            "the noise curve was estimated from the strain itself, of which a loud "
            "signal raises it a little, and so hides itself a little"
        )
        return estimates(found, name), "estimated from the strain"
    path = Path(psd)
    curve = read_curve(path, made)
    return (curve, curve), f"{path.name} sha256:{checksum(path)}"


def _check(found: Sequence[Stretch], curves: Curves | None, name: str) -> None:
    """Refuse strain that is whitened twice or never, or in another unit."""
    for stretch in found:
        part = Stretch(
            stretch.values[:, :N_SAMPLES], stretch.missing[:N_SAMPLES], stretch.start
        )
        check = check_white if curves is None else check_red
        check(np.asarray(part.values), name)
        check_level(level(segments.whitened(part, curves)), name)
