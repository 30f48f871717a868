import bz2
import gzip
import lzma
import tracemalloc

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.files.image_writing import Extension, ImageFile
from amphitrite.files.images import read_image

SHAPE = (50, 60)


@pytest.fixture
def pixels():
    return np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)


def write(path, data, *, wcs=None, **cards):
    header = wcs.to_header() if wcs is not None else fits.Header()
    header.update(cards)
    fits.PrimaryHDU(data, header).writeto(path)
    return path


def write_gzip(path, data):
    plain = write(path.with_suffix(".plain"), data)
    path.write_bytes(gzip.compress(plain.read_bytes()))
    return path


def write_bzip2(path, data):
    plain = write(path.with_suffix(".plain"), data)
    path.write_bytes(bz2.compress(plain.read_bytes()))
    return path


def write_xz(path, data):
    path.write_bytes(
        lzma.compress(write(path.with_suffix(".plain"), data).read_bytes())
    )
    return path


def write_axes_of_one(path, data):
    return write(path, data[:, None, :, None])


def write_packed_axis_of_one(path, data):
    return write_packed(path, data[None])


def write_packed(path, data):
    # Rice coding of floats quantises; GZIP_2 is exact, so that values can be compared.
    fits.CompImageHDU(data, compression_type="GZIP_2", quantize_level=0).writeto(path)
    return path


def write_later_extension(path, data):
    table = fits.BinTableHDU.from_columns([fits.Column("a", "J", array=[1])])
    cube = fits.ImageHDU(np.zeros((2, 3, 4), dtype=np.float32), name="CUBE")
    image = fits.ImageHDU(data, name="SCI")
    fits.HDUList([fits.PrimaryHDU(), table, cube, image]).writeto(path)
    return path


@pytest.mark.parametrize(
    "writer",
    [
        *(write, write_gzip, write_bzip2, write_xz, write_packed),
        *(write_axes_of_one, write_packed_axis_of_one, write_later_extension),
    ],
)
def test_read_every_container(tmp_path, pixels, writer):
    path = writer(tmp_path / "image.fits", pixels)
    with read_image(path, minimum=50) as image:
        assert image.shape == SHAPE
        assert image.wcs is None
        got = image.rows(7, 31)
        np.testing.assert_array_equal(got, pixels[7:31])
        assert got.dtype == np.float32
        assert got.dtype.isnative
        assert got.flags.c_contiguous
        np.testing.assert_array_equal(image.rows(0, 50), pixels)
        np.testing.assert_array_equal(image[3:9, 10:20], pixels[3:9, 10:20])
        assert image.rows(4, 4).shape == (0, 60)
    image.close()


@pytest.mark.parametrize("dtype", [">i2", ">i4", ">f8", "u2", "u1", ">f4", "<f4"])
def test_read_integer_and_big_endian(tmp_path, dtype):
    # u2 is stored as int16 with BZERO = 32768.
    data = np.arange(3000).reshape(SHAPE).astype(dtype)
    with read_image(write(tmp_path / "image.fits", data)) as image:
        got = image.rows(10, 20)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, data[10:20].astype(np.float32))


def test_read_scaled_with_blank(tmp_path):
    data = np.arange(3000, dtype=np.int16).reshape(SHAPE)
    hdu = fits.PrimaryHDU(data)
    hdu.header["BSCALE"], hdu.header["BZERO"], hdu.header["BLANK"] = 0.5, 10.0, 65
    path = tmp_path / "scaled.fits"
    # astropy would rescale the data: write header and integers as they are.
    raw = data.astype(">i2").tobytes()
    path.write_bytes(hdu.header.tostring().encode() + raw + bytes(-len(raw) % 2880))
    with read_image(path) as image:
        got = image.rows(1, 3)
    expected = data[1:3] * 0.5 + 10
    expected[0, 5] = np.nan
    np.testing.assert_array_equal(got, expected.astype(np.float32))


def test_not_finite_values_pass(tmp_path, pixels):
    wide = pixels.astype(np.float64)
    wide[3, 4], wide[5, 6], wide[7, 8] = np.nan, np.inf, -1e300
    with read_image(write(tmp_path / "image.fits", wide)) as image:
        got = image.rows(0, 50)
    assert np.isnan(got[3, 4])
    assert got[5, 6] == np.inf
    assert got[7, 8] == -np.inf


def test_rows_outside(tmp_path, pixels):
    with read_image(write(tmp_path / "image.fits", pixels)) as image:
        with pytest.raises(ValueError, match="rows 40:51 are not within the 50"):
            image.rows(40, 51)
        with pytest.raises(ValueError, match="whole runs of rows"):
            image[0:10:2, :]


def test_thousands_of_cards_and_sip_without_suffix(tmp_path, pixels, caplog, sky):
    header = sky().to_header()
    header["A_ORDER"] = header["B_ORDER"] = 2
    header["A_2_0"] = header["B_0_2"] = 1e-3
    for i in range(4000):
        header[f"KEY{i:05d}"] = i
    header["HISTORY"] = "drizzled"
    path = tmp_path / "cards.fits"
    fits.PrimaryHDU(pixels, header).writeto(path)
    with read_image(path) as image:
        assert len(image.header) > 4000
        assert image.wcs.sip is None
        got = image.wcs.pixel_to_world_values(0, 0)
    np.testing.assert_allclose(got, sky().pixel_to_world_values(0, 0), rtol=1e-12)
    assert not caplog.records


class TestRefuses:
    def check(self, path, match, **options):
        with pytest.raises(BadInput, match=match):
            read_image(path, **options)

    def test_missing(self, tmp_path):
        self.check(tmp_path / "none.fits", "there is no file .*none.fits")

    def test_directory(self, tmp_path):
        self.check(tmp_path, "is a directory; give the FITS file")

    @pytest.mark.parametrize("content", [b"", b"hello", bytes(5760), b"\x89PNG" * 2000])
    def test_not_fits(self, tmp_path, content):
        path = tmp_path / "file.fits"
        path.write_bytes(content)
        self.check(path, "is not a FITS file")

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "it is empty; fetch"),
            (b"\n <!DOCTYPE html><html></html>", "it is a web page, .* fetch"),
            (b"<?xml version='1.0'?><Error/>", "it is a web page"),
            (b'{"error": "not found"}', "it is a JSON document"),
            (
                b"version https://git-lfs.github.com/spec/v1\n",
                "it is .* run 'git lfs pull'",
            ),
            (b"PK\x03\x04" + bytes(100), "it is a zip archive; unpack it"),
            (bytes(257) + b"ustar" + bytes(300), "it is a tar archive; unpack it"),
            (b"\x1f\x9d\x90" + bytes(100), "it is packed by compress; unpack"),
            (b"\x89HDF\r\n\x1a\n", "it is an HDF5 file"),
        ],
    )
    @pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
    def test_what_is_no_fits_is_named(self, tmp_path, content, words, pack):
        path = tmp_path / "file.fits"
        path.write_bytes(pack(content))
        self.check(path, f"file.fits is not a FITS file: {words}")

    def test_no_image(self, tmp_path):
        path = tmp_path / "table.fits"
        fits.BinTableHDU.from_columns(
            [fits.Column("a", "J", array=[1])], name="EVENTS"
        ).writeto(path)
        self.check(
            path, "no two-dimensional image; its HDUs are: 0 PRIMARY .*, 1 EVENTS"
        )

    def test_missing_extension(self, tmp_path, pixels):
        path = write_later_extension(tmp_path / "image.fits", pixels)
        with read_image(path, hdu="SCI") as image:
            assert image.shape == SHAPE
        self.check(path, "image named ERR; .* SCI", hdu="ERR")

    def test_too_small(self, tmp_path, pixels):
        path = write(tmp_path / "image.fits", pixels[:39])
        self.check(path, "received 60 x 39 pixels, needed .* 40 x 40", minimum=40)

    @pytest.mark.parametrize("keep", [100, 2000, 2880, 9000, 11000])
    @pytest.mark.parametrize(
        "writer", [write, write_gzip, write_bzip2, write_xz, write_packed]
    )
    def test_truncated(self, tmp_path, pixels, writer, keep):
        path = writer(tmp_path / "image.fits", pixels)
        content = path.read_bytes()
        assert keep < len(content)
        path.write_bytes(content[:keep])
        self.check(path, "truncated")

    def test_missing_padding_is_no_truncation(self, tmp_path, pixels):
        path = write(tmp_path / "image.fits", pixels)
        path.write_bytes(path.read_bytes()[: 2880 + pixels.nbytes])
        with read_image(path) as image:
            np.testing.assert_array_equal(image.rows(49, 50), pixels[49:])

    @pytest.mark.parametrize("writer", [write_gzip, write_bzip2, write_xz])
    def test_damaged(self, tmp_path, pixels, writer):
        path = writer(tmp_path / "image.fits", pixels)
        content = bytearray(path.read_bytes())
        content[5000:5100] = bytes(100)
        path.write_bytes(content)
        self.check(path, "truncated or damaged")

    def test_damaged_tile(self, tmp_path, pixels):
        path = write_packed(tmp_path / "image.fits", pixels)
        content = bytearray(path.read_bytes())
        content[-6000:-2880] = b"\xff" * 3120
        path.write_bytes(content)
        with (
            read_image(path) as image,
            pytest.raises(BadInput, match=r"rows 0 to 49 of .* cannot be read"),
        ):
            image.rows(0, 50)


def test_temporary_file_is_removed(tmp_path, pixels, monkeypatch):
    packed = tmp_path / "packed"
    packed.mkdir()
    path = write_gzip(packed / "image.fits.gz", pixels)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    with read_image(path):
        assert len(list(scratch.iterdir())) == 1
    assert list(scratch.iterdir()) == []
    with pytest.raises(BadInput, match="too small"):
        read_image(path, minimum=1000)
    assert list(scratch.iterdir()) == []


def test_reading_stays_at_the_strip(tmp_path):
    path = tmp_path / "large.fits"
    with ImageFile(path, shape=(3000, 3000), extensions=[Extension("MEAN", "float32")]):
        pass
    tracemalloc.start()
    with read_image(path) as image:
        for y0 in range(0, 3000, 50):
            image.rows(y0, y0 + 50)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The strip as read, and as returned; the headers' text comes on top.
    assert peak < 4 * 50 * 3000 * 4
