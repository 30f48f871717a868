"""A real API server of Kubernetes on this machine, with its controllers and no node.

The programs are where KUBEBUILDER_ASSETS says, as for Kubernetes' own test environment.
"""

import json
import os
import secrets
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

from certificates import Authority
from waiting import waited

from charts.api import Api

VARIABLE = "KUBEBUILDER_ASSETS"
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager")
LOOPBACK = "127.0.0.1"


def missing():
    """Return why no API server can be started, or nothing."""
    if not (folder := os.environ.get(VARIABLE)):
        return f"{VARIABLE} does not name a folder with {', '.join(PROGRAMS)}"
    absent = [name for name in PROGRAMS if not (Path(folder) / name).is_file()]
    return f"{folder} ({VARIABLE}) has no {', '.join(absent)}" if absent else ""


def _free_ports(number):
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.socket()) for _ in range(number)]
        for listener in listeners:
            listener.bind((LOOPBACK, 0))
        return [listener.getsockname()[1] for listener in listeners]


class Cluster:
    """Starts and stops the programs, in a folder."""

    def __init__(self, folder):
        self._folder, self._stack = folder, ExitStack()
        self._authority = Authority(folder, "cluster")
        pair = self._authority.sign("apiserver", hosts=(LOOPBACK, "localhost"))
        self._pair, self._account = pair, self._authority.sign("accounts")
        self._store, self._peers, port = _free_ports(3)
        self._port = port
        token = secrets.token_hex(16)
        self.api = Api(f"https://{LOOPBACK}:{port}", self._authority.file, token)
        self.config = folder / "kubeconfig.json"
        self.config.write_text(json.dumps(_kubeconfig(self.api)))
        (folder / "tokens.csv").write_text(f"{token},admin,admin,system:masters\n")

    def __enter__(self):
        try:
            self._start("etcd", self._of_store())
            self._start("kube-apiserver", self._of_server())
            waited(self.api.is_ready, self.logs)
            self._start("kube-controller-manager", self._of_controllers())
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_):
        self._stack.close()

    def logs(self):
        """Return the last lines that each program wrote."""
        files = sorted(self._folder.glob("*.log"))
        return "\n".join(f"{f.name}:\n{f.read_text()[-2000:]}" for f in files)

    def _start(self, name, options):
        log = self._stack.enter_context((self._folder / f"{name}.log").open("wb"))
        words = [f"--{key}={value}" for key, value in options.items()]
        process = subprocess.Popen(
            [Path(os.environ[VARIABLE]) / name, *words],
            cwd=self._folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        self._stack.callback(_end, process)

    def _of_store(self):
        clients, peers = (f"http://{LOOPBACK}:{p}" for p in (self._store, self._peers))
        return {
            "data-dir": self._folder / "etcd",
            "listen-client-urls": clients,
            "advertise-client-urls": clients,
            "listen-peer-urls": peers,
            "initial-advertise-peer-urls": peers,
            "initial-cluster": f"default={peers}",
        }

    def _of_server(self):
        return {
            "etcd-servers": f"http://{LOOPBACK}:{self._store}",
            "bind-address": LOOPBACK,
            "advertise-address": LOOPBACK,
            # no Service of its own, which may not be on loopback
            "endpoint-reconciler-type": "none",
            "secure-port": self._port,
            "tls-cert-file": self._pair.certificate,
            "tls-private-key-file": self._pair.key,
            "cert-dir": self._folder,
            "token-auth-file": self._folder / "tokens.csv",
            "authorization-mode": "RBAC",
            "service-account-issuer": self.api.address,
            "service-account-key-file": self._account.certificate,
            "service-account-signing-key-file": self._account.key,
            "service-cluster-ip-range": "10.0.0.0/24",
        }

    def _of_controllers(self):
        return {
            "kubeconfig": self.config,
            "service-account-private-key-file": self._account.key,
            "leader-elect": "false",
            "secure-port": 0,
        }


def _end(process):
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _kubeconfig(api):
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [
            {
                "name": "test",
                "cluster": {
                    "server": api.address,
                    "certificate-authority": str(api.authority),
                },
            }
        ],
        "users": [{"name": "admin", "user": {"token": api.token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
    }
