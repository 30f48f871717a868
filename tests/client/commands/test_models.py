"""``amphitrite models install`` through the command line: what is refused, and how."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

CALNET = Path(__file__).resolve().parents[3] / "model_repository" / "calnet"


def run(home: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "amphitrite", "models", "install", *arguments],
        env={**os.environ, "XDG_DATA_HOME": str(home / "data")},
        capture_output=True,
        text=True,
        check=False,
    )


def pack(folder: Path) -> Path:
    archive = folder.with_suffix(".tar.gz")
    with tarfile.open(archive, "w:gz", compresslevel=1) as packed:
        packed.add(folder, folder.name)
    return archive


def with_a_program(model: Path) -> None:
    (model / "1/model.py").write_text("open('/tmp/harm', 'w')\n")


def of_another_backend(model: Path) -> None:
    path = model / "config.pbtxt"
    path.write_text(path.read_text().replace('backend: "onnxruntime"', 'backend: "x"'))


def with_a_link(model: Path) -> None:
    (model / "MODEL_CARD.md").unlink()
    (model / "MODEL_CARD.md").symlink_to("/etc/passwd")


def with_other_weights(model: Path) -> None:
    path = model / "1/model.onnx"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (with_a_program, "'1/model.py', which is no part of a model"),
        (of_another_backend, 'it has backend "x"'),
        (with_a_link, "MODEL_CARD.md' is a link or a device"),
        (with_other_weights, "1/model.onnx has the digest"),
    ],
)
def test_a_model_that_is_not_only_that_is_refused(
    tmp_path: Path, change: Callable[[Path], None], said: str
) -> None:
    shutil.copytree(CALNET, tmp_path / "models/calnet")
    change(tmp_path / "models/calnet")
    done = run(tmp_path, pack(tmp_path / "models"))
    assert done.returncode == 2, done.stderr
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert [path.name for path in (tmp_path / "data/amphitrite").iterdir()] == []


def test_ten_gigabytes_of_zeros_are_refused_at_once(tmp_path: Path) -> None:
    entry = tarfile.TarInfo("zeros/1/model.onnx")
    entry.size = 10_000_000_000
    piece = gzip.compress(bytes(100_000_000))  # gzip may be joined end to end
    with (tmp_path / "zeros.tar.gz").open("wb") as file:
        file.write(gzip.compress(entry.tobuf()))
        for _ in range(100):
            file.write(piece)
    start = time.monotonic()
    done = run(tmp_path, tmp_path / "zeros.tar.gz")
    assert done.returncode == 2, done.stderr
    assert "makes it too large" in " ".join(done.stderr.split())
    assert time.monotonic() - start < 60
    assert not (tmp_path / "data/amphitrite/model_repository").exists()


def test_a_wrong_checksum_or_none_over_http_is_refused(tmp_path: Path) -> None:
    shutil.copytree(CALNET, tmp_path / "models/calnet")
    archive = pack(tmp_path / "models")
    done = run(tmp_path, archive, "--sha256", "0" * 64)
    assert done.returncode == 2
    assert "expected 0000" in " ".join(done.stderr.split())
    done = run(tmp_path, "http://127.0.0.1:9/models.tar.gz")
    assert done.returncode == 2
    assert "give --sha256" in " ".join(done.stderr.split())
    assert not (tmp_path / "data/amphitrite/model_repository").exists()
    done = run(tmp_path, archive)
    assert done.returncode == 0, done.stderr
    assert "installed calnet" in " ".join(done.stdout.split())
