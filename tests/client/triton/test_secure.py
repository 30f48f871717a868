"""Why TLS fails is found out by speaking it."""

import socket
import ssl
import threading
from contextlib import contextmanager, suppress

import pytest
from certificates import Authority

from amphitrite.triton.credentials import Credentials
from amphitrite.triton.secure import why_refused


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"), "ca")


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("other"), "other")


@contextmanager
def serving(answer):
    """Answer one connection as told, in a thread; yield a connection to it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            link, _ = listener.accept()
            link.settimeout(10)
            with suppress(OSError), link:
                answer(link)

        thread = threading.Thread(target=serve)
        thread.start()
        with socket.create_connection(listener.getsockname(), timeout=10) as link:
            yield link
        thread.join()


def tls(pair, *, client_ca=None, says=b"\0"):
    """Return what a server with a certificate does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    if client_ca is not None:
        context.load_verify_locations(client_ca.file)
        context.verify_mode = ssl.CERT_REQUIRED

    def answer(link):
        with context.wrap_socket(link, server_side=True) as secure:
            if says:
                secure.sendall(says)
                secure.recv(1)

    return answer


def why(answer, using, host="127.0.0.1"):
    with serving(answer) as link:
        return why_refused(link, host, using)


def test_nothing_is_wrong_with_a_server_that_speaks(ca):
    pair = ca.sign("good", hosts=("127.0.0.1", "tritons"))
    assert why(tls(pair), Credentials(ca.file)) is None
    assert why(tls(pair), Credentials(ca.file), "tritons") is None


def test_a_certificate_that_is_not_good_is_told_apart(ca, other):
    late = ca.sign("late", hosts=("127.0.0.1",), days=-1)
    assert "is not valid now" in why(tls(late), Credentials(ca.file))
    good = ca.sign("elsewhere", hosts=("tritons",))
    assert "is of another host" in why(tls(good), Credentials(ca.file))
    strange = other.sign("strange", hosts=("127.0.0.1",))
    assert "whoever signed it with --tls-ca" in why(tls(strange), Credentials(ca.file))


def test_a_client_that_is_not_let_in_learns_why(ca, other):
    pair = ca.sign("mutual", hosts=("127.0.0.1",))
    mutual = tls(pair, client_ca=ca)
    assert "it demands a certificate" in why(mutual, Credentials(ca.file))
    strange = other.sign("client")
    using = Credentials(ca.file, strange.certificate, strange.key)
    assert "does not accept the client's certificate" in why(mutual, using)
    known = ca.sign("client")
    assert why(mutual, Credentials(ca.file, known.certificate, known.key)) is None
    # Triton hangs up without a word
    assert "it demands" in why(tls(pair, says=b""), Credentials(ca.file))


def test_what_speaks_no_tls_is_named(ca):
    def answer(link):
        link.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        link.recv(1000)

    assert "leave out --tls-ca" in why(answer, Credentials(ca.file))


def test_a_file_that_went_away_is_named(ca, tmp_path):
    copy = tmp_path / "ca.pem"
    copy.write_bytes(ca.file.read_bytes())
    using = Credentials(copy)
    copy.unlink()
    assert "ca.pem cannot be read" in why(lambda link: None, using)
