"""Debian's Prometheus on this machine, in a folder of its own."""

import json
import subprocess
import urllib.parse

from waiting import waited

from amphitrite.errors import ServerUnreachable
from amphitrite.server import rest
from amphitrite.server.ports import choose_ports

START_SECONDS = 60


class Prometheus:
    """A Prometheus with scrapes and rules, as long as a `with` block."""

    def __init__(self, folder, scrapes, rules):
        self.folder, self.scrapes, self.rules = folder, scrapes, rules
        self.url = f"http://127.0.0.1:{choose_ports(address='127.0.0.1').http}"

    def __enter__(self):
        (self.folder / "rules.yaml").write_text(json.dumps(self.rules))
        config = {
            "global": {"scrape_interval": "2s", "evaluation_interval": "1s"},
            "rule_files": ["rules.yaml"],
            "scrape_configs": self.scrapes,
        }
        (self.folder / "prometheus.yaml").write_text(json.dumps(config))
        words = [
            "prometheus",
            "--config.file=prometheus.yaml",
            "--storage.tsdb.path=data",
            f"--web.listen-address={self.url.removeprefix('http://')}",
            "--log.level=warn",
        ]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                words, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT
            )
        waited(self.is_ready, self.log, START_SECONDS)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def log(self):
        return (self.folder / "log").read_text()

    def is_ready(self):
        assert self.process.poll() is None, self.log()
        try:
            return rest.request(self.url, "/-/ready", timeout=5)[0] == 200
        except ServerUnreachable:
            return False

    def ask(self, path, **options):
        """Return the data of an answer of its API."""
        words = urllib.parse.urlencode(options)
        _, text = rest.request(self.url, f"/api/v1/{path}?{words}", timeout=60)
        answer = json.loads(text)
        assert answer["status"] == "success", answer
        return answer["data"]

    def value(self, query):
        """Return the figure of a query with at most one series; None without any."""
        found = self.ask("query", query=query)["result"]
        assert len(found) <= 1, found
        return float(found[0]["value"][1]) if found else None

    def history(self, query, start, end):
        """Return the figures of each series of a query, second by second."""
        found = self.ask("query_range", query=query, start=start, end=end, step=1)
        return [
            [float(value) for _, value in series["values"]]
            for series in found["result"]
        ]
