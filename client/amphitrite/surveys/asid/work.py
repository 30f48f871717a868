"""Patches and peaks on their way through the server.

A patch goes to the ensemble that finds its peaks and describes them.  Peaks that the
client found itself, because there are more than the server lists or because that was
chosen (``--peaks client``), go to the ensemble that describes them alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.engine import execution
from amphitrite.engine.control import Summary
from amphitrite.engine.session import Session
from amphitrite.surveys.asid.bands import CUTOUT_BANDS, PEAK_BAND
from amphitrite.surveys.asid.interpret.descriptions import FIELDS, describe, undescribed
from amphitrite.surveys.asid.interpret.peaks import Peaks, auxiliary, cutouts, find
from amphitrite.surveys.asid.learned import Detector
from amphitrite.surveys.asid.page import CUTOUT_PIXELS
from amphitrite.surveys.asid.prepare.observation import Observation
from amphitrite.surveys.asid.prepare.patches import Patch
from amphitrite.surveys.asid.prepare.tiling import centres
from amphitrite.triton.served import ServedModel

# Triton (24.10) leaves out the steps that no wanted output needs, but takes the first
# step for needless too, and fails, where nobody wants its own output or where a tensor
# of the request (exposure) is read by needless steps alone.  So the mask and something
# of the flux are always asked for.
OUTPUTS: Final = {
    "server": ("mask", "peaks", "score", "n_peaks", *FIELDS),
    "client": ("mask", "score", "n_peaks", "log10_flux"),
}
"""Outputs that are requested for a patch, by the place where its peaks are found."""


@dataclass
class PatchWork:
    """One patch on its way through the server (see `amphitrite.engine.execution.Work`).

    Parameters
    ----------
    counts : mapping of str to (ny, nx) ndarray of float32
        Images of `amphitrite.surveys.asid.prepare.tiling.Tiles.counts`.
    exposure : (5,) ndarray of float32
        cm2 s at the patch's centre.
    detector : Detector
        For the peaks that the client finds itself.
    route : {"server", "client"}
        Where the peaks are found.
    """

    counts: Mapping[str, NDArray[np.float32]]
    exposure: NDArray[np.float32]
    detector: Detector
    route: str
    peaks: Peaks = field(init=False)
    many: bool = False
    described: Mapping[str, NDArray[Any]] = field(init=False)

    def __post_init__(self) -> None:
        none = np.zeros(0, np.float32)
        self.peaks = Peaks(none, none, none)
        self.described = undescribed(0)

    def requests(self) -> Iterator[tuple[None, dict[str, NDArray[Any]]]]:
        """Yield the patch, if there is a photon in it."""
        if any(image.any() for image in self.counts.values()):
            tensors = {name: image[None] for name, image in self.counts.items()}
            yield None, {**tensors, "exposure": self.exposure[None]}

    def add(self, where: None, outputs: Mapping[str, NDArray[Any]]) -> None:
        """Take the peaks, or find them where the server has not listed them all."""
        outputs = {name: values[0] for name, values in outputs.items()}
        n_peaks = int(outputs["n_peaks"].item())
        self.many = n_peaks > len(outputs["score"])
        if self.many or self.route == "client":
            detector = self.detector
            mask = outputs["mask"]
            self.peaks = find(mask, sigma=detector.sigma, floor=detector.floor)
            self.described = undescribed(len(self.peaks))
        else:
            row, column = outputs["peaks"][:n_peaks].T.copy()
            self.peaks = Peaks(row, column, outputs["score"][:n_peaks])
            self.described = describe(outputs, n_peaks)

    def record(self) -> dict[str, NDArray[Any]]:
        """Return the peaks for the journal; NaN where no network described them."""
        return {
            "row": self.peaks.row,
            "column": self.peaks.column,
            "score": self.peaks.score,
            "many": np.array(self.many),
            **self.described,
        }


@dataclass
class SourcesWork:
    """The peaks that the client found in a patch, on their way to be described.

    Parameters
    ----------
    counts : mapping of str to (ny, nx) ndarray of float32
        Of the patch.
    exposure : (5,) ndarray of float32
        cm2 s at the patch's centre.
    peaks : Peaks
        One or more.
    """

    counts: Mapping[str, NDArray[np.float32]]
    exposure: NDArray[np.float32]
    peaks: Peaks
    described: Mapping[str, NDArray[Any]] = field(init=False)

    def requests(self) -> Iterator[tuple[None, dict[str, NDArray[Any]]]]:
        """Yield the peaks in one request."""
        row, column, score = self.peaks.row, self.peaks.column, self.peaks.score
        cut = cutouts(
            self.counts, row, column, bands=CUTOUT_BANDS, pixels=CUTOUT_PIXELS
        )
        tensors = {
            "cutouts": cut,
            "valid": np.ones(len(self.peaks), bool),
            "auxiliary": auxiliary(cut, row, column, score, peak_band=PEAK_BAND),
            "exposure": self.exposure,
        }
        yield None, {name: array[None] for name, array in tensors.items()}

    def add(self, where: None, outputs: Mapping[str, NDArray[Any]]) -> None:
        """Take the descriptions by the networks."""
        answer = {name: values[0] for name, values in outputs.items()}
        self.described = describe(answer, len(self.peaks))

    def record(self) -> dict[str, NDArray[Any]]:
        """Return the descriptions for the journal."""
        return dict(self.described)


def prepare(
    patch: Patch, *, sky: Observation, detector: Detector, route: str
) -> PatchWork:
    """Return one patch with the photons in it counted.

    Parameters
    ----------
    patch : Patch
        Where.
    sky : Observation
        The photons and their exposure.
    detector, route
        See `PatchWork`.
    """
    (exposure,) = sky.exposure_of([patch])
    return PatchWork(sky.tiles.counts(patch), exposure, detector, route)


def prepare_sources(found: tuple[Patch, Peaks], *, sky: Observation) -> SourcesWork:
    """Return the peaks of one patch with the photons around them counted."""
    patch, peaks = found
    (exposure,) = sky.exposure_of([patch])
    return SourcesWork(sky.tiles.counts(patch), exposure, peaks)


def search(
    session: Session,
    models: Sequence[ServedModel],
    numbers: Sequence[int],
    sky: Observation,
    detector: Detector,
    route: str,
) -> tuple[dict[int, dict[str, NDArray[Any]]], Summary]:
    """Return the peaks of patches, by the number of the patch.

    Parameters
    ----------
    session : Session
        The run.
    models : (ServedModel, ServedModel)
        The ensemble that takes counts and the one that takes cut-outs.
    numbers : sequence of int
        Places in `amphitrite.surveys.asid.prepare.tiling.centres`.
    sky : Observation
        The photons and their exposure.
    detector, route
        See `PatchWork`.

    Returns
    -------
    records : dict of int to dict
        Arrays of `PatchWork.record`, every peak described.
    summary : Summary
        Numbers of patches done and resumed.

    Raises
    ------
    ServerError
        The server failed for longer than the patience allows, or refused a request.
    """
    model, heads = models
    journal = session.journal
    units = [execution.Unit(_key(number), centres()[number]) for number in numbers]
    summary = session.serve(
        "searching",
        *(units, len(units)),
        partial(prepare, sky=sky, detector=detector, route=route),
        model,
        outputs=OUTPUTS[route],
    )
    records = {number: journal.read(_key(number)) for number in numbers}
    own = [number for number in numbers if np.isnan(records[number]["p_fake"]).any()]
    units = [
        execution.Unit(_sources_key(n), (centres()[n], _peaks(records[n]))) for n in own
    ]
    if units:
        describing = partial(prepare_sources, sky=sky)
        again = session.serve("describing", units, len(units), describing, heads)
        summary.seconds += again.seconds
    for number in own:
        records[number] |= journal.read(_sources_key(number))
    return records, summary


def _key(number: int) -> str:
    return f"patch {number}"


def _sources_key(number: int) -> str:
    return f"sources of patch {number}"


def _peaks(record: Mapping[str, NDArray[Any]]) -> Peaks:
    return Peaks(record["row"], record["column"], record["score"])
