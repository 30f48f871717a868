"""A user's maps, read as the client reads them, with their labels and groups."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.files import image_hdus
from amphitrite.files.checksums import checksum
from amphitrite.files.choices import Choices
from amphitrite.files.lists import found
from amphitrite.surveys.darkcnn.interpret.noise import pixel_noise
from amphitrite.surveys.darkcnn.page import DENSITY
from amphitrite.surveys.darkcnn.prepare import inputs, tensors
from amphitrite.surveys.darkcnn.prepare.inputs import MAP_FILES
from amphitrite.surveys.darkcnn.prepare.pieces import nothing
from amphitrite.surveys.darkcnn.prepare.reading import Reading
from amphitrite.surveys.darkcnn.prepare.tensors import Prepared
from amphitrite_training.fitting.task import OwnData
from amphitrite_training.surveys.darkcnn.observing import MEASURED, View
from amphitrite_training.surveys.darkcnn.retrain.labels import cross_section, group

logger = logging.getLogger(__name__)

_LARGEST: Final = 6e4  # of half precision
_QUIET: Final = 0.1  # noise that a map without any seems to have at most


@dataclass(frozen=True)
class Maps:
    """Maps of n clusters with labels, in the place of simulated ones.

    Parameters
    ----------
    kept : (n, 3, 100, 100) ndarray of float16
        By channel, as the client prepares them: all mass in `page.DENSITY` or over its
        maximum, the others over their means; 0 where a channel is absent.
    truth : dict of (n,) ndarray
        ``cross_section`` in cm2/g, and what `observing.MEASURED` names, NaN where the
        files do not say it.
    channels : (n, 3) ndarray of bool
        Which are present.
    relative : (n,) ndarray of bool
        Whether the map of all mass is over its maximum.
    groups : (n,) ndarray of str
    """

    kept: NDArray[np.float16]
    truth: dict[str, NDArray[np.float64]]
    channels: NDArray[np.bool_]
    relative: NDArray[np.bool_]
    groups: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.groups)

    def __getitem__(self, place: int) -> NDArray[np.float32]:
        """Return the (3, 100, 100) maps of a cluster, all mass in Msun/kpc2."""
        maps = self.kept[place].astype(np.float32)
        maps[0] *= DENSITY
        return maps

    def possible(self, place: int, view: View) -> View:
        """Return how a cluster can be seen that is to be seen in some way.

        Without channels that it does not have; over the maximum, and without noise of
        galaxies, where nobody knows its mass; without noise of X-rays, whose photons
        nobody has counted.
        """
        relative = view.relative or bool(self.relative[place])
        return replace(
            view,
            channels=view.channels & self.channels[place],
            relative=relative,
            galaxies=0.0 if relative else view.galaxies,
            kiloseconds=0.0,
        )

    def take(self, rows: NDArray[np.intp]) -> Maps:
        """Return some of the clusters."""
        return Maps(
            self.kept[rows],
            {name: values[rows] for name, values in self.truth.items()},
            self.channels[rows],
            self.relative[rows],
            self.groups[rows],
        )

    def noise(self) -> float:
        """Return the noise that the maps themselves have, as the client measures it.

        Its median over absolute maps in `page.DENSITY`; 0 below 0.1, where structure
        cannot be told from noise.
        """
        seen = [
            pixel_noise(np.moveaxis(maps, 0, -1).astype(np.float32))
            for maps in self.kept[~self.relative]
        ]
        middle = float(np.median(seen)) if seen else 0.0
        return middle if middle > _QUIET else 0.0


@dataclass(frozen=True)
class Account:
    """What was read.

    Parameters
    ----------
    files : list of [str, str]
        Name and SHA-256 of each file.
    labels : list of [float, int]
        Cross-sections in cm2/g, rising, and the number of maps with each.
    skipped : dict of str to str
        Files and clusters that were left out, and why.
    choices : list of str
        What was chosen for the user.
    """

    files: list[list[str]]
    labels: list[list[float]]
    skipped: dict[str, str]
    choices: list[str]


def read(asked: OwnData, reading: Reading) -> tuple[Maps, Account]:
    """Return the maps of a user's files.

    Parameters
    ----------
    asked : OwnData
        The files, and the names of labels and groups.
    reading : Reading
        What is stated beside the files.

    Raises
    ------
    BadInput
        No cluster can be used; or one has no group, or a label that is none (see
        `labels`); or all labels are alike.
    """
    paths, skipped = found(asked.files, MAP_FILES)
    choices = Choices()
    kept: list[NDArray[np.float16]] = []
    rows: list[tuple[_Known, float, str]] = []
    places: dict[str, set[Path]] = defaultdict(set)
    for path in paths:
        for label, cluster in _clusters(path, reading, choices):
            if isinstance(cluster, BadInput):
                _skip(skipped, label, str(cluster))
                continue
            said = cluster.others
            value = cross_section(said, asked.labels, asked.labels_unit, label)
            if value is None:
                _skip(skipped, label, f"its '{asked.labels}' is not a number")
                continue
            name = group(said, asked.group, label)
            places[name].add(path)
            kept.append(_half(cluster))
            rows.append((_known(cluster), value, name))
    if not rows:
        raise BadInput(nothing(skipped))
    several = sum(len(files) > 1 for files in places.values())
    if several:
        choices.say(
            f"{several} of {len(places)} groups have maps in several files; each is "
            "put as a whole into one set, whatever the files are named"
        )
    maps = _maps(kept, rows)
    counts = Counter(maps.truth["cross_section"].tolist())
    if len(counts) < 2:
        raise BadInput(
            f"all {len(maps)} maps have the cross-section {next(iter(counts)):g} "
            "cm2/g; needed are two at least, to tell apart"
        )
    return maps, Account(
        files=[_sum(path) for path in paths],
        labels=[[value, counts[value]] for value in sorted(counts)],
        skipped=skipped,
        choices=choices.made,
    )


def _clusters(
    path: Path, reading: Reading, choices: Choices
) -> Iterator[tuple[str, Prepared | BadInput]]:
    """Yield the clusters of a file, or why they cannot be used, with their labels."""
    try:
        source = inputs.read(path, reading)
    except BadInput as error:
        yield str(path), error
        return
    yield from inputs.some(source, range(source.n), reading, choices)


def _skip(skipped: dict[str, str], label: str, reason: str) -> None:
    skipped[label] = reason
    logger.warning("skipped %s: %s", label, reason)


def _sum(path: Path) -> list[str]:
    """Return name and SHA-256 of a file."""
    file, _ = image_hdus.split_name(path)
    return [file.name, checksum(file)]


@dataclass(frozen=True)
class _Known:
    """What is kept of a cluster beside its maps."""

    attributes: NDArray[np.float64]
    channels: NDArray[np.bool_]
    relative: bool


def _known(cluster: Prepared) -> _Known:
    known = cluster.attributes.astype(np.float64)
    known[cluster.attributes_present == 0] = np.nan
    return _Known(known, cluster.present > 0, tensors.RELATIVE in cluster.flags)


def _half(cluster: Prepared) -> NDArray[np.float16]:
    """Return the maps of a cluster by channel, in half precision."""
    maps = np.clip(np.moveaxis(cluster.maps, -1, 0), -_LARGEST, _LARGEST)
    return maps.astype(np.float16)


def _maps(
    kept: Sequence[NDArray[np.float16]], rows: Sequence[tuple[_Known, float, str]]
) -> Maps:
    """Return clusters with their labels and groups."""
    known, values, names = zip(*rows, strict=True)
    attributes = np.stack([each.attributes for each in known])
    truth = dict(zip(MEASURED, attributes.T, strict=True))
    return Maps(
        np.stack(kept),
        {**truth, "cross_section": np.array(values, float)},
        np.stack([each.channels for each in known]),
        np.array([each.relative for each in known], bool),
        np.array(names, str),
    )
