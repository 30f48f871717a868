"""Pictures show what they say they show."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.emri.interpret.maps import BIN_HZ, Track, frequencies
from amphitrite.surveys.emri.interpret.triggers import Trigger
from amphitrite.surveys.emri.pictures import spectrogram, stream
from amphitrite.surveys.emri.sampling import SEGMENT_SECONDS

pytest.importorskip("matplotlib", reason="pictures need the plots extra")

DAY = 86_400.0


def test_a_stream_shows_its_statistic_and_triggers():
    start = SEGMENT_SECONDS * np.arange(4) / 2
    statistic = np.array([-3.0, -2.0, 5.0, -1.0])
    trigger = Trigger(2, 2, 2, start[2], start[2], start[2] + SEGMENT_SECONDS, 5.0)
    (axes,) = stream(start, statistic, 1.5, [trigger]).axes
    points = axes.containers[0].lines[0]
    np.testing.assert_allclose(points.get_xdata(), (start + SEGMENT_SECONDS / 2) / DAY)
    np.testing.assert_array_equal(points.get_ydata(), statistic)
    assert axes.get_title() == "1 triggers among 4 segments"
    assert [text.get_text() for text in axes.texts] == ["1"]
    (span,) = axes.patches
    assert span.get_x() == pytest.approx(start[2] / DAY)
    assert span.get_width() == pytest.approx(SEGMENT_SECONDS / DAY)


def test_a_spectrogram_shows_the_track_where_it_is():
    power = np.random.default_rng(1).exponential(size=(128, 1000)).astype(float)
    power[:, 300] += 3.0
    hz = float(frequencies(1000)[300])
    track = Track(hz, 10 * BIN_HZ / SEGMENT_SECONDS, 40.0)
    figure = spectrogram(power, track, start=10 * DAY, title="trigger 1")
    axes = figure.axes[0]
    assert axes.get_title() == "trigger 1"
    (line,) = axes.lines
    days, mhz = line.get_data()
    np.testing.assert_allclose(days, [10, 10 + SEGMENT_SECONDS / DAY])
    np.testing.assert_allclose(mhz, 1e3 * (hz + np.array([-5, 5]) * BIN_HZ))
    shown = axes.collections[0].get_array()
    brightest = shown.mean(axis=1).argmax()
    edges = np.geomspace(frequencies(1000)[0], frequencies(1000)[-1], 181)
    assert edges[brightest - 1] <= hz <= edges[brightest + 2]
    assert not spectrogram(power, None, start=0.0, title="").axes[0].lines
