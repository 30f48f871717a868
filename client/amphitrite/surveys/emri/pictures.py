"""Pictures of a stream and its triggers for inspection by eye."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from amphitrite.surveys.emri.interpret.maps import WINDOW, Track, frequencies
from amphitrite.surveys.emri.interpret.triggers import Trigger
from amphitrite.surveys.emri.sampling import SAMPLE_SECONDS, SEGMENT_SECONDS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


Floats = NDArray[np.float64]

_DAY: Final = 86_400.0
_INK: Final = "#1f3a5f"
_MARK: Final = "#c8553d"
_BAND: Final = "#f0d3cb"
_AROUND: Final = 21  # rows of the picture whose median is usual
_SMALLEST: Final = 1e-9
_LINEAR: Final = 10.0  # statistic from which on the axis is logarithmic
_SMOOTH: Final = (2, 3)  # windows and bins whose mean is drawn: faint tracks show


def stream(
    start: Floats, statistic: Floats, threshold: float, found: Sequence[Trigger]
) -> Figure:
    """Return a figure of the statistic along the stream.

    Parameters
    ----------
    start, statistic : (n,) ndarray of float64
        Times of the segments' first samples in seconds, and their statistics.
    threshold : float
        Of a trigger.
    found : sequence of Trigger
        The triggers, which are shaded and numbered.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), dpi=100, layout="constrained")
    axes = figure.subplots()
    for number, trigger in enumerate(found, start=1):
        axes.axvspan(trigger.start / _DAY, trigger.end / _DAY, color=_BAND, zorder=0)
        middle = (trigger.start + trigger.end) / 2 / _DAY
        axes.annotate(
            *(str(number), (middle, 1)),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            color=_MARK,
        )
    middles = (start + SEGMENT_SECONDS / 2) / _DAY
    axes.errorbar(
        *(middles, statistic),
        xerr=SEGMENT_SECONDS / 2 / _DAY,
        fmt="o",
        color=_INK,
        markersize=4,
        elinewidth=0.6,
    )
    axes.axhline(threshold, color=_MARK, linestyle="--", label="threshold")
    axes.set(
        xlabel="time of the segment since the stream's zero point [d]",
        ylabel="statistic",
    )
    axes.set_title(f"{len(found)} triggers among {len(start)} segments", pad=18)
    axes.set_yscale("symlog", linthresh=_LINEAR)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.margins(y=0.15)
    axes.legend(loc="lower right", fontsize=8)
    return figure


def spectrogram(
    power: Floats, track: Track | None, *, start: float, title: str
) -> Figure:
    """Return a figure of a segment's power over time and frequency.

    Parameters
    ----------
    power : (n_windows, n_bins) ndarray of float64
        See `amphitrite.surveys.emri.interpret.maps.power_map`.
    track : Track or None
        Its loudest track, which is marked at both ends.
    start : float
        Time of the segment's first sample in seconds.
    title : str
        Title of the figure.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5.5), dpi=100, layout="constrained")
    axes = figure.subplots()
    shown, hz = _smoothed(power), frequencies(power.shape[1])
    length = power.shape[0] * WINDOW * SAMPLE_SECONDS
    days = start / _DAY, (start + length) / _DAY
    picture = axes.pcolormesh(
        np.linspace(days[0], days[1], shown.shape[0] + 1),
        1e3 * np.geomspace(hz[0], hz[-1], shown.shape[1] + 1),
        shown.T,
        cmap="viridis",
        vmin=np.quantile(shown, 0.2),
        vmax=max(float(shown.max()), 1.5),
        rasterized=True,
    )
    figure.colorbar(picture, ax=axes, label="power over what is usual there")
    if track is not None:
        span = track.drift * length / 2
        ends = np.array([track.frequency - span, track.frequency + span]) * 1e3
        axes.plot(
            *(days, ends),
            color=_MARK,
            marker="<",
            linestyle=":",
            label=f"loudest track: {1e3 * track.frequency:.3f} mHz, "
            f"{track.excess:.0f} sigma",
            clip_on=False,
        )
        axes.legend(loc="upper left", fontsize=8)
    axes.set(
        yscale="log",
        ylim=(1e3 * hz[0], 1e3 * hz[-1]),
        xlim=days,
        xlabel="time since the stream's zero point [d]",
        ylabel="frequency [mHz]",
        title=title,
    )
    return figure


def _smoothed(power: Floats) -> Floats:
    """Return the power in cells of some windows and of even log frequencies.

    High frequencies, of which a picture has many more bins than rows, keep their
    loudest narrow band; so each row is divided by what is usual for rows around it.
    """
    frames, bins = _SMOOTH
    n = power.shape[0] - power.shape[0] % frames
    rows = power[:n].reshape(-1, frames, power.shape[1]).mean(axis=1)
    narrow = np.apply_along_axis(
        lambda row: np.convolve(row, np.full(bins, 1 / bins), mode="same"), 1, rows
    )
    hz = frequencies(power.shape[1])
    edges = np.searchsorted(hz, np.geomspace(hz[0], hz[-1], 181))
    starts = np.minimum(edges[:-1], power.shape[1] - 1)
    loudest = np.maximum.reduceat(narrow, starts, axis=1)
    usual = ndimage.median_filter(np.median(loudest, axis=0), _AROUND, mode="nearest")
    return np.asarray(loudest / np.maximum(usual, _SMALLEST))
