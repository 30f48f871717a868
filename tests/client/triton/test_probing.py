"""Services that answer at an address are distinguished, with real sockets."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
import pytest

from amphitrite.errors import ServerUnreachable
from amphitrite.triton import connection as triton_connection
from amphitrite.triton import probing
from amphitrite.triton.addresses import parse
from amphitrite.triton.connection import Connection
from amphitrite.triton.probing import what_answers


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "PATIENCE", 0.5)
    monkeypatch.setattr(triton_connection, "_PROBE_SECONDS", 1.0)


@contextmanager
def serving(talk: Callable[[socket.socket], object]) -> Iterator[str]:
    """Give the address of a service that has a talk with whoever connects."""
    ending = threading.Event()

    def serve(listener: socket.socket) -> None:
        while not ending.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(5)
                try:
                    talk(connection)
                except OSError:
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        ending.set()
        thread.join()


def told(address: str) -> str:
    """Return what a connection and its command say of an address."""
    found = what_answers(parse(address))
    assert found is not None
    with Connection(address) as connection:
        with pytest.raises(ServerUnreachable) as failed:
            connection.status()
    assert found in str(failed.value)
    assert failed.value.exit_code == 3
    return found


def test_nothing_listens():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert f"nothing listens at port {port}" in told(f"127.0.0.1:{port}")
    assert "nothing listens" in told(f"ipv4:127.0.0.1:{port}")
    assert "nothing listens" in told(f"dns:///localhost:{port}")


def test_a_name_without_a_number():
    assert "the name 'nowhere.invalid' is not found" in told("nowhere.invalid:8001")
    assert "'nowhere.invalid'" in told("dns:///nowhere.invalid:8001")


def test_a_name_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch):
    answered = threading.Event()

    def late(*_: object, **__: object) -> list[object]:
        answered.wait(30)
        return []

    monkeypatch.setattr(probing.socket, "getaddrinfo", late)
    found = what_answers(parse("host:8001"))
    answered.set()
    assert "no name server answers in time" in str(found)


def test_a_firewall_that_drops_what_is_sent():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)  # a full queue: the system drops who asks for more
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        assert "firewall" in told(f"127.0.0.1:{address[1]}")
        for filler in fillers:
            filler.close()


def test_a_service_that_says_nothing():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = told(f"127.0.0.1:{listener.getsockname()[1]}")
    assert "says nothing" in found


def test_a_service_that_speaks_first():
    greeting = b"SSH-2.0-OpenSSH_9.6\x1b[31m\r\n"
    with serving(lambda peer: (peer.sendall(greeting), peer.recv(1000))) as address:
        found = told(address)
    assert r"it says 'SSH-2.0-OpenSSH_9.6\x1b[31m'" in found


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate that nobody has signed, in one file."""
    if (openssl := shutil.which("openssl")) is None:
        pytest.skip("needs the command openssl")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=localhost", "-keyout", path, "-out", f"{path}.crt"),
        ],
        check=True,
        capture_output=True,
    )
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


@pytest.mark.parametrize("picky", [False, True], ids=["open", "asks who is there"])
def test_a_port_with_tls(picky: bool, certificate: Path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if picky:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED

    def talk(peer: socket.socket) -> None:
        with context.wrap_socket(peer, server_side=True) as safe:
            safe.recv(1000)

    with serving(talk) as address:
        assert "speaks TLS" in told(address)


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<h1>notebooks</h1>")

    def log_message(self, *_: object) -> None:
        pass


def test_another_http_server():
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            found = told(f"127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()
    assert "an HTTP server (HTTP/1.0 200 OK)" in found


def test_another_grpc_service():
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        assert what_answers(parse(f"127.0.0.1:{port}")) is None
        with (
            Connection(f"127.0.0.1:{port}") as connection,
            pytest.raises(ServerUnreachable, match="another gRPC service"),
        ):
            connection.status()
    finally:
        server.stop(None).wait()


def test_sockets(tmp_path: Path):
    path = tmp_path / "grpc"
    assert "no such socket" in told(f"unix:{path}")
    path.touch()
    assert "no socket" in told(f"unix:{path}")
    path.unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        assert "nobody listens" in told(f"unix:{path}")


def test_proxies_do_not_matter(monkeypatch: pytest.MonkeyPatch):
    with serving(lambda peer: peer.sendall(b"proxy\r\n")) as proxy:
        for name in ("http_proxy", "https_proxy", "grpc_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://{proxy}")
            monkeypatch.setenv(name.upper(), f"http://{proxy}")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        assert "nothing listens" in told(f"127.0.0.1:{port}")
