"""The options of the classification of an image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from amphitrite.errors import BadInput
from amphitrite.files import catalogues
from amphitrite.surveys.morpheus.page import PRODUCTS


@dataclass(frozen=True)
class Options:
    """The options of the classification of an image.

    Parameters
    ----------
    hdu : str, optional
        Name (``SCI``), name and version (``SCI,2``) or number of the HDU that holds the
        image, for the files that are not named as ``FILE[HDU]``; see
        `amphitrite.files.image_hdus.find_image` for what is read by default.
    stride : int
        Pixels from one window to the next, 1 to 30; the original program has 1.  With
        odd strides, each pixel is seen at all positions relative to the grid of the
        network's three poolings.
    batch : int
        Number of windows in a request.
    strip_rows : int, optional
        Number of image rows that are processed together; by default such that the sums
        of a strip take about 64 MB.
    catalogue : str
        Name of the catalogue in the output folder; its suffix determines the format.
    report : bool
        Whether to draw ``report.png``, which needs the ``plots`` extra.

    Raises
    ------
    BadInput
        A number is below 1, or the name of the catalogue cannot be used.
    """

    hdu: str | None = None
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
