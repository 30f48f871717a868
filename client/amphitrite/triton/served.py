"""One model on a server, checked against its page."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from amphitrite import errors
from amphitrite.triton.answers import Tensors
from amphitrite.triton.spec import ModelSpec


class Server(Protocol):
    """What a served model needs of the connection that found it."""

    url: str

    def model(self, expected: ModelSpec) -> ServedModel:
        """Return the model as it is served now."""

    def send(
        self, model: ServedModel, tensors: Tensors, outputs: Sequence[str]
    ) -> Future[dict[str, NDArray[Any]]]:
        """Send one request of checked inputs without waiting for its answer."""


@dataclass(frozen=True)
class ServedModel:
    """A model on a server whose contract has been checked.

    Parameters
    ----------
    server : Server
        The connection that found it.
    spec : ModelSpec
        What the server says of the model.
    version : int
        The version that requests go to.
    max_batch : int
        The longest batch of a request.
    verified : bool
        Whether the server has compared the weights that it loaded with the digest in
        the spec, those of an ensemble's members included.
    """

    server: Server
    spec: ModelSpec
    version: int
    max_batch: int
    verified: bool

    def submit(
        self, tensors: Tensors, outputs: Sequence[str] | None = None
    ) -> Future[dict[str, NDArray[Any]]]:
        """Send one request without waiting for its answer.

        Parameters
        ----------
        tensors : mapping of str to ndarray
            Every input of the model, each with a leading batch axis; finite, and inside
            the range that the model's spec declares.
        outputs : sequence of str, optional
            The outputs wanted; all of them by default.

        Returns
        -------
        Future
            Gives ``{output: ndarray}``, checked by
            `amphitrite.triton.answers.check_answer`, or raises a
            `amphitrite.errors.ServerError`.

        Raises
        ------
        BadInput
            An input holds NaN, or what is out of its range; nothing is sent.
        """
        names = outputs or [tensor.name for tensor in self.spec.outputs]
        return self.server.send(self, tensors, names)

    def infer(
        self, tensors: Tensors, outputs: Sequence[str] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Send one request and wait for its answer; see `submit`."""
        return self.submit(tensors, outputs).result()

    def check_unchanged(self) -> None:
        """Make sure that the server still serves the very same model.

        Raises
        ------
        SpecMismatch
            The weights or what was learned with them differ from those that the run
            began with, or they are not verified as those were.
        ServerError
            The server does not answer, or not with this model.
        """
        now = self.server.model(self.spec)
        if now.state != self.state:
            raise errors.SpecMismatch(
                f"the server at {self.server.url} now serves '{self.spec.name}' "
                f"{now.state}; the run began with {self.state}. Start the run anew."
            )

    @property
    def state(self) -> str:
        """Version, identity, digest of the weights and whether they are verified."""
        verified = "verified" if self.verified else "not verified"
        return (
            f"version {self.version} ({self.spec.identity}, weights {self.spec.digest},"
            f" {verified})"
        )
