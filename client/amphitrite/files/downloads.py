"""Files fetched from the web, with bounds on their size and on where they come from."""

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

TIMEOUT: Final = 60.0  # seconds without a byte
# 2 GB at half a megabyte a second: whoever sends more slowly than that sends for ever.
LONGEST: Final = 3600.0  # seconds for all of it
_CHUNK: Final = 1 << 16

Advance = Callable[[int, int | None], object]


def is_url(source: str) -> bool:
    """Tell whether a text is an address that `download` takes."""
    return source.lower().startswith(("http://", "https://"))


def is_safe_url(source: str) -> bool:
    """Tell whether nobody on the way can change what comes from an address."""
    return source.lower().startswith("https://")


def download(
    url: str, folder: Path, *, advance: Advance = lambda _done, _size: None
) -> Path:
    """Fetch a file into a folder and return its path.

    Parameters
    ----------
    url : str
        An address of HTTP or HTTPS.
    folder : Path
        An existing folder.
    advance : callable
        Called with the bytes that came so far and the size, None if nobody knows.

    Raises
    ------
    BadInput
        Nothing answers, or the file is not there, is too large, takes too long, or
        ends early; or the address leads to one that is less safe.
    """
    shown = _shown(url)
    name = re.sub(r"[^A-Za-z0-9._-]", "_", Path(urlsplit(url).path).name).lstrip(".")
    target = folder / (name or "archive")
    try:
        # made anew, since it keeps the proxies and certificates of when it is made
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
    """Return an address without what may be secret in it."""
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
    """Return the size that an answer announces.

    Raises
    ------
    BadInput
        It announces several, none that is a size, or too large a one.
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
    """Write what comes into a file; return how much it was, bytes."""
    received = 0
    end = time.monotonic() + LONGEST
    # read1 returns what is there: a read would wait for a whole chunk, drop by drop
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
    """Follows redirects, ten at most, to addresses that are as safe."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Any,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Return the next request."""
        safe = is_safe_url(newurl) or not is_safe_url(req.full_url)
        if not is_url(newurl) or not safe:
            raise BadInput(
                f"it leads from {urlsplit(req.full_url).scheme}:// to "
                f"{urlsplit(newurl).scheme}://; give an address that stays with https"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)
