"""Real servers with TLS and a key: who may come in, and what the others are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import secured_servers
from certificates import Authority
from secured_servers import HEADER, SECRET, Files, Secured, tls

from amphitrite import errors
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.listening import Network
from amphitrite.server.provision import ServerEnvironment
from amphitrite.triton import credentials
from amphitrite.triton.connecting import connection
from amphitrite.triton.spec import ModelSpec, TensorSpec

pytestmark = [
    pytest.mark.triton,
    pytest.mark.export,
]

SPEC = ModelSpec(
    "double",
    *((TensorSpec(side, "float32", (4,), ("channel",)),) for side in ("x", "y")),
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files.written(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def launch(
    toys: Any,
    make_repository: Any,
    server_environment: ServerEnvironment,
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    repository = make_repository(tmp_path_factory.mktemp("repository"))
    model = toys.double()
    repository.add("double", model, extra=toys.parameter(SPEC, model))

    def launch(*options: str) -> LocalTriton:
        return LocalTriton(
            repository.path,
            listening=Secured(options, Network()),
            environment=server_environment,
        )

    return launch


@pytest.fixture(scope="module")
def closed(files: Files, launch: Any) -> Iterator[LocalTriton]:
    """A server with mutual TLS and a key for all that a survey asks."""
    with launch(*secured_servers.closed(files)) as server:
        yield server


@pytest.fixture(scope="module")
def expired(files: Files, launch: Any) -> Iterator[LocalTriton]:
    pair = files.ca.sign("expired-server", hosts=("127.0.0.1",), days=-1)
    with launch(*tls(pair)) as server:
        yield server


@pytest.fixture(scope="module")
def elsewhere(files: Files, launch: Any) -> Iterator[LocalTriton]:
    with launch(*tls(files.ca.sign("elsewhere", hosts=("tritons",)))) as server:
        yield server


@pytest.fixture(scope="module")
def plain(launch: Any) -> Iterator[LocalTriton]:
    with launch() as server:
        yield server


def asked(url: str, **options: Any) -> None:
    """Find the model and ask it something."""
    with connection(url, using=credentials.read(**options)) as server:
        x = np.ones((2, 4), np.float32)
        np.testing.assert_array_equal(server.model(SPEC).infer({"x": x})["y"], 2 * x)
        assert [model.ready for model in server.status(["double"])] == [True]


def test_the_right_files_open_the_server(closed: LocalTriton, files: Files):
    asked(closed.grpc_url, **files.right)


def test_headers_may_come_from_the_environment(
    closed: LocalTriton, files: Files, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AMPHITRITE_HEADERS", f"{HEADER}: {SECRET}")
    asked(closed.grpc_url, **{**files.right, "header_file": None})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"tls_ca": "other_ca"}, "whoever signed it with --tls-ca"),
        ({"tls_cert": None, "tls_key": None}, "it demands a certificate of the client"),
        ({"pair": "expired"}, "which may have expired"),
        ({"pair": "stranger"}, "does not accept the client's certificate"),
        ({"header_file": None}, "with --header-file"),
        ({"header_file": "wrong_headers"}, "does not accept what this client sent"),
        (
            {"tls_ca": None, "tls_cert": None, "tls_key": None},
            "speaks TLS, and this client plain gRPC",
        ),
    ],
)
def test_whoever_lacks_something_is_told_what_to_do(
    closed: LocalTriton, files: Files, wrong: dict[str, str | None], said: str
):
    options = files.right
    for name, value in wrong.items():
        found = None if value is None else getattr(files, value)
        if name == "pair":
            options |= {"tls_cert": found.certificate, "tls_key": found.key}
        else:
            options[name] = found.file if isinstance(found, Authority) else found
    with pytest.raises(errors.ServerError) as refused:
        asked(closed.grpc_url, **options)
    assert said in str(refused.value)
    assert SECRET not in str(refused.value)


def test_an_expired_certificate_of_the_server_is_named(
    expired: LocalTriton, files: Files
):
    with pytest.raises(errors.ServerUnreachable, match="certificate has expired"):
        asked(expired.grpc_url, tls_ca=files.ca.file)


def test_the_name_in_the_certificate_counts(elsewhere: LocalTriton, files: Files):
    with pytest.raises(errors.ServerUnreachable, match="is of another host"):
        asked(elsewhere.grpc_url, tls_ca=files.ca.file)
    # the addresses of a name are servers of that name
    port = elsewhere.grpc_url.rpartition(":")[2]
    using = credentials.read(tls_ca=files.ca.file)
    with connection(
        f"dns:///tritons:{port}",
        using=using,
        look_up=lambda name, port: [f"127.0.0.1:{port}"],
    ) as fleet:
        assert fleet.model(SPEC).infer({"x": np.ones((1, 4), np.float32)})


def test_a_plain_server_asked_in_tls_is_named(plain: LocalTriton, files: Files):
    with pytest.raises(errors.ServerUnreachable, match="leave out --tls-ca"):
        asked(plain.grpc_url, tls_ca=files.ca.file)
