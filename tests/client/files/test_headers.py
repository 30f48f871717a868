"""Headers that astropy would not get through are refused before it tries."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from amphitrite.errors import BadInput
from amphitrite.files.headers import check_headers

PATH = Path("file.fits")


@pytest.fixture
def written():
    """A file of an image, a table with a column of variable length, and an image."""
    long = np.empty(2, dtype=object)
    long[:] = [np.arange(3.0), np.arange(900.0)]
    hdus = [
        fits.PrimaryHDU(np.zeros((7, 5), "f4")),
        fits.table_to_hdu(Table({"a": [1, 2]})),
        fits.BinTableHDU.from_columns([fits.Column("b", "PD()", array=long)]),
        fits.ImageHDU(np.zeros((3, 4, 5), "i2"), name="LAST"),
    ]
    file = io.BytesIO()
    fits.HDUList(hdus).writeto(file)
    return file.getvalue()


def refusal(content):
    with pytest.raises(BadInput) as raised:
        check_headers(PATH, io.BytesIO(content))
    return str(raised.value)


def changed(written, name, which):
    """Return a file with another value of one of the cards of that name."""
    stated = list(re.finditer(name.ljust(8) + rb"= +\d+", written))
    start, end = stated[which].span()
    value = b"= " + b"99999999".rjust(end - start - 10)
    return written[:start] + name.ljust(8) + value + written[end:]


@pytest.mark.parametrize("which", range(4))
def test_more_axes_than_fits_allows_are_refused_in_any_header(written, which):
    said = refusal(changed(written, b"NAXIS", which))
    assert said.startswith("file.fits is damaged: a header has 99999999 axes, and FITS")


@pytest.mark.parametrize("which", range(2))
def test_more_columns_than_fits_allows_are_refused(written, which):
    assert "99999999 columns" in refusal(changed(written, b"TFIELDS", which))


def test_whole_and_broken_files_pass(written):
    for end in (len(written), len(written) - 2880, 3000, 2880, 700):
        check_headers(PATH, io.BytesIO(written[:end]))
    check_headers(PATH, io.BytesIO(written.replace(b"END", b"ENE")))
    for value in (b"-7777777", b"99999999", b"   1E300"):
        for name in (b"NAXIS1", b"PCOUNT", b"GCOUNT", b"BITPIX"):
            card = re.compile(name.ljust(8) + rb"= +[-\d]+")
            content = card.sub(name.ljust(8) + b"= " + value.rjust(20), written)
            check_headers(PATH, io.BytesIO(content))


def test_sizes_beyond_any_file_end_the_check(written):
    sizes = [b"NAXIS%d" % axis for axis in (1, 2, 3)]
    content = written
    for name in sizes:
        card = re.compile(name.ljust(8) + rb"= +\d+")
        content = card.sub(name.ljust(8) + b"= " + b"9" * 20, content)
    check_headers(PATH, io.BytesIO(content))


def test_what_is_not_fits_is_named():
    assert "file.fits is not a FITS file: it is a web page" in refusal(b"<html>")
    assert "it is empty" in refusal(b"")
