"""Files are unpacked, and what is not a FITS file is named with its remedy."""

import bz2
import gzip
import hashlib
import lzma

import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.calnet.prepare import contents as module
from amphitrite.surveys.calnet.prepare.contents import contents

TAR = b"a.fits".ljust(257, b"\0") + b"ustar"
FITS = b"SIMPLE  =                    T" + b" " * 2850


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_packed_files_are_unpacked_whatever_their_name(tmp_path, pack):
    path = tmp_path / "a.fits"
    path.write_bytes(pack(FITS))
    data, checksum = contents(path)
    assert data == FITS
    assert checksum == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it is empty; fetch the file again"),
        (gzip.compress(b"", mtime=0), "it is empty"),
        (b"\n<!DOCTYPE HTML><html>login</html>", "web page.*fetch the file again"),
        (b"\xef\xbb\xbf<html lang='en'>", "web page"),
        (b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code>', "web page"),
        (b"PK\x03\x04rest", "zip archive; unpack it first with unzip"),
        (
            gzip.compress(b"a.fits".ljust(257, b"\0") + b"ustar", mtime=0),
            "tar archive; unpack",
        ),
        (b"time,flux\n1,2\n", "light curves in FITS, plain or packed"),
    ],
)
def test_other_files_are_named_for_what_they_are(tmp_path, data, message):
    path = tmp_path / "a.fits"
    path.write_bytes(data)
    with pytest.raises(BadInput, match=rf"a\.fits is not a FITS file: .*{message}"):
        contents(path)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_files_that_are_cut_off_are_refused(tmp_path, pack):
    path = tmp_path / "a.fits"
    path.write_bytes(pack(FITS)[:-12])
    with pytest.raises(BadInput, match=r"a\.fits cannot be read: .*fetch it again"):
        contents(path)


def test_no_more_is_unpacked_than_a_light_curve_may_hold(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_LARGEST", 2**20)
    path = tmp_path / "a.fits"
    path.write_bytes(gzip.compress(FITS + bytes(2**21)))
    with pytest.raises(BadInput, match=r"holds more than 1 MiB"):
        contents(path)
