"""Why a server and a client that speak TLS do not come together."""

from __future__ import annotations

import socket
import ssl
from typing import Final

from amphitrite.errors import BadInput
from amphitrite.triton.credentials import Credentials

_PLAIN: Final = (
    "WRONG_VERSION_NUMBER",
    "UNEXPECTED_EOF",
    "RECORD_LAYER",
    "HTTP_REQUEST",
)


def why_refused(connection: socket.socket, host: str, using: Credentials) -> str | None:
    """Return a sentence on why TLS fails on a connection, and what to do.

    Parameters
    ----------
    connection : socket
        An open connection with a time limit, on which nothing has been said.
    host : str
        The host, whose name or number the server's certificate must have.
    using : Credentials
        The client's files.

    Returns
    -------
    str or None
        None if nothing is wrong with TLS, or nothing could be found out.
    """
    try:
        context = using.context()
    except BadInput as error:  # a file was replaced while the client runs
        return str(error)
    context.set_alpn_protocols(["h2"])
    try:
        secure = context.wrap_socket(connection, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        return _not_trusted(error, host)
    except ssl.SSLError as error:
        return _failed(error.reason or "")
    except (OSError, ValueError):
        return None
    with secure:
        return None if _goes_on(secure) else _not_accepted(using)


def _goes_on(secure: ssl.SSLSocket) -> bool:
    """Return whether a server speaks after the handshake, or waits.

    It refuses a client's certificate only then: some say why, Triton just hangs up.
    """
    try:
        return bool(secure.recv(1))
    except TimeoutError:
        return True
    except OSError:
        return False


def _not_accepted(using: Credentials) -> str:
    why = "it demands a certificate of the client"
    if using.certificate is not None:
        why = (
            "it does not accept the client's certificate, which may have expired or be "
            "signed by one whom the server does not know"
        )
    return (
        f"the server refuses this client: {why}; give a certificate that its operator "
        "accepts, and its key, with --tls-cert and --tls-key"
    )


def _not_trusted(error: ssl.SSLCertVerificationError, host: str) -> str:
    why = error.verify_message
    if "expired" in why or "not yet valid" in why:
        return (
            f"the server's certificate is not valid now ({why}); ask its operator to "
            "renew it, and check this machine's clock"
        )
    if "match" in why:
        return (
            f"the server's certificate is of another host ({why}); give --server the "
            "name that stands in the certificate"
        )
    return (
        f"the server's certificate cannot be trusted ({why}); give the certificate of "
        "whoever signed it with --tls-ca"
    )


def _failed(reason: str) -> str:
    if any(word in reason for word in _PLAIN):
        return (
            "what listens there does not speak TLS; leave out --tls-ca, --tls-cert and "
            "--tls-key, or give the server's port with TLS"
        )
    return f"TLS with that server fails ({reason}); ask its operator what it demands"
