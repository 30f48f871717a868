"""Files with maps of clusters, brought into the form that the network needs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from amphitrite.errors import BadInput
from amphitrite.files import image_hdus
from amphitrite.files.checksums import checksum
from amphitrite.files.choices import Choices
from amphitrite.files.lists import Kind
from amphitrite.files.opening import check_readable
from amphitrite.surveys.darkcnn.prepare import database, fits_maps, npz_maps
from amphitrite.surveys.darkcnn.prepare.cluster import Source
from amphitrite.surveys.darkcnn.prepare.reading import Reading
from amphitrite.surveys.darkcnn.prepare.tensors import Prepared, prepared

logger = logging.getLogger(__name__)

MAP_FILES: Final = Kind(
    "FITS, .npz or .pkl", r"(npz|pkl|pickle|(fits?|fts)(\.(gz|fz|bz2|xz))?)"
)
"""The files that a folder stands for."""

_ZIP: Final = b"PK\x03\x04"
_PICKLE: Final = b"\x80"
_PICKLES: Final = (".pkl", ".pickle", ".p")


class Sample:
    """The clusters of some files; see `clusters`.

    Iterating over it yields them one after the other, each read as it is asked for: a
    cluster, or a file, that cannot be used is left out with a warning.

    Attributes
    ----------
    choices : Choices
        What was chosen for the user; complete once all clusters were asked for.
    skipped : dict of str to str
        Files and clusters that were left out, and why; likewise.
    """

    def __init__(
        self, files: Sequence[Path], reading: Reading, *, repeated: bool
    ) -> None:
        self._files = list(files)
        self._reading = reading
        self._repeated = repeated
        self.choices = Choices()
        self.skipped: dict[str, str] = {}

    @property
    def files(self) -> tuple[tuple[str, str], ...]:
        """Name and SHA-256 of each file."""
        paths = (image_hdus.split_name(path)[0] for path in self._files)
        return tuple((path.name, checksum(path)) for path in paths)

    def __iter__(self) -> Iterator[Prepared]:
        self.skipped = {}
        names: dict[str, str] = {}
        n = 0
        for path in self._files:
            for label, found in self._of_file(path):
                if isinstance(found, Prepared) and not self._repeated:
                    found = _once(found, names, label)
                if isinstance(found, BadInput):
                    self.skipped[label] = str(found)
                    logger.warning("skipped %s: %s", label, found)
                else:
                    n += 1
                    yield found
        if not n:
            raise BadInput(self._nothing())

    def _of_file(self, path: Path) -> Iterator[tuple[str, Prepared | BadInput]]:
        """Yield the clusters of a file, or why they are left out, with their labels."""
        try:
            source = read(path, self._reading)
        except BadInput as error:
            yield str(path), error
            return
        yield from some(source, range(source.n), self._reading, self.choices)

    def _nothing(self) -> str:
        """Return why there is no cluster at all."""
        if not self.skipped:
            return "no file was given; give FITS images, .npz or a database (.pkl)"
        first = next(iter(self.skipped.values()))
        if len(self.skipped) == 1:
            return first
        return (
            f"none of the {len(self.skipped)} clusters or files can be used; the "
            f"first: {first}"
        )


def clusters(
    files: Sequence[Path], reading: Reading | None = None, *, repeated: bool = False
) -> Sample:
    """Return the clusters of some files, to be iterated over.

    Parameters
    ----------
    files : sequence of Path
        FITS files with one cluster each (``FILE`` or ``FILE[HDU]``), archives of numpy
        and databases of the original, in any mixture; see `fits_maps.read`,
        `npz_maps.read` and `database.read`.
    reading : Reading, optional
        What is stated beside them.
    repeated : bool
        Whether several clusters may have one name, as those of simulations do that
        differ in the cross-section alone.  If not, the second of a name is left out.

    Returns
    -------
    Sample
        Iterating over it raises BadInput in the end if no cluster can be used.
    """
    return Sample(files, reading or Reading(), repeated=repeated)


def some(
    source: Source, numbers: Iterable[int], reading: Reading, choices: Choices
) -> Iterator[tuple[str, Prepared | BadInput]]:
    """Yield clusters of a file as the network is given them.

    Parameters
    ----------
    source : Source
        The file.
    numbers : iterable of int
        Which of its clusters, from 0 on.
    reading : Reading
        What is stated beside it.
    choices : Choices
        Told what is chosen for the user.

    Yields
    ------
    label : str
        File and number, for messages.
    found : Prepared or BadInput
        The cluster, or why it cannot be used.
    """
    for number in numbers:
        label = str(source.path)
        if source.n > 1:
            label = f"{source.path}, cluster {number + 1}"
        try:
            yield label, prepared(source.cluster(number), reading, choices)
        except BadInput as error:
            yield label, error


def is_one_cluster(path: Path) -> bool:
    """Return whether a file holds one cluster by its format: whether it is FITS.

    Raises
    ------
    BadInput
        The file cannot be read.
    """
    return _reader(path) is fits_maps.read


def read(path: Path, reading: Reading) -> Source:
    """Return the clusters of a file, whatever its format.

    Parameters
    ----------
    path : Path
        The file; its format is known by its first bytes, and that of a pickle of the
        oldest protocols by the suffix ``.pkl``, ``.pickle`` or ``.p``.
    reading : Reading
        What is stated beside it.

    Raises
    ------
    BadInput
        The file as a whole cannot be used.
    """
    reader = _reader(path)
    file, _ = image_hdus.split_name(path)
    return reader(path if reader is fits_maps.read else file, reading)


def _reader(path: Path) -> Callable[[Path, Reading], Source]:
    """Return what reads a file, by its first bytes."""
    file, _ = image_hdus.split_name(path)
    check_readable(file)
    with file.open("rb") as content:
        start = content.read(len(_ZIP))
    if start == _ZIP:
        return npz_maps.read
    if start.startswith(_PICKLE) or file.suffix.lower() in _PICKLES:
        return database.read
    return fits_maps.read


def _once(found: Prepared, names: dict[str, str], label: str) -> Prepared | BadInput:
    """Return a cluster if it is the first of its name, else why it is left out."""
    first = names.setdefault(found.name, label)
    if first == label:
        return found
    return BadInput(
        f"there are two clusters named '{found.name}', here and in {first}; the first "
        "is used. Give each a name of its own"
    )
