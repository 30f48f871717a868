"""Text from files and servers, made safe to print on a terminal."""

from __future__ import annotations

import unicodedata
from typing import Final

_SURROGATES: Final = range(0xDC80, 0xDD00)  # bytes of a name that are no UTF-8


def shown(text: str) -> str:
    r"""Return a text with control characters replaced by escapes.

    Names of files may contain control characters, which can move the cursor or colour
    the screen, characters that reverse the direction of writing, and bytes that are not
    UTF-8; they become ``\x1b``, ``\u202e`` and ``\xe9``.  Line feeds and tabs stay,
    since messages contain them.

    Parameters
    ----------
    text : str
        The text.
    """
    if text.isprintable():
        return text
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character in "\n\t" or character.isprintable():
        return character
    if unicodedata.category(character) == "Zs":  # spaces of every width
        return character
    if (code := ord(character)) in _SURROGATES:
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
