"""The status of the models on a server."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

READY, NOT_READY, NOT_LOADED = "ready", "not ready", "not loaded"


@dataclass(frozen=True)
class ModelStatus:
    """The status of one version of a model, as ``amphitrite status`` lists it.

    Parameters
    ----------
    name : str
        The model's name.
    version : str
        Its version; empty for a model that is not loaded.
    state : {"ready", "not ready", "not loaded"}
        A model that the server was not asked to serve is not loaded; this is not a
        failure.
    reason : str
        Why it is not ready.
    digest, identity : str
        ``"sha256:..."`` of its weights and of its spec; empty if the model was not
        tested or has no spec.
    server : str
        The address of its server; empty if only one was asked.
    """

    name: str
    version: str
    state: str
    reason: str = ""
    digest: str = ""
    identity: str = ""
    server: str = ""

    @property
    def ready(self) -> bool:
        """Whether the model answers."""
        return self.state == READY

    def as_dict(self) -> dict[str, Any]:
        """Return the fields and `ready` as JSON types, without an empty `server`."""
        fields = {**asdict(self), "ready": self.ready}
        if not self.server:
            del fields["server"]
        return fields
