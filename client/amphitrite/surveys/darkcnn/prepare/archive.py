"""Prepared clusters in one archive of numpy, however many they are."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.page import (
    ATTRIBUTES,
    CHANNELS,
    DENSITY,
    KNOWN,
    KNOWN_PRESENT,
    MAPS,
    PIXEL_KPC,
    PIXELS,
    PRESENT,
)
from amphitrite.surveys.darkcnn.page import RELATIVE as RELATIVE_TENSOR
from amphitrite.surveys.darkcnn.prepare.tensors import RELATIVE, Prepared
from amphitrite.surveys.darkcnn.prepare.units import MAXIMUM

UNIT: Final = f"{DENSITY!r} Msun/kpc2"
"""Unit of an absolute map of all mass, as the readers understand it."""
_BLOCK: Final = 1 << 20


def write(
    path: Path, clusters: Iterable[Prepared], said: Callable[[], Mapping[str, Any]]
) -> int:
    """Write what the network is given of clusters, and return how many they are.

    Their maps pass through a temporary file beside the archive, so that one cluster at
    a time is held; twice the archive's room is needed on the disk.

    Parameters
    ----------
    path : Path
        A ``.npz``.  It has the network's inputs, ``maps`` (n, 100, 100, 3), ``present``
        (n, 3), ``relative`` (n, 1), ``attributes`` and ``attributes_present`` (n, 4);
        ``cluster_id``, ``flags``, ``unit``, and each attribute by its name, NaN where
        it is absent; ``channels``, ``pixel_kpc``, and ``provenance``, a text in JSON.
        `npz_maps.read` reads it.
    clusters : iterable of Prepared
        The clusters, in the order in which they are written.
    said : callable
        Returns the provenance in JSON types; called once all clusters were read.

    Raises
    ------
    BadInput
        There is no cluster.
    """
    kept: list[Prepared] = []
    with TemporaryFile(dir=path.parent) as maps:
        for cluster in clusters:
            maps.write(np.ascontiguousarray(cluster.maps, np.float32).tobytes())
            kept.append(_without_maps(cluster))
        if not kept:
            raise BadInput("there is no cluster to write")
        maps.seek(0)
        with zipfile.ZipFile(path, "w") as archive:
            shape = (len(kept), PIXELS, PIXELS, len(CHANNELS))
            with archive.open(f"{MAPS}.npy", "w", force_zip64=True) as member:
                _copy(maps, member, shape)
            for name, values in _columns(kept, said()).items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    npy.write_array(member, values, allow_pickle=False)
    return len(kept)


def _copy(maps: IO[bytes], member: IO[bytes], shape: tuple[int, ...]) -> None:
    """Write an array of float32 whose values stand in a file."""
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    npy.write_array_header_2_0(member, header)
    while block := maps.read(_BLOCK):
        member.write(block)


def _columns(
    clusters: list[Prepared], said: Mapping[str, Any]
) -> dict[str, NDArray[Any]]:
    """Return all arrays but that of the maps."""
    relative = np.array([RELATIVE in cluster.flags for cluster in clusters])
    attributes = np.stack([cluster.attributes for cluster in clusters])
    present = np.stack([cluster.attributes_present for cluster in clusters])
    known = np.where(present > 0, attributes, np.nan)
    return {
        PRESENT: np.stack([cluster.present for cluster in clusters]),
        RELATIVE_TENSOR: relative[:, None].astype(np.float32),
        KNOWN: attributes,
        KNOWN_PRESENT: present,
        "cluster_id": np.array([cluster.name for cluster in clusters], str),
        "flags": np.array([",".join(cluster.flags) for cluster in clusters], str),
        "unit": np.where(relative, MAXIMUM, UNIT),
        **{name: known[:, place] for place, name in enumerate(ATTRIBUTES)},
        "channels": np.array(CHANNELS),
        "pixel_kpc": np.array(PIXEL_KPC),
        "provenance": np.array(json.dumps(dict(said))),
    }


def _without_maps(cluster: Prepared) -> Prepared:
    return replace(cluster, maps=np.zeros((0, 0, 0), np.float32))
