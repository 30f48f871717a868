"""The card says what was measured, and what it is worth."""

from __future__ import annotations

import re
from dataclasses import asdict, replace

import numpy as np
import pytest

from amphitrite.places import checkout_repository
from amphitrite.surveys.calnet.page import MODEL
from amphitrite_training.evaluation.matching import Share
from amphitrite_training.surveys.calnet.card import card, chosen
from amphitrite_training.surveys.calnet.judged import JudgedStars
from amphitrite_training.surveys.calnet.measures import (
    Evaluation,
    Rates,
    periods,
    rates,
)
from amphitrite_training.surveys.calnet.pictures import pictures
from amphitrite_training.surveys.calnet.recipe import SHIPPED
from amphitrite_training.surveys.calnet.simulate.stars import BINARIES, KINDS


def evaluation(archive=""):
    rng = np.random.default_rng(4)
    n = 600
    binary = np.arange(n) % 2 == 0
    kind = np.where(binary, rng.choice(BINARIES, n), rng.choice(KINDS[3:], n))
    p = np.where(binary, 1 - 0.4 * rng.random(n) ** 4, 0.94 * rng.random(n) ** 3)
    period = np.where(binary, 10 ** rng.uniform(-0.6, 1.2, n), 0)
    stars = JudgedStars(
        seed=3_000_000 + np.arange(n),
        kind=kind,
        tmag=rng.uniform(6, 15, n),
        period=period,
        depth=np.where(binary, 10 ** rng.uniform(-2.4, -0.3, n), 0),
        p_eb=p,
        found_period=np.where(p > 0.9, period * rng.choice([1, 2, 1.3], n), np.nan),
    )
    spec = replace(
        MODEL,
        digest="sha256:12ab",
        learned={
            "interpolation": "pchip",
            "threshold": 0.92,
            "recipe": {**asdict(SHIPPED), "archive": archive},
            "training": {
                "samples_seen": 123_456,
                "seconds": 3_600.0,
                "backend": "tensorflow",
                "trainable_parameters": 2_183_000,
            },
        },
    )
    return Evaluation(spec, 2, 3_000_000, 0.92, stars)


@pytest.fixture(scope="module")
def found():
    return evaluation()


@pytest.fixture(scope="module")
def text(found):
    return card(found)


@pytest.fixture(scope="module")
def flowing(text):
    """The card without its line breaks."""
    return " ".join(text.split())


def test_it_says_that_everything_is_simulated(flowing):
    assert "**All of these stars are simulated**" in flowing
    assert "**All training data are simulated**" in flowing
    assert "600 stars of one sector each" in flowing
    assert "from 3,000,000 on" in flowing


def test_real_training_data_are_named():
    text = card(evaluation(archive="/data"))
    assert "All training data are simulated" not in text
    assert "training data are real light curves" in text


def test_published_numbers_stand_beside_ours_with_their_warning(found, flowing):
    recall = rates(found.stars, 0.9).recall.value
    assert "| binaries taken for binaries, at 0.5 | 0.986 | " in flowing
    assert f"| 0.991 (4,187 of 4,225) | {recall:.3f} (" in flowing
    assert "upper bounds" in flowing


def test_the_main_numbers_are_in_it(found, text):
    for threshold in (0.5, 0.9, 0.92):
        recall = rates(found.stars, threshold).recall
        low, high = recall.interval
        assert (
            f"| {threshold:g} | {recall.value:.3f} ({low:.3f} to {high:.3f}; "
            f"{recall.n_hits} of {recall.n})"
        ) in text
    assert "recommended threshold | 0.92" in text
    assert "sha256:12ab" in text
    assert "123,456 samples in 60 minutes" in text


def test_it_says_on_how_few_false_positives_it_rests(found, flowing):
    others = found.stars.where(~found.stars.is_binary)
    n = int((others.p_eb >= 0.92).sum())
    assert 0 < n < 10
    assert f"at 0.92, **{n} of 300 others** are taken for binaries" in flowing
    assert "RR Lyrae stars, of which Kepler had 52" in flowing


def test_it_says_that_the_threshold_rests_on_choices(found, flowing):
    other, own = (rates(found.stars, each) for each in (0.9, 0.92))
    assert " ".join(chosen(other, own).split()) in flowing
    assert "rests on choices**: of 33 that are tried, from 0.5 to 0.9999" in flowing
    assert f"recall here is {other.recall.value:.3f} (" in flowing
    assert f"not {own.recall.value:.3f} (" in flowing
    assert "with one false positive more than was counted, reaches 90 %" in flowing


def test_the_committed_card_says_so_too():
    text = (checkout_repository() / "calnet" / "MODEL_CARD.md").read_text()
    table = text.partition("### All stars")[2]
    counted = [
        Rates(float(threshold), *(_counts(cell) for cell in cells))
        for threshold, *cells in re.findall(
            r"^\| ([\d.]+) \| (.*?) \| (.*?) \| .*$", table, re.MULTILINE
        )[:3]
    ]
    assert [each.threshold for each in counted] == [0.5, 0.9, 0.9925]
    assert chosen(*counted[1:]) in text


def _counts(cell):
    """Read a share from its cell: value (low to high; hits of all)."""
    hits, of = re.search(r"; ([\d,]+) of ([\d,]+)\)", cell).groups()
    return Share(*(int(number.replace(",", "")) for number in (hits, of)))


def test_it_says_whether_the_target_is_reached(found, flowing):
    clear = rates(found.stars.where(found.stars.is_clear), 0.9)
    verdict = "reached" if clear.recall.value > 0.98 else "not reached"
    low, high = clear.recall.interval
    assert (
        f"at 0.9: recall {clear.recall.value:.3f} ({low:.3f} to {high:.3f}), {verdict};"
    ) in flowing


def test_periods_are_told_by_kind(found, text):
    exact, _ = periods(found.stars)["EW"]
    assert f"| EW | {exact.value:.3f} (" in text


def test_it_shows_the_pictures_that_are_drawn(found, text):
    pytest.importorskip("matplotlib", reason="pictures need the plots extra")
    shown = re.findall(r"!\[.+?\]\(pictures/(\w+)\.png\)", text)
    assert sorted(shown) == sorted(pictures(found))


def test_every_kind_has_its_row(text):
    for kind in KINDS:
        assert re.search(rf"^\| {kind} \| (binary|other) \| ", text, re.MULTILINE)


def test_tables_are_whole(text):
    """Every row has as many cells as its head."""
    cells = None
    for line in text.splitlines():
        if not line.startswith("|"):
            cells = None
            continue
        cells = cells or line.count("|")
        assert line.count("|") == cells, line
    assert "nan" not in text
