"""Questions over HTTP, asked of a small real server at an address and at a socket."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from amphitrite.errors import InferenceFailed, ServerUnreachable
from amphitrite.server import rest

METRICS = 'nv_inference_count{model="double",version="1"} 3\n'


class Handler(BaseHTTPRequestHandler):
    """Answers as Triton does; a posted body comes back with its path."""

    def address_string(self) -> str:
        return "a client"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_GET(self) -> None:
        ready = self.path == "/v2/models/double/ready"
        text = METRICS if self.path == "/metrics" else ""
        self.answer(200 if ready or text else 404, text)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/refuse":
            self.answer(400, '{"error": "no such model"}')
        elif self.path == "/break":
            self.answer(500, "out of order")
        else:
            self.answer(200, json.dumps({"path": self.path, "body": json.loads(body)}))


class UnixServer(socketserver.UnixStreamServer):
    """The same at a socket that is a file."""


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(params=["http", "unix"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "unix":
        path = str(tmp_path / "socket")
        with serving(UnixServer(path, Handler)):
            yield f"unix:{path}"
        return
    http = HTTPServer(("127.0.0.1", 0), Handler)
    with serving(http):
        yield f"http://127.0.0.1:{http.server_port}"


def test_a_body_is_posted_as_json_and_the_answer_read(server: str) -> None:
    answer = rest.post(server, "/v2/repository/index", {"ready": True}, timeout=5)
    assert answer == {"path": "/v2/repository/index", "body": {"ready": True}}


def test_without_a_body_a_question_is_a_get(server: str) -> None:
    assert rest.request(server, "/metrics", timeout=5) == (200, METRICS.encode())
    assert rest.request(server, "/v2/nothing", timeout=5) == (404, b"")


@pytest.mark.parametrize(
    ("path", "said"), [("/refuse", "no such model"), ("/break", "out of order")]
)
def test_an_error_is_told_in_the_server_s_words(
    server: str, path: str, said: str
) -> None:
    with pytest.raises(InferenceFailed, match=f"^{said}$"):
        rest.post(server, path, {}, timeout=5)


def test_readiness_is_of_one_model(server: str) -> None:
    assert rest.is_ready(server, "double")
    assert not rest.is_ready(server, "triple")


def test_metrics_count_the_models_that_were_asked(server: str) -> None:
    assert rest.counts(server, "double")
    assert not rest.counts(server, "doubl")


@pytest.fixture(params=["http", "unix"])
def nobody(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address at which nothing listens."""
    if request.param == "unix":
        return f"unix:{tmp_path / 'socket'}"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_where_nothing_listens_the_address_is_named(nobody: str) -> None:
    with pytest.raises(ServerUnreachable, match=f"server at {nobody} gives no answer"):
        rest.request(nobody, "/v2/health/live", timeout=5)
    assert not rest.is_ready(nobody, "double")
    assert not rest.counts(nobody, "double")


@contextmanager
def answering(how: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server of one connection, which is handed over once it has asked."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1024)
                how(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def test_an_answer_is_waited_for_as_long_as_was_asked() -> None:
    def answer_late(connection: socket.socket) -> None:
        connection.settimeout(3)
        with suppress(TimeoutError):
            connection.recv(1)  # nothing, once the other side has left
            return
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with (
        answering(answer_late) as server,
        pytest.raises(ServerUnreachable, match="gives no answer: timed out"),
    ):
        rest.request(server, "/v2/health/live", timeout=0.05)


def test_what_is_no_http_is_no_answer() -> None:
    def greet(connection: socket.socket) -> None:
        connection.sendall(b"220 mail.example.org ESMTP\r\n")

    with (
        answering(greet) as server,
        pytest.raises(ServerUnreachable, match="gives no answer"),
    ):
        rest.request(server, "/v2/health/live", timeout=5)


def test_no_proxy_is_asked(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert rest.is_ready(server, "double")
