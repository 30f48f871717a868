"""Choices that are made for the user: said once, and recorded in every product."""

from __future__ import annotations

import logging

logger = logging.getLogger(__name__)


class Choices:
    """The choices of one run, such as which image of a file is read.

    Attributes
    ----------
    made : list of str
        One sentence per choice, in the order in which they were said.
    """

    def __init__(self) -> None:
        self.made: list[str] = []

    def say(self, sentence: str) -> None:
        """Say a choice as a warning and keep it for the products; the same one once."""
        if sentence not in self.made:
            self.made.append(sentence)
            logger.warning("%s", sentence)

    @property
    def cards(self) -> dict[str, str]:
        """The sentences as provenance: ``CHOICE1``, ``CHOICE2`` and so on."""
        numbered = enumerate(self.made, start=1)
        return {f"CHOICE{number}": sentence for number, sentence in numbered}
