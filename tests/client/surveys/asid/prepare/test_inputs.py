import shutil

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.interpret import known_sources
from amphitrite.surveys.asid.prepare import exposures, inputs


@pytest.fixture
def event_list(write_events):
    def write(name):
        return write_events(name, energy=[400, 8000], lon=[1, 2], lat=[0, 1])

    return write


@pytest.fixture
def cube(write_cube):
    return write_cube(np.ones((2, 4, 4), dtype=np.int32))


@pytest.fixture
def healpix(write_healpix):
    return write_healpix(np.ones((2, 12), dtype=np.int32), nside=1)


def test_each_kind_of_file_is_recognised(event_list, cube, healpix):
    sizes = [len(inputs.read([path])) for path in (event_list("e.fits"), cube, healpix)]

    assert sizes == [2, 32, 24]


def test_paths_may_be_strings(event_list):
    assert len(inputs.read([str(event_list("e.fits"))])) == 2


def test_no_file_is_refused():
    with pytest.raises(BadInput, match="no input file was given"):
        inputs.read([])


def test_a_file_listed_twice_is_refused(event_list):
    path = event_list("e.fits")
    other_name = path.parent / ".." / path.parent.name / "e.fits"

    with pytest.raises(BadInput, match=r"listed twice: .* are the same file"):
        inputs.read([path, other_name])


def test_a_link_to_a_file_counts_as_the_file(event_list, tmp_path):
    path, link = event_list("e.fits"), tmp_path / "link.fits"
    link.symlink_to(path)

    with pytest.raises(BadInput, match=r"listed twice"):
        inputs.read([path, link])


def test_a_copy_of_a_file_is_refused(event_list, tmp_path):
    path, copy = event_list("e.fits"), tmp_path / "copy.fits"
    shutil.copy(path, copy)

    with pytest.raises(BadInput, match=r"listed twice: .* have the same content"):
        inputs.read([path, copy])


@pytest.mark.parametrize("kind", ["cube", "healpix"])
@pytest.mark.parametrize("first", [True, False])
def test_a_cube_beside_an_event_list_is_refused(request, event_list, kind, first):
    both = [request.getfixturevalue(kind), event_list("e.fits")]

    with pytest.raises(BadInput, match=r"2 inputs .* is a .*cube; only event lists"):
        inputs.read(both if first else both[::-1])


def test_two_cubes_are_refused(cube, healpix):
    with pytest.raises(BadInput, match="only event lists can be read together"):
        inputs.read([cube, healpix])


def test_a_file_without_events_is_refused(tmp_path):
    path = tmp_path / "other.fits"
    table = fits.BinTableHDU.from_columns(
        [fits.Column("ENERGY", "E", "MeV", array=[400.0])], name="SOURCES"
    )
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)

    with pytest.raises(BadInput) as caught:
        inputs.read([path])

    assert "no EVENTS table" in str(caught.value)
    assert "PRIMARY (empty), SOURCES (table)" in str(caught.value)


@pytest.mark.parametrize("content", [b"# a text\n" * 1000, b"\x1f\x8b\x08broken"])
def test_what_is_no_fits_file_is_refused(tmp_path, content):
    path = tmp_path / "broken.fits"
    path.write_bytes(content)

    with pytest.raises(BadInput, match=r"is not a FITS file, or is truncated"):
        inputs.read([path])


@pytest.mark.parametrize(
    ("content", "what"), [(b"", "empty"), (b"<html>", "a web page")], ids=["", "page"]
)
@pytest.mark.parametrize(
    "read", [lambda path: inputs.read([path]), exposures.read, known_sources.read]
)
def test_what_stands_in_place_of_a_file_is_named(tmp_path, read, content, what):
    path = tmp_path / "events.fits"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=f"is not a FITS file: it is {what}.*fetch"):
        read(path)


def test_a_missing_file_and_a_directory_are_refused(tmp_path):
    with pytest.raises(BadInput, match="there is no file"):
        inputs.read([tmp_path / "none.fits"])
    with pytest.raises(BadInput, match="is a directory"):
        inputs.read([tmp_path])


@pytest.fixture
def spacecraft(tmp_path):
    path = tmp_path / "L1_SC00.fits"
    column = fits.Column("START", "D", "s", array=[0.0])
    table = fits.BinTableHDU.from_columns([column], name="SC_DATA")
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)
    return path


def test_a_spacecraft_file_among_event_lists_is_skipped(event_list, spacecraft, caplog):
    skipped = {}
    photons = inputs.read([event_list("L1_PH00.fits"), spacecraft], skipped=skipped)
    assert len(photons) == 2
    assert list(skipped) == [str(spacecraft)]
    assert f"skipped {spacecraft}: it is a spacecraft file (SC_DATA)" in caplog.text


def test_a_spacecraft_file_is_refused_by_name(event_list, spacecraft):
    for paths in ([spacecraft], [event_list("e.fits"), spacecraft]):
        with pytest.raises(BadInput, match=r"SC00\.fits is a spacecraft file"):
            inputs.read(paths)
    with pytest.raises(BadInput, match=r"SC00\.fits is a spacecraft file"):
        inputs.read([spacecraft], skipped={})
