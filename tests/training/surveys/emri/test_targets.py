"""Targets are reached or not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amphitrite_training.surveys.emri.judging import Judged
from amphitrite_training.surveys.emri.targets import targets


def with_alarms(judged, n):
    """Return segments of which the first n are alarms of all statistics."""
    values = np.where(np.arange(len(judged)) < n, 1e6, -1e6)
    return Judged(judged.ratios, dict.fromkeys(judged.statistics, values))


def changed(found, group, n, at=None):
    """Return an evaluation with n alarms in a group, or in a point of it."""
    points = tuple(
        replace(point, judged=with_alarms(point.judged, n))
        if point.group == group and (at is None or point.at["snr"] == at)
        else point
        for point in found.points
    )
    return replace(found, points=points)


def departed(found, word, n):
    """Return an evaluation with n false alarms in noise of some kinds."""
    return replace(
        found,
        departed=tuple(
            replace(each, noise=with_alarms(each.noise, n))
            if word in each.name
            else each
            for each in found.departed
        ),
    )


def reached(found, words):
    (target,) = (each for each in targets(found) if words in each.what)
    return target.reached


@pytest.mark.parametrize(
    ("words", "group", "at", "most", "least"),
    [
        # of 500 and of 400
        ("of group 1 at FAP 1 %", 1, None, 497, 498),
        ("of group 1 at FAP 0.1 %", 1, None, 494, 495),
        ("SNR 50", 4, 50, 379, 380),
        ("SNR 40", 4, 40, 351, 352),
        ("SNR 30", 4, 30, 231, 232),
    ],
)
def test_so_many_signals_must_be_found(evaluated, words, group, at, most, least):
    assert not reached(changed(evaluated, group, most, at), words)
    assert reached(changed(evaluated, group, least, at), words)


@pytest.mark.parametrize(
    ("word", "n", "expected"),
    [
        # of 1,000
        *(("amplitude", 4, False), ("amplitude", 5, True)),
        *(("amplitude", 20, True), ("amplitude", 21, False)),
        *(("tilted", 0, True), ("tilted", 29, True), ("tilted", 30, False)),
    ],
)
def test_false_alarms_must_stay_rare(evaluated, word, n, expected):
    assert reached(departed(evaluated, word, n), word) is expected


def test_one_amplitude_is_enough_to_miss_the_target(evaluated):
    good = departed(evaluated, "amplitude", 10)
    assert reached(good, "amplitude")
    assert not reached(departed(good, "amplitude -0.2 %", 40), "amplitude")


def test_both_kinds_of_waveforms_must_agree(evaluated):
    plain = changed(evaluated, 1, 500)
    assert reached(changed(plain, 3, 485), "groups 1 and 3")
    assert not reached(changed(plain, 3, 484), "groups 1 and 3")


def test_what_was_not_measured_is_no_target(evaluated):
    few = replace(
        evaluated,
        noise=Judged(
            evaluated.noise.ratios[:1_000],
            {
                name: values[:1_000]
                for name, values in evaluated.noise.statistics.items()
            },
        ),
        points=tuple(each for each in evaluated.points if each.group != 3),
    )
    names = [each.what for each in targets(few)]
    assert not any("0.1 %" in name or "groups 1 and 3" in name for name in names)
    assert any("group 1 at FAP 1 %" in name for name in names)
