"""Model cards in Markdown: sections, tables, and numbers with their intervals."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence

from amphitrite_training.evaluation.matching import Share

Interval = Mapping[str, float | None]


def sections(*parts: str) -> str:
    """Return parts of a card, a blank line between them, as one text."""
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def wrapped(text: str) -> str:
    """Return a paragraph in lines of at most 88 characters."""
    return textwrap.fill(text, 88)


def properties(values: Mapping[str, str]) -> str:
    """Return the table at the head of a card: what the model is."""
    return "| | |\n|---|---|\n" + lines(values.items())


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    return lines((head, ["---"] * len(head), *rows))


def lines(rows: Iterable[Sequence[str]]) -> str:
    """Return the rows of a table, their cells escaped."""
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
        for row in rows
    )


def percent(share: float) -> str:
    """Return a share in per cent."""
    return f"{100 * share:g} %"


def ranged(
    value: float, limits: tuple[float, float], *, digits: int = 3, of: str = ""
) -> str:
    """Return a number with its interval.

    Parameters
    ----------
    value : float
        The number.
    limits : (float, float)
        Of its interval.
    digits : int
        After the point.
    of : str
        What it was counted of, for the brackets.
    """
    low, high = limits
    sample = f"; {of}" if of else ""
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f}{sample})"


def number(measured: Interval, *, digits: int = 3) -> str:
    """Return a number of ``value``, ``low`` and ``high``; "none" without them."""
    value, low, high = (measured[name] for name in ("value", "low", "high"))
    if value is None or low is None or high is None:
        return "none"
    return ranged(value, (low, high), digits=digits)


def share(counted: Share, *, digits: int = 3) -> str:
    """Return a share with Wilson's interval and its counts; "none" of nothing."""
    if not counted.n:
        return "none"
    counts = f"{counted.n_hits:,} of {counted.n:,}"
    return ranged(counted.value, counted.interval, digits=digits, of=counts)
