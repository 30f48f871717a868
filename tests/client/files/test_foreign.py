"""What is not a FITS file is named by its first bytes, and nothing else is."""

import gzip
import re

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from amphitrite.files import foreign


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"", "empty; fetch"),
        (b"<!DOCTYPE html><title>Login</title>", "web page.*fetch"),
        (b"\xef\xbb\xbf\r\n <?xml version='1.0'?>", "web page.*fetch"),
        (b'{"error": 404}', "JSON document.*fetch"),
        (b"version https://git-lfs.github.com/spec/v1", "Git LFS; run 'git lfs pull'"),
        (b"PK\x03\x04" + bytes(30), "zip archive; unpack"),
        (b"Rar!\x1a\x07", "rar archive; unpack"),
        (b"7z\xbc\xaf\x27\x1c", "7z archive; unpack"),
        (b"\x28\xb5\x2f\xfd", "Zstandard; unpack"),
        (b"\x1f\x9d\x90", "compress; unpack"),
        (b"\x89HDF\r\n", "HDF5 file; convert"),
        (b"#ASDF 1.0.0", "ASDF file; convert"),
        (b"\x89PNG\r\n", "PNG picture"),
        (b"\xff\xd8\xff\xe0", "JPEG picture"),
        (b"a.fits".ljust(257, b"\0") + b"ustar\0", "tar archive; unpack"),
    ],
)
def test_what_stands_in_place_of_a_file_is_named(start, words):
    assert re.search(words, foreign.content(start))


def test_fits_files_are_no_others(tmp_path):
    fits.writeto(tmp_path / "image.fits", np.zeros((3, 4)))
    Table({"TIME": [1.0]}).write(tmp_path / "table.fits")
    for path in tmp_path.iterdir():
        assert foreign.content(path.read_bytes()[: foreign.BYTES]) == ""


@pytest.mark.parametrize("start", [b"time,flux", gzip.compress(b"a", mtime=0)])
def test_what_is_not_known_has_no_name(start):
    assert foreign.content(start) == ""
