"""Clusters that were judged: what is known of them, and what the network answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.interpret.noise import pixel_noise
from amphitrite.surveys.darkcnn.interpret.profiles import N_RINGS, profile
from amphitrite.surveys.darkcnn.learned import kind
from amphitrite.surveys.darkcnn.page import ATTRIBUTES, CHANNELS, LABELS
from amphitrite.surveys.darkcnn.prepare.tensors import RELATIVE, Prepared


@dataclass(frozen=True)
class Clusters:
    """Clusters in the order of their files.

    Parameters
    ----------
    name : (n,) ndarray of str
        Their identities.
    label : (n,) ndarray of str
        File and number of each, for messages.
    place : (n, 2) ndarray of int
        Number of the file, and of the cluster in it, both from 0 on.
    flags : (n,) ndarray of str
        Of `amphitrite.surveys.darkcnn.prepare.tensors.Prepared`, joined by commas.
    present : (n, 3) ndarray of float32
    attributes, attributes_present : (n, 4) ndarray of float32
        See `Prepared`.
    mass : (n,) ndarray of float64
        Projected mass within 400 kpc in Msun; NaN where the map is relative.
    noise : (n,) ndarray of float64
        Noise in a pixel of all mass in `amphitrite.surveys.darkcnn.page.DENSITY`; 0
        where the map is relative.
    profile : (n, 12) ndarray of float64
        See `amphitrite.surveys.darkcnn.interpret.profiles.profile`.
    probabilities : (n, 3) ndarray of float64
        Of the classes.
    score, distance : (n,) ndarray of float64
        The network's estimate of the cross-section, and how far from simulated clusters
        it finds the cluster.  NaN, as are the probabilities, until it has answered.
    """

    name: NDArray[np.str_]
    label: NDArray[np.str_]
    place: NDArray[np.int64]
    flags: NDArray[np.str_]
    present: NDArray[np.float32]
    attributes: NDArray[np.float32]
    attributes_present: NDArray[np.float32]
    mass: NDArray[np.float64]
    noise: NDArray[np.float64]
    profile: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    score: NDArray[np.float64]
    distance: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.name)

    @classmethod
    def of(cls, found: Sequence[tuple[str, tuple[int, int], Prepared]]) -> Clusters:
        """Return clusters, each with its label and place, before they are judged."""
        each = [cluster for _, _, cluster in found]
        n = len(found)
        relative = [RELATIVE in cluster.flags for cluster in each]
        noise = [
            0.0 if unknown else pixel_noise(cluster.maps)
            for unknown, cluster in zip(relative, each, strict=True)
        ]
        return cls(
            name=np.array([cluster.name for cluster in each], str),
            label=np.array([label for label, _, _ in found], str),
            place=np.array([place for _, place, _ in found], int).reshape(n, 2),
            flags=np.array([",".join(cluster.flags) for cluster in each], str),
            present=_stacked([cluster.present for cluster in each], len(CHANNELS)),
            attributes=_stacked([c.attributes for c in each], len(ATTRIBUTES)),
            attributes_present=_stacked(
                [c.attributes_present for c in each], len(ATTRIBUTES)
            ),
            mass=np.array([cluster.mass for cluster in each], float),
            noise=np.array(noise, float),
            profile=np.array([profile(c.maps) for c in each]).reshape(n, N_RINGS),
            probabilities=np.full((n, len(LABELS)), np.nan),
            score=np.full(n, np.nan),
            distance=np.full(n, np.nan),
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return all fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def joined(cls, parts: Sequence[Mapping[str, NDArray[Any]]]) -> Clusters:
        """Return the clusters of some parts, one at least; see `to_arrays`."""
        names = [field.name for field in fields(cls)]
        return cls(**{key: np.concatenate([p[key] for p in parts]) for key in names})

    def take(self, rows: NDArray[Any] | Sequence[int]) -> Clusters:
        """Return some of the clusters, by a mask or by numbers."""
        return Clusters(**{key: all_[rows] for key, all_ in self.to_arrays().items()})

    @property
    def relative(self) -> NDArray[np.bool_]:
        """Whether the map of all mass of each is over its own maximum."""
        return self.flagged(RELATIVE)

    @property
    def kinds(self) -> list[str]:
        """The kind of each; see `amphitrite.surveys.darkcnn.learned.kind`."""
        return [
            kind(present, relative=bool(relative))
            for present, relative in zip(self.present, self.relative, strict=True)
        ]

    def flagged(self, flag: str) -> NDArray[np.bool_]:
        """Return which clusters have a flag of their preparation."""
        return np.array([flag in said.split(",") for said in self.flags], bool)


def once(clusters: Clusters) -> tuple[Clusters, dict[str, str]]:
    """Return the first cluster of each name, and why others are left out.

    Returns
    -------
    clusters : Clusters
        Each name once.
    left_out : dict of str to str
        Reasons by label.
    """
    names: dict[str, int] = {}
    left_out = {}
    for row, name in enumerate(clusters.name.tolist()):
        first = names.setdefault(name, row)
        if first != row:
            left_out[str(clusters.label[row])] = (
                f"there are two clusters named '{name}', here and in "
                f"{clusters.label[first]}; the first is used. Give each a name of its "
                "own"
            )
    if not left_out:
        return clusters, left_out
    return clusters.take(np.array(list(names.values()), int)), left_out


def _stacked(rows: list[NDArray[np.float32]], n: int) -> NDArray[np.float32]:
    return np.array(rows, np.float32).reshape(len(rows), n)
