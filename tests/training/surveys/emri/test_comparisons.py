"""The network beside the yardsticks, in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from amphitrite_training.evaluation.matching import Share
from amphitrite_training.surveys.emri.comparisons import (
    apart,
    beside,
    better_yardsticks,
)
from amphitrite_training.surveys.emri.judging import Judged


def with_hits(found, ratio, **hits):
    """Return an evaluation with some numbers of alarms at one signal-to-noise ratio."""
    points = []
    for point in found.points:
        if point.at.get("snr") == ratio:
            numbers = np.arange(len(point.judged))
            values = {
                name: np.where(numbers < n, 1e6, -1e6) for name, n in hits.items()
            }
            judged = Judged(point.judged.ratios, {**point.judged.statistics, **values})
            point = replace(point, judged=judged)
        points.append(point)
    return replace(found, points=tuple(points))


def test_intervals_are_apart_or_not():
    assert apart(Share(100, 400), Share(200, 400))
    assert apart(Share(200, 400), Share(100, 400))
    assert not apart(Share(190, 400), Share(200, 400))


def test_the_network_stands_beside_the_best_yardstick(evaluated):
    found = with_hits(evaluated, 40, emri=300, band_share=100, boxes=120, energy=399)
    lines = [line for line in beside(found).splitlines() if "SNR 40" in line]
    assert len(lines) == 2  # one for each false-alarm probability
    for line in lines:
        assert "300 of 400" in line
        assert "`boxes`" in line
        assert "120 of 400" in line
        assert line.endswith("the network finds more, and the intervals are apart.")


def test_a_yardstick_may_win_or_draw(evaluated):
    won = with_hits(evaluated, 50, emri=100, band_share=110, boxes=0)
    (line, _) = (line for line in beside(won).splitlines() if "SNR 50" in line)
    assert line.endswith("the yardstick finds more, and the intervals overlap.")
    drawn = with_hits(evaluated, 50, emri=100, band_share=100, boxes=0)
    (line, _) = (line for line in beside(drawn).splitlines() if "SNR 50" in line)
    assert line.endswith("they find as many.")


def test_every_point_where_a_yardstick_wins_is_named(evaluated):
    found = evaluated
    ratios = [point.at["snr"] for point in evaluated.group(4)]
    for ratio in ratios:
        found = with_hits(
            found, ratio, emri=200, emri_table3=400, energy=0, band_share=0, boxes=0
        )
    assert better_yardsticks(found).startswith("At no signal-to-noise ratio")
    found = with_hits(found, 20, energy=300)
    found = with_hits(found, 30, boxes=201)
    text = " ".join(better_yardsticks(found).split())
    assert "`energy` at SNR 20 and FAP 1 % (300 and not 200 of 400)" in text
    assert "`boxes` at SNR 30 and FAP 0.1 % (201 and not 200 of 400; the" in text
    assert text.count("SNR") == 4
