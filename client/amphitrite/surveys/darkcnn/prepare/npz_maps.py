"""Maps in an archive of numpy: one array for many clusters, with arrays beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.page import CHANNELS, STARS, TOTAL, XRAY
from amphitrite.surveys.darkcnn.prepare.channels import channel_axis, channels_of
from amphitrite.surveys.darkcnn.prepare.cluster import (
    Cluster,
    Source,
    check_shape,
    map_of,
)
from amphitrite.surveys.darkcnn.prepare.entries import (
    NAMES,
    REDSHIFTS,
    SOURCES,
    Entries,
)
from amphitrite.surveys.darkcnn.prepare.npz_arrays import load
from amphitrite.surveys.darkcnn.prepare.reading import (
    Reading,
    cluster_redshift,
    stated,
)
from amphitrite.surveys.darkcnn.prepare.scales import pixel_kpc
from amphitrite.surveys.darkcnn.prepare.units import KAPPA

_STACKS: Final = ("maps", "images")
_ALONE: Final = {
    TOTAL: (TOTAL, KAPPA),
    XRAY: (XRAY, "x_ray"),
    STARS: (STARS, "stellar"),
}


def read(path: Path, reading: Reading) -> Source:
    """Return the clusters of an archive.

    Parameters
    ----------
    path : Path
        An archive of `numpy.savez`.  Its maps are ``maps``, of shape (n, ny, nx),
        (n, ny, nx, channels) or (n, channels, ny, nx), with the names of the channels
        in ``channels``; or arrays (n, ny, nx) named ``total`` or ``kappa`` (which is
        its unit, too), ``xray`` and ``stars``.  Beside them may stand, for each cluster
        or for all: ``id``, ``redshift``, ``z_source``, ``unit``, ``pixel_kpc`` or
        ``pixel_arcsec``, ``log_m200``, ``xray_concentration``, ``bcg_ellipticity``,
        ``bcg`` (n, 2), x and y in pixels from 0 on, and ``mask`` (n, ny, nx), other
        than 0 where a pixel is to be left out.
    reading : Reading
        What is stated beside it.

    Raises
    ------
    BadInput
        The file cannot be read, is damaged, too large or holds Python objects; or it
        holds no maps, or maps of a shape that is none.
    """
    arrays = load(path)
    maps = _by_channel(arrays, reading, path)
    n = len(maps[TOTAL])
    taken = {*_STACKS, "channels", "mask", *(k for v in _ALONE.values() for k in v)}
    entries = Entries(
        {
            key: _entries(values, n)
            for key, values in arrays.items()
            if key not in taken
        },
        n,
        str(path),
    )
    named = KAPPA if KAPPA in arrays else ""
    masks = _masks(arrays.get("mask"), maps[TOTAL].shape, path)

    def cluster(number: int) -> Cluster:
        name = entries.text(number, *NAMES) or f"{path.stem}-{number + 1}"
        redshift = cluster_redshift(reading, entries.number(number, *REDSHIFTS), name)
        return Cluster(
            name=name,
            maps={
                channel: map_of(
                    values[number], None if masks is None else masks[number]
                )
                for channel, values in maps.items()
            },
            unit=reading.unit or entries.text(number, "unit", "units") or named,
            pixel_kpc=pixel_kpc(
                reading,
                redshift,
                name,
                kpc=entries.number(number, "pixel_kpc"),
                arcsec=entries.number(number, "pixel_arcsec"),
            ),
            redshift=redshift,
            source_redshift=stated(
                reading.source_redshift, entries.number(number, *SOURCES)
            ),
            attributes=entries.attributes(number),
            bcg=_place(arrays.get("bcg"), number, n, path),
            others=entries.others(number),
        )

    return Source(path, n, cluster)


def _by_channel(
    arrays: Mapping[str, NDArray[Any]], reading: Reading, path: Path
) -> dict[str, NDArray[Any]]:
    """Return the maps of each channel, (n, ny, nx)."""
    stack = next((arrays[name] for name in _STACKS if name in arrays), None)
    if stack is None:
        alone = {
            channel: next((arrays[name] for name in names if name in arrays), None)
            for channel, names in _ALONE.items()
        }
        found = {key: values for key, values in alone.items() if values is not None}
    else:
        stated = reading.channels or tuple(map(str, arrays.get("channels", ())))
        found = _divided(stack, stated, path)
    if TOTAL not in found:
        raise BadInput(
            f"{path} holds no maps of all mass: needed is an array 'maps', or 'total' "
            f"or 'kappa'; its arrays are: {', '.join(arrays) or 'none'}"
        )
    for channel, values in found.items():
        if values.ndim != 3 or not len(values) or values.dtype.kind not in "fiu":
            raise BadInput(
                f"{path}: the maps of {channel} are {values.dtype} of shape "
                f"{values.shape}; needed are numbers of shape (n, ny, nx)"
            )
        check_shape(values.shape[1:], str(path))
        if len(values) != len(found[TOTAL]):
            raise BadInput(
                f"{path} has {len(found[TOTAL])} maps of {TOTAL} and {len(values)} of "
                f"{channel}; there must be one for each cluster"
            )
    return found


def _masks(
    mask: NDArray[Any] | None, shape: tuple[int, ...], path: Path
) -> NDArray[Any] | None:
    """Return a mask for each map, (n, ny, nx); None where there is none."""
    if mask is None:
        return None
    if mask.shape not in (shape, shape[1:]):
        raise BadInput(
            f"the mask of {path} has shape {mask.shape}, and the maps {shape}; give a "
            "mask for each map, or one for all"
        )
    return np.broadcast_to(mask, shape)


def _divided(
    stack: NDArray[Any], stated: tuple[str, ...], path: Path
) -> dict[str, NDArray[Any]]:
    """Return the channels of one array of maps."""
    if stack.ndim == 4:
        axis = 1 + channel_axis(stack.shape[1:], str(path))
        parts = np.moveaxis(stack, axis, 0)
    else:
        parts = stack[None]
    names = channels_of(len(parts), stated, str(path))
    if unknown := set(names) - set(CHANNELS):
        raise BadInput(
            f"{path} names the channels {', '.join(sorted(unknown))}, which are none "
            f"of {', '.join(CHANNELS)}; rename them, or state them with --channels"
        )
    return dict(zip(names, parts, strict=True))


def _entries(values: NDArray[Any], n: int) -> Any:
    """Return an array with an entry for each cluster, or one value for all."""
    if values.ndim == 1 and len(values) == 1 and n > 1:
        return values[0]
    return values if values.ndim else values[()]


def _place(
    places: NDArray[Any] | None, number: int, n: int, path: Path
) -> tuple[float, float] | None:
    """Return x and y of the brightest galaxy; None where they are not known."""
    if places is None:
        return None
    if places.shape != (n, 2):
        raise BadInput(
            f"{path}: 'bcg' has shape {places.shape}; needed are x and y of each of "
            f"the {n} clusters, ({n}, 2)"
        )
    x, y = (float(value) for value in places[number])
    return (x, y) if math.isfinite(x) and math.isfinite(y) else None
