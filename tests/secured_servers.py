"""Servers with TLS and a key, and all files of their world, good and bad."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from certificates import Authority, Pair

from amphitrite.server.listening import Addresses, Network

SECRET = "not-to-be-seen-4711"
HEADER = "triton-grpc-protocol-key"


@dataclass(frozen=True)
class Secured:
    """The network, with further options of the server."""

    options: tuple[str, ...]
    network: Network
    grace: float = 0.0
    is_private: bool = False

    def addresses(self, folder: Path) -> Addresses:
        found = self.network.addresses(folder)
        return replace(found, options=(*found.options, *self.options))


@dataclass(frozen=True)
class Files:
    """Certificates, keys and headers; ``other`` and ``stranger`` are nobody's."""

    folder: Path
    ca: Authority
    other_ca: Authority
    client: Pair
    expired: Pair
    stranger: Pair
    headers: Path
    wrong_headers: Path

    @classmethod
    def written(cls, folder: Path) -> Files:
        """Make all of them in a folder."""
        ca, other = Authority(folder, "ca"), Authority(folder, "other")
        headers, wrong = folder / "headers", folder / "wrong"
        headers.write_text(f"{HEADER}: {SECRET}\n")
        wrong.write_text(f"{HEADER}: wrong-{SECRET}\n")
        return cls(
            *(folder, ca, other),
            ca.sign("client"),
            ca.sign("expired-client", days=-1),
            other.sign("stranger"),
            *(headers, wrong),
        )

    @property
    def right(self) -> dict[str, Path | None]:
        """What opens a server that is `closed`."""
        return {
            "tls_ca": self.ca.file,
            "tls_cert": self.client.certificate,
            "tls_key": self.client.key,
            "header_file": self.headers,
        }


def tls(pair: Pair, *more: str) -> tuple[str, ...]:
    """Return the options of a server that shows a certificate."""
    return (
        "--grpc-use-ssl=1",
        f"--grpc-server-cert={pair.certificate}",
        f"--grpc-server-key={pair.key}",
        *more,
    )


def closed(files: Files) -> tuple[str, ...]:
    """Return those of mutual TLS, and of a key for all that a survey asks."""
    return tls(
        files.ca.sign("server", hosts=("127.0.0.1", "localhost")),
        "--grpc-use-ssl-mutual=1",
        f"--grpc-root-cert={files.ca.file}",
        f"--grpc-restricted-protocol=health,metadata,inference:key={SECRET}",
    )
