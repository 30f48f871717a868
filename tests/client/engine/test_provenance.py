"""Provenance of many files, as a shell would compute it."""

import hashlib
import os
import shutil
import subprocess

import numpy as np
import pytest

from amphitrite.engine import provenance
from amphitrite.surveys.calnet.interpret.periods import Peak
from amphitrite.surveys.calnet.interpret.stars import Scored
from amphitrite.surveys.calnet.page import MODEL
from amphitrite.triton.served import ServedModel

SERVED = ServedModel(None, MODEL.with_weights(digest="sha256:1"), 3, 32, True)


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / name for name in ("b.fits", "a.fits", "c.fits")]
    for number, path in enumerate(paths):
        path.write_bytes(bytes([number] * 100))
    return paths


def scored(path):
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Scored(
        *(path, "TIC 1", 1, 1, 0.0, 0.0, 9.0, digest, Peak(1.0, 0.1, 0.5)),
        p_eb=np.zeros(1, np.float32),
        start=np.zeros(1),
    )


def test_the_digest_is_that_of_the_shell(files, tmp_path):
    if shutil.which("sha256sum") is None:
        pytest.skip("there is no sha256sum to compare with")
    before = provenance.of_many(files, SERVED, "amphitrite calnet")
    after = provenance.with_inputs(before, map(scored, files))
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
    first = provenance.of_many(files, SERVED, "").identity
    assert provenance.of_many(files, SERVED, "").identity == first
    assert provenance.of_many(files[:2], SERVED, "").identity != first
    odd = [*files[:2], files[2].with_name(os.fsdecode(b"\xe9.fits"))]
    assert provenance.of_many(odd, SERVED, "").identity != first
