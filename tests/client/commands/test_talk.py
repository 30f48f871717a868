"""What a command says is printed as it is, whatever brackets and colons it has."""

import json
import logging

import pytest
from rich.table import Table

from amphitrite.commands.talk import Talk, reporter

# rich would refuse the first as markup, swallow part of the second and draw the third
PATHS = ["run[/1]", "res[bold]x", "a:star:b"]


@pytest.mark.parametrize("path", PATHS)
def test_a_result_is_printed_as_it_is(path, capsys):
    Talk().result(f"3 sources in {path}", {})
    assert capsys.readouterr().out == f"3 sources in {path}\n"


@pytest.mark.parametrize("path", PATHS)
def test_a_table_is_printed_as_it_is(path, capsys):
    table = Table("reason")
    table.add_row(path)
    Talk().result(table, {})
    assert path in capsys.readouterr().out


@pytest.mark.parametrize("path", PATHS)
def test_what_is_said_and_logged_is_printed_as_it_is(path, capsys):
    talk = Talk()
    talk.say(f"log {path}")
    logging.getLogger("amphitrite.test").warning("no %s", path)
    assert capsys.readouterr().err == f"log {path}\nwarning: no {path}\n"


@pytest.mark.parametrize("path", PATHS)
def test_what_goes_on_is_shown_as_it_is(path, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal, where it is drawn
    monkeypatch.setenv("TERM", "xterm")
    with Talk().status(f"installing {path}"):
        pass
    assert f"installing {path}" in capsys.readouterr().err
    with Talk().status("installing") as status:
        reporter(status)(f"starting {path}")
    assert f"starting {path}" in capsys.readouterr().err


@pytest.mark.parametrize("path", PATHS)
def test_a_bar_names_its_work_as_it_is(path, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with Talk().progress(path, 2) as advance:
        advance(2)
    assert path in capsys.readouterr().err


def test_json_is_one_object_and_nothing_to_read(capsys):
    Talk(as_json=True).result("run[/1]", {"output": "run[/1]"})
    assert json.loads(capsys.readouterr().out) == {"output": "run[/1]"}


def test_quiet_keeps_only_errors(capsys):
    talk = Talk(quiet=True)
    talk.say("said")
    talk.result("found", {})
    logging.getLogger("amphitrite.test").warning("warned")
    logging.getLogger("amphitrite.test").error("failed")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "error: failed\n"
