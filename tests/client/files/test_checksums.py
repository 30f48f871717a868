"""Checksums of files, and what is said of others."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from amphitrite.errors import BadInput
from amphitrite.files.checksums import check_sha256, checksum


def test_checksum(tmp_path):
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    # The test vector of FIPS 180-2.
    assert checksum(path) == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    with pytest.raises(BadInput, match="none cannot be read: No such file"):
        checksum(tmp_path / "none")


def test_a_checksum_is_compared(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"content")
    digest = hashlib.sha256(b"content").hexdigest()
    for given in (digest, f"sha256:{digest.upper()}", f" {digest}\n"):
        check_sha256(path, given)
    with pytest.raises(BadInput, match=f"checksum {digest}, expected {'0' * 64}"):
        check_sha256(path, "0" * 64)
    for wrong in ("", "abc", digest[:-1], "md5:" + digest):
        with pytest.raises(BadInput, match="is no SHA-256 checksum"):
            check_sha256(path, wrong)
