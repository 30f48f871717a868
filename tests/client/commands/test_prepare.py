"""Maps are prepared without a network."""

from __future__ import annotations

import json

import numpy as np
import pytest
import typer

from amphitrite.commands.prepare import prepare
from amphitrite.errors import BadInput, OutputError


def density(peak):
    radius = np.hypot(*np.meshgrid(np.arange(100) - 49.5, np.arange(100) - 49.5)) * 20
    return peak / np.hypot(1, radius / 60)


@pytest.fixture
def maps(tmp_path):
    path = tmp_path / "maps.npz"
    total = np.stack([density(2e9), density(1e9)])
    np.savez(path, maps=total, redshift=[0.2, 0.3], pixel_kpc=20.0, id=["A", "B"])
    return path


def call(*arguments):
    app = typer.Typer()
    app.command()(prepare)
    return app([str(each) for each in arguments], standalone_mode=False)


def test_tensors_are_written_with_where_they_come_from(maps, tmp_path, capsys):
    out = tmp_path / "out.npz"
    unit = ("--unit", "Msun/kpc2")
    assert not call("darkcnn", maps, "-o", out, *unit)
    assert "2 clusters of 1 files" in capsys.readouterr().out
    with np.load(out) as found:
        assert found["cluster_id"].tolist() == ["A", "B"]
        assert found["maps"].shape == (2, 100, 100, 3)
        said = json.loads(str(found["provenance"]))
    assert said["creator"].startswith("amphitrite ")
    ((name, digest),) = said["inputs"]
    assert (name, len(digest)) == ("maps.npz", 64)
    with pytest.raises(OutputError, match="exists already"):
        call("darkcnn", maps, "-o", out, *unit)
    assert not call("darkcnn", maps, "-o", out, *unit, "--overwrite")


def test_a_bad_file_is_left_out_and_the_exit_code_says_so(maps, tmp_path, capsys):
    bad = tmp_path / "bad.npz"
    bad.write_bytes(b"PK\x03\x04")
    out = tmp_path / "out.npz"
    given = ("darkcnn", bad, maps, "-o", out, "--unit", "Msun/kpc2", "--json")
    assert call(*given) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["clusters"] == 2
    assert list(said["skipped"]) == [str(bad)]
    with np.load(out) as found:
        assert json.loads(str(found["provenance"]))["inputs"][0][0] == "maps.npz"


@pytest.mark.parametrize(
    ("survey", "out", "said"),
    [
        ("emri", "o.npz", "nothing is prepared for 'emri'; it is for: darkcnn"),
        ("darkcnn", "o.fits", "must be a file name that ends in .npz"),
        ("darkcnn", "maps.npz", "a name of its own that is no input's"),
    ],
)
def test_what_makes_no_sense_is_refused(maps, tmp_path, survey, out, said):
    with pytest.raises(BadInput, match=said):
        call(survey, maps, "-o", tmp_path / out, "--unit", "Msun/kpc2")
    assert [entry.name for entry in tmp_path.iterdir()] == ["maps.npz"]


def test_nothing_stands_there_after_an_error(maps, tmp_path):
    with pytest.raises(BadInput, match="does not say in which unit"):
        call("darkcnn", maps, "-o", tmp_path / "o.npz")
    assert [entry.name for entry in tmp_path.iterdir()] == ["maps.npz"]


def test_the_help_says_for_which_surveys_it_is():
    assert "only darkcnn's for now" in prepare.__doc__
