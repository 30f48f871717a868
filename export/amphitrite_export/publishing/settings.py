"""How each model is served: instances, threads and batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Settings:
    """Settings of one model; its answers do not depend on them.

    Parameters
    ----------
    max_batch_size : int
        The largest first axis of a request.
    warmup_batch_size : int
        Rows of the request that Triton sends itself before the model is ready.
    instances : int
        Copies that work side by side on a CPU.
    threads : int
        Threads of one copy; never left to ONNX Runtime, which would take every core
        of the node.
    dynamic_batching : bool
        Whether a CPU joins waiting requests into one.  A GPU always does.
    """

    max_batch_size: int = 256
    warmup_batch_size: int = 1
    instances: int = 2
    threads: int = 1
    dynamic_batching: bool = False


SETTINGS: Final[Mapping[str, Settings]] = {
    # tests/bench/settings.py on two cores, four requests in flight, batches of 32,
    # 64, 128 and 200 windows: throughput as a fraction of this choice (2 instances x
    # 1 thread, no batching), median of five interleaved rounds:
    #   1 x 2                  0.87  0.91  0.82  0.90
    #   2 x 1 with batching    0.88  0.90  0.66  0.85
    #   1 x 2 with batching    0.77  0.79  0.71  0.84
    "morpheus": Settings(max_batch_size=512, warmup_batch_size=32),
    # tests/bench/settings.py --through asid --batches 1 on two cores, four requests in
    # flight, the small batches since a patch is 0.35 MB of counts.  Patches per second
    # as a fraction of those with 2 instances x 1 thread of the same models, no
    # batching, median of five interleaved rounds; patches with 5 sources (12 peaks):
    #   asid_unet                  1 x 2  0.79; 2 x 1, 1 x 2 with batching  0.97  0.85
    #   asid_peaks                 1 x 1  0.99
    #   heads (all three)          1 x 1  0.99; 1 x 2  0.96
    #   heads, with 60 sources     1 x 1  1.00; 1 x 2  0.96
    # A second instance of the small ones would only take memory, 30 to 40 MiB each.
    "asid_unet": Settings(max_batch_size=8),
    **{
        name: Settings(max_batch_size=8, instances=1)
        for name in ("asid_peaks", "asid_flux", "asid_classifier", "asid_location")
    },
    # a segment of strain is 2 MB
    "emri": Settings(max_batch_size=32),
    # its first layer makes 67 MB of each
    "emri_table3": Settings(max_batch_size=4),
}


def settings_of(model: str) -> Settings:
    """Return the settings of a model; those of an unmeasured one are the defaults."""
    return SETTINGS.get(model, Settings())
