"""Files from web servers that are honest, broken, endless or lead elsewhere."""

from __future__ import annotations

import http.server
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from amphitrite.errors import BadInput
from amphitrite.files import archives, downloads
from amphitrite.files.downloads import download, is_safe_url, is_url

CONTENT = b"content " * 10_000


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as its path says."""

    protocol_version = "HTTP/1.1"
    elsewhere: str
    over: threading.Event

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.close_connection = True
        kind, _, rest = self.path.removeprefix("/").partition("/")
        getattr(self, f"_{kind}")(rest)

    def _headers(self, *headers: tuple[str, str], code: int = 200) -> None:
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()

    def _good(self, _rest: str) -> None:
        self._headers(("Content-Length", str(len(CONTENT))))
        self.wfile.write(CONTENT)

    def _unsized(self, _rest: str) -> None:
        self._headers()
        self.wfile.write(CONTENT)

    def _chunked(self, _rest: str) -> None:
        self._headers(("Transfer-Encoding", "chunked"))
        self.wfile.write(b"8\r\ncontent \r\n" * 10_000 + b"0\r\n\r\n")

    def _length(self, rest: str) -> None:
        """Announce the lengths that the path lists."""
        self._headers(*(("Content-Length", text) for text in rest.split("/")))
        self.wfile.write(b"PK")

    def _both(self, _rest: str) -> None:
        self._headers(("Content-Length", "2"), ("Transfer-Encoding", "chunked"))
        self.wfile.write(b"2\r\nPK\r\n0\r\n\r\n")

    def _endless(self, _rest: str) -> None:
        self._headers()
        for _ in range(100_000):
            self.wfile.write(CONTENT)

    def _drops(self, _rest: str) -> None:
        self._headers()
        while not self.over.wait(0.05):
            self.wfile.write(b"x")
            self.wfile.flush()

    def _to(self, rest: str) -> None:
        """Lead to the address in the path."""
        self._headers(("Location", rest), ("Content-Length", "0"), code=302)

    def _round(self, _rest: str) -> None:
        self._headers(("Location", "/round"), ("Content-Length", "0"), code=302)


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[str]:
    over = threading.Event()
    handler = type("Own", (Handler,), {"over": over})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        port = server.server_address[1]
        yield f"http{'s' if context else ''}://127.0.0.1:{port}"
        over.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def web() -> Iterator[str]:
    with serving() as url:
        yield url


@pytest.fixture
def safe_web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A web server with a certificate that this process believes."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = [
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
        *("-keyout", str(key), "-out", str(certificate), "-subj", "/CN=127.0.0.1"),
        *("-addext", "subjectAltName=IP:127.0.0.1"),
    ]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("a certificate needs openssl")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(context) as url:
        yield url


def test_what_is_an_address() -> None:
    assert is_url("HTTPS://host/file")
    assert is_url("http://host/file")
    assert not is_url("ftp://host/file")
    assert not is_url("/http://file")
    assert is_safe_url("Https://host/file")
    assert not is_safe_url("http://host/file")


@pytest.mark.parametrize("kind", ["good", "unsized", "chunked"])
def test_a_file_is_fetched_with_or_without_its_size(
    web: str, tmp_path: Path, kind: str
) -> None:
    steps: list[tuple[int, int | None]] = []
    path = download(
        f"{web}/{kind}/some%20file.zip?token=1",
        tmp_path,
        advance=lambda done, size: steps.append((done, size)),
    )
    assert path.read_bytes() == CONTENT
    assert path == tmp_path / "some_20file.zip"
    assert steps[-1] == (len(CONTENT), len(CONTENT) if kind == "good" else None)


@pytest.mark.parametrize(
    "lengths",
    ["abc", "-1", "1e3", "0x10", "2/3", "2,3", "%D9%A2", "2/-2", "9" * 30, " "],
)
def test_a_length_that_is_none_is_refused(
    web: str, tmp_path: Path, lengths: str
) -> None:
    with pytest.raises(BadInput, match="gives no clear size, Content-Length"):
        download(f"{web}/length/{lengths.replace(' ', '%20')}", tmp_path)


def test_a_length_and_chunks_contradict_each_other(web: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="gives no clear size"):
        download(f"{web}/both", tmp_path)


def test_one_length_twice_is_one(web: str, tmp_path: Path) -> None:
    assert download(f"{web}/length/2/2", tmp_path).read_bytes() == b"PK"


def test_an_early_end_is_told(web: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="ended early: received 2 of 1000 bytes"):
        download(f"{web}/length/1000", tmp_path)


def test_what_is_too_large_is_not_fetched(
    web: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match=r"too large, 1e\+05 GB"):
        download(f"{web}/length/{10**14}", tmp_path)
    monkeypatch.setattr(downloads, "PACKED_BYTES", 1_000_000)
    for kind in ("endless", "chunked"):
        monkeypatch.setattr(downloads, "PACKED_BYTES", len(CONTENT) - 1)
        with pytest.raises(BadInput, match="it is too large"):
            download(f"{web}/{kind}/file", tmp_path)
        assert (tmp_path / "file").stat().st_size < len(CONTENT)
    assert archives.PACKED_BYTES <= 2_000_000_000


def test_what_comes_drop_by_drop_is_given_up(
    web: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "LONGEST", 0.5)
    with pytest.raises(BadInput, match="it was not there after"):
        download(f"{web}/drops", tmp_path)


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/file", "data:text/plain,evil"]
)
def test_a_redirect_leads_to_the_web_only(
    web: str, tmp_path: Path, target: str
) -> None:
    with pytest.raises(BadInput, match=r"it leads from http://|is not allowed"):
        download(f"{web}/to/{target}", tmp_path)


def test_a_redirect_is_followed_but_not_for_ever(web: str, tmp_path: Path) -> None:
    path = download(f"{web}/to/{web}/good/file", tmp_path)
    assert path.read_bytes() == CONTENT
    with pytest.raises(BadInput, match="redirect"):
        download(f"{web}/round", tmp_path)


def test_a_safe_address_does_not_lead_to_one_that_is_not(
    safe_web: str, web: str, tmp_path: Path
) -> None:
    assert download(f"{safe_web}/good/file", tmp_path).read_bytes() == CONTENT
    to_safe = f"{safe_web}/to/{safe_web}/good/file"
    assert download(f"{web}/to/{to_safe}", tmp_path).read_bytes() == CONTENT
    for bad in (f"{web}/good/file", f"{safe_web}/to/{web}/good/file"):
        with pytest.raises(BadInput, match="it leads from https:// to http://"):
            download(f"{safe_web}/to/{bad}", tmp_path)


def test_a_certificate_that_is_not_believed_is_refused(
    safe_web: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(BadInput, match="CERTIFICATE_VERIFY_FAILED"):
        download(f"{safe_web}/good", tmp_path)


def test_nothing_secret_is_shown(tmp_path: Path) -> None:
    for url, words in {
        "http://me:word@127.0.0.1:9/file": "no user or password",
        "http://127.0.0.1:9/file?token=word": "/file cannot be fetched",
        "http://[word/file": "no address on the web",
        "http://": "an address has to be like",
    }.items():
        with pytest.raises(BadInput, match=words) as caught:
            download(url, tmp_path)
        assert "word" not in str(caught.value).replace("password", "")


def test_a_missing_file_or_server_is_told(web: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"cannot be fetched.*refused"):
        download("http://127.0.0.1:9/models.zip", tmp_path)
