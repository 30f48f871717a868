"""Addresses of servers, checked before gRPC sees them."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from amphitrite.errors import BadInput
from amphitrite.shown import shown

GRPC_PORT: Final = 8001
HTTP_PORT: Final = 8000

_EXPECTED: Final = f"HOST:PORT of Triton's gRPC endpoint, such as localhost:{GRPC_PORT}"
_LABEL: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_LONGEST_NAME: Final = 253
_LONGEST_PATH: Final = 107  # bytes, Linux's limit for the path of a socket
_SHOWN: Final = 100  # characters of a refused address in the message
_LIKELY_PORT: Final = re.compile(r"[0-9]{4,5}")


@dataclass(frozen=True)
class Address:
    """The parsed address of a server.

    Parameters
    ----------
    text : str
        The address as it was given, which gRPC accepts.
    hosts : tuple of (str, int)
        Names or IP addresses of hosts, without brackets, each with a port.
    socket : str
        The path of a Unix socket; empty if there are hosts.
    nameserver : str
        The name server that is to look up the host; empty for this machine's own.
    """

    text: str
    hosts: tuple[tuple[str, int], ...] = ()
    socket: str = ""
    nameserver: str = ""

    @property
    def stands_for_many(self) -> bool:
        """Whether it is a name, as in ``dns:///name:port``, of any number of servers.

        A name that another name server is to look up counts as one server: gRPC looks
        it up.
        """
        return self.text.startswith("dns:") and not self.nameserver


class _Refused(Exception):
    """An address is not valid; the arguments say why, and what to write instead."""


def parse(text: str) -> Address:
    """Return a parsed address; refuse one that gRPC would reject or misread.

    Parameters
    ----------
    text : str
        ``host:port`` with a name, an IPv4 address or an IPv6 address in brackets; or
        what gRPC calls a target: ``dns:///name:port``, ``ipv4:address:port``,
        ``ipv6:[address]:port`` or ``unix:/path``.

    Raises
    ------
    BadInput
        The address is not valid; the message says why, and what to write instead.
    """
    try:
        return _parsed(text)
    except _Refused as refused:
        why, write = refused.args
        received = shown(_cut(text)).replace("\n", "\\n")
        raise BadInput(
            f"'{received}' is no server address: {why}; write {write}"
        ) from None


def parse_list(text: str) -> tuple[Address, ...]:
    """Return the parsed addresses of one or several servers, each once.

    Parameters
    ----------
    text : str
        One address, as `parse` takes it, or several with commas between them.  A text
        that begins with ``unix`` is one address, in whose path a comma may stand.

    Raises
    ------
    BadInput
        One of them is not valid; the message says which, why, and what to write.
    """
    if text.startswith("unix"):
        return (parse(text),)
    scheme, _, rest = text.partition(":")
    shared = f"{scheme}:" if scheme in ("ipv4", "ipv6") else ""
    parts = (rest if shared else text).split(",")
    found: dict[str, Address] = {}
    for number, part in enumerate(parts, 1):
        # ipv4:a,b is gRPC's own list: the scheme stands before its first address only
        one = part if not shared or part.startswith(shared) else f"{shared}{part}"
        try:
            found.setdefault(one, parse(one))
        except BadInput as error:
            if len(parts) > 1:
                error.add_note(f"It is server {number} of the {len(parts)} given.")
            raise
    return tuple(found.values())


def _parsed(text: str) -> Address:
    if not text.strip():
        raise _Refused("it is empty", _EXPECTED)
    if any(char.isspace() for char in text):
        raise _Refused("it has a blank", "".join(text.split()))
    if not text.isprintable():
        raise _Refused("it has a character that cannot be shown", _EXPECTED)
    scheme, _, rest = text.partition(":")
    match scheme:
        case "unix" | "unix-abstract":
            return Address(text, socket=_socket(scheme, rest))
        case "dns":
            nameserver, host = _named(rest)
            return Address(text, (host,), nameserver=nameserver)
        case "ipv4" | "ipv6":
            parts = rest.split(",")
            return Address(text, tuple(_number(scheme, part) for part in parts))
        case _ if "://" in text:
            raise _url_refused(text)
        case _:
            return Address(text, (_host_and_port(text),))


def _host_and_port(text: str) -> tuple[str, int]:
    """Return host and port of ``host:port``; an IPv6 address without its brackets."""
    if "/" in text or "@" in text or "?" in text:
        bare = re.split(r"[/?]", text)[0].rpartition("@")[2]
        raise _Refused("it has more than a host and a port", bare or _EXPECTED)
    if "," in text:
        raise _Refused("it names several servers, where one is asked for", _EXPECTED)
    if text.startswith("["):
        host, bracket, after = text[1:].partition("]")
        if not bracket or not _is_ipv6(host):
            raise _Refused(f"'{_cut(host)}' is no IPv6 address", f"[::1]:{GRPC_PORT}")
        if not after.startswith(":"):
            raise _Refused("its port is missing", f"[{host}]:{GRPC_PORT}")
        return host, _port(after[1:], f"[{host}]")
    if text.count(":") > 1:
        raise _bare_ipv6_refused(text)
    host, colon, port = text.partition(":")
    if not host:
        raise _Refused("its host is missing", f"localhost:{port or GRPC_PORT}")
    _check_host(host)
    if not colon:
        raise _Refused("its port is missing", f"{host}:{GRPC_PORT}")
    return host, _port(port, host)


def _check_host(host: str) -> None:
    if not host.isascii():
        try:
            written = f"{host.encode('idna').decode()}:{GRPC_PORT}"
        except UnicodeError:
            written = _EXPECTED
        raise _Refused("names of hosts are ASCII", written)
    if re.fullmatch(r"[0-9.]+", host) and not _is_ipv4(host):
        raise _Refused(
            f"'{_cut(host)}' is no IPv4 address, which has four numbers up to 255",
            f"127.0.0.1:{GRPC_PORT}",
        )
    labels = host.removesuffix(".").split(".")
    if len(host) > _LONGEST_NAME or not all(map(_LABEL.fullmatch, labels)):
        raise _Refused(f"'{_cut(host)}' is no name of a host", _EXPECTED)


def _port(text: str, host: str) -> int:
    number = int(text) if re.fullmatch(r"[0-9]{1,5}", text) else 0
    if not 0 < number < 65536:
        raise _Refused(
            f"'{_cut(text)}' is no port, a number from 1 to 65535",
            f"{host}:{GRPC_PORT}",
        )
    return number


def _bare_ipv6_refused(text: str) -> _Refused:
    before, _, last = text.rpartition(":")
    if _LIKELY_PORT.fullmatch(last) and _is_ipv6(before):
        return _Refused("an IPv6 address stands in brackets", f"[{before}]:{last}")
    if _is_ipv6(text):
        return _Refused("an IPv6 address stands in brackets", f"[{text}]:{GRPC_PORT}")
    return _Refused("it has more than one colon, and is no IPv6 address", _EXPECTED)


def _url_refused(address: str) -> _Refused:
    try:
        url = urlsplit(address)
        host, port = url.hostname, url.port
    except ValueError:
        host, port = None, None
    if not host:
        return _Refused(f"'{address.partition(':')[0]}:' is not known", _EXPECTED)
    place = f"[{host}]" if ":" in host else host
    number = port if port not in (None, HTTP_PORT) else GRPC_PORT
    tls = " of a service with TLS" if url.scheme in ("https", "grpcs") else ""
    return _Refused(
        f"it is a URL{tls}",
        f"{place}:{number} (plain gRPC, whose port is usually {GRPC_PORT}; "
        f"{HTTP_PORT} is Triton's HTTP port)",
    )


def _socket(scheme: str, rest: str) -> str:
    path = rest.removeprefix("//") if rest.startswith("///") else rest
    if not path:
        raise _Refused("its path is missing", f"{scheme}:/folder/socket")
    if len(os.fsencode(path)) > _LONGEST_PATH:
        raise _Refused(
            f"the path of a socket has {_LONGEST_PATH} bytes at most",
            "a shorter one, such as that of a link",
        )
    return path if scheme == "unix" else f"\0{path}"


def _named(rest: str) -> tuple[str, tuple[str, int]]:
    """Return name server, host and port of ``[//nameserver/]host:port``."""
    nameserver = ""
    if rest.startswith("//"):
        nameserver, slash, name = rest[2:].partition("/")
        if not slash:
            raise _Refused("three slashes come after 'dns:'", f"dns:///{nameserver}")
        rest = name
    return nameserver, _behind("dns:///", rest)


def _number(scheme: str, part: str) -> tuple[str, int]:
    host, port = _behind(f"{scheme}:", part)
    if not (_is_ipv4(host) if scheme == "ipv4" else _is_ipv6(host)):
        example = "127.0.0.1" if scheme == "ipv4" else "[::1]"
        raise _Refused(
            f"'{host}' is no such address", f"{scheme}:{example}:{GRPC_PORT}"
        )
    return host, port


def _behind(scheme: str, rest: str) -> tuple[str, int]:
    """Return host and port of ``host:port`` after a scheme such as ``dns:///``."""
    try:
        return _host_and_port(rest)
    except _Refused as refused:
        why, write = refused.args
        raise _Refused(why, write if " " in write else f"{scheme}{write}") from None


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _cut(text: str) -> str:
    return text[:_SHOWN]
