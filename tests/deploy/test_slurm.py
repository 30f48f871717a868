"""The scripts for Slurm start the right commands, and requeue what may pass."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "deploy" / "slurm"
NAMES = sorted(path.name for path in SCRIPTS.glob("*.sh"))
TASK = {"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_JOB_ID": "77"}


@pytest.fixture
def run(tmp_path):
    """Run a script with programs that only say how they were called."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, says in (
        ("amphitrite", 'exit "${CODE:-0}"'),
        ("scontrol", ""),
        ("sbatch", "echo '77;cluster' >&3"),
    ):
        text = f'#!/bin/bash\nexec 3>&1 >> "$SAID"\necho {name} "$@"\n{says}\n'
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    said = tmp_path / "said"

    def run(script, *words, **environment):
        said.unlink(missing_ok=True)
        done = subprocess.run(
            [SCRIPTS / script, *words],
            env={"PATH": f"{programs}:{os.environ['PATH']}", "SAID": str(said)}
            | {"PARTS": str(tmp_path / "parts"), **environment},
            capture_output=True,
            text=True,
            cwd=tmp_path,
        )
        return done, said.read_text().splitlines() if said.exists() else []

    return run


@pytest.mark.parametrize("name", NAMES)
def test_shellcheck_has_nothing_to_say(name):
    if (shellcheck := shutil.which("shellcheck")) is None:
        pytest.skip("shellcheck is not installed")
    done = subprocess.run([shellcheck, SCRIPTS / name], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_array_and_a_merge_that_depends_on_it_are_submitted(run, tmp_path):
    done, said = run("submit.sh", "calnet", "a *.fits", N="4", OUT="eb.fits")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "shards: job 77; merge: job 77\n"
    shard, merge = said
    assert shard == (
        f"sbatch --parsable --array=0-3 {SCRIPTS}/shard.sh calnet a *.fits"
    )
    assert merge == f"sbatch --parsable --dependency=afterok:77 {SCRIPTS}/merge.sh"
    assert (tmp_path / "parts").is_dir()


def test_nothing_is_submitted_without_a_number_of_shards(run):
    done, said = run("submit.sh", "calnet", OUT="eb.fits")
    assert done.returncode != 0
    assert "N: is the number of shards" in done.stderr
    assert not said


def test_a_task_runs_its_shard(run, tmp_path):
    done, said = run("shard.sh", "calnet", "x.fits", **TASK)
    assert done.returncode == 0
    out = tmp_path / "parts" / "2.part"
    assert said == [f"amphitrite calnet x.fits --shard auto --output {out} --resume"]


def test_a_task_whose_part_is_there_does_nothing(run, tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "2.part").touch()
    done, said = run("shard.sh", "calnet", "x.fits", **TASK)
    assert (done.returncode, said) == (0, [])


@pytest.mark.parametrize(
    ("code", "restarts", "requeued"),
    [("3", "0", True), ("3", "3", False), ("2", "0", False)],
)
def test_only_a_failure_of_the_server_is_tried_again(run, code, restarts, requeued):
    done, said = run(
        *("shard.sh", "calnet", "x.fits"),
        **{**TASK, "CODE": code, "SLURM_RESTART_COUNT": restarts},
    )
    assert done.returncode == int(code)
    assert ("scontrol requeue 77_2" in said) == requeued


def test_all_parts_are_merged(run, tmp_path):
    (tmp_path / "parts").mkdir()
    for index in range(2):
        (tmp_path / "parts" / f"{index}.part").touch()
    done, said = run("merge.sh", OUT="eb.fits")
    assert done.returncode == 0
    parts = " ".join(str(tmp_path / "parts" / f"{index}.part") for index in range(2))
    assert said == [f"amphitrite merge {parts} --output eb.fits"]
