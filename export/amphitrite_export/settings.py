"""How each model is served: instances, threads and batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Settings:
    """The settings of one model that its numbers do not depend on.

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
    "morpheus": Settings(max_batch_size=512, warmup_batch_size=32),
}


def settings_of(model: str) -> Settings:
    """Return the settings of a model; those of an unmeasured one are the defaults."""
    return SETTINGS.get(model, Settings())
