"""Archives of numpy are read once their sizes are known to be true."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.prepare import npz_arrays
from amphitrite.surveys.darkcnn.prepare.npz_arrays import load


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_by_name(tmp_path, save):
    path = tmp_path / "a.npz"
    save(path, Maps=np.arange(6.0).reshape(2, 3), unit="kappa")
    found = load(path)
    np.testing.assert_array_equal(found["maps"], [[0, 1, 2], [3, 4, 5]])
    assert found["unit"] == "kappa"


def test_objects_are_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, maps=np.array([{}], dtype=object))
    with pytest.raises(BadInput, match=r"maps\.npy is an array of Python objects"):
        load(path)


def test_a_shape_that_is_only_stated_takes_no_memory(tmp_path):
    path = tmp_path / "a.npz"
    header = io.BytesIO()
    np.lib.format.write_array_header_2_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)}
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("maps.npy", header.getvalue() + bytes(80))
    with pytest.raises(BadInput, match=r"maps\.npy states more numbers than it holds"):
        load(path)


def test_what_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, maps=np.zeros(10_000))
    monkeypatch.setattr(npz_arrays, "MOST_BYTES", 50_000)
    with pytest.raises(
        BadInput, match=r"unpacks to 8\.01e-05 GB, more than the 5e-05 GB"
    ):
        load(path)


@pytest.mark.parametrize("content", [b"", b"PK\3\4" + bytes(99), b"garbage"])
def test_other_files(tmp_path, content):
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="cannot be read as an archive of numpy"):
        load(path)


def test_members_that_are_no_arrays_and_damage(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("note.txt", "words")
    with pytest.raises(
        BadInput, match=r"cannot be read as an archive of numpy: .*magic"
    ):
        load(path)
    np.savez(path, maps=np.arange(1000.0))
    content = bytearray(path.read_bytes())
    content[3000] ^= 255
    path.write_bytes(content)
    with pytest.raises(BadInput, match="Bad CRC-32"):
        load(path)
