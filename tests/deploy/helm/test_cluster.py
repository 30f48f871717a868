"""What the tests of a real API server stand on, without one."""

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import helm_python
import pytest
from certificates import Authority
from charts.api import MERGE, Api, path_of, plural
from charts.cluster import LOOPBACK, PROGRAMS, VARIABLE, Cluster, missing

POD = {"apiVersion": "v1", "kind": "Pod"}
HEADERS = ("Authorization", "Content-Type")


def test_addresses_are_those_of_the_api():
    policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
    address = "/apis/networking.k8s.io/v1/namespaces/astro/networkpolicies/x"
    assert path_of(policy, "astro", "x") == address
    pod = {"apiVersion": "v1", "kind": "Pod"}
    assert path_of(pod, "astro") == "/api/v1/namespaces/astro/pods"
    kinds = {"Ingress": "ingresses", "ConfigMap": "configmaps"}
    assert {kind: plural(kind) for kind in kinds} == kinds


def test_what_is_missing_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert VARIABLE in missing()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    (tmp_path / PROGRAMS[0]).touch()
    assert missing().endswith(f"has no {', '.join(PROGRAMS[1:])}")
    for name in PROGRAMS[1:]:
        (tmp_path / name).touch()
    assert missing() == ""


class Echo(BaseHTTPRequestHandler):
    """Answers with what was asked; 404 to questions that ask for it."""

    def do_GET(self):
        size = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(size) or "null")
        found = {"verb": self.command, "path": self.path, "body": body}
        found |= {
            name: self.headers[name] for name in ("Authorization", "Content-Type")
        }
        self.send_response(404 if "absent" in self.path else 200)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())

    do_POST = do_PATCH = do_GET  # noqa: N815 - the standard library's names

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def echo(tmp_path):
    """What asks a server that answers with the question, over TLS."""
    authority = Authority(tmp_path, "cluster")
    pair = authority.sign("apiserver", hosts=(LOOPBACK,))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    with ThreadingHTTPServer((LOOPBACK, 0), Echo) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"https://{LOOPBACK}:{server.server_address[1]}"
        yield Api(address, authority.file, "secret", "astro")
        server.shutdown()
        thread.join()


def test_questions_are_those_of_the_api(echo):
    pod = {**POD, "metadata": {"name": "x"}}
    status, answer = echo.create(pod, dry_run=True)
    assert status == 200
    assert answer["Authorization"] == "Bearer secret"
    assert answer["body"] == pod
    address = "/api/v1/namespaces/astro/pods"
    assert answer["path"] == f"{address}?fieldValidation=Strict&dryRun=All"
    assert echo.get(POD, "x")["path"] == f"{address}/x"
    status, answer = echo.ask("PATCH", f"{address}/absent", {"a": 1}, MERGE)
    assert (status, answer["verb"], answer["Content-Type"]) == (404, "PATCH", MERGE)
    with pytest.raises(AssertionError, match="absent"):
        echo.patch(POD, "absent", "status", {})
    assert echo.is_ready()


def test_a_cluster_is_prepared_for_its_programs(tmp_path):
    cluster = Cluster(tmp_path)
    assert cluster.api.address.startswith(f"https://{LOOPBACK}:")
    assert not cluster.api.is_ready()
    with helm_python.Config(kubeconfig_path=cluster.config) as config:
        with pytest.raises(helm_python.HelmKubeError, match="refused"):
            config.check_reachable()
