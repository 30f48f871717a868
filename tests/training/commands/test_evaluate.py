"""Cards and pictures are replaced only where they are evaluate's own."""

from __future__ import annotations

import os
import socket

import pytest
import typer
from typer.testing import CliRunner

from amphitrite.errors import BadInput, OutputError, ServerUnreachable
from amphitrite_training.commands.evaluate import evaluate


def call(*arguments):
    application = typer.Typer()
    application.command()(evaluate)
    outcome = CliRunner().invoke(application, [str(each) for each in arguments])
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome


@pytest.fixture
def nowhere():
    """An address where nothing listens, and nothing can while the test runs."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


def card_of(text):
    return f"# Model card\n\nWritten by `amphitrite evaluate morpheus`; {text}"


def test_a_card_where_there_is_no_folder_is_refused_before_any_work(tmp_path, nowhere):
    with pytest.raises(OutputError, match=r"cannot write the card .*; give --card"):
        call(
            *("morpheus", "--card", tmp_path / "missing" / "CARD.md"),
            *("--server", nowhere),
        )


@pytest.mark.parametrize("kind", ["folder", "file", "link", "pipe"])
def test_what_is_no_card_is_not_replaced(tmp_path, nowhere, kind):
    card = tmp_path / "CARD.md"
    if kind == "folder":
        card.mkdir()
    elif kind == "file":
        card.write_text("my thesis")
    elif kind == "link":
        (tmp_path / "other").write_text(card_of("old"))
        card.symlink_to("other")
    else:
        os.mkfifo(card)
    before = unchanged(card)
    with pytest.raises(OutputError, match=r"CARD\.md is (no card|a link|a pipe)"):
        call("morpheus", "--card", card, "--server", nowhere)
    assert unchanged(card) == before


def unchanged(path):
    """Return what tells a file from another; not when it was last read."""
    found = path.lstat()
    return found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns


def test_pictures_of_nobody_knows_what_are_not_replaced(tmp_path, nowhere):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "roc.png").write_text("precious")
    with pytest.raises(OutputError, match="no card stands beside them"):
        call(
            *("calnet", "--card", tmp_path / "CARD.md", "--server", nowhere),
        )


@pytest.mark.parametrize("existing", [True, False])
def test_a_card_stays_as_it_was_until_there_is_a_new_one(tmp_path, nowhere, existing):
    card = tmp_path / "CARD.md"
    if existing:
        card.write_text(card_of("old"))
    with pytest.raises(ServerUnreachable):
        call("morpheus", "--card", card, "--server", nowhere)
    assert [p.read_text() for p in tmp_path.iterdir()] == [card_of("old")] * existing


def test_systematics_are_refused_where_there_are_none():
    with pytest.raises(BadInput, match=r"not measured for morpheus; .*: asid"):
        call("morpheus", "--systematics")
