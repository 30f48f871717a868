"""Which of pip's settings count, wherever they stand, and what is said of failures."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from amphitrite.errors import ProvisioningError
from amphitrite.server.installing import explain_failure, pip_environ, run

PYTHON = Path(sys.executable)
NETWORK = {
    "index-url": "https://index.example/simple",
    "extra-index-url": "https://one.example https://two.example",
    "find-links": "/wheels",
    "trusted-host": "index.example",
    "cert": "/certificates.pem",
    "client-cert": "/client.pem",
    "proxy": "http://user:word@proxy.example:3128",
    "timeout": "7",
    "retries": "1",
    "no-index": "true",
    "cache-dir": "/cache",
    "keyring-provider": "subprocess",
}
POLICY = {
    "user": "true",
    "target": "/target",
    "prefix": "/prefix",
    "root": "/root",
    "require-virtualenv": "true",
    "require-hashes": "true",
    "no-deps": "true",
    "constraint": "/constraints.txt",
    "requirement": "/requirements.txt",
    "only-binary": ":none:",
    "no-binary": ":all:",
    "dry-run": "true",
    "python": "/usr/bin/python3",
    "platform": "win32",
    "verbose": "2",
    "pre": "true",
    "upgrade": "true",
    "ignore-installed": "true",
    "report": "/report.json",
    "src": "/src",
    "quiet": "3",
}
OURS = {"PIP_CONFIG_FILE", "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_NO_INPUT"}


def variable(key: str) -> str:
    return f"PIP_{key.upper().replace('-', '_')}"


def of_pip(environ: dict[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environ.items()
        if name.startswith("PIP_") and name not in OURS
    }


@pytest.fixture
def clean(tmp_path: Path) -> dict[str, str]:
    """Variables of a user who has set nothing of pip's."""
    kept = {name: value for name, value in os.environ.items() if name[:4] != "PIP_"}
    return {
        **kept,
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_CONFIG_DIRS": str(tmp_path / "none"),
    }


@pytest.mark.parametrize("place", ["variables", "PIP_CONFIG_FILE", "XDG_CONFIG_HOME"])
@pytest.mark.parametrize("section", ["global", "install"])
def test_settings_of_the_network_count_and_others_do_not(
    clean: dict[str, str], tmp_path: Path, place: str, section: str
) -> None:
    given = {**NETWORK, **POLICY, "log": str(tmp_path / "log")}
    if place == "variables":
        clean |= {variable(key): value for key, value in given.items()}
    else:
        folder = tmp_path / "config" / "pip"
        folder.mkdir(parents=True)
        lines = [f"{key} = {value}" for key, value in given.items()]
        (folder / "pip.conf").write_text("\n".join([f"[{section}]", *lines]))
        if place == "PIP_CONFIG_FILE":
            moved = (folder / "pip.conf").rename(tmp_path / "own.conf")
            clean["PIP_CONFIG_FILE"] = str(moved)
    environ = pip_environ(PYTHON, clean)
    assert of_pip(environ) == {variable(key): value for key, value in NETWORK.items()}
    assert environ["PIP_CONFIG_FILE"] == os.devnull
    assert not (tmp_path / "log").exists()
    # and pip reads it like that
    listed = subprocess.run(
        [PYTHON, "-I", "-m", "pip", "config", "list"],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert not [line for line in listed.splitlines() if not line.startswith(":env:.")]


def test_the_stronger_place_wins(clean: dict[str, str], tmp_path: Path) -> None:
    own = tmp_path / "own.conf"
    own.write_text(
        "[global]\nretries = 1\ntimeout = 1\nproxy = a:1\n"
        "[install]\nretries = 2\ntimeout = 2\n[download]\nretries = 9\n"
        "[freeze]\nuser = true\n"
    )
    machine = of_pip(pip_environ(PYTHON, clean))
    clean |= {"PIP_CONFIG_FILE": str(own), "PIP_RETRIES": "3", "PIP_PROXY": ""}
    assert of_pip(pip_environ(PYTHON, clean)) == machine | {
        "PIP_RETRIES": "3",
        "PIP_TIMEOUT": "2",
        "PIP_PROXY": "a:1",
    }


def test_the_system_s_certificates_may_be_asked_for(clean: dict[str, str]) -> None:
    clean["PIP_CONFIG_FILE"] = os.devnull
    clean |= {"PIP_USE_FEATURE": "fast-deps truststore"}
    assert of_pip(pip_environ(PYTHON, clean)) == {"PIP_USE_FEATURE": "truststore"}
    clean |= {"PIP_USE_FEATURE": "fast-deps"}
    assert of_pip(pip_environ(PYTHON, clean)) == {}


def test_a_file_of_settings_that_cannot_be_read_is_named(
    clean: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "own.conf").write_text("index-url = https://me:word@index.example\n")
    clean["PIP_CONFIG_FILE"] = str(tmp_path / "own.conf")
    with pytest.raises(ProvisioningError, match=r"own\.conf") as caught:
        pip_environ(PYTHON, clean)
    assert "word" not in str(caught.value)


def test_no_password_is_shown_or_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    code = (
        "import sys; sys.exit('cannot reach https://me:se@cret@index.example/simple')"
    )
    with pytest.raises(ProvisioningError) as caught:
        run([PYTHON, "-c", code], environ=os.environ, room=tmp_path, megabytes=1)
    assert "https://****@index.example/simple" in str(caught.value)
    log = caplog.text.replace(code, "")
    assert "https://****@index.example/simple" in log
    assert "cret" not in log


@pytest.mark.parametrize(
    ("output", "free", "advice"),
    [
        ("Command '...' returned non-zero exit status 1.", 3, "There is no space left"),
        ("OSError: [Errno 28] No space left on device", 999, "There is no space left"),
        ("[Errno 122] Disk quota exceeded", 999, "There is no space left"),
        ("NewConnectionError: [Errno -2] Name or service", 999, "No package index"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM", 999, "gives other files"),
        ("No matching distribution found for numpy", 999, "output says why"),
    ],
)
def test_pip_s_failures_are_explained(output: str, free: int, advice: str) -> None:
    text = explain_failure(
        f"first\n{output}", room=Path("/cache"), free=free, megabytes=450
    )
    assert advice in text
    assert output in text
