"""Peak finder and ensembles of the networks for gamma-ray sources."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.page import HEADS, HEADS_MODEL, MASK, MODEL, PEAKS, UNET
from amphitrite.triton.spec import ModelSpec, TensorSpec
from amphitrite_export.conversion.convert import OnnxFile, digest
from amphitrite_export.publishing.config import Ensemble, Step
from amphitrite_export.surveys.asid.peaks import MAX_PEAKS, peaks_model


def _step(model: ModelSpec, outputs: Iterable[TensorSpec]) -> Step:
    """Return a step whose tensors keep their names; other outputs are not used."""
    return Step(
        model=model.name,
        inputs={tensor.name: tensor.name for tensor in model.inputs},
        outputs={tensor.name: tensor.name for tensor in outputs},
    )


_DESCRIBE: Final = tuple(_step(head, head.outputs) for head in HEADS)
ENSEMBLES: Final = (
    Ensemble(
        contract=MODEL,
        steps=(_step(UNET, [MASK]), _step(PEAKS, PEAKS.outputs), *_DESCRIBE),
    ),
    Ensemble(contract=HEADS_MODEL, steps=_DESCRIBE),
)
"""From counts to described sources in one call; and from cut-outs to described sources,
for peaks that the client finds itself."""

DETECTOR: Final = "detector"
"""Learned value of a head: the digest of the detector whose peaks it learned from."""

_PEAK_VALUES: Final = ("log_sigma_pixels", "peak_floor")


def peaks_file(unet: ModelSpec, *, max_peaks: int = MAX_PEAKS) -> OnnxFile:
    """Return the peak finder that belongs to a trained U-Net.

    Parameters
    ----------
    unet : ModelSpec
        The U-Net's spec; its learned ``log_sigma_pixels`` and ``peak_floor`` were
        chosen for its masks.
    max_peaks : int
        How many peaks of a patch are listed.

    Returns
    -------
    OnnxFile
        Its spec repeats the values that it was built from, so that it cannot be
        joined with a U-Net of other values.

    Raises
    ------
    BadInput
        The U-Net's spec lacks one of the values, or a value is out of its range.
    """
    if missing := [name for name in _PEAK_VALUES if name not in unet.learned]:
        raise BadInput(
            f"the spec of '{unet.name}' has no learned value {', '.join(missing)}; it "
            f"has {', '.join(sorted(unet.learned)) or 'none'}. Train it with this "
            "release of amphitrite."
        )
    values = {name: unet.learned[name] for name in _PEAK_VALUES}
    proto = peaks_model(**values, max_peaks=max_peaks)
    content = proto.SerializeToString(deterministic=True)
    return OnnxFile(
        content,
        PEAKS.with_weights(
            digest=digest(content), learned={**values, "max_peaks": max_peaks}
        ),
    )


def check_detector(members: Sequence[ModelSpec]) -> None:
    """Refuse a head that learned from the peaks of another detector.

    Parameters
    ----------
    members : sequence of ModelSpec
        The members of an ensemble, with their digests and what they learned.

    Raises
    ------
    BadInput
        A head's learned ``detector`` is not the digest of the U-Net among them.
    """
    digests = [member.digest for member in members if member.name == UNET.name]
    for member in members:
        learned_from = member.learned.get(DETECTOR)
        if digests and learned_from not in (None, *digests):
            raise BadInput(
                f"'{member.name}' learned from the peaks of another detector: of "
                f"'{UNET.name}' {learned_from}, and the ensemble has {digests[0]}. "
                "Train it again on this detector, or export the detector that it "
                "learned from."
            )
