"""Segments against the original program's answers, and against the formulas."""

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.calnet.page import GAP_DAYS, PERIODS
from amphitrite.surveys.calnet.prepare.light_curves import read
from amphitrite.surveys.calnet.prepare.periodogram import power
from amphitrite.surveys.calnet.prepare.segments import (
    drop_highest,
    segments,
    split,
    to_unit_range,
)


def test_the_answers_are_those_of_the_original_program(real_data, beside_data):
    path = beside_data("reference/calnet_original_preprocessing.npz")
    with np.load(path) as original:
        files = sorted({key.split("|")[0] for key in original})
        assert len(files) == 5
        for name in files:
            light_curve = read(real_data / "tess" / f"{name}.gz")
            found = segments(light_curve.time, light_curve.flux, interpolation="spline")
            parts = split(light_curve.time)
            assert len(found) == sum(key.startswith(f"{name}|") for key in original) / 3
            for number, segment in enumerate(found):
                start, stop, n = original[f"{name}|{number}|span"]
                part = light_curve.time[parts[number]]
                assert (part[0], part[-1], len(part)) == (start, stop, n)
                # float32 holds values up to 1 to 6e-8
                for kind, values in (
                    ("lc", segment.light_curve),
                    ("gls", segment.periodogram),
                ):
                    expected = original[f"{name}|{number}|{kind}"].ravel()
                    np.testing.assert_allclose(values, expected, atol=1e-6)


def test_a_light_curve_splits_at_gaps_longer_than_allowed():
    time = np.array([0.0, 0.1, 0.1 + GAP_DAYS - 1e-9, 2.0, 2.1])
    assert [(s.start, s.stop) for s in split(time)] == [(0, 3), (3, 5)]
    assert split(np.zeros(0)) == []
    # numbers without rounding: a gap of just the limit is not longer
    steps = np.array([0.0, GAP_DAYS, 2 * GAP_DAYS])
    assert [(s.start, s.stop) for s in split(steps)] == [(0, 3)]


def test_parts_with_too_few_points_are_left_out(sector, binary):
    time = np.concatenate([np.arange(1999) / 720, 10 + np.arange(2000) / 720])
    flux = np.random.default_rng(6).normal(size=len(time))
    (only,) = segments(time, flux)
    assert only.n_points == 1980  # 99 % of 2000
    assert only.time[0] == pytest.approx(10, abs=0.01)
    assert only.span == pytest.approx(1999 / 720, abs=0.02)


def test_flares_are_dropped(sector, binary):
    time = sector()
    flux = binary(time, period=2.3)
    flux[4000:4020] += 3.0
    first, _ = segments(time, flux)
    assert first.flux.max() < 1.001
    # half of a percent was flares, the other half is the brightest rest
    assert first.n_points == pytest.approx(0.99 * split(time)[0].stop, abs=60)


def test_a_segment_is_what_the_formulas_say(sector, binary):
    time = sector()[:2500]
    rng = np.random.default_rng(3)
    flux = 500 * binary(time, period=0.8) + rng.normal(0, 1, 2500)
    (segment,) = segments(time, flux)
    limit = np.sort(flux)[int(0.99 * 2499)]
    below = flux <= limit  # between the two points around the percentile
    np.testing.assert_array_equal(segment.time, time[below])
    grid = segment.time[0] + segment.span * np.arange(4000) / 3999
    curve = np.array([_pchip(segment.time, segment.flux, at) for at in grid])
    expected = (curve - curve.min()) / np.ptp(curve)
    # Times near 2000 d keep 2e-13 d; float32 keeps 6e-8.
    np.testing.assert_allclose(segment.light_curve, expected, atol=1e-6)
    powers = power(segment.time, segment.flux, 1 / PERIODS)
    scaled = (powers - powers.min()) / np.ptp(powers)
    np.testing.assert_allclose(segment.periodogram, scaled, atol=1e-7)


def _pchip(x, y, at):
    """Interpolate by Fritsch and Butland's formulas, with plain loops."""
    i = int(np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2))
    h = x[i + 1] - x[i]
    t = (at - x[i]) / h
    d = [_slope(x, y, k) for k in (i, i + 1)]
    return (
        (1 + 2 * t) * (1 - t) ** 2 * y[i]
        + t * (1 - t) ** 2 * h * d[0]
        + t**2 * (3 - 2 * t) * y[i + 1]
        + t**2 * (t - 1) * h * d[1]
    )


def _slope(x, y, k):
    if k in (0, len(x) - 1):  # three-point formula, kept monotone
        a, b, c = (k, 1, 2) if k == 0 else (k, k - 1, k - 2)
        h0, h1 = abs(x[b] - x[a]), abs(x[c] - x[b])
        m0, m1 = (y[b] - y[a]) / (x[b] - x[a]), (y[c] - y[b]) / (x[c] - x[b])
        d = ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
        if d * m0 <= 0:
            return 0.0
        return 3 * m0 if m0 * m1 <= 0 and abs(d) > 3 * abs(m0) else d
    left, right = x[k] - x[k - 1], x[k + 1] - x[k]
    before, after = (y[k] - y[k - 1]) / left, (y[k + 1] - y[k]) / right
    if before * after <= 0:
        return 0.0
    w1, w2 = 2 * right + left, right + 2 * left
    return (w1 + w2) / (w1 / before + w2 / after)


def test_preparing_again_changes_nothing_after_the_same_scaling(sector, binary):
    time = sector()
    for segment in segments(time, binary(time, period=3.1)):
        for values in (segment.light_curve, segment.periodogram):
            assert values.dtype == np.float32
            assert (values.min(), values.max()) == (0, 1)
            np.testing.assert_array_equal(to_unit_range(values), values)


def test_only_the_spline_overshoots_beside_a_gap(sector):
    time = sector()[:4000]
    rng = np.random.default_rng(4)
    flux = 1 + rng.normal(0, 1e-3, 4000)
    keep = (np.arange(4000) < 1500) | (np.arange(4000) > 1900)  # 0.56 d
    ranges = {}
    for interpolation in ("pchip", "spline"):
        (segment,) = segments(time[keep], flux[keep], interpolation=interpolation)
        gap = (time[1500] - segment.time[0]) / segment.span * 3999
        inside = segment.light_curve[int(gap) : int(gap) + 100]
        ranges[interpolation] = float(np.ptp(inside))
    assert ranges["spline"] > 3 * ranges["pchip"]


def test_constant_flux_gives_no_segment(sector):
    time = sector()
    assert segments(time, np.full(len(time), 7.0)) == []


@pytest.mark.parametrize("n", [0, 1, 2, 1999])
def test_few_points_give_no_segment(n):
    assert segments(np.arange(n) / 720, np.arange(n) % 7.0) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time": (5, np.nan)}, "1 of 3000 points are not finite"),
        ({"flux": (5, np.inf)}, "1 of 3000 points are not finite"),
        ({"time": (5, 0.0)}, r"time does not rise: point 5 is at 0\.000000 d"),
    ],
)
def test_what_is_no_light_curve_is_refused(change, message):
    columns = {"time": 1 + np.arange(3000) / 720, "flux": np.arange(3000) % 11.0}
    for name, (at, value) in change.items():
        columns[name][at] = value
    with pytest.raises(BadInput, match=message):
        segments(columns["time"], columns["flux"])


def test_unequal_lengths_and_unknown_interpolations_are_refused():
    with pytest.raises(BadInput, match=r"one time for each flux.*\(3,\) and \(2,\)"):
        segments([1.0, 2.0, 3.0], [1.0, 2.0])
    with pytest.raises(BadInput, match="pchip; received 'linear'"):
        segments([1.0, 2.0], [1.0, 2.0], interpolation="linear")


def test_the_highest_percent_goes():
    time = np.arange(1000.0)
    kept, flux = drop_highest(time, time[::-1].copy())
    assert len(kept) == 990
    assert flux.max() == 989
    # the percentile itself, where it is the flux of a point, goes too
    _, flux = drop_highest(np.arange(101.0), np.arange(101.0))
    assert flux.max() == 98
