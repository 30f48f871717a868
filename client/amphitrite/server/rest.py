"""Triton's HTTP interface, as far as starting and checking a server needs it.

Science goes through gRPC (see `amphitrite.triton.connection`); here the standard
library is enough, and nothing has to be imported to start a server.  A server's address
is ``http://HOST:PORT``, or ``unix:PATH`` of its socket.
"""

from __future__ import annotations

import http.client
import json
import socket
import urllib.parse
from collections.abc import Mapping
from typing import Any, Final

from amphitrite.errors import InferenceFailed, ServerUnreachable

_UNIX: Final = "unix:"


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a socket that is a file."""

    def __init__(self, path: str, *, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        """Connect to the file."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def request(
    server: str, path: str, body: Mapping[str, Any] | None = None, *, timeout: float
) -> tuple[int, bytes]:
    """Ask a server for something, straight and through no proxy.

    Parameters
    ----------
    server : str
        Its address.
    path : str
        What is asked for, such as ``/v2/health/live``.
    body : mapping, optional
        What to send, as JSON.
    timeout : float
        Seconds to wait for the answer.

    Returns
    -------
    tuple of int and bytes
        HTTP's status and the answer.

    Raises
    ------
    ServerUnreachable
        Nothing answers, or not in time.
    """
    connection = _connection(server, timeout=timeout)
    try:
        if body is None:
            connection.request("GET", path)
        else:
            connection.request("POST", path, json.dumps(body).encode())
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise ServerUnreachable(
            f"the local Triton server at {server} gives no answer: {error}"
        ) from error
    finally:
        connection.close()


def _connection(server: str, *, timeout: float) -> http.client.HTTPConnection:
    if server.startswith(_UNIX):
        return _UnixConnection(server.removeprefix(_UNIX), timeout=timeout)
    host = urllib.parse.urlsplit(server)
    return http.client.HTTPConnection(host.hostname or "", host.port, timeout=timeout)


def post(server: str, path: str, body: Mapping[str, Any], *, timeout: float) -> Any:
    """Send JSON and return the JSON of the answer.

    Raises
    ------
    InferenceFailed
        The server answers with an error; the message is its own.
    ServerUnreachable
        Nothing answers, or not in time.
    """
    status, text = request(server, path, body, timeout=timeout)
    if status != http.HTTPStatus.OK:
        raise InferenceFailed(_reason(text))
    return json.loads(text)


def _reason(text: bytes) -> str:
    """Take the message out of an error's body."""
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return text.decode(errors="replace")


def is_ready(server: str, model: str) -> bool:
    """Tell whether a server answers, and says of a model that it is ready."""
    return _gives(server, f"/v2/models/{model}/ready") is not None


def counts(metrics: str, model: str) -> bool:
    """Tell whether a server's metrics are to be had, and count a model's requests."""
    text = _gives(metrics, "/metrics")
    return text is not None and f'model="{model}"'.encode() in text


def _gives(server: str, path: str) -> bytes | None:
    """Return what a server has at a path; None if it has nothing or is none."""
    try:
        status, text = request(server, path, timeout=5)
    except ServerUnreachable:
        return None
    return text if status == http.HTTPStatus.OK else None
