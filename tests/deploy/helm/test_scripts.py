"""What the chart's containers run, run here: scripts, and the words of both Jobs."""

import shutil
import subprocess

import pytest
from charts.kubelet import run
from charts.rendering import (
    CHART,
    component,
    containers,
    of_kind,
    pods,
    render,
    render_file,
    values_of,
)

FILES = CHART / "files"
SHELL = ("copy_models.sh", "verify_models.sh")
SCRIPTS = [path.name for kind in ("py", "sh") for path in FILES.glob(f"*.{kind}")]
INDEX = {"JOB_COMPLETION_INDEX": "2"}


def container(name, of, objects=None):
    """Return the container of a name in the pods of a component."""
    (found,) = [
        entry
        for pod in pods(objects or render_file("survey")).values()
        if component(pod) == of
        for entry in containers(pod)
        if entry["name"] == name
    ]
    return found


@pytest.mark.parametrize("name", SHELL)
def test_shellcheck_has_nothing_to_say(name):
    if (shellcheck := shutil.which("shellcheck")) is None:
        pytest.skip("shellcheck is not installed")
    done = subprocess.run([shellcheck, FILES / name], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_reach_the_pods_unchanged(name):
    scripts = [
        entry["data"]
        for entry in of_kind(render_file("claim"), "ConfigMap")
        if name in entry["data"]
    ]
    assert [entry[name] for entry in scripts] == [(FILES / name).read_text()]


@pytest.fixture
def published(tmp_path):
    """A claim with a published model repository, by the path that archives have."""
    folder = tmp_path / "claim" / "amphitrite" / "models"
    (folder / "calnet" / "1").mkdir(parents=True)
    (folder / "calnet" / "1" / "model.onnx").write_bytes(b"weights")
    (folder / "calnet" / "config.pbtxt").write_text('name: "calnet"')
    manifest = subprocess.check_output(
        "find . -type f | sed 's|^./||' | sort | xargs sha256sum",
        cwd=folder,
        shell=True,
        text=True,
    )
    (folder / "manifest.sha256").write_text(manifest)
    return folder


@pytest.fixture
def start(tmp_path):
    """Run the containers before Triton's, on an empty disk, and return the last."""
    models = tmp_path / "models"
    models.mkdir()
    folders = {"/archive": tmp_path / "claim", "/models": models}
    folders["/etc/amphitrite"] = FILES

    def start(objects):
        for name in ("copy-models", "verify-models"):
            done = run(container(name, "triton", objects), folders)
            if done.returncode:
                return done
        return done

    return start


def test_published_models_are_copied(start, published, tmp_path):
    leftover = tmp_path / "models" / "of-an-older-copy"
    leftover.write_text("")
    done = start(render_file("archive"))
    assert (done.returncode, done.stderr) == (0, "")
    copied = tmp_path / "models" / "calnet" / "1" / "model.onnx"
    assert copied.read_bytes() == b"weights"
    assert not leftover.exists()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda m: (m / "calnet/1/model.onnx").write_bytes(b"Weights"), "is not what"),
        (lambda m: (m / "calnet/config.pbtxt").unlink(), "is not what its manifest"),
        (lambda m: (m / "more.onnx").write_bytes(b""), "files that are not in its"),
        (lambda m: (m / "manifest.sha256").unlink(), "has no manifest.sha256"),
        (lambda m: (m / "manifest.sha256").write_text("x\n"), "is not what its"),
    ],
    ids=["a changed byte", "a missing file", "one file more", "no list", "a bad list"],
)
def test_models_that_are_not_what_was_published_are_refused(
    start, published, spoil, said
):
    spoil(published)
    done = start(render_file("archive"))
    assert done.returncode == 1
    assert said in done.stderr


@pytest.fixture
def job(tmp_path):
    """Run the containers of the survey with an amphitrite that only says its words."""
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "amphitrite"
    program.write_text('#!/bin/sh\necho "$PWD: $*"\nexit "${CODE:-0}"\n')
    program.chmod(0o755)
    folders = {"/input": tmp_path / "input", "/output": tmp_path / "output"}
    (folders["/input"]).mkdir()
    (folders["/output"] / "s015" / "parts").mkdir(parents=True)

    def job(name, of, **environment):
        return run(container(name, of), folders, [programs], **INDEX, **environment)

    return job


def test_a_shard_is_run_where_the_inputs_are(job, tmp_path):
    done = job("shard", "survey")
    assert done.stdout == (
        f"{tmp_path}/input: calnet s015/*.fits --threshold=0.5 --shard auto --resume "
        "--server dns:///eb-amphitrite-headless.astro.svc:8001 "
        f"--output {tmp_path}/output/s015/parts/2.part\n"
    )


@pytest.mark.parametrize("code", [0, 2, 3])
def test_a_shard_ends_as_its_command_does(job, code):
    assert job("shard", "survey", CODE=str(code)).returncode == code


def test_a_shard_whose_part_is_there_does_nothing(job, tmp_path):
    (tmp_path / "output" / "s015" / "parts" / "2.part").touch()
    done = job("shard", "survey", CODE="2")
    assert (done.returncode, done.stdout) == (0, "")


def test_files_with_keys_are_where_the_command_looks_for_them():
    shard = container("shard", "survey", render_file("survey-elsewhere"))
    words = shard["args"]
    options = ("--header-file", "--tls-ca", "--tls-cert", "--tls-key")
    found = [words[words.index(option) + 1] for option in options]
    mounts = [mount["mountPath"] for mount in shard["volumeMounts"]]
    assert all(path.rpartition("/")[0] in mounts for path in found)


def test_the_merge_waits_for_all_parts(job, tmp_path):
    parts = tmp_path / "output" / "s015" / "parts"
    for index in range(63):
        (parts / f"{index}.part").touch()
    (parts / "63.part.part").mkdir()  # a journal
    sleep = tmp_path / "bin" / "sleep"
    sleep.write_text(f"#!/bin/sh\necho slept\ntouch {parts}/63.part\n")
    sleep.chmod(0o755)
    done = job("wait-for-parts", "merge")
    assert (done.returncode, done.stdout) == (0, "slept\n")


def test_parts_are_merged(job, tmp_path):
    done = job("merge", "merge")
    folder = tmp_path / "output" / "s015"
    assert done.stdout == (
        f"{tmp_path}/input: merge --resume {folder}/parts/*.part "
        f"--output {folder}/eb.fits\n"
    )


@pytest.mark.parametrize(("code", "expected"), [(0, 0), (1, 0), (2, 2), (3, 3)])
def test_a_result_with_skipped_inputs_is_a_result(job, code, expected):
    assert job("merge", "merge", CODE=str(code)).returncode == expected


def test_a_merge_whose_result_is_there_does_nothing(job, tmp_path):
    (tmp_path / "output" / "s015" / "eb.fits").touch()
    done = job("merge", "merge", CODE="2")
    assert (done.returncode, done.stdout) == (0, "")


def test_the_key_stands_in_its_secret_alone():
    values = values_of("archive")
    key = values["control"]["value"]
    objects = render(values)
    assert key not in str(objects)
    (secret,) = of_kind(objects, "Secret")
    assert list(secret["data"]) == ["control-key"]
