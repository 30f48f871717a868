"""How an image is classified."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from amphitrite.errors import BadInput
from amphitrite.files import catalogues
from amphitrite.surveys.morpheus.page import PRODUCTS


@dataclass(frozen=True)
class Options:
    """How an image is classified.

    Parameters
    ----------
    stride : int
        Pixels from one window to the next, 1 to 30; 1 is the original's.  Odd strides
        show the network's three poolings every phase of the image.
    batch : int
        Windows per request.
    strip_rows : int, optional
        Image rows worked on together; by default as many as keep the sums of a strip
        near 64 MB.
    catalogue : str
        Name of the catalogue in the output folder; its suffix chooses the format.
    report : bool
        Draw ``report.png``, which needs the ``plots`` extra.
    """

    stride: int = 3
    batch: int = 64
    strip_rows: int | None = None
    catalogue: str = "catalogue.fits"
    report: bool = True

    def __post_init__(self) -> None:
        if self.batch < 1 or (self.strip_rows is not None and self.strip_rows < 1):
            raise BadInput(
                "--batch and --strip-rows must be at least 1; received "
                f"{self.batch} and {self.strip_rows}"
            )
        catalogues.check_suffix(Path(self.catalogue))
        if Path(self.catalogue).name != self.catalogue or self.catalogue in PRODUCTS:
            raise BadInput(
                "--catalogue must be a plain file name that is no other product's; "
                f"received {self.catalogue}"
            )
