"""Pictures for the card of the served networks for inspirals.

All of the strain in them is simulated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.emri.interpret.maps import BIN_HZ, frequencies, power_map
from amphitrite.surveys.emri.prepare.whitening import whiten
from amphitrite.surveys.emri.sampling import SEGMENT_SECONDS
from amphitrite_training.diagrams import maps, rocs, shares
from amphitrite_training.evaluation.cards import percent
from amphitrite_training.surveys.emri.measures import (
    PROBABILITIES,
    Evaluation,
    Point,
)
from amphitrite_training.surveys.emri.simulate.inspirals import Population, draw
from amphitrite_training.surveys.emri.simulate.orbits import (
    FREQUENCY,
    PERICENTRE,
    Orbit,
    orbit,
)
from amphitrite_training.surveys.emri.simulate.signals import add, normalised, white
from amphitrite_training.surveys.emri.simulate.waveforms import strain

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_COMMON: Final = PROBABILITIES[0]
_DAY: Final = 86_400.0
_TAP: Final = f"TAP at a FAP of {percent(_COMMON)}"
_RATIO: Final = 50.0
# The inspiral of the map: slow enough for its tracks to be seen; it plunges at the end.
_SHOWN: Final = Population(log_mass=(6.5, 6.5), early=0.0)
_HIGHEST_HZ: Final = 4e-3
_TOGETHER: Final = 2  # windows of the map to one of the picture


def pictures(found: Evaluation) -> dict[str, Figure]:
    """Return the pictures of the card.

    Parameters
    ----------
    found : Evaluation
        The measurements.

    Returns
    -------
    dict of str to Figure
        ``roc``, ``map``, ``snr``, ``mass``, ``spin`` and ``redshift``.
    """
    return {
        "roc": _roc(found),
        "map": _map(found.first_seed),
        "snr": _ratios(found),
        "mass": _seen(found, 5, "log_mass", "log10 of the mass in solar masses"),
        "spin": _seen(found, 6, "spin", "spin"),
        "redshift": _seen(found, 7, "redshift", "redshift"),
    }


def _roc(found: Evaluation) -> Figure:
    """Draw groups 1 to 3."""
    titles = {1: "1: analytic kludge", 2: "2: stand-in", 3: "3: augmented kludge"}
    return rocs.rocs(
        {
            f"Simulated signals, group {titles[point.group]}": {
                name: _curve(found, point, name) for name in found.names
            }
            for number in titles
            for point in found.group(number)
        },
        xlabel="false-alarm probability (FAP)",
        ylabel="true-alarm probability (TAP)",
        same_labels=True,
    )


def _curve(found: Evaluation, point: Point, name: str) -> rocs.Roc:
    """Return a ROC curve: where the TAP rises, and its end."""
    fap, tap = found.roc(point.judged, name)
    corner = np.append(True, np.diff(tap) > 0)
    corner[-1] = True
    mark = found.alarms(point.judged, name, _COMMON).value
    return rocs.Roc(
        *(fap[corner], tap[corner]),
        {f"at FAP {percent(_COMMON)}": (_COMMON, mark)},
    )


def _ratios(found: Evaluation) -> Figure:
    """Draw the TAP of single signal-to-noise ratios."""
    return shares.binned(
        {
            f"FAP {percent(probability)}": _curves(
                found, found.group(4), lambda point: point.at["snr"], probability
            )
            for probability in found.probabilities
        },
        columns=len(found.probabilities),
        title="Simulated signals of group 4",
        xlabel="signal-to-noise ratio (SNR)",
        ylabel="TAP",
        xscale="linear",
        same_labels=True,
    )


def _seen(found: Evaluation, group: int, along: str, label: str) -> Figure:
    """Draw the TAP of sources at their own distance against one of their parameters."""
    panels: dict[str, list[Point]] = {}
    for point in found.group(group):
        panels.setdefault(_others(point, along), []).append(point)
    return shares.binned(
        {
            name: _curves(found, points, lambda point: point.at[along], _COMMON)
            for name, points in panels.items()
        },
        columns=len(panels),
        title=f"Simulated sources of group {group}, at their own distance",
        xlabel=label,
        ylabel=_TAP,
        xscale="linear",
        same_labels=True,
    )


def _others(point: Point, along: str) -> str:
    """Return the title of a panel: the parameters that all of its points share."""
    texts = {
        "log_mass": f"log10 M {point.at['log_mass']:g}",
        "spin": f"spin {point.at['spin']:g}",
        "redshift": f"z {point.at['redshift']:g}",
    }
    return ", ".join(text for name, text in texts.items() if name != along)


def _curves(
    found: Evaluation,
    points: Sequence[Point],
    place: Callable[[Point], float],
    probability: float,
) -> dict[str, shares.Shares]:
    """Return the TAP of some points by the name of the statistic."""
    at = np.array([place(point) for point in points])
    result = {}
    for name in found.names:
        counted = [found.alarms(point.judged, name, probability) for point in points]
        result[name] = shares.Shares(
            at,
            np.array([each.value for each in counted]),
            np.array([each.interval for each in counted]),
            np.zeros(len(points), bool),
        )
    return result


def _map(seed: int) -> Figure:
    """Draw a segment with a signal, and the signal alone."""
    rng = np.random.default_rng(seed)
    while (path := orbit(inspiral := draw(rng, _SHOWN))) is None:
        pass
    signal = normalised(whiten(strain(inspiral, path)))
    both = add(white(rng), signal, _RATIO)
    return maps.maps(
        {
            f"noise and a signal of SNR {_RATIO:g}": _drawn(both, {}),
            "the signal alone, and a track": _drawn(signal, _track(path)),
        },
        title="Power of simulated strain: an inspiral into a black hole of "
        f"10^{math.log10(inspiral.mass):g} solar masses",
    )


def _drawn(
    segment: NDArray[np.floating], tracks: dict[str, NDArray[np.floating]]
) -> maps.Map:
    """Return the map of a segment up to some frequency, windows taken together."""
    power = power_map(segment)[:, : round(_HIGHEST_HZ / BIN_HZ)]
    power = power.reshape(-1, _TOGETHER, power.shape[1]).mean(axis=1)
    edges = frequencies(power.shape[1] + 1) - BIN_HZ / 2
    return maps.Map(
        power,
        (0.0, SEGMENT_SECONDS / _DAY),
        (1e3 * float(edges[0]), 1e3 * float(edges[-1])),
        tracks,
    )


def _track(path: Orbit) -> dict[str, NDArray[np.floating]]:
    """Return the frequency of the second harmonic, the loudest of a round orbit."""
    days = np.arange(path.state.shape[1]) * path.step / _DAY
    hz = 2 * path.state[FREQUENCY] + path.rate[PERICENTRE] / math.pi
    return {"second harmonic": np.stack([days, 1e3 * hz])}
