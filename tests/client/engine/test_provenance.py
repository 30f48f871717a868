"""Provenance of files: their names and checksums, as a shell would compute them."""

import hashlib
import os
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from amphitrite._version import __version__
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


def test_every_input_has_its_name_and_checksum_in_the_cards(files):
    found = Provenance.of(files[:2], SERVED, "amphitrite morpheus")
    assert found.inputs == (named(files[0]), named(files[1]))
    cards = found.cards
    assert (cards["INPUT1"], cards["INPUT2"]) == ("b.fits", "a.fits")
    assert cards["INSUM2"] == f"sha256:{named(files[1])[1]}"
    assert "INPUT3" not in cards
    assert (cards["MODEL"], cards["MODELVER"]) == ("calnet", 3)
    assert cards["CREATOR"] == f"amphitrite {__version__}"
    assert cards["COMMAND"] == "amphitrite morpheus"
    assert datetime.fromisoformat(f"{cards['DATE']}+00:00") <= datetime.now(UTC)


def test_cards_say_only_what_is_known(files):
    unverified = replace(SERVED, verified=False)
    cards = Provenance.of(files, unverified, "").cards
    assert "COMMAND" not in cards
    assert cards["WEIGHTS"] == "not verified"


@pytest.mark.parametrize(
    "other",
    [
        replace(SERVED, version=4),
        replace(SERVED, verified=False),
        replace(SERVED, spec=MODEL.with_weights(digest="sha256:2")),
    ],
)
def test_the_identity_is_of_model_and_inputs_and_not_of_the_command(files, other):
    identity = Provenance.of(files, SERVED, "one").identity
    assert Provenance.of(files, SERVED, "two").identity == identity
    assert Provenance.of(files, other, "one").identity != identity
    assert Provenance.of(files[::-1], SERVED, "one").identity != identity
    files[0].write_bytes(b"other")
    assert Provenance.of(files, SERVED, "one").identity != identity


def test_one_file_is_no_plural(files):
    assert of_many(files[:1]).inputs[0][0] == "1 light curve"


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


def test_the_cards_list_the_parts():
    one = Provenance("toy", 1, "", True, (), "", "2026-01-01T00:00:00+00:00")
    cards = replace(one, parts=(("0.part", "ab"), ("1.part", "cd"))).cards
    assert (cards["PART1"], cards["PSUM1"]) == ("0.part", "sha256:ab")
    assert (cards["PART2"], cards["PSUM2"]) == ("1.part", "sha256:cd")
    assert "PART1" not in one.cards
