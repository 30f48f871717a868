"""The command makes the result of parts with the survey's own run, and prints it."""

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from amphitrite import api
from amphitrite.commands.merge import merge
from amphitrite.engine.control import Result, Summary
from amphitrite.engine.merging import Parts
from amphitrite.engine.partfiles import Head
from amphitrite.errors import BadInput
from amphitrite.surveys.calnet.options import Options

HEAD = Head(
    survey="calnet",
    shard=(0, 1),
    run={},
    options={"threshold": 0.5, "plots": None},
    inputs=["/lc/*.fits", "@/list"],
    folder="",
    models=[],
)


@dataclass(frozen=True)
class Stars(Result):
    """As a search of calnet gives it."""

    n_files: int = 3
    n_segments: int = 5
    n_candidates: int = 1
    threshold: float = 0.5


@pytest.fixture
def survey(monkeypatch, tmp_path):
    """A survey that notes how it is run, and the parts that are found."""
    noted = SimpleNamespace(summary=Summary(resumed=3), head=HEAD)
    monkeypatch.chdir(tmp_path)
    parts = [Path("0.part")]
    parts[0].touch()

    def run(*arguments):
        noted.arguments = arguments
        return Stars([1, 2], noted.summary, Path("eb.fits"), {"scoring": 1.0})

    def of(paths):
        assert paths == parts
        return Parts(noted.head, tuple(parts), ("0" * 64,), {})

    monkeypatch.setattr(Parts, "of", of)
    monkeypatch.setattr(api, "find", lambda name: SimpleNamespace(run=run))
    monkeypatch.setattr(sys, "argv", ["/bin/amphitrite", "merge", "0.part"])
    return noted


def test_the_run_is_that_of_the_shards_without_a_server(survey, capsys):
    merge([Path("0.part")], Path("eb.fits"), as_json=True, overwrite=True)
    inputs, _, out, options, control = survey.arguments
    assert inputs == [Path("/lc/*.fits"), Path("@/list")]
    assert (out, options) == (Path("eb.fits"), Options(threshold=0.5))
    assert (control.overwrite, control.resume, control.shard) == (True, False, None)
    assert control.parts.named == (("0.part", "0" * 64),)
    assert control.command == "amphitrite merge 0.part"
    answer = json.loads(capsys.readouterr().out)
    assert (answer["stars"], answer["files"], answer["skipped"]) == (2, 3, {})


def test_skipped_inputs_are_said_in_the_end(survey, capsys):
    survey.summary.skipped["a.fits"] = "it is cut off"
    with pytest.raises(typer.Exit) as raised:
        merge([Path("0.part")], Path("eb.fits"), as_json=False)
    assert raised.value.exit_code == 1
    assert "1 file was left out" in capsys.readouterr().out


def test_relative_names_are_merged_where_the_shards_were_run(survey):
    survey.head = replace(HEAD, folder="/elsewhere")
    with pytest.raises(BadInput, match="were run in /elsewhere"):
        merge([Path("0.part")], Path("eb.fits"))


def test_a_pattern_stands_for_parts(survey):
    merge([Path("*.part")], Path("eb.fits"), quiet=True)
    assert [str(path) for path in survey.arguments[4].parts.paths] == ["0.part"]
    with pytest.raises(BadInput, match="stands for no file"):
        merge([Path("*.parts")], Path("eb.fits"))
