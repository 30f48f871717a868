"""The command line's frame: help, version, exit codes, JSON."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from amphitrite import streams

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


@pytest.mark.parametrize("words", ["--help", "models list"])
def test_what_reads_no_data_loads_no_library_for_it(words):
    assert not imported(*words.split()) & {"astropy", "pandas", "scipy", "skimage"}


def test_the_command_line_loads_no_library_for_data():
    code = "import amphitrite.cli, amphitrite.commands.status, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not set(done.stdout.split()) & {"astropy", "pandas", "scipy", "skimage"}


def test_help_teaches():
    shown = amphitrite("--help").stdout
    for word in ("morpheus", "serve", "status", "models", "export", "train",
                 "evaluate", "demo", "Exit codes", "70 a defect"):  # fmt: skip
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
        (["models", "install", "no[/x]"], "no[/x] is no folder"),
        (["status", "--server", "nowhere"], "write nowhere:8001"),
        (["status", "--server", "http://localhost:8001"], "write localhost:8001"),
        *(
            (["morpheus", "a", "-o", "out", option, value], "finite number of seconds")
            for option, values in [
                ("--deadline", ["-1", "0", "nan", "inf"]),
                ("--patience", ["-1", "nan", "inf"]),
            ]
            for value in values
        ),
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["morpheus", "a", "b", "c", "d"], "Missing option '-o'"),
        (["morpheus", "a", "-o", "out", "--stride", "0"], "--stride"),
        (["models", "install"], "Missing argument"),
    ],
)
def test_a_mistake_is_one_json_object_too(arguments, message, tmp_path):
    done = amphitrite(*arguments, "--json", cwd=tmp_path)
    assert done.returncode == 2
    fields = json.loads(done.stdout)
    assert fields["exit_code"] == 2
    assert message in fields["error"]
    assert message in done.stderr


@pytest.fixture
def plugin(tmp_path):
    """Install a command whose module runs some code when it is imported."""

    def install(code):
        (tmp_path / "plugin.py").write_text(code)
        metadata = tmp_path / "plugin-1.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Name: plugin\nVersion: 1\n")
        entry = "[amphitrite.commands]\nplugin = plugin:command\n"
        (metadata / "entry_points.txt").write_text(entry)
        return {**os.environ, "PYTHONPATH": str(tmp_path)}

    return install


def test_a_defect_is_no_skipped_input(plugin):
    environment = plugin("raise RuntimeError('nobody thought of this')")
    done = amphitrite("status", "--json", env=environment)
    assert done.returncode == 70
    assert "Traceback" in done.stderr
    *_, last = done.stderr.splitlines()
    assert "a defect of amphitrite" in last
    fields = json.loads(done.stdout)
    assert fields["exit_code"] == 70
    assert "RuntimeError: nobody thought of this" in fields["error"]


def test_ctrl_c_during_the_imports_is_said_without_a_traceback(plugin):
    environment = plugin("import signal; signal.raise_signal(signal.SIGINT)")
    done = amphitrite("status", "--json", env=environment)
    assert done.returncode == 130
    assert done.stderr == "amphitrite: interrupted\n"
    assert json.loads(done.stdout) == {"error": "interrupted", "exit_code": 130}


@pytest.mark.parametrize(
    "command",
    [
        "status --server {}",
        f"models install http://{{}}/models.tar.gz --sha256 {64 * '0'}",
    ],
)
def test_ctrl_c_is_one_json_object_too(command, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with subprocess.Popen(
            [*AMPHITRITE, *command.format(address).split(), "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "XDG_DATA_HOME": str(tmp_path)},
        ) as process:
            try:
                connection, _ = silent.accept()  # the command waits for an answer now
                with connection:
                    process.send_signal(signal.SIGINT)
                    out, err = process.communicate(timeout=60)
            finally:
                process.kill()
    assert process.returncode == 130, err
    assert json.loads(out) == {"error": "interrupted", "exit_code": 130}
    assert err == "amphitrite: interrupted\n"


TALKATIVE = """
import logging
from amphitrite.commands.talk import Talk

def command() -> None:
    talk = Talk()
    log = logging.getLogger("amphitrite.plugin")
    for number in range(500):
        log.warning("line %d", number)
    open("done", "w").close()
    talk.result("result " * 20_000, {})
"""


@pytest.mark.parametrize("streams", [("stdout",), ("stdout", "stderr")])
def test_a_reader_that_leaves_does_not_end_the_work(streams, plugin, tmp_path):
    environment = plugin(TALKATIVE)
    read, write = os.pipe()
    os.close(read)
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    done = subprocess.run(
        [*AMPHITRITE, "plugin"],
        cwd=tmp_path,
        env=environment,
        timeout=120,
        **(pipes | dict.fromkeys(streams, write)),
    )
    os.close(write)
    assert done.returncode == 0
    assert (tmp_path / "done").exists()
    assert b"Error" not in (done.stderr or b"")


@pytest.mark.parametrize(
    ("command", "code", "closed"),
    [
        ("--version", 0, "<&-"),
        ("--version", 0, ">&-"),
        ("no-such-command", 2, "2>&-"),
        ("models list", 0, "<&- >&- 2>&-"),
    ],
)
def test_closed_streams_change_nothing(command, code, closed):
    words = shlex.join(AMPHITRITE)
    done = subprocess.run(
        f"{words} {command} {closed}",
        shell=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", ["--version", "models list"])
def test_an_answer_that_cannot_be_written_is_said(command):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*AMPHITRITE, *command.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )
    assert done.returncode == 2
    assert done.stderr == (
        "amphitrite: standard output cannot be written: No space left on device\n"
    )


NAME = b"gr\xf6\xdfe\x1b[31m\r\xe6\x98\x9f.fits"
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        ("calnet {} -o eb.csv", {}),
        ("calnet {} -o eb.csv", C_LOCALE),
        ("models list --model-repository {}", C_LOCALE),
        ("{}", {}),
        ("{}", C_LOCALE),
        ("status --server {}", {}),
    ],
)
def test_names_never_reach_a_terminal_as_they_are(command, extra, tmp_path):
    words = [NAME if word == "{}" else word for word in command.split()]
    done = subprocess.run(
        [*AMPHITRITE, *words],
        cwd=tmp_path,
        env={**os.environ, **extra},
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 2, done.stderr
    said = done.stdout + done.stderr
    assert b"Traceback" not in said
    assert not {0x1B, 0x0D, 0xF6} & {*said}


def test_a_defect_s_traceback_is_shown_without_control_characters(plugin):
    environment = plugin("raise RuntimeError('\\x1b[31mred')")
    done = amphitrite("status", env=environment)
    assert done.returncode == 70
    assert "\x1b" not in done.stderr
    assert r"\x1b[31mred" in done.stderr


@pytest.mark.parametrize(
    ("flags", "extra"),
    [
        (["-OO", "-I"], {}),
        (["-W", "error"], {"PYTHONSAFEPATH": "1"}),
        ([], {"PYTHONWARNINGS": "error", "PYTHONOPTIMIZE": "1"}),
    ],
)
def test_python_s_options_do_not_matter(flags, extra, tmp_path):
    done = subprocess.run(
        [*(sys.executable, *flags), *AMPHITRITE[1:], "status", "--server", "[::1]:9"],
        cwd=tmp_path,
        env={**os.environ, **extra},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 3
    assert "Warning" not in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interruption_after_a_write_does_not_repeat_it(monkeypatch):
    class Interrupted(streams._Stream):
        """Ctrl-C arrives when the text is out, and before anybody has been told."""

        def write(self, data):
            super().write(data)
            raise KeyboardInterrupt

    monkeypatch.setattr(streams, "_Stream", Interrupted)
    reading, writing = os.pipe()
    text = streams._text(writing, None, needed=True)
    text.write("once\n")
    with pytest.raises(KeyboardInterrupt):
        text.flush()
    text.flush()
    text.detach()
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert pipe.read() == "once\n"
