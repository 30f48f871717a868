"""Finding, reading and installing model repositories."""

from __future__ import annotations

import functools
import hashlib
import http.server
import os
import shutil
import signal
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from interrupting import ENDS, endings
from tritonclient.grpc.model_config_pb2 import ModelConfig

from amphitrite import places
from amphitrite.errors import BadInput, OutputError, SpecMismatch
from amphitrite.server.selfcheck import onnx_bytes
from amphitrite.triton import repository
from amphitrite.triton.config import format_config
from amphitrite.triton.repository import (
    check_model,
    find_repository,
    install,
    served_spec,
)
from amphitrite.triton.spec import Member, ModelSpec, TensorSpec, parameter_key

TENSOR = TensorSpec("x", "float32", (4,), ("channel",))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def onnx(tag: bytes) -> bytes:
    """Return a small ONNX file that tells itself from others."""
    return onnx_bytes() + b"\x32" + bytes([len(tag)]) + tag  # its doc_string


def add_model(
    folder: Path,
    name: str,
    versions: dict[int, bytes],
    *,
    members: tuple[str, ...] = (),
) -> ModelSpec:
    """Write a model as the export does; return the spec of its last version."""
    config = ModelConfig(name=name)
    if members:
        config.platform = "ensemble"
        for member in members:
            config.ensemble_scheduling.step.add(model_name=member)
    else:
        config.backend = "onnxruntime"
    for version, tag in versions.items():
        data = onnx(tag)
        spec = ModelSpec(name, (TENSOR,), (TENSOR,)).with_weights(
            digest="" if members else f"sha256:{sha256(data)}",
            members=tuple(
                Member(member, 1, "sha256:0", "sha256:1") for member in members
            ),
        )
        config.parameters[parameter_key(version)].string_value = spec.to_json()
        (folder / name / str(version)).mkdir(parents=True)
        if not members:
            (folder / name / str(version) / "model.onnx").write_bytes(data)
        else:
            (folder / name / str(version) / ".gitkeep").touch()
    (folder / name / "config.pbtxt").write_text(format_config(config))
    return spec


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without anything, outside the source tree."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("AMPHITRITE_MODEL_REPOSITORY", raising=False)
    monkeypatch.setattr(places, "checkout_repository", lambda: None)
    return tmp_path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A repository with two models."""
    folder = tmp_path / "source" / "model_repository"
    add_model(folder, "alpha", {1: b"first", 2: b"second"})
    add_model(folder, "beta", {1: b"only"})
    return folder


def test_the_option_comes_first(
    source: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AMPHITRITE_MODEL_REPOSITORY", str(tmp_path / "none"))
    assert find_repository(source) == source


def test_then_the_variable(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "checkout_repository", lambda: Path("/other"))
    monkeypatch.setenv("AMPHITRITE_MODEL_REPOSITORY", str(source))
    assert find_repository() == source


def test_then_the_source_tree(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(source)
    monkeypatch.setattr(places, "checkout_repository", lambda: source)
    assert find_repository() == source


def test_then_what_was_installed(source: Path) -> None:
    install(source)
    assert find_repository() == places.user_repository()


def test_lists_where_it_looked(home: Path) -> None:
    with pytest.raises(BadInput) as caught:
        find_repository()
    text = str(caught.value)
    assert "AMPHITRITE_MODEL_REPOSITORY: not set" in text
    assert "the source tree: not running from one" in text
    assert f"your data folder: {home}/data/amphitrite/model_repository" in text
    assert "amphitrite models install" in text


def test_does_not_look_elsewhere_when_the_one_asked_for_is_empty(
    source: Path, tmp_path: Path
) -> None:
    install(source)
    with pytest.raises(BadInput, match="given by --model-repository, is no folder"):
        find_repository(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="given by --model-repository, has no model"):
        find_repository(tmp_path / "empty")


def test_reads_the_spec_of_the_latest_version_or_of_another(source: Path) -> None:
    assert served_spec(source / "alpha").digest == f"sha256:{sha256(onnx(b'second'))}"
    first = served_spec(source / "alpha", version=1)
    assert first.digest == f"sha256:{sha256(onnx(b'first'))}"
    assert first.inputs == (TENSOR,)


def test_the_tenth_version_is_later_than_the_ninth(tmp_path: Path) -> None:
    add_model(tmp_path, "many", {9: b"nine", 10: b"ten"})
    assert served_spec(tmp_path / "many").digest == f"sha256:{sha256(onnx(b'ten'))}"


def test_a_version_without_a_spec_is_refused(source: Path) -> None:
    with pytest.raises(SpecMismatch, match=r"no spec of version 3.*it has \[1, 2\]"):
        served_spec(source / "alpha", version=3)
    (source / "alpha/config.pbtxt").write_text('name: "alpha"')
    with pytest.raises(SpecMismatch, match=r"amphitrite\.spec\.1'; it has none"):
        served_spec(source / "alpha")


def test_a_missing_or_garbled_configuration_is_refused(source: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        served_spec(source / "gamma")
    (source / "alpha/config.pbtxt").write_text("name: {")
    with pytest.raises(BadInput, match="no Triton model configuration"):
        served_spec(source / "alpha")


def pack(source: Path, kind: str) -> Path:
    """Pack a repository, its own folder included."""
    archive = source.parent / f"models{kind}"
    if kind == ".zip":
        with zipfile.ZipFile(archive, "w") as packed:
            for path in sorted(source.rglob("*")):
                packed.write(path, path.relative_to(source.parent))
    else:
        with tarfile.open(archive, "w:gz") as packed:
            packed.add(source, source.name)
    return archive


def installed() -> dict[str, bytes]:
    """What is in the user's repository."""
    target = places.user_repository()
    return {
        str(path.relative_to(target)): path.read_bytes()
        for path in target.rglob("*.onnx")
    }


EXPECTED = {
    "alpha/1/model.onnx": onnx(b"first"),
    "alpha/2/model.onnx": onnx(b"second"),
    "beta/1/model.onnx": onnx(b"only"),
}


@pytest.mark.parametrize("kind", [".zip", ".tar.gz", ".tgz"])
def test_installs_an_archive(source: Path, kind: str) -> None:
    archive = pack(source, kind)
    digest = sha256(archive.read_bytes())
    assert install(archive, sha256=digest.upper()) == ["alpha", "beta"]
    assert installed() == EXPECTED


def test_installs_a_folder_or_the_tree_around_it(source: Path) -> None:
    assert install(source) == ["alpha", "beta"]
    (source.parent / "docs").mkdir()
    assert install(source.parent) == ["alpha", "beta"]
    assert installed() == EXPECTED


def test_replaces_models_and_keeps_the_others(source: Path, tmp_path: Path) -> None:
    install(source)
    add_model(tmp_path / "newer", "alpha", {3: b"third"})
    assert install(tmp_path / "newer") == ["alpha"]
    assert installed() == {
        "alpha/3/model.onnx": onnx(b"third"),
        "beta/1/model.onnx": onnx(b"only"),
    }
    # nothing else stays in the data folder
    left = {path.name for path in places.user_repository().parent.iterdir()}
    assert left == {"model_repository"}


def test_installs_an_ensemble_with_its_members(source: Path) -> None:
    add_model(source, "aaa", {1: b""}, members=("alpha", "beta"))
    assert install(source) == ["aaa", "alpha", "beta"]
    assert (places.user_repository() / "aaa/1/.gitkeep").exists()


@pytest.mark.parametrize("number", ENDS)
@pytest.mark.parametrize("there", [True, False])
def test_every_moment_has_the_old_or_the_new_models(
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    there: bool,
) -> None:
    newer = tmp_path / "newer" / "model_repository"
    add_model(newer, "alpha", {3: b"third"})
    archive = pack(newer, ".tar.gz")
    install(source)
    before = places.user_repository()
    made = iter(range(1000))

    def prepare() -> Path:
        folder = tmp_path / "homes" / str(next(made))
        monkeypatch.setenv("XDG_DATA_HOME", str(folder))
        target = places.user_repository()
        target.parent.mkdir(parents=True)
        if there:
            shutil.copytree(before, target, copy_function=os.link)
        return folder

    new = {"alpha/3/model.onnx": onnx(b"third")}
    old = EXPECTED if there else {}
    if there:
        new["beta/1/model.onnx"] = onnx(b"only")
    states = []
    for _ in endings(prepare, lambda _: install(archive), number=number):
        states.append(installed())
        assert states[-1] in (old, new)
        for model in repository.model_folders(places.user_repository()):
            check_model(model)
        if len(states) % 10 == 0:
            install(newer)  # nothing is in its way
            left = {path.name for path in places.user_repository().parent.iterdir()}
            assert left == {"model_repository"}
    assert states[0] == old
    assert states[-1] == new


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda model: (model / "1/model.py").touch(), "1/model.py"),
        (lambda model: (model / ".hidden").touch(), ".hidden"),
        (lambda model: (model / "1/.model.onnx.swp").touch(), "1/.model.onnx.swp"),
        (
            lambda model: (model / "config.pbtxt").write_text('backend: "python"'),
            'backend "python"',
        ),
        (lambda model: (model / "card.md").symlink_to("/etc/passwd"), "card.md"),
        (lambda model: (model / "1/model.onnx").write_bytes(b"no"), "model.onnx"),
    ],
)
@pytest.mark.parametrize("kind", ["folder", ".tar.gz"])
def test_a_model_that_is_more_is_refused_and_nothing_is_replaced(
    source: Path,
    tmp_path: Path,
    kind: str,
    change: Callable[[Path], object],
    named: str,
) -> None:
    install(source)
    newer = tmp_path / "newer" / "model_repository"
    add_model(newer, "alpha", {3: b"third"})
    add_model(newer, "beta", {1: b"other"})
    change(newer / "beta")
    with pytest.raises(BadInput) as caught:
        install(newer if kind == "folder" else pack(newer, kind))
    assert named in str(caught.value)
    assert installed() == EXPECTED
    left = {path.name for path in places.user_repository().parent.iterdir()}
    assert left == {"model_repository"}


def test_what_links_lead_to_is_installed_without_the_links(
    source: Path, tmp_path: Path
) -> None:
    (source / "beta/1/model.onnx").rename(tmp_path / "store")
    (source / "beta/1/model.onnx").symlink_to(tmp_path / "store")
    install(source)
    (tmp_path / "store").unlink()
    assert installed() == EXPECTED


def test_what_else_lies_in_an_archive_stays_there(source: Path) -> None:
    (source / "README.md").write_text("about")
    (source / "tools").mkdir()
    (source / "tools/model.py").write_text("pass")
    install(pack(source, ".zip"))
    assert {path.name for path in places.user_repository().iterdir()} == {
        "alpha",
        "beta",
    }


def test_a_damaged_file_is_refused_and_nothing_is_replaced(
    source: Path, tmp_path: Path
) -> None:
    install(source)
    newer = tmp_path / "newer"
    add_model(newer, "alpha", {3: b"third"})
    add_model(newer, "beta", {1: b"other"})
    (newer / "beta/1/model.onnx").write_bytes(onnx(b"othEr"))
    with pytest.raises(BadInput) as caught:
        install(newer)
    assert "the model 'beta': 1/model.onnx has the digest" in str(caught.value)
    assert sha256(onnx(b"other")) in str(caught.value)
    assert installed() == EXPECTED


def test_a_missing_file_or_version_is_refused(source: Path) -> None:
    (source / "beta/1/model.onnx").unlink()
    with pytest.raises(BadInput, match=r"'beta' lacks 1/model\.onnx"):
        install(source)
    (source / "beta/1").rmdir()
    with pytest.raises(BadInput, match="'beta' has no version folder"):
        install(source)


def test_an_archive_with_another_checksum_is_refused(source: Path) -> None:
    archive = pack(source, ".zip")
    with pytest.raises(BadInput, match=f"expected {'0' * 64}"):
        install(archive, sha256="sha256:" + "0" * 64)
    with pytest.raises(BadInput, match="is the checksum of an archive"):
        install(source, sha256="0" * 64)
    assert not installed()


@pytest.mark.parametrize("kind", [".zip", ".tar.gz"])
def test_a_truncated_archive_is_refused(source: Path, kind: str) -> None:
    archive = pack(source, kind)
    data = archive.read_bytes()
    archive.write_bytes(data[: len(data) // 2])
    with pytest.raises(BadInput, match="cannot be unpacked"):
        install(archive)


def test_what_is_no_source_is_refused(tmp_path: Path, source: Path) -> None:
    with pytest.raises(BadInput, match="is no folder, no archive and no http"):
        install(tmp_path / "nothing")
    with pytest.raises(BadInput, match=r"expected \.zip, \.tar\.gz or \.tgz"):
        install(source / "alpha/config.pbtxt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="has no model"):
        install(tmp_path / "empty")


@pytest.fixture
def web(source: Path) -> Iterator[str]:
    """A web server on this machine, over the folder of the archives."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=source.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_installs_from_the_web(source: Path, web: str) -> None:
    archive = pack(source, ".tar.gz")
    url = f"{web}/{archive.name}?download=1"
    assert install(url, sha256=sha256(archive.read_bytes())) == ["alpha", "beta"]
    assert installed() == EXPECTED


def test_what_comes_over_http_needs_a_checksum(source: Path, web: str) -> None:
    archive = pack(source, ".tar.gz")
    for url in (f"{web}/{archive.name}", f"HTTP{web[4:]}/{archive.name}"):
        with pytest.raises(BadInput, match="over http:// can be changed on the way"):
            install(url)
        with pytest.raises(BadInput, match="expected 0000"):
            install(url, sha256="0" * 64)
    assert not places.user_repository().exists()


def test_a_failing_download_is_explained(web: str) -> None:
    with pytest.raises(BadInput, match=r"/none\.zip cannot be fetched: HTTP Error 404"):
        install(f"{web}/none.zip", sha256="0" * 64)


def test_an_unwritable_data_folder_is_explained(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", os.fspath(tmp_path / "file"))
    with pytest.raises(OutputError, match="set XDG_DATA_HOME"):
        install(source)
