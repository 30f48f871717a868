"""Archives that are honest, damaged, too large or out to write elsewhere."""

from __future__ import annotations

import gzip
import io
import os
import stat
import struct
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from amphitrite.errors import BadInput, OutputError
from amphitrite.files import archives, unpacking
from amphitrite.files.archives import unpack

FILES = {"model/config.pbtxt": b"text", "model/1/model.onnx": os.urandom(300_000)}


def pack(path: Path, files: Iterable[tuple[str, bytes]]) -> Path:
    if path.name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, content in files:
                packed.writestr(name, content)
    else:
        with tarfile.open(path, "w:gz") as packed:
            for name, content in files:
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                packed.addfile(entry, io.BytesIO(content))
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(params=["archive.zip", "archive.tar.gz", "no_suffix"])
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return tmp_path / request.param


def test_files_come_out_as_they_went_in(place: Path, tmp_path: Path) -> None:
    unpack(pack(place, FILES.items()), tmp_path / "out")
    assert contents(tmp_path / "out") == FILES


def test_a_folder_packed_from_within_comes_out(tmp_path: Path) -> None:
    unpack(pack(tmp_path / "a.zip", FILES.items()), tmp_path / "folder")
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as packed:
        packed.add(tmp_path / "folder", ".")
    unpack(tmp_path / "a.tgz", tmp_path / "out")
    assert contents(tmp_path / "out") == FILES


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil", "outside its folder"),
        ("a/../../evil", "outside its folder"),
        ("/evil", "outside its folder"),
        ("//evil", "outside its folder"),
        ("a/" * 17 + "deep", "too deep"),
        ("..\\evil", "is no name for a file"),
        ("new\nline", "is no name for a file"),
        ("escape\x1b[2J", "is no name for a file"),
        ("right\u202eleft", "is no name for a file"),
        ("zero\u200bwidth", "is no name for a file"),
        ("long" * 70, "is no name for a file"),
        ("model/1/model.onnx", "twice"),
        ("./model//1/model.onnx", "twice"),
        ("model/1", "twice"),
        ("model/1/model.onnx/below", "twice"),
        ("MODEL/1/model.onnx", "one name to some file systems"),
        ("model/1/MODEL.ONNX", "one name to some file systems"),
        ("model/\u2460/model.onnx", "one name to some file systems"),
    ],
)
def test_names_that_lead_elsewhere_or_are_not_plain_are_refused(
    place: Path, tmp_path: Path, name: str, reason: str
) -> None:
    archive = pack(place, [*FILES.items(), (name, b"evil")])
    with pytest.raises(BadInput, match=reason) as caught:
        unpack(archive, tmp_path / "out")
    assert f"{place.name} is refused" in str(caught.value)
    assert not (tmp_path / "evil").exists()
    assert "\x1b" not in str(caught.value)


def test_forms_of_one_letter_are_one_name(place: Path, tmp_path: Path) -> None:
    archive = pack(place, [("\u00e9", b"1"), ("e\u0301", b"2")])
    with pytest.raises(BadInput, match="one name to some file systems"):
        unpack(archive, tmp_path / "out")


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.FIFOTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.CONTTYPE,
        tarfile.GNUTYPE_SPARSE,
        b"Z",
    ],
)
def test_what_is_no_file_in_a_tar_is_refused(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "a.tgz", "w:gz", format=tarfile.GNU_FORMAT) as packed:
        entry = tarfile.TarInfo("model")
        entry.type, entry.linkname = kind, "/etc"
        packed.addfile(entry)
    with pytest.raises(BadInput, match="'model' is a link or a device"):
        unpack(tmp_path / "a.tgz", tmp_path / "out")
    assert contents(tmp_path / "out") == {}


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_what_is_no_file_in_a_zip_is_refused(tmp_path: Path, kind: int) -> None:
    entry = zipfile.ZipInfo("model")
    entry.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr(entry, "/etc")
    with pytest.raises(BadInput, match="'model' is a link or a device"):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    assert contents(tmp_path / "out") == {}


def test_a_file_with_holes_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tgz", "w:gz", format=tarfile.PAX_FORMAT) as packed:
        entry = tarfile.TarInfo("model")
        entry.pax_headers = {
            "GNU.sparse.map": "0,1",
            "GNU.sparse.size": "10000000000",
            "GNU.sparse.numblocks": "1",
        }
        entry.size = 1
        packed.addfile(entry, io.BytesIO(b"x"))
    with pytest.raises(BadInput, match="'model' is a file with holes"):
        unpack(tmp_path / "a.tgz", tmp_path / "out")


def test_a_locked_zip_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", [("model", b"text")])
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(signature) + offset] |= 1
    path.write_bytes(data)
    with pytest.raises(BadInput, match="'model' is locked with a password"):
        unpack(path, tmp_path / "out")


def test_an_uncommon_zip_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_LZMA) as packed:
        packed.writestr("model", b"text")
    with pytest.raises(BadInput, match="packed in a way that is not common"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


GIGABYTES_10 = 10_000_000_000


def zeros_in_a_tar(path: Path) -> None:
    """Write 10 GB of zeros as the 10 MB that they are when packed."""
    entry = tarfile.TarInfo("zeros/1/model.onnx")
    entry.size = GIGABYTES_10
    block = 100_000_000
    piece = gzip.compress(bytes(block))  # gzip may be joined end to end
    with path.open("wb") as file:
        file.write(gzip.compress(entry.tobuf()))
        for _ in range(entry.size // block):
            file.write(piece)


def zeros_in_a_zip(path: Path) -> None:
    """Write the beginning of such a file, announced as the largest that fits."""
    pack(path.with_suffix(".zip"), [("zeros/1/model.onnx", bytes(1_000_000))])
    data = path.with_suffix(".zip").read_bytes()
    large = struct.pack("<L", 0xFFFFFFFE)
    path.write_bytes(data.replace(struct.pack("<L", 1_000_000), large))


@pytest.mark.parametrize("make", [zeros_in_a_tar, zeros_in_a_zip])
def test_what_is_announced_as_too_large_is_not_even_begun(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "zeros")
    assert (tmp_path / "zeros").stat().st_size < 12_000_000
    start = time.process_time()
    with pytest.raises(BadInput, match=r"model\.onnx' makes it too large; at most"):
        unpack(tmp_path / "zeros", tmp_path / "out")
    assert contents(tmp_path / "out") == {}
    assert time.process_time() - start < 60, "it was unpacked first"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that are reached sooner."""
    monkeypatch.setattr(unpacking, "FILE_BYTES", 400_000)
    monkeypatch.setattr(unpacking, "UNPACKED_BYTES", 1_000_000)
    monkeypatch.setattr(unpacking, "ENTRIES", 20)
    monkeypatch.setattr(archives, "UNPACKED_BYTES", 1_000_000)
    monkeypatch.setattr(archives, "_FRAME_BYTES", 100_000)


@pytest.mark.usefixtures("small")
def test_a_size_that_was_announced_wrongly_does_not_help(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", [("model", bytes(600_000))])
    data = path.read_bytes()
    lie = data.replace(struct.pack("<L", 600_000), struct.pack("<L", 10))
    assert lie != data
    path.write_bytes(lie)
    with pytest.raises(BadInput):
        unpack(path, tmp_path / "out")
    assert all(len(each) <= 400_000 for each in contents(tmp_path / "out").values())


@pytest.mark.usefixtures("small")
def test_many_files_are_too_large_together(place: Path, tmp_path: Path) -> None:
    unpack(pack(place, [(f"{n}", bytes(300_000)) for n in range(3)]), tmp_path / "3")
    with pytest.raises(BadInput, match="'3' makes it too large"):
        unpack(
            pack(place, [(f"{n}", bytes(300_000)) for n in range(4)]), tmp_path / "4"
        )


@pytest.mark.usefixtures("small")
def test_many_entries_are_too_many(place: Path, tmp_path: Path) -> None:
    unpack(pack(place, [(f"{n}", b"") for n in range(20)]), tmp_path / "20")
    with pytest.raises(BadInput, match="too many entries"):
        unpack(pack(place, [(f"{n}", b"") for n in range(21)]), tmp_path / "21")


@pytest.mark.usefixtures("small")
def test_headers_and_padding_count_too(tmp_path: Path) -> None:
    good = gzip.decompress(pack(tmp_path / "a.tgz", FILES.items()).read_bytes())
    (tmp_path / "b.tgz").write_bytes(gzip.compress(good + bytes(2_000_000)))
    with pytest.raises(BadInput, match="too large"):
        unpack(tmp_path / "b.tgz", tmp_path / "b")
    # a header that says that the next name has a gigabyte
    entry = tarfile.TarInfo("name")
    entry.type, entry.size = tarfile.GNUTYPE_LONGNAME, 1_000_000_000
    (tmp_path / "c.tgz").write_bytes(gzip.compress(entry.tobuf() + bytes(2_000_000)))
    with pytest.raises(BadInput, match="name is too long"):
        unpack(tmp_path / "c.tgz", tmp_path / "c")


def test_a_long_list_of_entries_is_not_even_read(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", FILES.items())
    data = bytearray(path.read_bytes())
    end = data.rindex(b"PK\5\6")
    data[end + 12 : end + 16] = struct.pack("<L", 1_000_000_000)
    path.write_bytes(data)
    with pytest.raises(BadInput, match="too many entries"):
        unpack(path, tmp_path / "out")


def test_a_damaged_archive_is_told(place: Path, tmp_path: Path) -> None:
    data = pack(place, FILES.items()).read_bytes()
    for number, cut in enumerate((5, len(data) // 2, len(data) - 9)):
        place.write_bytes(data[:cut])
        with pytest.raises(BadInput, match=f"{place.name} (cannot be|is refused)"):
            unpack(place, tmp_path / f"cut{number}")
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 0xFF
    place.write_bytes(flipped)
    with pytest.raises(BadInput, match="cannot be unpacked"):
        unpack(place, tmp_path / "flipped")


def test_an_entry_that_cannot_be_read_is_not_left_out(tmp_path: Path) -> None:
    data = bytearray(
        gzip.decompress(pack(tmp_path / "a.tgz", FILES.items()).read_bytes())
    )
    data[1024 + 100] ^= 0xFF  # in the header of the second entry
    (tmp_path / "a.tgz").write_bytes(gzip.compress(data))
    with pytest.raises(BadInput, match="an entry cannot be read"):
        unpack(tmp_path / "a.tgz", tmp_path / "out")


def test_what_is_no_archive_is_told(tmp_path: Path) -> None:
    for content in (b"", b"text", b"<html>", b"BZh9", b"Rar!"):
        (tmp_path / "a.zip").write_bytes(content)
        with pytest.raises(BadInput, match=r"expected \.zip, \.tar\.gz or \.tgz"):
            unpack(tmp_path / "a.zip", tmp_path / f"out{len(content)}{content[:1]!r}")


def test_a_full_disk_is_not_blamed_on_the_archive(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(place, FILES.items())
    monkeypatch.setattr(Path, "open", full(Path.open))
    with pytest.raises(OutputError, match="No space left"):
        unpack(place, tmp_path / "out")


def full(open_file: Callable[..., object]) -> Callable[..., object]:
    """Return the way to open files where none can be made."""

    def opened(self: Path, mode: str = "r", *rest: object) -> object:
        if "x" in mode:
            raise OSError(28, "No space left on device")
        return open_file(self, mode, *rest)

    return opened
