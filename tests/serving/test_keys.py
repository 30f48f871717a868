"""A key that opens a server is seen nowhere: not in products, nor said, nor listed."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
import secured_servers
from astropy.io import fits
from secured_servers import HEADER, SECRET, Files, Secured

from amphitrite.places import checkout_repository
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.listening import Network
from amphitrite.server.provision import ServerEnvironment
from amphitrite.surveys.calnet.page import MODEL
from amphitrite.triton import credentials
from amphitrite_training.surveys.calnet.simulate.files import write_star
from amphitrite_training.surveys.calnet.simulate.stars import draw_star

pytestmark = [pytest.mark.triton, pytest.mark.timeout(300)]

N_STARS = 4


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files.written(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def closed(files: Files, server_environment: ServerEnvironment) -> Iterator[str]:
    """The address of a server of calnet with mutual TLS and a key."""
    with LocalTriton(
        checkout_repository(),
        [MODEL.name],
        listening=Secured(secured_servers.closed(files), Network()),
        environment=server_environment,
    ) as server:
        yield server.grpc_url


@pytest.fixture(scope="module")
def survey(closed: str, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The words of a survey of that server, without its files."""
    folder = tmp_path_factory.mktemp("lc")
    for number in range(N_STARS):
        write_star(draw_star(number), folder)
    words = ["calnet", str(folder / "*.fits"), "--workers", "1", "--verbose"]
    return [*words, "--server", closed]


@dataclass
class Watched:
    """All that anybody could see of a command while it ran."""

    code: int
    out: str
    err: str
    processes: set[str]
    staged: dict[str, bytes] = field(default_factory=dict)

    @property
    def all(self) -> Iterator[str | bytes]:
        yield from (self.out, self.err, *self.processes, *self.staged.values())


def watched(*words: object, staging: Path | None = None, **environment: str) -> Watched:
    """Run the command line; look at its processes and unfinished files all the time."""
    processes: set[str] = set()
    staged: dict[str, bytes] = {}
    with subprocess.Popen(
        [sys.executable, "-m", "amphitrite", *map(str, words), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    ) as process:
        family = psutil.Process(process.pid)
        while process.poll() is None:
            with contextlib.suppress(psutil.Error):
                for one in (family, *family.children(recursive=True)):
                    processes.add(" ".join(one.cmdline()))
            for path in staging.rglob("*") if staging and staging.is_dir() else ():
                with contextlib.suppress(OSError):
                    staged[path.name] = path.read_bytes()
            time.sleep(0.01)
        out, err = process.communicate()
    assert processes
    return Watched(process.returncode, out, err, processes, staged)


def options(**paths: Path | None) -> list[str]:
    return [
        word
        for name, path in paths.items()
        if path is not None
        for word in (f"--{name.replace('_', '-')}", str(path))
    ]


def held(product: Path) -> Iterator[str | bytes]:
    """Yield what a file holds; values of FITS cards, which lines of a header part."""
    yield product.read_bytes()
    if product.suffix == ".fits":
        with fits.open(product) as hdus:
            for hdu in hdus:
                yield from (str(value) for value in hdu.header.values())


def assert_unseen(secrets: list[str], seen: Iterator[str | bytes]) -> None:
    for text in seen:
        data = text.encode() if isinstance(text, str) else text
        for secret in secrets:
            assert secret.encode() not in data


@pytest.fixture
def secrets(files: Files) -> list[str]:
    return [SECRET, files.client.key.read_text().splitlines()[1]]


@pytest.mark.parametrize("product", ["eb.fits", "eb.ecsv", "0.part"])
@pytest.mark.parametrize("given", ["file", "environment"])
def test_a_survey_s_key_is_in_nothing_that_it_leaves_or_says(
    survey: list[str],
    files: Files,
    secrets: list[str],
    product: str,
    given: str,
    tmp_path: Path,
):
    out = tmp_path / product
    words: list[Any] = [*survey, "-o", out]
    if product.endswith(".part"):
        words += ["--shard", "0/1"]
    environment = {}
    if given == "file":
        words += options(**files.right)
    else:
        words += options(**{**files.right, "header_file": None})
        environment["AMPHITRITE_HEADERS"] = f"{HEADER}: {SECRET}"
    run = watched(*words, staging=tmp_path / f"{product}.part", **environment)
    assert run.code == 0, run.err
    assert len(run.processes) > 1  # a worker's, too
    assert "journal" in run.staged
    assert_unseen(secrets, run.all)
    assert_unseen(secrets, held(out))
    # what is looked through does say what was given: a part has inputs, no command
    assert any(str(files.client.key) in words for words in run.processes)
    given = survey[1] if product.endswith(".part") else str(files.client.key)
    assert any(
        given in (t if isinstance(t, str) else t.decode("latin-1")) for t in held(out)
    )


def test_a_wrong_key_is_refused_without_being_shown(
    survey: list[str], files: Files, secrets: list[str], tmp_path: Path
):
    wrong = {**files.right, "header_file": files.wrong_headers}
    out = tmp_path / "eb.fits"
    run = watched(*survey, "-o", out, *options(**wrong), staging=out)
    assert run.code == 3
    assert f"does not accept what this client sent in '{HEADER}'" in run.err
    assert json.loads(run.out)["exit_code"] == 3
    assert_unseen(secrets, run.all)
    assert_unseen(secrets, (p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()))


def test_a_status_does_not_show_it(closed: str, files: Files, secrets: list[str]):
    run = watched(
        *("status", "--server", f"{closed},127.0.0.1:9"), *options(**files.right)
    )
    assert run.code == 3  # nothing listens at the second address
    listed = {
        model["server"]: model
        for model in json.loads(run.out)["models"]
        if model["name"] in (MODEL.name, "")
    }
    assert listed[closed]["state"] == "ready"
    assert "nothing listens at port 9" in listed["127.0.0.1:9"]["reason"]
    assert_unseen(secrets, run.all)
    assert_unseen(secrets, iter([repr(credentials.read(**files.right))]))
