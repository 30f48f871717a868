"""A model on a server whose contract has been checked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol, Self

from numpy.typing import NDArray

from amphitrite import errors
from amphitrite.triton.answers import Tensors
from amphitrite.triton.spec import ModelSpec
from amphitrite.triton.status import ModelStatus


class Answering(Protocol):
    """What answers requests to a served model."""

    url: str

    def model(self, expected: ModelSpec) -> ServedModel:
        """Return the model as it is served now."""

    def send(
        self, model: ServedModel, tensors: Tensors, outputs: Sequence[str]
    ) -> Future[dict[str, NDArray[Any]]]:
        """Send one request without waiting for its answer."""


class Server(Answering, Protocol):
    """One server or several: a `Connection` or a `Fleet`."""

    deadline: float

    def __enter__(self) -> Self:
        """Return the connection, which the ``with`` block's end closes."""

    def __exit__(self, *_: object) -> None:
        """Close the connection."""

    def close(self) -> None:
        """Close the connection; more than once does no harm."""

    def status(self, names: Collection[str] | None = None) -> list[ModelStatus]:
        """Return the state of each model, tested with one request."""


@dataclass(frozen=True)
class ServedModel:
    """A model on a server whose contract has been checked.

    Parameters
    ----------
    server : Answering
        The connection that found it.
    spec : ModelSpec
        The spec that the server reports.
    version : int
        The version that requests go to.
    max_batch : int
        The largest number of rows in one request.
    verified : bool
        Whether the server has compared the weights that it loaded with the digest in
        the spec; for an ensemble, those of all members.
    """

    server: Answering
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
            All inputs of the model, each with a leading batch axis; finite, and inside
            the range that the model's spec declares.
        outputs : sequence of str, optional
            The wanted outputs; by default all.

        Returns
        -------
        Future
            Its result is ``{output: ndarray}``, checked by
            `amphitrite.triton.answers.check_answer`; it may raise an
            `amphitrite.errors.ServerError`.

        Raises
        ------
        BadInput
            An input holds NaN or a value out of its range; nothing is sent.
        """
        names = outputs or [tensor.name for tensor in self.spec.outputs]
        return self.server.send(self, tensors, names)

    def infer(
        self, tensors: Tensors, outputs: Sequence[str] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Send one request and wait for its answer; see `submit`."""
        return self.submit(tensors, outputs).result()

    def check_unchanged(self) -> None:
        """Check that the server still serves the same model as at the start of a run.

        Raises
        ------
        SpecMismatch
            Version, weights or learned values differ from those at the start, or the
            weights are verified only then or only now.
        ServerError
            The server does not answer, or does not serve this model.
        """
        now = self.server.model(self.spec)
        if now.state != self.state:
            raise errors.SpecMismatch(
                f"the server at {self.server.url} now serves '{self.spec.name}' "
                f"{now.state}; the run began with {self.state}. Start the run anew."
            )

    @property
    def state(self) -> str:
        """A text with version, identity, digest and whether the digest is verified."""
        verified = "verified" if self.verified else "not verified"
        return (
            f"version {self.version} ({self.spec.identity}, weights {self.spec.digest},"
            f" {verified})"
        )
