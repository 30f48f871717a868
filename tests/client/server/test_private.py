"""Folders of the user's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from amphitrite.errors import ProvisioningError
from amphitrite.server.private import make_private


def test_a_folder_of_one_s_own_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    (tmp_path / "server").chmod(0o775)
    make_private(tmp_path / "server")
    assert (tmp_path / "server").stat().st_mode & 0o777 == 0o755
    (tmp_path / "server").chmod(0o777)
    with pytest.raises(ProvisioningError, match="others may write to"):
        make_private(tmp_path / "server")
