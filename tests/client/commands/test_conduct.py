"""A command's options reach the run, and its result is printed."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from amphitrite.commands import conduct as module
from amphitrite.commands.conduct import SKIPPED, conduct
from amphitrite.commands.options import Common
from amphitrite.commands.talk import Talk
from amphitrite.engine.control import Limits, PartResult, Result, Summary
from amphitrite.engine.shards import Shard
from amphitrite.errors import BadInput

COMMON = Common(
    in_flight=3,
    patience=7.0,
    resume=True,
    as_json=True,
)
INPUTS, OUT, OPTIONS = [Path("a.fits"), Path("b.fits")], Path("out.fits"), object()


@pytest.fixture
def survey(monkeypatch):
    """A survey that notes how it is run; its summary may be replaced."""
    noted = SimpleNamespace(summary=Summary(done=2, resumed=1))

    def run(*arguments):
        noted.arguments = arguments
        seconds = {"serving": 1.23456}
        return Result([4, 5, 6], noted.summary, OUT, seconds)

    def connected(talk, serving, models):
        noted.connecting = (serving, models)
        return noted

    monkeypatch.setattr(module, "find", lambda name: SimpleNamespace(run=run))
    monkeypatch.setattr(Talk, "connected", connected)
    monkeypatch.setattr(sys, "argv", ["/bin/amphitrite", "asid", "a file.fits"])
    return noted


def described(result):
    return f"{len(result.table)} sources", {"n_sources": len(result.table)}


def test_options_reach_the_run(survey):
    conduct("asid", INPUTS, OUT, OPTIONS, COMMON, described, workers=2)
    inputs, connecting, out, options, control = survey.arguments
    assert (inputs, connecting, out, options) == (INPUTS, survey, OUT, OPTIONS)
    assert control.limits == Limits(in_flight=3, workers=2, patience=7.0)
    assert (control.resume, control.overwrite) == (True, False)
    assert control.command == "amphitrite asid 'a file.fits'"
    assert survey.connecting == (COMMON, ["asid", "asid_heads"])


def test_the_result_is_one_json_object(survey, capsys):
    conduct("asid", INPUTS, OUT, OPTIONS, COMMON, described)
    assert json.loads(capsys.readouterr().out) == {
        "output": "out.fits",
        "n_sources": 3,
        "resumed": 1,
        "skipped": {},
        "seconds": {"serving": 1.235},
    }


def test_the_result_is_a_sentence_without_json(survey, capsys):
    conduct("asid", INPUTS, OUT, OPTIONS, replace(COMMON, as_json=False), described)
    assert capsys.readouterr().out == "3 sources\n"


def test_a_skipped_input_is_told_by_the_exit_code_after_the_result(survey, capsys):
    survey.summary = Summary(done=1, skipped={"b.fits": "damaged"})
    with pytest.raises(typer.Exit) as ended:
        conduct("asid", INPUTS, OUT, OPTIONS, COMMON, described)
    assert ended.value.exit_code == SKIPPED == 1
    assert json.loads(capsys.readouterr().out)["skipped"] == {"b.fits": "damaged"}


def test_a_shard_writes_a_part_and_ends_well(survey, monkeypatch, capsys):
    def run(*arguments):
        survey.arguments = arguments
        skipped = Summary(done=2, skipped={"c.fits": "it is cut off"})
        return PartResult([], skipped, OUT, {"scoring": 1.0}, Shard(1, 4), 2)

    monkeypatch.setattr(module, "find", lambda name: SimpleNamespace(run=run))
    chosen = replace(COMMON, shard="1/4")
    conduct("asid", INPUTS, Path("1.part"), OPTIONS, chosen, described)
    assert survey.arguments[-1].shard == Shard(1, 4)
    answer = json.loads(capsys.readouterr().out)
    assert (answer["shard"], answer["units"], answer["output"]) == ("1/4", 2, "1.part")
    assert answer["skipped"] == {"c.fits": "it is cut off"}


def test_auto_is_the_task_of_an_engine(survey, monkeypatch):
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "2")
    monkeypatch.setenv("AMPHITRITE_SHARDS", "3")
    conduct("asid", INPUTS, OUT, OPTIONS, replace(COMMON, shard="auto"), described)
    assert survey.arguments[-1].shard == Shard(2, 3)


def test_a_shard_that_there_is_not_is_refused_before_anything_is_read(survey):
    with pytest.raises(BadInput, match="received 4/4"):
        conduct("asid", INPUTS, OUT, OPTIONS, replace(COMMON, shard="4/4"), described)
    lists = [Path("@/dev/fd/63")]
    with pytest.raises(BadInput, match="is gone when the parts are merged"):
        conduct("asid", lists, OUT, OPTIONS, replace(COMMON, shard="0/4"), described)
    assert not hasattr(survey, "arguments")
