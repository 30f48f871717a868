"""The database of the original: a pickle of parameters and images.

It holds ``(params, images)``: a dictionary of lists with an entry for each cluster, and
the maps of each, (ny, nx, channels), over their maxima.  The maxima of all mass are
among the parameters, as ``lensing_norm`` in Msun/Mpc2.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.page import FIELD_KPC, TOTAL
from amphitrite.surveys.darkcnn.prepare.channels import channel_axis, channels_of
from amphitrite.surveys.darkcnn.prepare.cluster import (
    Cluster,
    Map,
    Source,
    check_shape,
    map_of,
)
from amphitrite.surveys.darkcnn.prepare.entries import REDSHIFTS, SOURCES, Entries
from amphitrite.surveys.darkcnn.prepare.pickles import load
from amphitrite.surveys.darkcnn.prepare.reading import (
    Reading,
    cluster_redshift,
    stated,
)
from amphitrite.surveys.darkcnn.prepare.scales import pixel_kpc

_NORM: Final = "lensing_norm"
_NORM_UNIT: Final = "Msun/Mpc2"
_IDENTITY: Final = ("sim", "clusterid", "redshift")
_MAXIMUM: Final = 1.01  # of a map over its own; less where it was binned afterwards


def read(path: Path, reading: Reading) -> Source:
    """Return the clusters of a database.

    Parameters
    ----------
    path : Path
        A pickle, which is read by `amphitrite.surveys.darkcnn.prepare.pickles.load`.
    reading : Reading
        What is stated beside it.  Without a length of a pixel, a map is 2 Mpc wide, as
        all of the original are.

    Returns
    -------
    Source
        A cluster is named by its simulation, identity and redshift: the same one stands
        there for several models and times.  Its plain parameters are ``others``.

    Raises
    ------
    BadInput
        See `load`; or the pickle holds something else, or not an entry for each image.
    """
    found = load(path)
    match found:
        case (dict() as params, list() | np.ndarray(ndim=1 | 3 | 4) as images):
            pass
        case _:
            raise BadInput(
                f"{path} is a pickle, but not of parameters and images: needed is a "
                "pair of a dictionary of lists and a list of maps"
            )
    if not len(images):
        raise BadInput(f"{path} holds no maps; check how it was written")
    entries = Entries(params, len(images), str(path))

    def cluster(number: int) -> Cluster:
        return _cluster(path, reading, entries, images[number], number)

    return Source(path, len(images), cluster)


def _cluster(
    path: Path, reading: Reading, entries: Entries, image: Any, number: int
) -> Cluster:
    """Return one cluster of a database."""
    name = "-".join(filter(None, (entries.text(number, key) for key in _IDENTITY)))
    name = name or f"{path.stem}-{number + 1}"
    maps = _maps(image, reading, name)
    total, unit = _unnormalised(maps[TOTAL], entries.number(number, _NORM), reading)
    redshift = cluster_redshift(reading, entries.number(number, *REDSHIFTS), name)
    return Cluster(
        name=name,
        maps={**maps, TOTAL: total},
        unit=unit,
        pixel_kpc=pixel_kpc(
            reading, redshift, name, kpc=[FIELD_KPC / n for n in total.shape]
        ),
        redshift=redshift,
        source_redshift=stated(
            reading.source_redshift, entries.number(number, *SOURCES)
        ),
        attributes=entries.attributes(number),
        others=entries.others(number),
    )


def _maps(image: Any, reading: Reading, name: str) -> Mapping[str, Map]:
    """Return the maps of an image by channel."""
    if not isinstance(image, np.ndarray) or image.dtype.kind not in "fiu":
        raise BadInput(
            f"{name} has no array of numbers for its maps; write the database anew, "
            "with an array for each cluster"
        )
    cube: NDArray[Any] = image[..., None] if image.ndim == 2 else image
    cube = np.moveaxis(cube, channel_axis(cube.shape, name), 0)
    check_shape(cube.shape[1:], name)
    names = channels_of(len(cube), reading.channels, name)
    return {key: map_of(values) for key, values in zip(names, cube, strict=True)}


def _unnormalised(total: Map, norm: float | None, reading: Reading) -> tuple[Map, str]:
    """Return a map of all mass with its maximum, and its unit.

    A unit that the user states holds for the map as it is.
    """
    if reading.unit or norm is None or not np.isfinite(total).any():
        return total, reading.unit
    maximum = float(np.nanmax(total))
    if maximum <= _MAXIMUM:
        return total * norm, _NORM_UNIT
    if norm / 2 < maximum < 2 * norm:  # nobody has divided by it
        return total, _NORM_UNIT
    return total, ""
