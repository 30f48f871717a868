"""Provenance of many files, as a shell would compute it."""

import hashlib
import os
import shutil
import subprocess

import pytest

from amphitrite.engine.provenance import Provenance
from amphitrite.surveys.calnet.page import MODEL
from amphitrite.triton.served import ServedModel

SERVED = ServedModel(None, MODEL.with_weights(digest="sha256:1"), 3, 32, True)


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / name for name in ("b.fits", "a.fits", "c.fits")]
    for number, path in enumerate(paths):
        path.write_bytes(bytes([number] * 100))
    return paths


def of_many(paths, command=""):
    return Provenance.of_many(paths, SERVED, command, noun="light curve")


def named(path):
    return path.name, hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_digest_is_that_of_the_shell(files, tmp_path):
    if shutil.which("sha256sum") is None:
        pytest.skip("there is no sha256sum to compare with")
    before = of_many(files, "amphitrite calnet")
    after = before.with_inputs(map(named, files), noun="light curve")
    told = subprocess.run(
        "sha256sum *.fits | LC_ALL=C sort | sha256sum",
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert after.inputs == (("3 light curves", told.stdout.split()[0]),)
    assert after.cards["INPUT1"] == "3 light curves"
    assert (after.model, after.version) == ("calnet", 3)
    assert after.cards["MODELSUM"] == SERVED.spec.identity
    assert after.cards["WEIGHTS"] == "verified"
    assert after.date == before.date


def test_other_files_have_another_identity(files):
    first = of_many(files).identity
    assert of_many(files).identity == first
    assert of_many(files[:2]).identity != first
    odd = [*files[:2], files[2].with_name(os.fsdecode(b"\xe9.fits"))]
    assert of_many(odd).identity != first
