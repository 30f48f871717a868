"""Safe unpacking of downloaded .zip and .tar.gz archives."""

from __future__ import annotations

import gzip
import stat
import tarfile
import zipfile
from pathlib import Path
from typing import IO, Final

from amphitrite.errors import AmphitriteError, BadInput, OutputError
from amphitrite.files.unpacking import ENTRIES, LIMITS, UNPACKED_BYTES, Unpacking

PACKED_BYTES: Final = UNPACKED_BYTES
# Largest list of entries of a .zip; an entry takes some 100 bytes and its name.
_INDEX_BYTES: Final = 1000 * ENTRIES
# Largest total of a .tar's names, headers and padding, which its files add to.
_FRAME_BYTES: Final = 10_000 * ENTRIES
# Longer than the longest name that tar allows; tarfile reads a name in one call.
_READ_BYTES: Final = 1 << 20


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a .zip, .tar.gz or .tgz archive into a new folder, and nowhere else.

    Parameters
    ----------
    archive : Path
        The archive.
    folder : Path
        The folder to create; it must not exist.

    Raises
    ------
    BadInput
        The archive is damaged, of another kind, or too large; or it has too many
        entries, an entry that is neither a file nor a folder, or a name that is refused
        (see `amphitrite.files.unpacking.Unpacking`).
    OutputError
        The folder cannot be written.
    """
    name = archive.name
    folder.mkdir()
    try:
        with archive.open("rb") as file:
            if archive.stat().st_size > PACKED_BYTES:
                raise BadInput(f"it is too large; {LIMITS}")
            start = file.read(4)
            file.seek(0)
            if start[:2] == b"\x1f\x8b":
                _untar(file, Unpacking(folder))
            elif start in (b"PK\3\4", b"PK\5\6"):
                _unzip(file, Unpacking(folder))
            else:
                raise BadInput("it is no archive; expected .zip, .tar.gz or .tgz")
    except OutputError:
        raise
    except AmphitriteError as error:
        raise BadInput(f"{name} is refused: {error}") from error
    except Exception as error:  # a damaged file makes the readers raise many kinds
        raise BadInput(f"{name} cannot be unpacked: {error}; fetch it again") from error


def _untar(file: IO[bytes], target: Unpacking) -> None:
    with gzip.GzipFile(fileobj=file) as unzipped:
        stream = _Bounded(unzipped)
        with tarfile.open(fileobj=stream, mode="r:") as archive:  # type: ignore[call-overload]
            while (entry := archive.next()) is not None:
                archive.members.clear()  # tarfile would keep every entry in memory
                if entry.isdir():
                    target.add_folder(entry.name)
                elif entry.type in (tarfile.REGTYPE, tarfile.AREGTYPE):
                    if entry.sparse is not None:
                        raise BadInput(f"{entry.name!r} is a file with holes")
                    content = archive.extractfile(entry)
                    assert content is not None
                    target.add_file(entry.name, content, announced=entry.size)
                else:
                    raise BadInput(
                        f"{entry.name!r} is a link or a device; only files and folders "
                        "are unpacked"
                    )
        stream.check_end()


class _Bounded:
    """A stream of unpacked bytes that raises an error beyond a size limit.

    Parameters
    ----------
    source : GzipFile
        The compressed file, at its beginning.
    """

    def __init__(self, source: gzip.GzipFile) -> None:
        self._source = source

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, or fewer at the end."""
        if size > _READ_BYTES:
            raise BadInput("it has an entry whose name is too long")
        data = self._source.read(size)
        self._check()
        return data

    def tell(self) -> int:
        """Return the position in the unpacked stream in bytes."""
        return self._source.tell()

    def seek(self, position: int) -> int:
        """Move to another position; the bytes in between are unpacked."""
        if position > UNPACKED_BYTES + _FRAME_BYTES:
            raise BadInput(f"it is too large; {LIMITS}")
        return self._source.seek(position)

    def check_end(self) -> None:
        """Refuse a rest that is not all zeros; reading it verifies gzip's checksum."""
        while rest := self._source.read(_READ_BYTES):
            self._check()
            if rest.strip(b"\0"):
                raise BadInput("it is damaged: an entry cannot be read; fetch it again")

    def _check(self) -> None:
        if self._source.tell() > UNPACKED_BYTES + _FRAME_BYTES:
            raise BadInput(f"it is too large; {LIMITS}")


def _unzip(file: IO[bytes], target: Unpacking) -> None:
    _check_index(file)
    with zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            name = entry.orig_filename
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise BadInput(
                    f"{name!r} is a link or a device; only files and folders are "
                    "unpacked"
                )
            if entry.flag_bits & 1:
                raise BadInput(f"{name!r} is locked with a password")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise BadInput(f"{name!r} is packed in a way that is not common")
            if name.endswith("/"):
                target.add_folder(name)
            else:
                with archive.open(entry) as content:
                    target.add_file(name, content, announced=entry.file_size)


def _check_index(file: IO[bytes]) -> None:
    """Refuse a .zip whose list of entries is too large to be read into memory."""
    file.seek(0, 2)
    file.seek(max(0, file.tell() - 66_000))
    tail = file.read()
    end = tail.rfind(b"PK\5\6")
    size = int.from_bytes(tail[end + 12 : end + 16], "little")
    # longer lists are stored in another form (ZIP64), which small archives do not need
    if end >= 0 and (size > _INDEX_BYTES or tail[: end - 16].endswith(b"PK\6\7")):
        raise BadInput(f"it has too many entries; {LIMITS}")
    file.seek(0)
