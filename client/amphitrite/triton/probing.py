"""Identification of what answers at an address where no gRPC server does."""

from __future__ import annotations

import re
import socket
import ssl
import stat
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from amphitrite.shown import shown
from amphitrite.triton import credentials, secure
from amphitrite.triton.addresses import GRPC_PORT, Address
from amphitrite.triton.credentials import Credentials

PATIENCE: Final = 1.5  # s to look up a name, to connect, and for each answer

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4)) + bytes(5)
_SETTINGS: Final = 4  # type of HTTP/2's first frame, in its fourth byte
_ENOUGH: Final = 65536
_SHOWN: Final = 60


def what_answers(
    address: Address, using: Credentials = credentials.NONE, name: str = ""
) -> str | None:
    """Return a sentence on what answers at an address without a gRPC server.

    Parameters
    ----------
    address : Address
        The address at which gRPC found no server.
    using : Credentials
        What the client showed to the server.
    name : str
        The name in the server's certificate; by default the host of the address.

    Returns
    -------
    str or None
        What was found, and what to do.  None if the service speaks HTTP/2, as gRPC
        does, or if nothing could be found out.
    """
    if address.socket:
        return _at_socket(address.socket)
    if address.nameserver:
        return None
    found = None
    for host, port in address.hosts:
        found = _at_host(host, port, using, name)
        if found is None:
            break
    return found


def _at_socket(path: str) -> str | None:
    try:
        if path.startswith("/") and not stat.S_ISSOCK(Path(path).stat().st_mode):
            return "that file is no socket; give the path of a server's socket"
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(path)
    except FileNotFoundError:
        return "there is no such socket; start the server, or give its socket"
    except ConnectionRefusedError:
        return "nobody listens at that socket any more; start the server again"
    except PermissionError:
        return "that socket is another user's; start a server of your own"
    except OSError as error:
        return f"{error.strerror or error}; give the path of a server's socket"
    return None


def _at_host(host: str, port: int, using: Credentials, name: str) -> str | None:
    places = _Lookup(host, port).places()
    if isinstance(places, str):
        return places
    refusal = None
    for family, place in places:
        try:
            connection = _connected(family, place)
        except OSError as error:
            refusal = refusal or _refusal(error, port)
        else:
            with connection:
                if using.tls:
                    return secure.why_refused(connection, name or host, using)
            return _Talk(family, place, host).described()
    return refusal


class _Lookup:
    """A look-up of a host's addresses with a time limit, which the system lacks."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self._found: list[tuple[int, Any]] | None = None
        self._error: OSError | None = None

    def places(self) -> list[tuple[int, Any]] | str:
        """Return address families and addresses, or a text on why there are none."""
        looking = threading.Thread(target=self._look, daemon=True)
        looking.start()
        looking.join(PATIENCE)
        if self._found is not None:
            return self._found
        why = "no name server answers in time"
        if self._error is not None:
            why = self._error.strerror or str(self._error)
        return (
            f"the name '{self.host}' is not found ({why}); correct it, or give the "
            "host's number"
        )

    def _look(self) -> None:
        try:
            known = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            self._error = error if isinstance(error, OSError) else OSError(str(error))
        else:
            self._found = [(family, place) for family, *_, place in known]


def _connected(family: int, place: Any) -> socket.socket:
    connection = socket.socket(family, socket.SOCK_STREAM)
    connection.settimeout(PATIENCE)
    try:
        connection.connect(place)
    except BaseException:
        connection.close()
        raise
    return connection


def _refusal(error: OSError, port: int) -> str:
    if isinstance(error, ConnectionRefusedError):
        return (
            f"nothing listens at port {port} there; start the server, or correct the "
            f"port (Triton's gRPC port is usually {GRPC_PORT})"
        )
    if isinstance(error, TimeoutError):
        return (
            f"no answer at all comes from port {port}, as if a firewall dropped what "
            "is sent there; ask the operator of the host or the network"
        )
    return f"it cannot be reached: {error.strerror or error}; check host and network"


@dataclass(frozen=True)
class _Talk:
    """Short test requests to a service of unknown kind."""

    family: int
    place: Any
    host: str

    def described(self) -> str | None:
        """Return a sentence on the service; None if it speaks HTTP/2."""
        greeting = self._answer_to(_PREFACE)
        if greeting[3:4] == bytes((_SETTINGS,)) and greeting[:1] == b"\0":
            return None
        answer = self._asked("/v2")
        if b'"name":"triton"' in answer.replace(b" ", b""):
            return f"that is Triton's HTTP port; gRPC is usually {GRPC_PORT}"
        if self._speaks_tls():
            return (
                "what listens there speaks TLS, and this client plain gRPC; give the "
                "certificate of whoever signed the server's with --tls-ca, or the "
                "server's plain port"
            )
        if answer.startswith(b"HTTP/"):
            if b"\nnv_" in self._asked("/metrics"):
                return f"that is Triton's metrics port; gRPC is usually {GRPC_PORT}"
            return (
                f"that is an HTTP server ({_first_line(answer)}); give the gRPC port "
                f"of a Triton server, usually {GRPC_PORT}"
            )
        if said := greeting or answer:
            return (
                f"another service answers there (it says '{_first_line(said)}'); give "
                f"the gRPC port of a Triton server, usually {GRPC_PORT}"
            )
        return (
            "something takes connections there, but says nothing; if it is the "
            "server, it hangs: restart it"
        )

    def _asked(self, path: str) -> bytes:
        host = f"[{self.host}]" if ":" in self.host else self.host
        question = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        return self._answer_to(question.encode())

    def _answer_to(self, said: bytes) -> bytes:
        """Return the answer up to its end, a size limit or the time limit."""
        answer = b""
        with suppress(OSError), _connected(self.family, self.place) as connection:
            end = time.monotonic() + PATIENCE
            connection.sendall(said)
            while (left := end - time.monotonic()) > 0 and len(answer) < _ENOUGH:
                connection.settimeout(left)
                if not (part := connection.recv(_ENOUGH)):
                    break
                answer += part
                if not answer.startswith(b"HTTP/"):
                    break  # not HTTP: the first bytes suffice
        return answer

    def _speaks_tls(self) -> bool:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            with (
                _connected(self.family, self.place) as connection,
                context.wrap_socket(connection, server_hostname=self.host),
            ):
                return True
        except ssl.SSLError as error:
            return "ALERT" in (error.reason or "")  # a refusal in TLS
        except (OSError, ValueError):
            return False


def _first_line(said: bytes) -> str:
    line = re.split(rb"[\r\n]", said, maxsplit=1)[0][:_SHOWN]
    return shown(line.decode(errors="replace"))
