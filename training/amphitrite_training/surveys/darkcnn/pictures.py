"""Pictures for the card of the served network for clusters.

All clusters in them are simulated; those that are called published are of another
simulation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.interpret.posterior import GRID
from amphitrite.surveys.darkcnn.interpret.profiles import MIDDLES_KPC
from amphitrite.surveys.darkcnn.page import CROSS_SECTIONS, LABELS
from amphitrite_training.diagrams import curves, shares, thumbnails
from amphitrite_training.diagrams.style import BAND, COLOURS
from amphitrite_training.evaluation.cards import Interval
from amphitrite_training.surveys.darkcnn import blind, cases
from amphitrite_training.surveys.darkcnn.accuracy import Accuracy
from amphitrite_training.surveys.darkcnn.blind import Blind
from amphitrite_training.surveys.darkcnn.cases import Case
from amphitrite_training.surveys.darkcnn.coverage import SHARES, Coverage
from amphitrite_training.surveys.darkcnn.measures import Evaluation
from amphitrite_training.surveys.darkcnn.observing import View, seen
from amphitrite_training.surveys.darkcnn.published import Published
from amphitrite_training.surveys.darkcnn.simulate.maps import maps
from amphitrite_training.surveys.darkcnn.simulate.population import draw

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_UNIT: Final = "cross-section [cm$^2$/g]"
_RELIABLE: Final = (cases.CLEAR, cases.CLEAR_ALONE, cases.NOISY, cases.NOISY_ALONE)


def pictures(found: Evaluation) -> dict[str, Figure]:
    """Return the pictures of the card.

    Parameters
    ----------
    found : Evaluation
        The measurements.

    Returns
    -------
    dict of str to Figure
        ``accuracy``, ``calibration``, ``coverage``, ``blind``, ``profiles`` and
        ``maps``.
    """
    return {
        "accuracy": _accuracy(found),
        "calibration": _calibration(found),
        "coverage": _coverage(found),
        "blind": _blind(found),
        "profiles": _profiles(found),
        "maps": _maps(found),
    }


def _accuracy(found: Evaluation) -> Figure:
    """Draw the accuracy against the noise, with all channels and with one."""
    panels = {}
    for channels in (cases.ALL, cases.ALONE):
        some = [found.accuracy(Case(channels, each)) for each in (0.0, *cases.GALAXIES)]
        noise = np.array([each.case.pixel_noise for each in some])
        measured: Mapping[str, Sequence[Interval | None]] = {
            "network": [each.network for each in some],
            "regression, fitted to such maps": [
                each.regression_refitted for each in some
            ],
            "regression as it is served": [each.regression for each in some],
        }
        panels[channels] = {
            name: shares.Shares(
                noise + 0.004 * place,
                *_values(values),
                np.zeros(len(noise), bool),
            )
            for place, (name, values) in enumerate(measured.items())
        }
        panels[channels]["by chance"] = shares.Shares(
            noise, np.full(len(noise), 1 / 3), None, np.zeros(len(noise), bool)
        )
    return shares.binned(
        panels,
        columns=2,
        title="Share of simulated clusters in their true class, of three",
        xlabel="noise of all mass in a pixel (convergence), with 95 % intervals",
        ylabel="accuracy",
        xscale="linear",
        same_labels=True,
    )


def _values(
    measured: Sequence[Interval | None],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return values and limits of intervals, NaN where there are none."""
    rows = [
        [
            np.nan if each is None or each[key] is None else each[key]
            for each in measured
        ]
        for key in ("value", "low", "high")
    ]
    value, low, high = np.array(rows, float)
    return value, np.stack([low, high], axis=1)


def _calibration(found: Evaluation) -> Figure:
    """Draw how often the most probable class is true."""
    return shares.reliabilities(
        {
            each.case.name: shares.Shares(
                np.array([one.mean for one in each.bins]),
                np.array([one.value for one in each.bins]),
                np.array([one.interval for one in each.bins]),
                np.zeros(len(each.bins), bool),
            )
            for each in map(found.accuracy, _RELIABLE)
        },
        xlabel="highest probability of a class",
        ylabel="share of which it is true",
    )


def _coverage(found: Evaluation) -> Figure:
    """Draw coverage against probability, and errors against the truth.

    A case without any estimate is left out, if another one has some.
    """
    some = [each for each in found.coverages if each.known] or found.coverages
    panels = {f"{each.case.name}:\nintervals": _shares(each) for each in some}
    panels |= {f"{each.case.name}:\nestimates": _estimates(each) for each in some}
    return curves.curves(
        panels,
        title=f"Samples of {some[0].samples[0].n} simulated clusters, each of a "
        "cross-section of its own",
        columns=len(some),
    )


def _shares(each: Coverage) -> curves.Panel:
    levels = each.levels
    n = len(levels)
    shown = {}
    if n:
        shown["simulated samples"] = curves.Curve(
            np.concatenate([[0], levels, [1]]),
            np.concatenate([[0], np.arange(1, n + 1) / n, [1]]),
            COLOURS[0],
        )
        # of as many levels as are even between 0 and 1, two standard deviations
        even = np.linspace(0, 1, 50)
        scatter = 2 * np.sqrt(even * (1 - even) / n)
        for label, side in (("chance, two standard deviations", 1), ("_below", -1)):
            shown[label] = curves.Curve(
                even, np.clip(even + side * scatter, 0, 1), BAND, "--"
            )
    return curves.Panel(
        shown,
        "probability of the interval",
        "share that holds the truth",
        marks={f"{SHARES[0]:.0%}": (SHARES[0], ":")},
        diagonal="as stated",
        limits=(0, 1),
        legend="lower right",
    )


def _estimates(each: Coverage) -> curves.Panel:
    true = np.array([one.true for one in each.known])
    return curves.Panel(
        {
            "estimate with half of its 68 % interval": curves.Curve(
                true, true + each.errors, COLOURS[0], "o", each.widths
            )
        },
        f"true {_UNIT}",
        f"estimated {_UNIT}",
        diagonal="as it is",
        limits=(GRID[0], GRID[-1]),
        legend="upper left",
    )


def _blind(found: Evaluation) -> Figure:
    """Draw the posteriors of the samples of one hidden cross-section."""
    panels: dict[str, curves.Panel] = {}
    for case in cases.BLIND:
        some = [each for each in found.blind if each.case == case]
        known = all(each.sample.posterior.is_known for each in some)
        title = case.name if known else f"{case.name}: not all have an estimate"
        panels[title] = _posteriors(some)
    return curves.curves(
        panels,
        title=f"Samples of simulated clusters of {blind.TRUE:g} cm$^2$/g",
        columns=2,
    )


def _posteriors(some: list[Blind]) -> curves.Panel:
    shown = {}
    marks: dict[str, tuple[float, str]] = {"truth": (blind.TRUE, "-")}
    for colour, each in zip(COLOURS, some, strict=False):
        sample = each.sample
        if sample.posterior.is_known:
            shown[f"calibrated, {sample.n:,} clusters"] = curves.Curve(
                GRID, sample.posterior.density, colour
            )
    if some:
        largest = some[-1]
        product = largest.sample.judgement.product.mean
        if np.isfinite(product):
            marks[f"product, {largest.sample.n:,}"] = (product, ":")
        for axis, style in ((blind.LOGARITHMIC, "--"), (blind.LINEAR, "-.")):
            marks[f"between classes, {axis}"] = (
                largest.interpolated[axis].value,
                style,
            )
    return curves.Panel(
        shown,
        _UNIT,
        "density [g/cm$^2$]",
        marks=marks,
        limits=(-0.01, 1.01),
        legend="upper right",
    )


def _profiles(found: Evaluation) -> Figure:
    """Draw mean profiles over the maximum, simulated and published."""
    simulated = found.accuracy(cases.RELATIVE_ALONE)
    published = found.published
    return curves.curves(
        {
            "by class": _by_class(simulated, published),
            "over those without a cross-section": _ratios(simulated, published),
        },
        title="Mean profiles of all mass over its maximum",
        columns=2,
    )


def _by_class(simulated: Accuracy, published: Published | None) -> curves.Panel:
    shown = {}
    for number, label in enumerate(LABELS):
        shown[f"{label}, simulated"] = curves.Curve(
            MIDDLES_KPC, simulated.mean_profile(number), COLOURS[number]
        )
    if published is not None:
        for number, label in enumerate(LABELS):
            n = int((published.classes == number).sum())
            shown[f"{label}, published ({n} maps)"] = curves.Curve(
                MIDDLES_KPC, published.mean_profile(number), COLOURS[number], "o--"
            )
    return curves.Panel(
        shown,
        "distance from the centre [kpc]",
        "all mass over its maximum",
        *("log", "log"),
        legend="lower left",
    )


def _ratios(simulated: Accuracy, published: Published | None) -> curves.Panel:
    shown = {}
    for number in (1, 2):
        value = f"{CROSS_SECTIONS[number]:g} cm$^2$/g"
        shown[f"{value}, simulated"] = curves.Curve(
            MIDDLES_KPC,
            simulated.mean_profile(number) / simulated.mean_profile(0),
            COLOURS[number],
        )
        if published is not None:
            shown[f"{value}, published"] = curves.Curve(
                MIDDLES_KPC,
                published.mean_profile(number) / published.mean_profile(0),
                COLOURS[number],
                "o--",
            )
    return curves.Panel(
        shown, "distance from the centre [kpc]", "ratio", "log", legend="upper left"
    )


def _maps(found: Evaluation) -> Figure:
    """Draw the maps of one simulated cluster, and the published ones."""
    made = maps(draw(found.first_id), CROSS_SECTIONS)
    shown = [
        thumbnails.Thumbnail(f"simulated\nall mass, {label}", three[0])
        for label, (_, three) in zip(LABELS, made, strict=True)
    ]
    _, (total, xray, stars) = made[0]
    noisy = seen(
        np.stack([total, xray, stars]),
        View(np.array([1, 0, 0], bool), galaxies=cases.GALAXIES[-1]),
        np.random.default_rng(found.first_id),
    )
    shown += [
        thumbnails.Thumbnail("simulated\nX-rays", xray),
        thumbnails.Thumbnail("simulated\nstars", stars),
        thumbnails.Thumbnail(
            f"simulated\n{cases.NOISY_ALONE.noise}", noisy[..., 0], linear=True
        ),
    ]
    if found.published is not None:
        for label, image in zip(
            found.published.classes, found.published.maps, strict=True
        ):
            shown.append(
                thumbnails.Thumbnail(f"published\nall mass, {LABELS[label]}", image)
            )
    return thumbnails.thumbnails(
        shown, title="Maps of clusters, 2 x 2 Mpc; none is an observation", columns=6
    )
