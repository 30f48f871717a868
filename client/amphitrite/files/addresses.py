"""Addresses, which are given where the name of a file is wanted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from amphitrite.errors import BadInput

# A path keeps one of the two slashes.  A drive of Windows has one letter.
_ADDRESS: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/{1,3}(?=[^/])")


def check_local(path: Path) -> None:
    """Refuse an address, such as ``https://...`` or ``s3://...``, in place of a file.

    Raises
    ------
    BadInput
        The path begins like an address, and there is no such file.
    """
    found = _ADDRESS.match(str(path))
    if found is not None and not path.exists():
        address = f"{found[1]}://{str(path)[found.end() :]}"
        raise BadInput(
            f"{address} is an address, and addresses are not read; download it first, "
            "and give the name of the file"
        )
