"""Archives from elsewhere: fetched, compared with a checksum, unpacked with care."""

from __future__ import annotations

import hashlib
import http.client
import shutil
import stat
import tarfile
import urllib.parse
import urllib.request
import zipfile
import zlib
from pathlib import Path
from typing import IO, Final

from amphitrite.errors import BadInput

TIMEOUT: Final = 60.0  # seconds without a byte


def is_url(source: str) -> bool:
    """Tell whether a text is an address that `download` takes."""
    return source.startswith(("http://", "https://"))


def sha256(path: Path) -> str:
    """Return the SHA-256 digest of a file as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(url: str, folder: Path) -> Path:
    """Fetch a file into a folder and return its path.

    Parameters
    ----------
    url : str
        An address of HTTP or HTTPS.
    folder : Path
        An existing folder.

    Raises
    ------
    BadInput
        Nothing answers, or the file is not there, or it ends early.
    """
    name = Path(urllib.parse.urlsplit(url).path).name or "archive"
    target = folder / name
    try:
        with (
            urllib.request.urlopen(url, timeout=TIMEOUT) as answer,
            target.open("wb") as file,
        ):
            shutil.copyfileobj(answer, file)
            expected = answer.headers["Content-Length"]
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise BadInput(
            f"{url} cannot be fetched: {error}; check the address and the network"
        ) from error
    received = target.stat().st_size
    if expected is not None and received != int(expected):
        raise BadInput(
            f"{url} ended early: received {received} of {expected} bytes; try again"
        )
    return target


def check_sha256(path: Path, expected: str) -> None:
    """Compare a file with the checksum its publisher gave.

    Raises
    ------
    BadInput
        They differ; shows both.
    """
    want = expected.lower().removeprefix("sha256:")
    have = sha256(path)
    if have != want:
        raise BadInput(
            f"{path.name} has the SHA-256 checksum {have}, expected {want}; it is "
            "damaged or another file: fetch it again"
        )


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a .zip, .tar.gz or .tgz into an empty folder, and nowhere else.

    Raises
    ------
    BadInput
        It is damaged, of another kind, or has an entry that would be written outside
        the folder.
    """
    folder.mkdir()
    try:
        with archive.open("rb") as file:
            if archive.name.endswith(".zip"):
                _unzip(file, folder)
            elif archive.name.endswith((".tar.gz", ".tgz")):
                _untar(file, folder)
            else:
                raise BadInput(
                    f"{archive.name} is no archive that can be unpacked; expected "
                    ".zip, .tar.gz or .tgz"
                )
    except tarfile.FilterError as error:
        raise BadInput(
            f"{archive.name} is refused, because it would write outside its folder: "
            f"{error}"
        ) from error
    except (
        OSError,
        EOFError,
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
    ) as error:
        raise BadInput(f"{archive.name} cannot be unpacked: {error}") from error


def _untar(file: IO[bytes], folder: Path) -> None:
    if not hasattr(tarfile, "data_filter"):
        raise BadInput(
            "this Python cannot unpack a tar archive safely; update it to 3.11.4 or "
            "newer, or unpack the archive yourself and install the folder"
        )
    with tarfile.open(fileobj=file, mode="r:gz") as tar:
        tar.extractall(folder, filter="data")


def _unzip(file: IO[bytes], folder: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            target = (folder / entry.filename).resolve()
            link = stat.S_ISLNK(entry.external_attr >> 16)
            if link or not target.is_relative_to(folder.resolve()):
                raise BadInput(
                    f"the archive is refused, because its entry '{entry.filename}' "
                    + ("is a link" if link else "would be written outside its folder")
                )
        archive.extractall(folder)
