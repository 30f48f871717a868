"""The requests to Triton's HTTP interface with which a server's start is checked.

Data go through gRPC (see `amphitrite.triton.connection`).  Here the standard library
suffices, so that a server starts without heavy imports.  A server's address is
``http://HOST:PORT``, or ``unix:PATH`` of its socket.
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
    """An HTTP connection over a Unix socket."""

    def __init__(self, path: str, *, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def request(
    server: str, path: str, body: Mapping[str, Any] | None = None, *, timeout: float
) -> tuple[int, bytes]:
    """Return a server's answer to a request that is sent directly, without a proxy.

    Parameters
    ----------
    server : str
        The server's address.
    path : str
        The requested path, such as ``/v2/health/live``.
    body : mapping, optional
        Data to send as JSON (POST); without it the request is a GET.
    timeout : float
        Time limit for the answer in seconds.

    Returns
    -------
    tuple of int and bytes
        The HTTP status and the body of the answer.

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
    """Send JSON and return the parsed JSON of the answer; see `request`.

    Raises
    ------
    InferenceFailed
        The server answers with an error; the message is the server's.
    ServerUnreachable
        Nothing answers, or not in time.
    """
    status, text = request(server, path, body, timeout=timeout)
    if status != http.HTTPStatus.OK:
        raise InferenceFailed(_reason(text))
    return json.loads(text)


def _reason(text: bytes) -> str:
    """Return the message in the body of an error."""
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return text.decode(errors="replace")


def is_ready(server: str, model: str) -> bool:
    """Return whether a server answers and reports a model as ready."""
    return _gives(server, f"/v2/models/{model}/ready") is not None


def counts(metrics: str, model: str) -> bool:
    """Return whether a server's metrics are available and include a model."""
    text = _gives(metrics, "/metrics")
    return text is not None and f'model="{model}"'.encode() in text


def _gives(server: str, path: str) -> bytes | None:
    """Return the body at a path of a server; None without server or with an error."""
    try:
        status, text = request(server, path, timeout=5)
    except ServerUnreachable:
        return None
    return text if status == http.HTTPStatus.OK else None
