"""The catalogue of stars: its columns."""

from __future__ import annotations

from typing import Final

from amphitrite.files.columns import Column

COLUMNS: Final = (
    Column("name", "str", "", "meta.id;meta.main", "Name of the file"),
    Column("flux", "float32", "ct", "phot.count", "Counts of the star"),
)
