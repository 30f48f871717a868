"""The card's pictures show the numbers of the evaluation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amphitrite_training.diagrams import style
from amphitrite_training.surveys.emri.pictures import pictures

pytest.importorskip("matplotlib", reason="pictures need the plots extra")


def curve(axes, label):
    (container,) = (each for each in axes.containers if each.get_label() == label)
    return container.lines[0].get_xydata()


def test_the_roc_has_all_statistics_of_three_groups(evaluated, figures):
    panels = figures["roc"].axes
    assert [axes.get_title()[:26] for axes in panels] == [
        f"Simulated signals, group {number}" for number in (1, 2, 3)
    ]
    for axes, group in zip(panels, (1, 2, 3), strict=True):
        labels = [line.get_label() for line in axes.lines]
        assert labels[::2] == evaluated.names
        (point,) = evaluated.group(group)
        share = evaluated.alarms(point.judged, "energy", 0.01)
        curve = axes.lines[0].get_xydata()
        assert (np.diff(curve, axis=0) >= 0).all()
        assert curve[-1].tolist() == [1, 1]
        mark = axes.lines[labels.index("energy, at FAP 1 %")].get_xydata()
        np.testing.assert_allclose(mark, [[0.01, share.value]])
        assert len({line.get_color() for line in axes.lines}) == 5


def test_all_statistics_are_drawn_against_the_ratio(evaluated, figures):
    for axes, probability in zip(figures["snr"].axes, (0.01, 0.001), strict=True):
        for name in evaluated.names:
            expected = [
                (
                    point.at["snr"],
                    evaluated.alarms(point.judged, name, probability).value,
                )
                for point in evaluated.group(4)
            ]
            np.testing.assert_allclose(curve(axes, name), expected)


@pytest.mark.parametrize(
    ("picture", "group", "titles", "n"),
    [
        ("mass", 5, [f"spin 0.98, z {z}" for z in (0.1, 0.2, 0.3)], 7),
        ("spin", 6, [f"log10 M 6, z {z}" for z in (0.2, 0.3)], 6),
        (
            "redshift",
            7,
            [
                f"log10 M {each}"
                for each in ("5.5, spin 0.98", "6, spin 0", "6, spin 0.98")
            ],
            3,
        ),
    ],
)
def test_sources_are_drawn_in_panels(evaluated, figures, picture, group, titles, n):
    panels = figures[picture].axes
    assert [axes.get_title() for axes in panels] == titles
    values = [curve(axes, "emri")[:, 1] for axes in panels]
    assert [len(each) for each in values] == [n] * len(titles)
    expected = [
        evaluated.alarms(point.judged, "emri", 0.01).value
        for point in evaluated.group(group)
    ]
    np.testing.assert_allclose(np.concatenate(values), expected)


def test_the_track_lies_where_the_power_is(figures):
    (_, axes) = figures["map"].axes
    power = np.asarray(axes.images[0].get_array())
    _, _, low, high = axes.images[0].get_extent()
    (track,) = axes.lines
    days, mhz = track.get_data()
    at = np.interp(
        (np.arange(power.shape[1]) + 0.5) * 91.02 / power.shape[1], days, mhz
    )
    rows = ((at - low) / (high - low) * power.shape[0]).astype(int)
    along = [power[row, column] for column, row in enumerate(rows)]
    # bins beside it have the Doppler shift and the precession of the orbit
    beside = [power[row - 1 : row + 2, column].sum() for column, row in enumerate(rows)]
    assert np.sum(beside) > 0.3 * power.sum()
    assert np.median(along) > 20 * np.median(power)


def test_another_seed_has_another_segment_and_a_group_may_be_left_out(
    evaluated, figures
):
    points = tuple(each for each in evaluated.points if each.group != 3)
    found = pictures(
        replace(evaluated, points=points, left_out="none", first_seed=3_000_001)
    )
    assert len(found["roc"].axes) == 2
    one, other = (
        each["map"].axes[0].images[0].get_array() for each in (figures, found)
    )
    assert not np.array_equal(one, other)


def test_files_are_small(figures, tmp_path):
    paths = style.write({"map": figures["map"], "roc": figures["roc"]}, tmp_path)
    assert max(path.stat().st_size for path in paths) < 100_000


def test_the_pictures_have_their_names(figures):
    assert set(figures) == {"roc", "map", "snr", "mass", "spin", "redshift"}
