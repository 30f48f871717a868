"""Downloads over HTTP, with limits on size, time and redirects."""

from __future__ import annotations

import http.client
import re
import time
import urllib.request
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlsplit

from amphitrite.errors import BadInput
from amphitrite.files.archives import PACKED_BYTES
from amphitrite.files.unpacking import LIMITS

TIMEOUT: Final = 60.0  # s without a byte
# Enough for 2 GB at half a megabyte per second; slower transfers are given up.
LONGEST: Final = 3600.0  # s for the whole file
_CHUNK: Final = 1 << 16

Advance = Callable[[int, int | None], object]


def is_url(source: str) -> bool:
    """Return whether a text is a URL that `download` accepts."""
    return source.lower().startswith(("http://", "https://"))


def is_safe_url(source: str) -> bool:
    """Return whether a URL uses HTTPS, which nobody can change on the way."""
    return source.lower().startswith("https://")


def download(
    url: str, folder: Path, *, advance: Advance = lambda _done, _size: None
) -> Path:
    """Download a file into a folder and return its path.

    Parameters
    ----------
    url : str
        An HTTP or HTTPS address.
    folder : Path
        An existing folder.
    advance : callable
        Called with the number of bytes received so far and the file's size in bytes,
        None if the server does not announce it.

    Returns
    -------
    Path
        The file, named after the last part of the address.

    Raises
    ------
    BadInput
        Nothing answers; the file is missing, too large, takes too long, or ends early;
        or an HTTPS address redirects to one without encryption.
    """
    shown = _shown(url)
    name = re.sub(r"[^A-Za-z0-9._-]", "_", Path(urlsplit(url).path).name).lstrip(".")
    target = folder / (name or "archive")
    try:
        # a new opener each time, since it fixes proxies and certificates when created
        opener = urllib.request.build_opener(_Redirects)
        with opener.open(url, timeout=TIMEOUT) as answer, target.open("wb") as file:
            size = _size(answer.headers)
            received = _copy(answer, file, size, advance)
    except BadInput as error:
        raise BadInput(f"{shown} is refused: {error}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise BadInput(
            f"{shown} cannot be fetched: {error}; check the address and the network"
        ) from error
    if size is not None and received != size:
        raise BadInput(
            f"{shown} ended early: received {received} of {size} bytes; try again"
        )
    return target


def _shown(url: str) -> str:
    """Return a URL without its query, which may hold a secret; refuse passwords."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise BadInput(f"this is no address on the web: {error}") from error
    if not parts.hostname or "@" in parts.netloc:
        raise BadInput(
            "an address has to be like https://HOST/FILE, with no user or password"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _size(headers: Message) -> int | None:
    """Return the size in bytes that the headers announce; None if they do not.

    Raises
    ------
    BadInput
        They announce several sizes, something that is not a size, or too large a one.
    """
    given = headers.get_all("Content-Length", [])
    if not given:
        return None
    texts = {text.strip() for line in given for text in line.split(",")}
    (text, *others) = texts
    digits = text.isascii() and text.isdecimal() and len(text) < 20
    if others or not digits or headers.get("Transfer-Encoding"):
        raise BadInput(
            "the server gives no clear size, Content-Length "
            f"{' and '.join(map(repr, sorted(texts)))}; fetch the file by other means"
        )
    if int(text) > PACKED_BYTES:
        raise BadInput(f"it is too large, {int(text) / 1e9:.3g} GB; {LIMITS}")
    return int(text)


def _copy(
    answer: http.client.HTTPResponse,
    file: IO[bytes],
    size: int | None,
    advance: Advance,
) -> int:
    """Write the received bytes to a file and return their number."""
    received = 0
    end = time.monotonic() + LONGEST
    # read1 returns what has arrived; read would wait for a whole chunk and so delay
    # the check of the time
    while chunk := answer.read1(_CHUNK):
        received += len(chunk)
        if received > PACKED_BYTES:
            raise BadInput(f"it is too large; {LIMITS}")
        if time.monotonic() > end:
            raise BadInput(
                f"it was not there after {LONGEST / 60:g} minutes; fetch the file by "
                "other means"
            )
        file.write(chunk)
        advance(received, size)
    return received


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows at most ten redirects, and none from HTTPS to plain HTTP."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Any,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Return the request for the new address."""
        safe = is_safe_url(newurl) or not is_safe_url(req.full_url)
        if not is_url(newurl) or not safe:
            raise BadInput(
                f"it leads from {urlsplit(req.full_url).scheme}:// to "
                f"{urlsplit(newurl).scheme}://; give an address that stays with https"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)
