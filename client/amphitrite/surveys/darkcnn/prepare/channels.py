"""Which map of a cube is which."""

from __future__ import annotations

from collections.abc import Sequence

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.page import CHANNELS, TOTAL


def channel_axis(shape: Sequence[int], name: str) -> int:
    """Return the axis of a cube along which the channels lie: the first or the last.

    Parameters
    ----------
    shape : sequence of int
        Three lengths.
    name : str
        The file, for messages.

    Raises
    ------
    BadInput
        There are not three axes, or neither is of one to three channels.
    """
    if len(shape) == 3:
        for axis in (0, 2):
            if 1 <= shape[axis] <= len(CHANNELS):
                return axis
    raise BadInput(
        f"the maps of {name} have shape {tuple(shape)}; needed are (ny, nx), or one to "
        f"{len(CHANNELS)} channels as (channels, ny, nx) or (ny, nx, channels)"
    )


def channels_of(n: int, stated: Sequence[str], name: str) -> tuple[str, ...]:
    """Return the channels of a cube in their order.

    Parameters
    ----------
    n : int
        Number of maps.
    stated : sequence of str
        The channels that the user or the file states; empty for the usual order, which
        is that of the original: all mass, X-rays, stars.
    name : str
        The file, for messages.

    Raises
    ------
    BadInput
        Another number of channels is stated than there is; or two or more than three
        maps without a word on what they are.
    """
    names = ", ".join(CHANNELS)
    if stated:
        if len(stated) != n:
            raise BadInput(
                f"{name} has {n} channels, and {len(stated)} are named: "
                f"{', '.join(stated)}; name each, of {names}"
            )
        return tuple(stated)
    if n == 1:
        return (TOTAL,)
    if n == len(CHANNELS):
        return CHANNELS
    raise BadInput(
        f"{name} has {n} channels, and does not say which; name each with --channels, "
        f"of {names}, such as --channels total,stars"
    )
