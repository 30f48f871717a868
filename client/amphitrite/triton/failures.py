"""Errors of requests, from gRPC's status and Triton's message."""

from __future__ import annotations

from dataclasses import dataclass

from amphitrite import errors
from amphitrite.triton import addresses, credentials, probing
from amphitrite.triton.credentials import Credentials

RETRYABLE = (
    errors.ServerUnreachable,
    errors.ModelNotReady,
    errors.QueueFull,
    errors.InferenceTimeout,
)
"""Failures whose cause may pass: a restart, an overload, a lost connection.

An inference changes nothing on the server, so that it can be asked for again.
"""
# gRPC's words for a connection that was reset while it carried a request, which come
# with one status or another.
_RESETS = ("RST_STREAM", "Stream removed", "Connection reset")
_FORBIDDEN = ("UNAUTHENTICATED", "PERMISSION_DENIED")


@dataclass(frozen=True)
class Failure:
    """A request that failed.

    Parameters
    ----------
    status : str
        gRPC's status, such as ``"StatusCode.UNAVAILABLE"``.
    text : str
        The message of the server or of gRPC.
    model : str
        The requested model; empty if the request was about the server itself.
    """

    status: str
    text: str
    model: str


@dataclass(frozen=True)
class Asked:
    """The server of a failed request, and the time limits.

    Parameters
    ----------
    url : str
        The address as the user gave it.
    address : Address
        The same, parsed.
    deadline : float
        Time limit of an inference in seconds.
    limit : float, optional
        Time limit in seconds of a question about the server; None for an inference.
        Only after a question is it examined what answers at the address.
    using : Credentials
        What the client showed to the server.
    name : str
        The name in the server's certificate; empty for the host of the address.
    """

    url: str
    address: addresses.Address
    deadline: float
    limit: float | None = None
    using: Credentials = credentials.NONE
    name: str = ""

    def answering(self) -> str | None:
        """Return a sentence on what answers there; see `probing`."""
        return probing.what_answers(self.address, self.using, self.name)


def is_closed(text: str) -> bool:
    """Return whether a message says that the server restricts this kind of request."""
    return "protocol is restricted" in text


def is_not_shared(text: str) -> bool:
    """Return whether a message says that the server does not know the shared memory."""
    return "shared memory region" in text


def translate(failure: Failure, asked: Asked) -> errors.ServerError:
    """Return the error that says what failed and what to do.

    Parameters
    ----------
    failure : Failure
        The failed request.
    asked : Asked
        The server, and the time limits.

    Returns
    -------
    ServerError
        Of the class that fits the failure; see `amphitrite.errors`.
    """
    deadline = asked.limit
    seconds = asked.deadline if deadline is None else deadline
    status, text, name = failure.status, failure.text, failure.model
    if is_not_shared(text):
        return errors.ServerUnreachable(
            f"the server at {asked.url} was restarted: it no longer knows the memory "
            f"that this client shares with it ({text})"
        )
    if "unknown model" in text or "NOT_FOUND" in status or "is not ready" in text:
        return errors.ModelNotReady(
            f"the server at {asked.url} answers but does not serve '{name}' "
            f"({text}). Load the model there, or give another --server."
        )
    if "Stub process" in text and "not healthy" in text:
        return errors.ModelNotReady(
            f"on the server at {asked.url} the process that runs '{name}' has died "
            f"({text}). Restart that server."
        )
    if is_closed(text) or any(word in status for word in _FORBIDDEN):
        return errors.ServerError(
            f"the server at {asked.url} requires a key ({text}){_shown(asked.using)}; "
            "give it in a file of lines 'name: value' with --header-file. Ask the "
            "server's operator for the header's name and value."
        )
    if "Exceeds maximum queue size" in text:
        return errors.QueueFull(
            f"the server at {asked.url} has as many requests to '{name}' waiting as it "
            f"takes ({text}): it is busy, not ill. Send less at once with --in-flight, "
            "or serve the model on more servers."
        )
    if "UNIMPLEMENTED" in status:
        return errors.ServerUnreachable(
            f"no Triton server answers at {asked.url}: another gRPC service does "
            f"({text}). Give the gRPC port of a Triton server, usually "
            f"{addresses.GRPC_PORT}."
        )
    reset = any(words in text for words in _RESETS)
    if "UNAVAILABLE" in status or "CANCELLED" in status or reset:
        found = asked.answering() if deadline else None
        why = found or (
            f"{text}. Check the address (host:port of its gRPC endpoint) and that "
            f"the server runs: amphitrite status --server {asked.url}"
        )
        return errors.ServerUnreachable(
            f"no Triton server answers at {asked.url}: {why}"
        )
    if "DEADLINE_EXCEEDED" in status:
        if deadline and (found := asked.answering()):
            return errors.ServerUnreachable(
                f"no Triton server answers at {asked.url} within {seconds:g} s: {found}"
            )
        return errors.InferenceTimeout(
            f"the server at {asked.url} gave no answer within the deadline of "
            f"{seconds:g} s; it may be overloaded (send less at once with "
            "--in-flight) or need a longer --deadline"
        )
    return errors.InferenceFailed(
        f"the server at {asked.url} refused a request to '{name}': {text}"
    )


def _shown(using: Credentials) -> str:
    """Return the names of the headers that were sent, as part of a sentence."""
    if not using.headers:
        return ""
    names = ", ".join(f"'{name}'" for name in sorted(using.headers))
    return f", and does not accept what this client sent in {names}"
