"""Names of the folder in which a result is made, and of its contents."""

from __future__ import annotations

import os
from collections.abc import Collection
from glob import escape
from pathlib import Path
from typing import Final

from amphitrite.files import folders
from amphitrite.files.replacing import aside_pattern

JOURNAL: Final = "journal"
RESULT: Final = "result"
PUBLISHING: Final = "publishing"
BESIDE: Final = "beside"


def part_of(out: Path) -> Path:
    """Return the folder in which a result is made."""
    absolute = Path(os.path.abspath(out))  # noqa: PTH100 - keeps symbolic links
    return absolute.with_name(absolute.name + ".part")


def beside_of(out: Path) -> Path:
    """Return the file that lists what a run has written beside its result."""
    return part_of(out) / BESIDE


def patterns(products: Collection[str]) -> folders.Contents:
    """Return the patterns of a folder's products, finished or still being written."""
    names = [Path(name) for name in products]
    return {
        **{escape(name.name): None for name in names},
        **{aside_pattern(name): None for name in names},
    }
