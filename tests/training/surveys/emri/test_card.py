"""The card says what was measured, and what it is worth."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from amphitrite_training.surveys.emri.card import card
from amphitrite_training.surveys.emri.judging import Judged
from amphitrite_training.surveys.emri.targets import targets


@pytest.fixture(scope="module")
def text(evaluated):
    return card(evaluated)


@pytest.fixture(scope="module")
def flowing(text):
    """The card without its line breaks."""
    return " ".join(text.split())


def test_it_says_who_wrote_it_and_that_everything_is_simulated(text, flowing):
    assert "Written by `amphitrite evaluate emri`; do not edit." in text[:200]
    bold = re.search(r"\*\*(.+?)\*\*", flowing)[1]
    assert bold == "All data are simulated"
    assert "**All training data are simulated**" in flowing


def test_both_networks_stand_in_it(text):
    for row in (
        "| version | 2 | 2 |",
        "| digest of `model.onnx` | `sha256:12ab` | `sha256:12ab` |",
        "| parameters | 11,618 | 11,618 |",
        "| training | 60 minutes on tensorflow | 60 minutes on tensorflow |",
    ):
        assert row in text
    for name in ("emri", "emri_table3"):
        assert f"The recipe of `{name}`: batch_size = 32, " in text


def counted(share, digits=3):
    low, high = share.interval
    return (
        f"{share.value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f}; "
        f"{share.n_hits:,} of {share.n:,})"
    )


def test_every_group_is_counted(evaluated, text):
    for group in (1, 2, 3):
        (point,) = evaluated.group(group)
        for name in evaluated.names:
            for probability in evaluated.probabilities:
                share = evaluated.alarms(point.judged, name, probability)
                (row,) = re.findall(rf"^\| `{name}` \| .*500\) \|$", text, re.MULTILINE)
                assert counted(share) in row
    for point in evaluated.group(4):
        share = evaluated.alarms(point.judged, "emri", 0.01)
        assert f"| {point.at['snr']:g} | {counted(share)} |" in text
    for group in (5, 6, 7):
        for point in evaluated.group(group):
            share = evaluated.alarms(point.judged, "emri", 0.01)
            median = f"{np.median(point.judged.ratios):.1f}"
            place = " | ".join(
                f"{point.at[name]:g}" for name in ("log_mass", "spin", "redshift")
            )
            assert f"| {place} | {median} | {counted(share)} |" in text


def test_the_agreement_of_the_waveforms_stands_in_it(evaluated, text, flowing):
    row = (
        "| 1e+05 | 1e-05 | 60 | 0.99987 | 0.991 | 0.975 | 0.432 | +0.00 | -0.25 | "
        "+13.50 | -3.20e-04 |"
    )
    assert row in text
    assert "**How far the two kinds of waveforms agree**" in flowing
    assert "waveforms agree" not in card(replace(evaluated, agreements=()))


def test_misjudged_noise_and_the_stream_are_counted(evaluated, text):
    for each in evaluated.departed:
        false = evaluated.alarms(each.noise, "emri", 0.01)
        true = evaluated.alarms(each.signals, "emri", 0.01)
        assert f"| {each.name} | {counted(false, 4)} |" in text
        assert f"| {each.name} | {counted(true)} |" in text
    rate = evaluated.stream.rate("emri", evaluated.thresholds["emri", 0.01])
    low, high = rate.interval
    assert (
        f"| `emri` | {rate.value:.4f} ({low:.4f} to {high:.4f}; {rate.n} in "
        f"{rate.years:.0f} years) |"
    ) in text


def test_every_target_has_its_verdict(evaluated, text):
    for target in targets(evaluated):
        verdict = "reached" if target.reached else "**not reached**"
        measured = "; ".join(counted(share, 4) for share in target.measured)
        assert (f"| {target.what} | {target.wanted} | {measured} | {verdict} |") in text


def test_group_2_is_no_m12(flowing):
    assert "**a stand-in, not the paper's astrophysical model M12**" in flowing
    assert "log10 M uniform from 5 to 6.5" in flowing
    assert "spin 0.9 to 0.98" in flowing
    assert "redshift 0.1 to 0.3" in flowing


def test_a_group_that_was_left_out_says_why(evaluated):
    reason = "Augmented waveforms needs the 'waveforms' extra, which is not installed."
    points = tuple(each for each in evaluated.points if each.group != 3)
    text = card(replace(evaluated, points=points, left_out=reason))
    assert f"**Group 3**: not measured. {reason}" in " ".join(text.split())
    assert "group 3, FAP" not in text
    assert "groups 1 and 3" not in text
    check_tables(text)


def test_a_quick_look_says_what_it_lacks(evaluated):
    values = {n: each[:1_000] for n, each in evaluated.noise.statistics.items()}
    few = replace(evaluated, noise=Judged(np.zeros(1_000), values))
    text = card(few)
    assert "too few for a false-alarm probability of 0.1 %" in " ".join(text.split())
    assert "FAP 0.1 %" not in text
    check_tables(text)


def test_the_numbers_of_others_have_their_conditions(flowing):
    assert "**no measure of the same thing**" in flowing
    for words in (
        "DECODE (arXiv:2308.16422): a true-positive rate of 96.3 % at 1 % false",
        "one year of data, SNR 50 to 120",
        "(arXiv:2309.06694): 94.2 % at 1 %, half a year, SNR 50 to 100",
        "arXiv:2311.18640: 96.9 % at 1 %",
        "are not known to us and not quoted",
    ):
        assert words in flowing


def test_it_shows_the_pictures_that_are_drawn(figures, text):
    shown = re.findall(r"!\[.+?\]\(pictures/(\w+)\.png\)", text)
    assert sorted(shown) == sorted(figures)


def test_tables_are_whole(text):
    check_tables(text)


def check_tables(text):
    """Check that every row has as many cells as its head, and that all are numbers."""
    cells = None
    for line in text.splitlines():
        if not line.startswith("|"):
            cells = None
            continue
        cells = cells or line.count("|")
        assert line.count("|") == cells, line
    assert "nan" not in text
