"""Debian's HAProxy on this machine, before several Tritons."""

import csv
import socket
import subprocess

from waiting import waited

from amphitrite.server.ports import choose_ports

WAIT_SECONDS = 60

# Requests of one connection go to all servers.  An HTTP check of a server that speaks
# HTTP/2 times out, so a request is sent by hand.
CONFIG = """\
global
    stats socket {folder}/admin mode 600 level admin
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend grpc
    bind {url} proto h2
    default_backend tritons
backend tritons
    balance leastconn
    option tcp-check
    tcp-check send GET\\ /v2/health/ready\\ HTTP/1.0\\r\\n\\r\\n
    tcp-check expect string 200
"""
SERVER = (
    "    server {name} {grpc} proto h2 check port {port} inter 500ms fall 2 rise 1\n"
)


class HAProxy:
    """A proxy before servers with addresses `url` and `http`, by their names."""

    def __init__(self, folder, servers):
        self.folder, self.servers = folder, servers
        self.url = f"127.0.0.1:{choose_ports(address='127.0.0.1').http}"

    def __enter__(self):
        config = CONFIG.format(folder=self.folder, url=self.url)
        for name, server in self.servers.items():
            port = server.http.rpartition(":")[2]
            config += SERVER.format(name=name, grpc=server.url, port=port)
        (self.folder / "haproxy.cfg").write_text(config)
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                ["haproxy", "-db", "-f", "haproxy.cfg"],
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        for name in self.servers:
            self.wait_until_up(name)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def _command(self, text):
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(str(self.folder / "admin"))
            admin.sendall(f"{text}\n".encode())
            return admin.makefile().read()

    def drain(self, name):
        """Send a server no more requests."""
        assert not self._command(f"set server tritons/{name} state drain").strip()

    def take_back(self, name):
        """Send a server requests again, once it is ready."""
        assert not self._command(f"set server tritons/{name} state ready").strip()
        self.wait_until_up(name)

    def wait_until_up(self, name):
        waited(lambda: self._is_up(name), self._log, WAIT_SECONDS)

    def _log(self):
        return (self.folder / "log").read_text()

    def _is_up(self, name):
        assert self.process.poll() is None, self._log()
        if not (self.folder / "admin").exists():
            return False
        lines = self._command("show stat").removeprefix("# ").splitlines()
        return any(
            (row["pxname"], row["svname"], row["status"]) == ("tritons", name, "UP")
            for row in csv.DictReader(lines)
        )
