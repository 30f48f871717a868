"""The published detector, run without a server to collect its peaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput, MissingExtra
from amphitrite.surveys.asid.learned import Detector
from amphitrite.surveys.asid.page import COUNTS, MASK, UNET
from amphitrite.triton.repository import find_repository, served_spec

if TYPE_CHECKING:
    import onnxruntime


@dataclass(frozen=True)
class PublishedDetector:
    """The detector of a model repository.

    Parameters
    ----------
    file : Path
        Its ONNX file.
    digest : str
        The file's, from its spec.
    detector : Detector
        Its learned values.
    """

    file: Path
    digest: str
    detector: Detector


def published() -> PublishedDetector:
    """Return the latest detector in the model repository.

    Raises
    ------
    BadInput
        No repository was found (see `amphitrite.triton.repository.find_repository`), or
        it holds no detector.
    SpecMismatch
        The detector is of another release.
    """
    folder = find_repository() / UNET.name
    versions = [int(p.parent.name) for p in folder.glob("[0-9]*/model.onnx")]
    if not versions:
        raise BadInput(
            f"there is no detector in {folder}; the networks that describe sources "
            "learn from its peaks: train and export asid_unet first"
        )
    version = max(versions)
    spec = served_spec(folder, version=version)
    return PublishedDetector(
        folder / str(version) / "model.onnx", spec.digest, Detector.of(spec)
    )


def masks(
    file: Path, counts: Sequence[Mapping[str, NDArray[np.float32]]]
) -> NDArray[np.float32]:
    """Return the detector's masks of some patches.

    Parameters
    ----------
    file : Path
        The ONNX file.
    counts : sequence of mapping
        Per patch the counts by tensor name.

    Returns
    -------
    (n, 128, 128) ndarray of float32
        Masks (patch, y, x), 0 to 1.

    Raises
    ------
    MissingExtra
        ONNX Runtime is not installed.
    """
    inputs = {
        tensor.name: np.stack([patch[tensor.name] for patch in counts])
        for tensor in COUNTS
    }
    (found,) = _session(file).run([MASK.name], inputs)
    return np.asarray(found)


@cache
def _session(file: Path) -> onnxruntime.InferenceSession:
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise MissingExtra("running the detector", "export") from error

    options: Any = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # there is one process per core
    return onnxruntime.InferenceSession(
        file, options, providers=["CPUExecutionProvider"]
    )
