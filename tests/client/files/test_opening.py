"""Only files that can be read are opened."""

import os

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.files.opening import check_readable, intact, open_hdus


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "image.fits"
    extension = fits.ImageHDU(np.zeros((3, 4)), name="SCI")
    fits.HDUList([fits.PrimaryHDU(), extension]).writeto(path)
    return path


def test_a_file_may_be_read(image):
    check_readable(image)


@pytest.mark.parametrize("error", [KeyError("NAXIS2"), MemoryError(), OSError("cut")])
def test_a_file_on_which_astropy_fails_is_refused_by_name(image, error):
    message = r"image\.fits is damaged.*fitsverify"
    with pytest.raises(BadInput, match=message), intact(image):
        raise error


def test_a_refusal_and_an_interruption_pass(image):
    for passing in (BadInput("no such band"), KeyboardInterrupt()):
        with pytest.raises(type(passing)) as raised, intact(image):
            raise passing
        assert raised.value is passing


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


@pytest.mark.parametrize("content", [b"odd", b"SIMPLE  = no", b"\x00" * 2880])
def test_what_is_no_fits_file_is_refused(tmp_path, content):
    path = tmp_path / "odd.fits"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"odd\.fits is not a FITS file, or is"):
        open_hdus(path, None)


def test_more_axes_than_fits_allows_are_refused_at_once(image):
    content = image.read_bytes()
    card = b"NAXIS   =                    0"
    assert content[160:].startswith(card)
    image.write_bytes(content.replace(card, b"NAXIS   =             99999999", 1))
    with pytest.raises(BadInput, match=r"has 99999999 axes, .*; copy the file again"):
        open_hdus(image, None)
