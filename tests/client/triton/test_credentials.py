"""Files of TLS and headers are checked at once, and never shown."""

import pytest
from certificates import Authority

from amphitrite.errors import BadInput
from amphitrite.triton.credentials import HEADERS, NONE, Credentials, read


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """An authority, with a pair for a client and one for another."""
    ca = Authority(tmp_path_factory.mktemp("world"), "ca")
    return ca, ca.sign("client"), ca.sign("other")


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    monkeypatch.delenv(HEADERS, raising=False)


def test_without_files_there_is_neither_tls_nor_a_header():
    assert read() == NONE
    assert not NONE.tls


def test_files_that_fit_are_taken(world):
    ca, client, _ = world
    found = read(tls_ca=ca.file, tls_cert=client.certificate, tls_key=client.key)
    assert found.tls
    assert (found.ca, found.key) == (ca.file, client.key)
    assert read(tls_ca=ca.file).tls


def test_a_certificate_without_an_authority_trusts_those_of_the_system(world):
    _, client, _ = world
    assert read(tls_cert=client.certificate, tls_key=client.key).tls


def test_files_that_do_not_fit_are_refused(world, tmp_path):
    _, client, other = world
    empty, absent = tmp_path / "empty", tmp_path / "absent"
    empty.touch()
    for options, said in [
        ({"tls_cert": client.certificate}, "--tls-cert is given without --tls-key"),
        ({"tls_key": client.key}, "--tls-key is given without --tls-cert"),
        ({"tls_ca": absent}, "--tls-ca: .*absent cannot be read"),
        ({"tls_ca": tmp_path}, "--tls-ca: .* cannot be read"),
        ({"tls_ca": empty}, "--tls-ca: .*empty holds no certificate"),
        ({"tls_ca": client.key}, "--tls-ca: .* holds no certificate"),
        ({"tls_cert": client.certificate, "tls_key": other.key}, "belong together"),
        ({"tls_cert": empty, "tls_key": client.key}, "belong together"),
        ({"tls_cert": client.certificate, "tls_key": absent}, "--tls-key: .* be read"),
        ({"header_file": absent}, "--header-file: .* cannot be read"),
    ]:
        with pytest.raises(BadInput, match=said):
            read(**options)


def test_a_key_with_a_password_is_refused_without_asking(world, tmp_path):
    from cryptography.hazmat.primitives import serialization as s

    _, client, _ = world
    key = s.load_pem_private_key(client.key.read_bytes(), None)
    locked = tmp_path / "locked.key"
    locked.write_bytes(
        key.private_bytes(
            s.Encoding.PEM,
            s.PrivateFormat.PKCS8,
            s.BestAvailableEncryption(b"word"),
        )
    )
    with pytest.raises(BadInput, match="without a password"):
        read(tls_cert=client.certificate, tls_key=locked)


def test_headers_are_read_from_a_file_or_the_environment(tmp_path, monkeypatch):
    file = tmp_path / "headers"
    file.write_bytes(b"\nAuthorization: Bearer a:b \r\nx-key:1\n")
    wanted = {"authorization": "Bearer a:b", "x-key": "1"}
    assert read(header_file=file).headers == wanted
    monkeypatch.setenv(HEADERS, "x-key: 2\nx-other: 3")
    assert read().headers == {"x-key": "2", "x-other": "3"}
    assert read(header_file=file).headers == wanted


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"secret", "is no header of the form"),
        (b"secret:", "is no header of the form"),
        (b": secret", "is no header of the form"),
        (b"a name: secret", "is no header of the form"),
        (b"name: secret\xff", "is no header of the form"),
        (b"name: secret\x00", "is no header of the form"),
        (b"grpc-timeout: secret", "gRPC's own"),
        (b"key-bin: secret", "gRPC's own"),
    ],
)
def test_a_line_that_is_no_header_is_numbered_and_not_shown(tmp_path, line, said):
    file = tmp_path / "headers"
    file.write_bytes(b"good: 1\n" + line)
    with pytest.raises(BadInput, match=f"line 2 of .*headers.*{said}") as refused:
        read(header_file=file)
    assert "secret" not in str(refused.value)


def test_no_representation_has_a_value():
    assert "secret" not in repr(Credentials(headers={"key": "secret"}))
