"""Display of a training's progress: a bar, and a line for every epoch."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from amphitrite.commands.talk import Talk
from amphitrite_training.fitting.loop import Report

_RATE_OVER_STEPS = 20


@contextmanager
def training_bar(talk: Talk) -> Iterator[Callable[[Report], None]]:
    """Show a training on standard error; yield the function that takes its reports.

    Parameters
    ----------
    talk : Talk
        The command's output; nothing is shown if it is quiet.
    """
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=talk.console, disable=talk.quiet) as bar:
        task = bar.add_task("preparing", total=None, rate="")
        began = False
        pace: deque[tuple[float, int]] = deque(maxlen=_RATE_OVER_STEPS)
        n_epochs = 0

        def show(report: Report) -> None:
            nonlocal task, began, n_epochs
            state = report.state
            if not began:  # steps before a resumption do not count for the speed
                bar.remove_task(task)
                task = bar.add_task("", total=1.0, rate="")
                bar.update(task, completed=report.progress)
                began, n_epochs = True, len(state.history)
            pace.append((state.seconds, state.n_samples))
            text = f"epoch {state.epoch + (not state.ended_by)}"
            if math.isfinite(report.loss):
                text += f"  loss {report.loss:.4g}"
            bar.update(
                task, completed=report.progress, description=text, rate=_rate(pace)
            )
            if len(state.history) > n_epochs:
                n_epochs = len(state.history)
                pace.clear()  # validation does not count for the speed
                talk.say(_line(state.history[-1]))
            if state.ended_by:
                talk.say(f"trained (ended by: {state.ended_by}); calibrating")

        yield show


def _rate(pace: deque[tuple[float, int]]) -> str:
    (start, before), (end, after) = pace[0], pace[-1]
    return f"{(after - before) / (end - start):,.3g} samples/s" if end > start else ""


def _line(epoch: dict[str, float]) -> str:
    return (
        f"epoch {epoch['epoch']}: loss {epoch['loss']:.5g}, validation "
        f"{epoch['val_loss']:.5g}, {epoch['samples']:,} samples, "
        f"{epoch['seconds']:,.0f} s"
    )
