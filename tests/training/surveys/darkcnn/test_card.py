"""The card says what was measured, and what it is worth."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from amphitrite.surveys.darkcnn.page import WARNING
from amphitrite_training.evaluation.cards import number, share
from amphitrite_training.surveys.darkcnn import cases, variants
from amphitrite_training.surveys.darkcnn.card import card
from amphitrite_training.surveys.darkcnn.targets import targets
from amphitrite_training.surveys.darkcnn.variants import Trained, Variants


@pytest.fixture(scope="module")
def text(evaluated):
    return card(evaluated)


@pytest.fixture(scope="module")
def flowing(text):
    """The card without its line breaks."""
    return " ".join(text.split())


def test_its_first_line_is_the_warning(text):
    first = text.splitlines()[0]
    assert first == f"**{WARNING}.**"
    assert "parametric generator" in first
    assert "never be used to publish a cross-section" in first
    assert "Written by `amphitrite evaluate darkcnn`" in text[:1000]


def test_all_is_said_to_be_simulated(flowing):
    assert "All clusters on this card are simulated" in flowing
    assert "No observation was used" in flowing
    assert "**All training data are simulated**" in flowing


def test_every_case_stands_beside_its_floor(evaluated, text):
    for each in evaluated.accuracies:
        served = "none" if each.regression is None else number(each.regression)
        assert (
            f"| {each.case.name} | {number(each.network)} | "
            f"{number(each.regression_refitted)} | {served} | {number(each.gain)} |"
        ) in text
        assert (
            f"| {each.case.name} | {each.calibration_error:.3f} | "
            f"{each.least_error:.3f} | {share(each.false_alarms)} |"
        ) in text


def test_the_published_accuracy_is_not_like_for_like(flowing):
    assert "**Published**: 0.80 to 0.826" in flowing
    assert "**not like for like**" in flowing
    assert "share their initial conditions" in flowing


def test_samples_are_counted(evaluated, text):
    for each in evaluated.coverages:
        assert f"| {each.case.name} | {share(each.within(0.68))} |" in text
    for each in evaluated.blind:
        found = each.sample.posterior
        low, high = found.interval(0.68)
        assert (
            f"| {each.case.name} | {each.sample.n:,} | {each.sample.n_counted:,} | "
            f"{found.median:.3f} ({low:.3f} to {high:.3f}) |"
        ) in text


def test_every_target_has_its_verdict(evaluated, text):
    for target in targets(evaluated):
        verdict = "reached" if target.reached else "**not reached**"
        assert (
            f"| {target.what} | {target.wanted} | {target.measured} | {verdict} |"
        ) in text


def test_published_maps_are_reported_and_not_judged(evaluated, text, flowing):
    assert "**Reported, not judged**" in flowing
    assert len(re.findall(r"^\| [1-6] \| (?:CDM|SIDM)", text, re.MULTILINE)) == 6
    assert "(0.1), published" in text
    without = card(replace(evaluated, published=None))
    assert "The published maps were not at hand." in without
    assert "), published" not in without
    check_tables(without)


def test_networks_that_were_not_trained_are_not_measured(text, flowing):
    if variants.FILE.exists():
        pytest.skip("the comparison was made")
    assert "Inception and simple: **not measured**." in flowing


def test_networks_that_were_trained_are_shown(evaluated, tmp_path, monkeypatch):
    accuracy = {"value": 0.71, "low": 0.69, "high": 0.73}
    measured = Variants(
        1_200,
        20.0,
        {"n_ids": "3000"},
        [
            Trained("the default", {}, 20.0, 12_345, 678, {"clear": accuracy}),
            Trained("50 pixels", {"pixels": "50"}, 19.6, 9, 8, {}),
        ],
    )
    path = tmp_path / "variants.json"
    path.write_text(measured.to_json())
    read = variants.read
    monkeypatch.setattr(variants, "read", lambda: read(path))
    text = card(evaluated)
    assert (
        "| the default | the default | 20 | 12,345 | 678 | 0.710 (0.690 to 0.730) |"
    ) in text
    assert "| 50 pixels | `pixels=50` | 20 | 9 | 8 | none |" in text
    flowing = " ".join(text.split())
    assert (
        "the default recipe (all with n_ids = 3000), for 20 minutes at most, and "
        "judged on the same 3,600"
    ) in flowing
    check_tables(text)


def test_too_few_clusters_are_said_to_be_few(evaluated):
    few = [evaluated.accuracy(case) for case in cases.CASES[1:]]
    first = evaluated.accuracy(cases.CLEAR)
    small = replace(first, judged=first.judged.take(slice(300)))
    small = replace(small, floor=first.floor[:300], refitted=first.refitted[:300])
    text = " ".join(card(replace(evaluated, accuracies=[small, *few])).split())
    assert "300 test clusters are too few for the calibration error." in text


def test_the_pictures_are_shown(text):
    shown = re.findall(r"\(pictures/(\w+)\.png\)", text)
    assert sorted(shown) == sorted(
        ["accuracy", "blind", "calibration", "coverage", "maps", "profiles"]
    )


def test_tables_and_lines_are_whole(text):
    check_tables(text)
    for line in text.splitlines():
        if not line.startswith(("|", "![", "**WARNING", "The recipe", "#")):
            assert len(line) <= 88
    assert "nan" not in text.replace("nance", "").lower()


def check_tables(text):
    """Every table has as many cells in each row."""
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        rows = table.strip().splitlines()
        cells = {row.replace("\\|", "").count("|") for row in rows}
        assert len(cells) == 1, rows[0]
