"""What a server says of its models."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

READY, NOT_READY, NOT_LOADED = "ready", "not ready", "not loaded"


@dataclass(frozen=True)
class ModelStatus:
    """One version of one model on a server, as ``amphitrite status`` lists it.

    Parameters
    ----------
    name : str
        The model's name.
    version : str
        Its version; empty for a model that is not loaded.
    state : {"ready", "not ready", "not loaded"}
        What nobody asked the server to serve is not loaded, which is no failure.
    reason : str
        Why it is not ready.
    digest : str
        ``"sha256:..."`` of its weights, where its spec says so.
    """

    name: str
    version: str
    state: str
    reason: str = ""
    digest: str = ""
    identity: str = ""

    @property
    def ready(self) -> bool:
        """Whether it answers."""
        return self.state == READY

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON types, and whether it is ready."""
        return {**asdict(self), "ready": self.ready}
