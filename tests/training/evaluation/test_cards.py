"""Markdown of model cards, against texts written by hand."""

from __future__ import annotations

from amphitrite_training.evaluation import cards
from amphitrite_training.evaluation.matching import Share


def test_sections_have_one_blank_line_between_them():
    assert cards.sections("# A\n\n", "", "\nb\nc") == "# A\n\nb\nc\n"


def test_a_table_has_a_head_and_escapes_its_cells():
    assert cards.table(("part", "n"), [("|b| > 20", "3"), ("all", "5")]) == (
        "| part | n |\n| --- | --- |\n| \\|b\\| > 20 | 3 |\n| all | 5 |"
    )


def test_properties_are_a_table_without_a_head():
    assert cards.properties({"version": "3", "method": "M"}) == (
        "| | |\n|---|---|\n| version | 3 |\n| method | M |"
    )


def test_numbers_have_their_intervals():
    assert cards.ranged(0.5, (0.25, 0.75), digits=2, of="12") == (
        "0.50 (0.25 to 0.75; 12)"
    )
    measured = {"value": -0.5, "low": -1.0, "high": 0.0}
    assert cards.number(measured) == "-0.500 (-1.000 to 0.000)"
    assert cards.number({**measured, "value": None}) == "none"


def test_shares_have_their_counts():
    # Wilson's interval of 2 of 2 begins at 2 / (2 + 1.96^2)
    assert cards.share(Share(2, 2)) == "1.000 (0.342 to 1.000; 2 of 2)"
    assert cards.share(Share(0, 0)) == "none"
    assert cards.percent(0.004) == "0.4 %"
