"""Triton's HTTP interface, as far as starting and checking a server needs it.

Science goes through gRPC (see `amphitrite.triton`); here the standard library is
enough, and nothing has to be imported to start a server.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from amphitrite.errors import InferenceFailed, ModelNotReady, ServerUnreachable

# a proxy of the environment must not stand between us and this machine
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def post(url: str, body: Mapping[str, Any], *, timeout: float) -> Any:
    """Send JSON and return the JSON of the answer.

    Parameters
    ----------
    url : str
        The whole address.
    body : mapping
        What to send.
    timeout : float
        Seconds to wait for the answer.

    Raises
    ------
    InferenceFailed
        The server answers with an error; the message is its own.
    ServerUnreachable
        Nothing answers, or not in time.
    """
    request = urllib.request.Request(url, json.dumps(body).encode())
    try:
        with _OPENER.open(request, timeout=timeout) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        with error:
            raise InferenceFailed(_reason(error.read())) from error
    except (OSError, http.client.HTTPException) as error:
        raise ServerUnreachable(
            f"the local Triton server at {url} gives no answer: {error}"
        ) from error
    return json.loads(text) if text else None


def _reason(text: bytes) -> str:
    """Take the message out of an error's body."""
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return text.decode(errors="replace")


def repository_index(url: str) -> list[dict[str, str]]:
    """List the models that the server knows: name, version, state, reason."""
    index: list[dict[str, str]] = post(f"{url}/v2/repository/index", {}, timeout=5)
    return index


def load_model(url: str, name: str, *, timeout: float = 600) -> None:
    """Load a model, or load it again if its files have changed.

    Raises
    ------
    ModelNotReady
        The server cannot load it; says why.
    """
    try:
        post(f"{url}/v2/repository/models/{name}/load", {}, timeout=timeout)
    except InferenceFailed as error:
        raise not_loaded(name, str(error)) from error


def not_loaded(name: str, reason: str) -> ModelNotReady:
    """Return the error for a model that the server cannot load, to be raised."""
    # before the backend's reason comes Triton's path to it, after it a traceback
    said = reason.partition("\n\nAt:\n")[0].rpartition("TritonModelException: ")[2]
    said = said.removeprefix(f"model '{name}': ")
    return ModelNotReady(
        f"the model '{name}' cannot be loaded: {said}\n"
        "Export it again, or restore it from the release's model repository."
    )


def unload_model(url: str, name: str) -> None:
    """Stop serving a model."""
    post(f"{url}/v2/repository/models/{name}/unload", {}, timeout=60)


def offers_metrics(url: str) -> bool:
    """Tell whether Triton's metrics are to be had at an address."""
    try:
        with _OPENER.open(url, timeout=5) as answer:
            return b"nv_inference_count" in answer.read()
    except (OSError, http.client.HTTPException):
        return False
