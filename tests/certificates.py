"""Certificates for tests of TLS, signed by an authority of the test's own."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, in PEM files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates of servers and clients, in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        pytest.importorskip("cryptography", reason="certificates need cryptography")
        self._folder, self._name = folder, name
        self._key = _new_key()
        self._certificate = _signed(name, name, self._key, self._key, ca=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(_pem(self._certificate))

    def sign(self, name: str, *, hosts: tuple[str, ...] = (), days: int = 2) -> Pair:
        """Return a certificate for so many days; one for less than 0 has expired."""
        key = _new_key()
        signed = _signed(name, self._name, key, self._key, hosts=hosts, days=days)
        pair = Pair(
            self._folder / f"{self._name}-{name}.pem",
            self._folder / f"{self._name}-{name}.key",
        )
        pair.certificate.write_bytes(_pem(signed))
        pair.key.write_bytes(_pem(key))
        return pair


def _new_key() -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def _pem(thing: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization as s

    if hasattr(thing, "public_bytes"):
        return bytes(thing.public_bytes(s.Encoding.PEM))
    kind = s.PrivateFormat.PKCS8
    return bytes(thing.private_bytes(s.Encoding.PEM, kind, s.NoEncryption()))


def _signed(
    name: str,
    issuer: str,
    key: Any,
    issuers_key: Any,
    *,
    hosts: tuple[str, ...] = (),
    days: int = 2,
    ca: bool = False,
) -> Any:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    def named(text: str) -> Any:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    end = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - dt.timedelta(days=30))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if hosts:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_general(host) for host in hosts]),
            critical=False,
        )
    return builder.sign(issuers_key, hashes.SHA256())


def _general(host: str) -> Any:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
