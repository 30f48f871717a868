"""Values in the headers of a light curve file, which writers put in either of two."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from astropy.io import fits

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?")


class Headers:
    """Headers in which a value is looked up one after the other.

    Parameters
    ----------
    *headers : astropy.io.fits.Header
        The headers; the first with a usable value counts.
    """

    def __init__(self, *headers: fits.Header) -> None:
        self._headers = headers

    def number(self, key: str) -> float:
        """Return a number, also one that is stored as text; NaN if there is none."""
        for value in self._values(key):
            if isinstance(value, str) and _NUMBER.fullmatch(text := value.strip()):
                value = float(re.sub("[dD]", "e", text))
            if isinstance(value, int | float) and math.isfinite(value):
                return float(value)
        return math.nan

    def integers(self, key: str) -> tuple[int, ...]:
        """Return a list of whole numbers, such as 1 or "1, 6"; empty if none."""
        for value in self._values(key):
            if isinstance(value, int):
                return (value,)
            if found := re.findall(r"\d+", str(value)):
                return tuple(map(int, found))
        return ()

    def text(self, key: str) -> str:
        """Return a value as text without blanks around it; empty if there is none."""
        return next((str(value).strip() for value in self._values(key)), "")

    def __contains__(self, key: str) -> bool:
        """Return whether a header has a value."""
        return any(True for _ in self._values(key))

    def _values(self, key: str) -> Iterator[str | int | float]:
        """Yield the values of a keyword that are text or numbers."""
        for header in self._headers:
            if key not in header:
                continue
            value = header[key]
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                continue
            if str(value).strip():
                yield value
