"""What a client shows to a server, and how it knows the server: TLS and headers.

Keys and the values of headers are read from files and given to gRPC only: no message,
log, product or representation has them.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from amphitrite.errors import BadInput

HEADERS: Final = "AMPHITRITE_HEADERS"
"""The environment variable that may hold headers, as a header file does."""
_NAME: Final = re.compile(r"[a-z0-9_.-]+")
_VALUE: Final = re.compile(r"[ -~]+")  # printable ASCII, as gRPC demands
_OWN: Final = re.compile(r"grpc-.*|.*-bin|te|content-type|user-agent")


@dataclass(frozen=True)
class Credentials:
    """Files for TLS, and headers that every request gets.

    Parameters
    ----------
    ca : Path, optional
        Certificates, in PEM, of those who may sign the server's certificate.
    certificate, key : Path, optional
        The client's certificate and its private key, in PEM and without a password.
    headers : mapping of str to str
        Values of the headers by their names.

    Raises
    ------
    BadInput
        A file cannot be read or does not hold what it is said to; the certificate or
        the key is given without the other, or they do not belong together.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            given, other = "--tls-cert", "--tls-key"
            if self.certificate is None:
                given, other = other, given
            raise BadInput(
                f"{given} is given without {other}; a client that shows its "
                "certificate needs both"
            )
        if self.tls:
            self.context()

    @property
    def tls(self) -> bool:
        """Whether to speak TLS."""
        return self.ca is not None or self.certificate is not None

    def context(self) -> ssl.SSLContext:
        """Return the settings of TLS for Python's own connections.

        Raises
        ------
        BadInput
            See `Credentials`.
        """
        context = ssl.create_default_context()
        if self.ca is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            _check_readable("--tls-ca", self.ca)
            try:
                context.load_verify_locations(self.ca)
            except (ssl.SSLError, OSError):
                raise BadInput(
                    f"--tls-ca: {self.ca} holds no certificate in PEM; give the file "
                    "with the certificate of whoever signed the server's"
                ) from None
        if self.certificate is not None and self.key is not None:
            _check_readable("--tls-cert", self.certificate)
            _check_readable("--tls-key", self.key)
            try:
                context.load_cert_chain(self.certificate, self.key, _no_password)
            except (ssl.SSLError, OSError, ValueError):
                raise BadInput(
                    f"--tls-cert and --tls-key: {self.certificate} and {self.key} are "
                    "no certificate in PEM and its private key without a password; "
                    "give two files that belong together"
                ) from None
        return context


NONE: Final = Credentials()


def read(
    *,
    tls_ca: Path | None = None,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    header_file: Path | None = None,
) -> Credentials:
    """Return the credentials in some files.

    Parameters
    ----------
    tls_ca, tls_cert, tls_key : Path, optional
        See `Credentials`.
    header_file : Path, optional
        A text file with a header in each line, ``name: value``; without it, what the
        environment variable `AMPHITRITE_HEADERS` holds in that form.

    Raises
    ------
    BadInput
        See `Credentials`; or a line is no header.
    """
    if header_file is not None:
        _check_readable("--header-file", header_file)
        headers = _headers(header_file.read_bytes(), str(header_file))
    else:
        headers = _headers(os.environb.get(HEADERS.encode(), b""), HEADERS)
    return Credentials(tls_ca, tls_cert, tls_key, headers)


def _headers(content: bytes, source: str) -> dict[str, str]:
    """Return the headers in a text; a message never shows a line."""
    found: dict[str, str] = {}
    for number, line in enumerate(content.decode("latin-1").splitlines(), 1):
        if not line.strip():
            continue
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value)):
            raise BadInput(
                f"line {number} of {source} is no header of the form 'name: value' in "
                "letters, digits and signs of ASCII (the line is not shown, since it "
                "may hold a key)"
            )
        if _OWN.fullmatch(name):
            raise BadInput(
                f"line {number} of {source}: the header '{name}' is gRPC's own; give "
                "the one that the server's operator named"
            )
        found[name] = value
    return found


def _check_readable(option: str, path: Path) -> None:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise BadInput(
            f"{option}: {path} cannot be read: {error.strerror}; give a file that you "
            "may read"
        ) from None


def _no_password() -> str:
    """Refuse an encrypted key, for whose password OpenSSL would ask the terminal."""
    raise ValueError("the key has a password")
