"""Files are divided into pieces of few clusters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.prepare.pieces import TOGETHER, Piece, blocks, listed
from amphitrite.surveys.darkcnn.prepare.reading import Reading


@pytest.fixture
def archive(tmp_path, density):
    def write(name, n):
        path = tmp_path / name
        maps = np.broadcast_to(density(10, 10, 200.0), (n, 10, 10))
        np.savez(path, maps=maps.astype(np.float32))
        return path

    return write


def test_large_files_are_divided_and_bad_ones_named(archive, tmp_path, caplog):
    image = tmp_path / "one.fits"
    fits.PrimaryHDU(np.ones((9, 9))).writeto(image)
    bad = tmp_path / "bad.npz"
    bad.write_bytes(b"PK\x03\x04 and no more")
    files = [archive("many.npz", 150), bad, image]
    found = listed(files, Reading())
    assert [(p.path.name, p.number, p.first, p.last) for p in found.pieces] == [
        ("many.npz", 0, 0, 64),
        ("many.npz", 0, 64, 128),
        ("many.npz", 0, 128, 150),
        ("one.fits", 2, 0, 1),
    ]
    assert found.n == 151
    assert [name for name, _ in found.sums] == ["many.npz", "one.fits"]
    assert list(found.skipped) == [str(bad)]
    assert "skipped" in caplog.text


def test_no_usable_file_is_an_error(tmp_path):
    for name in ("a.npz", "b.npz"):
        (tmp_path / name).write_bytes(b"PK\x03\x04")
    with pytest.raises(BadInput, match=r"none of the 2 .*; the first: .*a\.npz"):
        listed(sorted(tmp_path.iterdir()), Reading())
    with pytest.raises(BadInput, match=r"^.*a\.npz cannot be read"):
        listed([tmp_path / "a.npz"], Reading())


def test_units_hold_few_clusters_in_their_order():
    pieces = [Piece(Path("a"), 0, 0, 64), Piece(Path("a"), 0, 64, 70)]
    pieces += [Piece(Path(f"{n}.fits"), n, 0, 1) for n in range(1, 100)]
    found = list(blocks(pieces))
    assert [piece for block in found for piece in block] == pieces
    sizes = [sum(piece.last - piece.first for piece in block) for block in found]
    assert sizes == [64, 64, 41]
    assert max(sizes) <= TOGETHER
    assert list(blocks([])) == []
