"""A survey's Jobs, run as processes against a Triton, give the result of one run."""

import json
import subprocess
import sys

import numpy as np
import pytest
from astropy.table import QTable
from charts.kubelet import run
from charts.rendering import (
    CHART,
    component,
    containers,
    merged,
    pods,
    render,
    values_of,
)

from amphitrite.places import checkout_repository
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.listening import Network
from amphitrite.server.provision import provision
from amphitrite.surveys import SURVEYS
from amphitrite.surveys.calnet.page import MODEL
from amphitrite_training.surveys.calnet.simulate.files import write_star
from amphitrite_training.surveys.calnet.simulate.stars import draw_star

N_STARS, N_SHARDS = 4, 2
ARGS = ["--threshold=0.5", "--workers=0"]
ROOT = CHART.parents[2]
GOLDEN = CHART / "files" / "golden.py"

pytestmark = [pytest.mark.triton, pytest.mark.long, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def triton():
    """A Triton of this machine with the models of all surveys."""
    with LocalTriton(
        checkout_repository(),
        list(SURVEYS),
        listening=Network(),
        environment=provision(),
    ) as server:
        yield server


def test_shards_and_their_merge_give_the_catalogue_of_one_run(triton, tmp_path):
    folders = {"/input": tmp_path / "input", "/output": tmp_path / "output"}
    for folder in (tmp_path / "input" / "s015", tmp_path / "output"):
        folder.mkdir(parents=True)
    for number in range(N_STARS):
        write_star(draw_star(number), tmp_path / "input" / "s015")
    program = tmp_path / "bin" / "amphitrite"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m amphitrite "$@"\n')
    program.chmod(0o755)
    address = triton.grpc_url
    peer = {"ipBlock": {"cidr": "127.0.0.1/32"}}
    more = {
        "survey": {"server": address, "shards": N_SHARDS, "args": ARGS},
        "networkPolicy": {"servers": [peer]},
    }
    objects = render(merged(values_of("survey"), more))
    jobs = {component(pod): containers(pod) for pod in pods(objects).values()}
    (shard,) = jobs["survey"]
    for index in range(N_SHARDS):
        variables = {"JOB_COMPLETION_INDEX": str(index)}
        done = run(shard, folders, [program.parent], **variables)
        assert done.returncode == 0, done.stderr
    for entry in jobs["merge"]:
        done = run(entry, folders, [program.parent])
        assert done.returncode == 0, done.stderr
    whole = tmp_path / "whole.fits"
    words = (MODEL.name, "s015/*.fits", *ARGS, "--server", address)
    subprocess.run(
        [program, *words, "-o", whole],
        cwd=tmp_path / "input",
        check=True,
        capture_output=True,
    )
    found = QTable.read(tmp_path / "output" / "s015" / "eb.fits")
    expected = QTable.read(whole)
    assert len(found) == N_STARS
    for name in expected.colnames:
        a, b = np.asarray(found[name]), np.asarray(expected[name])
        assert (a.dtype, a.tobytes()) == (b.dtype, b.tobytes()), name


def ask(triton, *words, script=GOLDEN):
    address = triton.http_url.removeprefix("http://")
    return subprocess.run(
        [sys.executable, script, address, *words], capture_output=True, text=True
    )


def test_the_models_of_this_checkout_give_their_golden_answers(triton):
    done = ask(triton, *SURVEYS)
    assert done.returncode == 0, done.stdout
    expected = [f"{name} gives its golden answer" for name in SURVEYS]
    again = (
        "where a network is new, start amphitrite serve, and: python "
        f"{GOLDEN.relative_to(ROOT)} localhost:8000 --record {' '.join(SURVEYS)} > "
        f"{GOLDEN.with_suffix('.json').relative_to(ROOT)}"
    )
    assert done.stdout.splitlines() == expected, again


def test_a_wrong_answer_and_a_missing_model_are_named(triton, tmp_path):
    script = tmp_path / "golden.py"
    script.write_text(GOLDEN.read_text())
    golden = json.loads(GOLDEN.with_suffix(".json").read_text())
    golden[MODEL.name]["outputs"]["p_eb"][0] += 0.02
    script.with_suffix(".json").write_text(json.dumps(golden))
    done = ask(triton, MODEL.name, "unheard-of", script=script)
    assert done.returncode == 1
    wrong, missing = done.stdout.splitlines()
    assert wrong.startswith("calnet: p_eb is ")
    assert missing.startswith("unheard-of cannot be asked at 127.0.0.1:")


def test_other_weights_only_have_to_answer(triton, tmp_path):
    script = tmp_path / "golden.py"
    script.write_text(GOLDEN.read_text())
    script.with_suffix(".json").write_text("{}")
    done = ask(triton, MODEL.name, script=script)
    assert done.returncode == 0
    assert done.stdout.startswith("calnet answers; it has other weights")
