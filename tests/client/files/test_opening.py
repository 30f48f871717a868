"""Only files that can be read are opened, and packed ones are unpacked aside."""

import errno
import gzip
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.errors import BadInput, OutputError
from amphitrite.files import opening
from amphitrite.files.opening import check_readable, open_hdus


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "image.fits"
    extension = fits.ImageHDU(np.zeros((3, 4)), name="SCI")
    fits.HDUList([fits.PrimaryHDU(), extension]).writeto(path)
    return path


def test_a_file_may_be_read(image):
    check_readable(image)


def test_what_is_no_file_is_refused_by_what_it_is(tmp_path):
    with pytest.raises(BadInput, match=r"no file .*none\.fits; check the name"):
        check_readable(tmp_path / "none.fits")
    with pytest.raises(BadInput, match="is a directory; give the FITS file itself"):
        check_readable(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadInput, match="is a pipe"):
        check_readable(tmp_path / "pipe")


def test_a_file_that_may_not_be_read_is_refused(image, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.R_OK)
    with pytest.raises(BadInput, match="may not be read; check its permissions"):
        check_readable(image)


def test_all_headers_are_read_at_once(image):
    with open_hdus(image, None) as hdus:
        assert hdus._read_all
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "SCI"]


@pytest.mark.parametrize("content", [b"", b"SIMPLE  = no", b"\x00" * 2880])
def test_what_is_no_fits_file_is_refused(tmp_path, content):
    path = tmp_path / "odd.fits"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"odd\.fits is not a FITS file, or is"):
        open_hdus(path, None)


def test_a_packed_file_is_unpacked_and_a_plain_one_is_not(image):
    assert opening._unpack_gzip(image) is None
    packed = image.with_suffix(".gz")
    packed.write_bytes(gzip.compress(image.read_bytes()))
    with opening._unpack_gzip(packed) as plain:
        assert Path(plain.name).read_bytes() == image.read_bytes()
        with open_hdus(packed, plain) as hdus:
            assert hdus["SCI"].shape == (3, 4)
    assert not Path(plain.name).exists()


def test_a_damaged_archive_is_the_input_s_fault_and_a_full_disk_the_output_s(
    image, tmp_path, monkeypatch
):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    packed = image.with_suffix(".gz")
    packed.write_bytes(gzip.compress(image.read_bytes())[:-9])
    with pytest.raises(BadInput, match=r"image\.gz is truncated or damaged"):
        opening._unpack_gzip(packed)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(OutputError, match=r"unpacked into .*scratch: No space left"):
        opening._unpack_gzip(packed)
    assert list(scratch.iterdir()) == []
