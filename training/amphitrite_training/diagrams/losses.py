"""The learning curve: losses and learning rate against the number of samples."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

_LINES: Final = (
    ("loss", "training, mean over the epoch"),
    ("val_loss", "validation, after the epoch"),
)


def draw(history: Sequence[Mapping[str, float]], path: Path, *, title: str) -> None:
    """Write the learning curve as a PNG picture; log a warning without Matplotlib.

    Parameters
    ----------
    history : sequence of mapping
        ``samples loss val_loss learning_rate`` of each epoch, at least one.
    path : Path
        The PNG file.
    title : str
        Title of the picture.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
        from matplotlib.ticker import LogFormatter
    except ModuleNotFoundError:
        logger.warning(
            "%s is left out: it needs the 'plots' extra (pip install "
            "'amphitrite[plots]')",
            path.name,
        )
        return
    samples = [epoch["samples"] for epoch in history]
    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    losses, rates = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    for key, label in _LINES:
        values = [epoch[key] for epoch in history]
        losses.plot(samples, values, marker=".", label=label)
    best = min(history, key=lambda epoch: epoch["val_loss"])
    losses.plot(
        *(best["samples"], best["val_loss"]),
        marker="o",
        markersize=11,
        markerfacecolor="none",
        color="black",
        linestyle="none",
        label="lowest validation",
    )
    if min(min(epoch["loss"], epoch["val_loss"]) for epoch in history) > 0:
        losses.set_yscale("log")
        plain = LogFormatter(minor_thresholds=(1.5, 0.6))  # 0.2, not 2 x 10^-1
        losses.yaxis.set(major_formatter=plain, minor_formatter=plain)
    losses.set(title=title, ylabel="loss")
    losses.grid(alpha=0.3, which="both")
    losses.legend()
    rates.plot(samples, [epoch["learning_rate"] for epoch in history], marker=".")
    rates.set(xlabel="samples seen", ylabel="learning rate", ylim=(0, None))
    rates.grid(alpha=0.3)
    figure.savefig(path, dpi=150)
