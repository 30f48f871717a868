"""Images on their way through the server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from amphitrite.surveys.stamps.page import MODEL
from amphitrite.surveys.stamps.prepare.inputs import read
from numpy.typing import NDArray


@dataclass
class StampWork:
    """One image on its way through the server (see `amphitrite.engine.execution.Work`).

    Parameters
    ----------
    pixels : (SIDE, SIDE) ndarray of float32
        The image.
    """

    pixels: NDArray[np.float32]
    flux: NDArray[np.float32] = field(init=False)

    def requests(self) -> Iterator[tuple[None, dict[str, NDArray[Any]]]]:
        """Yield the image."""
        yield None, {MODEL.inputs[0].name: self.pixels[None]}

    def add(self, where: None, outputs: Mapping[str, NDArray[Any]]) -> None:
        """Take the flux."""
        self.flux = outputs[MODEL.outputs[0].name][0]

    def record(self) -> dict[str, NDArray[Any]]:
        """Return the flux for the journal."""
        return {"flux": self.flux}


def prepare(path: Path) -> StampWork:
    """Read one image."""
    return StampWork(read(path))
