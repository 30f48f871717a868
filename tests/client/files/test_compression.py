"""Packed files are known by their first bytes, and unpacked."""

import bz2
import errno
import gzip
import lzma
import os
import shutil
import zlib
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.errors import BadInput, OutputError
from amphitrite.files.compression import (
    is_packed,
    opened,
    plain_name,
    unpacked,
    unpacked_bytes,
)
from amphitrite.files.opening import open_hdus

packed_by = pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gz", "bz2", "xz"]
)


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "image.fits"
    extension = fits.ImageHDU(np.zeros((3, 4)), name="SCI")
    fits.HDUList([fits.PrimaryHDU(), extension]).writeto(path)
    return path


@packed_by
def test_a_packed_file_is_unpacked_as_it_is_read(image, pack):
    content = image.read_bytes()
    assert not is_packed(image)
    with opened(image) as plain:
        assert plain.read() == content
    image.write_bytes(pack(content))
    assert is_packed(image)
    with opened(image) as packed:
        assert packed.read(100) == content[:100]
        packed.seek(3000)
        assert packed.read() == content[3000:]


@packed_by
def test_bytes_are_unpacked_up_to_a_limit(pack):
    content = bytes(range(256)) * 40
    packed = pack(content)
    assert unpacked_bytes(content, 5) == content  # a plain file is whole already
    assert unpacked_bytes(packed, 1 << 20) == content
    assert unpacked_bytes(packed, 300) == content[:300]
    assert unpacked_bytes(packed, len(content)) == content
    # several packed files in one, as `cat a.gz b.gz` makes them, and tapes' zeros
    assert unpacked_bytes(packed + packed + b"\0" * 512, 1 << 20) == 2 * content


@packed_by
@pytest.mark.parametrize("lost", [1, 9, 30])
def test_bytes_that_end_early_are_an_error(pack, lost):
    packed = pack(os.urandom(2000))
    with pytest.raises(EOFError, match="in the middle of the packed data"):
        unpacked_bytes(packed[:-lost], 1 << 20)


@packed_by
def test_damaged_bytes_are_an_error(pack):
    packed = bytearray(pack(os.urandom(2000)))
    packed[1000] ^= 0xFF
    with pytest.raises((OSError, zlib.error, lzma.LZMAError)):
        unpacked_bytes(bytes(packed), 1 << 20)


@packed_by
def test_a_packed_file_is_unpacked_and_a_plain_one_is_not(image, pack):
    assert unpacked(image) is None
    packed = image.with_suffix(".gz")
    packed.write_bytes(pack(image.read_bytes()))
    with unpacked(packed) as plain:
        assert Path(plain.name).read_bytes() == image.read_bytes()
        with open_hdus(packed, plain) as hdus:
            assert hdus["SCI"].shape == (3, 4)
    assert not Path(plain.name).exists()


@packed_by
def test_a_damaged_archive_is_the_input_s_fault_and_a_full_disk_the_output_s(
    image, tmp_path, monkeypatch, pack
):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    packed = image.with_suffix(".gz")
    packed.write_bytes(pack(image.read_bytes())[:-9])
    with pytest.raises(BadInput, match=r"image\.gz is truncated or damaged"):
        unpacked(packed)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(OutputError, match=r"unpacked into .*scratch: No space left"):
        unpacked(packed)
    assert list(scratch.iterdir()) == []


def test_folders_and_packing_are_left_out_of_a_name():
    names = ["a/x_lc.fits", "/b/x_lc.fits.gz", "x_lc.fits.XZ", "x_lc.fits.bz2"]
    assert {plain_name(Path(name)) for name in names} == {"x_lc.fits"}
    assert plain_name(Path("x_lc.fits.gz.fits")) == "x_lc.fits.gz.fits"
