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
# The server's objections to the client's certificate, as OpenSSL names them.
_REFUSALS: Final = {
    "CERTIFICATE_REQUIRED": "it demands a certificate of the client",
    "HANDSHAKE_FAILURE": "it demands a certificate of the client",
    "UNKNOWN_CA": "whoever signed the client's certificate is not known to it",
    "CERTIFICATE_EXPIRED": "the client's certificate has expired",
    "CERTIFICATE_UNKNOWN": "it does not accept the client's certificate",
    "BAD_CERTIFICATE": "it does not accept the client's certificate",
    "DECRYPT_ERROR": "it does not accept the client's certificate",
}


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
        with context.wrap_socket(connection, server_hostname=host) as secure:
            # a server refuses the client's certificate only after the handshake
            secure.recv(1)
    except ssl.SSLCertVerificationError as error:
        return _not_trusted(error, host)
    except ssl.SSLError as error:
        return _told(error.reason or "")
    except (OSError, ValueError):
        return None
    return None


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


def _told(reason: str) -> str | None:
    if any(word in reason for word in _PLAIN):
        return (
            "what listens there does not speak TLS; leave out --tls-ca, --tls-cert and "
            "--tls-key, or give the server's port with TLS"
        )
    for word, refusal in _REFUSALS.items():
        if reason.endswith(word):
            return (
                f"the server refuses this client: {refusal}; give a certificate that "
                "the server's operator accepts, and its key, with --tls-cert and "
                "--tls-key"
            )
    return f"TLS with that server fails ({reason}); ask its operator what it demands"
