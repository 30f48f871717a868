"""The command line's frame: help, version, exit codes, JSON."""

import json
import subprocess
import sys

import pytest

AMPHITRITE = [sys.executable, "-m", "amphitrite"]


def amphitrite(*arguments, **options):
    return subprocess.run(
        [*AMPHITRITE, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


def imported(*arguments):
    """Return the modules that a command has imported when it ends."""
    code = (
        "import sys; sys.argv = ['amphitrite', *sys.argv[1:]]\n"
        "from amphitrite.cli import main\n"
        "try:\n    main()\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return set(done.stderr.split())


def test_version_imports_next_to_nothing():
    assert amphitrite("--version").stdout.startswith("amphitrite 0.")
    assert not imported("--version") & {"typer", "numpy", "astropy", "grpc"}


def test_help_imports_no_framework():
    heavy = {"tensorflow", "keras", "onnx", "onnxruntime", "tf2onnx", "matplotlib"}
    assert not imported("--help") & heavy


def test_help_teaches():
    shown = amphitrite("--help").stdout
    for word in ("morpheus", "serve", "status", "models", "export", "train",
                 "evaluate", "demo", "Exit codes"):  # fmt: skip
        assert word in shown


@pytest.mark.parametrize(
    "command",
    ["morpheus", "serve", "status", "models install", "export", "train", "evaluate",
     "demo"],
)  # fmt: skip
def test_every_command_explains_itself(command):
    done = amphitrite(*command.split(), "--help")
    assert done.returncode == 0, done.stderr
    assert "Example" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such-command"], "No such command"),
        (["morpheus"], "Missing argument"),
        (["morpheus", "a", "b", "c", "d"], "Missing option '-o'"),
        (["morpheus", "a", "-o", "out", "--stride", "0"], "--stride"),
        (["status", "--server", "nowhere"], "expected host:port"),
    ],
)
def test_a_mistake_is_said_without_a_traceback(arguments, message, tmp_path):
    done = amphitrite(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_is_one_json_object_too(tmp_path):
    done = amphitrite("status", "--server", "127.0.0.1:9", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["exit_code"] == 3
    assert "no Triton server answers at 127.0.0.1:9" in done.stderr
