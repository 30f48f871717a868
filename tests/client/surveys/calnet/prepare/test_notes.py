"""What was assumed is said once for all files."""

from pathlib import Path

from amphitrite.surveys.calnet.prepare.notes import choices


def test_a_choice_is_said_once_with_its_files():
    files = [
        (Path("x/a.fits"), ("sorted",)),
        (Path("x/b.fits"), ()),
        (Path("x/c.fits"), ("sorted", "in UTC")),
    ]
    said = ["sorted (2 files, such as a.fits)", "in UTC (c.fits)"]
    assert choices(files).made == said
    assert choices([]).made == []
