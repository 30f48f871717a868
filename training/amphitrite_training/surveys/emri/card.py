"""Write the model card of the served networks for inspirals."""

from __future__ import annotations

from typing import Any, Final

from amphitrite.surveys.emri.page import MODEL, REFERENCES, TABLE_3
from amphitrite_training.diagrams.style import FOLDER
from amphitrite_training.evaluation.cards import percent, sections, wrapped
from amphitrite_training.surveys.emri import card_tables as tables
from amphitrite_training.surveys.emri.comparisons import beside, better_yardsticks
from amphitrite_training.surveys.emri.departures import BUMP_HZ, LINES_HZ
from amphitrite_training.surveys.emri.groups import LEAST_RATIO, RATIOS, STAND_IN
from amphitrite_training.surveys.emri.measures import PROBABILITIES, Evaluation
from amphitrite_training.surveys.emri.simulate.inspirals import COMPACT_MASS
from amphitrite_training.surveys.emri.yardsticks import BAND_HZ, USUAL_BOX

_COMMON: Final = percent(PROBABILITIES[0])
_LOUD: Final = f"{RATIOS[0]:g} to {RATIOS[1]:g}"


def card(found: Evaluation) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    found : Evaluation
        The measurements, with 1,000 segments of noise at least.

    Returns
    -------
    str
        The networks, their training, the measurements with their methods, and their
        limits.  It shows the pictures of
        `amphitrite_training.surveys.emri.pictures`.
    """
    return sections(
        "# Model card: emri\n\nWritten by `amphitrite evaluate emri`; do not edit.",
        _SIMULATED,
        tables.networks(found),
        _method(found),
        "## How they were trained",
        _TRAINING,
        _recipes(found),
        "## What was measured",
        _measured(found),
        tables.thresholds(found),
        _groups(found),
        _ratios(found),
        _seen(found),
        _misjudged(found),
        _stream(found),
        "### Targets",
        wrapped(
            f"They are those of `{MODEL.name}`; the measured value decides, not its "
            "interval."
        ),
        tables.targets(found),
        _OTHERS,
        _paper(found),
        _LIMITS,
    )


_SIMULATED: Final = wrapped(
    "**All data are simulated**: the signals, the noise and the detector. TianQin does "
    "not fly yet, and no strain in which an inspiral was seen exists."
)


def _method(found: Evaluation) -> str:
    other = (
        f" `{TABLE_3.name}` is that of Table III of Zhang et al. 2022, on the strain "
        "itself."
        if TABLE_3.name in found.networks
        else ""
    )
    return wrapped(
        f"`{MODEL.name}` is the default, a small network on maps of power over time "
        "and frequency. Its statistic is the soft maximum of its logit and of the "
        "score of the loudest box of the same map, less "
        f"{USUAL_BOX}, in which nothing is learned: convolutions blur a line that "
        f"hardly moves.{other} References: {'; '.join(REFERENCES)}."
    )


_TRAINING: Final = wrapped(
    "**All training data are simulated**: whitened white noise, drawn anew for each "
    "segment, and in half of the segments the signal of an inspiral by the analytic "
    "kludge of Barack & Cutler 2004. Half of the inspirals plunge at the end of the "
    "segment, the others up to half a year later. No signal below was trained on."
)


def _recipes(found: Evaluation) -> str:
    return "\n\n".join(
        f"The recipe of `{name}`: {_recipe(network.spec.learned)}."
        for name, network in found.networks.items()
    )


def _recipe(learned: Any) -> str:
    return ", ".join(
        f"{key} = {value}"
        for key, value in sorted(learned["recipe"].items())
        if value != ""
    )


def _measured(found: Evaluation) -> str:
    low, high = (1e3 * hz for hz in BAND_HZ)
    return sections(
        wrapped(
            "A segment is 91 days of two channels. It is an alarm if its statistic "
            "exceeds a threshold; **FAP**, the false-alarm probability, is the share "
            "of segments of noise alone that are alarms, and **TAP**, the true-alarm "
            "probability, that of segments with a signal. SNR is the optimal "
            "signal-to-noise ratio of both channels within the segment. Numbers stand "
            "with Wilson's 95 % interval and with their counts."
        ),
        wrapped(
            "Beside the networks stand three **yardsticks**, which nobody has trained, "
            "on the same segments: `energy`, the mean square between the ends that may "
            "be tapered, which needs to know the level of the noise exactly; "
            "`band_share`, the share of the energy from "
            f"{low:g} to {high:g} mHz; and `boxes`, the loudest box of the map of "
            "power over the map's mean. The last two do not depend on the level."
        ),
        wrapped(
            f"The thresholds come from {len(found.noise):,} segments of white noise, "
            "half of which have the tapered ends of a segment that was whitened by "
            f"itself.{_too_little(found)} Signals are of the seeds from "
            f"{found.first_seed:,} on."
        ),
    )


def _too_little(found: Evaluation) -> str:
    missing = [each for each in PROBABILITIES if each not in found.probabilities]
    if not missing:
        return ""
    listed = ", ".join(percent(each) for each in missing)
    return f" They are too few for a false-alarm probability of {listed}."


def _groups(found: Evaluation) -> str:
    """Return the section on groups 1 to 3."""
    n = len(found.group(1)[0].judged)
    return sections(
        "### Groups 1 to 3: loud signals",
        wrapped(
            "The groups are numbered as in Table IV of Zhang et al. 2022. **Group 1**: "
            f"{n:,} signals of the analytic kludge, SNR uniform from {_LOUD}, black "
            "holes of 10^4 to 10^7 solar masses and spins of 0 to 0.98. "
            f"**Group 2**: {_stand_in(found)} **Group 3**: {_augmented(found)}"
        ),
        tables.groups(found),
        f"![ROC curves of simulated signals]({FOLDER}/roc.png)",
        f"![Map of power of a simulated segment]({FOLDER}/map.png)",
        *_agreements(found),
    )


def _stand_in(found: Evaluation) -> str:
    population = STAND_IN.population
    ranges = "{:g} to {:g}".format
    n = len(found.group(2)[0].judged)
    return (
        "**a stand-in, not the paper's astrophysical model M12**, which cannot be made "
        "from public data. Its numbers are no measure of M12. It has "
        f"log10 M uniform from {ranges(*population.log_mass)} in the frame of the "
        f"source, a compact object of {COMPACT_MASS:g} solar masses, spin "
        f"{ranges(*population.spin)}, eccentricity "
        f"{ranges(*population.eccentricity)} at the last stable orbit and redshift "
        f"{ranges(*STAND_IN.redshift)}, all uniform, at the source's own distance; "
        f"only signals whose own SNR exceeds {LEAST_RATIO:g} are kept ({n:,})."
    )


def _augmented(found: Evaluation) -> str:
    if found.left_out:
        return f"not measured. {found.left_out}"
    n = len(found.group(3)[0].judged)
    return (
        f"{n:,} signals of the augmented analytic kludge, which fastemriwaveforms "
        "makes and on which nothing was trained, in the noise of group 1 and as loud. "
        "Other than in group 1, there are no retrograde orbits, and none that have "
        "plunged before the segment begins."
    )


def _agreements(found: Evaluation) -> tuple[str, ...]:
    """Return the paragraph and the table on the two kinds of waveforms."""
    if not found.agreements:
        return ()
    return (
        wrapped(
            "**How far the two kinds of waveforms agree**, for inspirals of "
            f"{COMPACT_MASS:g} solar masses with an eccentricity of 0.1 at the start "
            "of the segment. Both codes make the same waves of one and the same orbit "
            "(overlap, same orbit: without any shift of time or phase). Each with its "
            "own orbit, matched in azimuthal frequency, phases, eccentricity and "
            "inclination at the end of the segment, they drift apart before it: the "
            "overlap of whitened signals over the last days, the highest for any shift "
            "of time and phase, and the cycles by which the azimuthal phases differ, "
            "kludge less augmented kludge. So a network that finds one kind as well as "
            "the other follows no phase."
        ),
        tables.agreements(found),
    )


def _ratios(found: Evaluation) -> str:
    """Return the section on single signal-to-noise ratios."""
    parts = []
    for probability in found.probabilities:
        parts.append(f"TAP at a false-alarm probability of {percent(probability)}:")
        parts.append(tables.ratios(found, probability))
    return sections(
        "### Group 4: single signal-to-noise ratios",
        "Signals of group 1, scaled.",
        *parts,
        f"![TAP of simulated signals against their SNR]({FOLDER}/snr.png)",
        f"**What the network adds**: `{MODEL.name}` beside the level-free yardstick "
        "that finds most.",
        beside(found),
        better_yardsticks(found),
        _MATCHED,
    )


_MATCHED: Final = wrapped(
    "**What is possible at best**: in Gaussian noise, a matched filter whose template "
    "is the signal itself finds, at a false-alarm probability of 1 %, nearly every "
    "signal of SNR 10. That is a bound for one known template. A search does not know "
    "the signal and needs very many templates, each a chance of a false alarm: the "
    "threshold then rises roughly as the square root of twice the logarithm of their "
    "number, and the work with the number itself. Nothing of the kind was run here."
)


def _seen(found: Evaluation) -> str:
    """Return the section on groups 5 to 7."""
    n = len(found.group(5)[0].judged)
    parts = [
        part
        for group, name, picture in (
            (5, "mass", "mass"),
            (6, "spin", "spin"),
            (7, "redshift", "redshift"),
        )
        for part in (
            f"Group {group}, by {name}:",
            tables.seen(found, group),
            f"![TAP of simulated sources against {name}]({FOLDER}/{picture}.png)",
        )
    ]
    return sections(
        "### Groups 5 to 7: sources at their own distance",
        wrapped(
            f"{n:,} signals of the analytic kludge for each point, not rescaled; M is "
            "the mass in the frame of the source in solar masses, z the redshift, at "
            "the distance of the cosmology of Planck 2018. The compact object has "
            f"{COMPACT_MASS:g} solar masses. What is found depends on the SNR first of "
            "all, the median of which is given: it is that within the segment, and "
            "half of the sources that plunge within the band do so only later. TAP at "
            f"a FAP of {_COMMON}."
        ),
        *parts,
    )


def _misjudged(found: Evaluation) -> str:
    """Return the section on misjudged noise."""
    first = found.departed[0]
    low, high = (1e3 * hz for hz in BUMP_HZ)
    lines = ", ".join(f"{1e3 * hz:.2f}" for hz in LINES_HZ)
    parts = []
    for probability in found.probabilities:
        parts.append(f"FAP at the thresholds for {percent(probability)}:")
        parts.append(tables.false_alarms(found, probability))
    return sections(
        "### Noise that is not what it is taken for",
        wrapped(
            f"{len(first.noise):,} segments of noise of each kind, and the first "
            f"{len(first.signals):,} signals of group 1 in such noise, with the "
            "thresholds from above. The amplitude is wrong by a factor; or the power "
            "changes by 5 % from 0.1 mHz to the Nyquist frequency, linearly in the "
            "logarithm of frequency, without a change of its mean; or a smooth bump "
            f"from {low:g} to {high:g} mHz, as of a confusion of other sources, raises "
            f"the power by up to 10 %; or sinusoids of {lines} mHz, as of a "
            "calibration, each double the mean power in their bin of the spectrum of a "
            "window of 2048 samples. The random numbers are the same for all kinds."
        ),
        *parts,
        f"TAP of the signals at the thresholds for {_COMMON}:",
        tables.true_alarms(found),
    )


def _stream(found: Evaluation) -> str:
    stream = found.stream
    return sections(
        "### False triggers per year",
        wrapped(
            f"A stream of {stream.years:,.0f} years of white noise, cut into "
            f"{len(stream.judged):,} segments of which each covers "
            f"{percent(stream.overlap)} of the one before, as the client does it; "
            "alarms that overlap are one trigger. Rates per year with the 95 % "
            "interval of a Poisson process."
        ),
        tables.rates(found),
    )


_OTHERS: Final = sections(
    "### Published by others",
    wrapped(
        "These are for other detectors, lengths and ranges, and so **no measure of the "
        "same thing**. DECODE (arXiv:2308.16422): a true-positive rate of 96.3 % at "
        "1 % false positives, one year of data, SNR 50 to 120. Yun et al. "
        "(arXiv:2309.06694): 94.2 % at 1 %, half a year, SNR 50 to 100. "
        "arXiv:2311.18640: 96.9 % at 1 %."
    ),
)


def _paper(found: Evaluation) -> str:
    """Return the paragraph on the paper's own figures."""
    text = (
        "The figures that Zhang et al. 2022 give for their own network are not known "
        "to us and not quoted."
    )
    if TABLE_3.name in found.networks:
        text += (
            " Nor is their training: the network of Table III here is built as the "
            "table says and trained by our recipe, so that its numbers say nothing "
            "about theirs."
        )
    return wrapped(text)


_LIMITS: Final = sections(
    "## Limits",
    wrapped(
        "The noise is Gaussian and, but for the section on misjudged noise, stationary "
        "and of the design's spectrum: no glitches, no gaps, no other sources in it. "
        "The waveforms are those of the analytic kludge, which follows the true phase "
        "of an inspiral only roughly and holds no other physics than its own. The "
        "detector is one, TianQin, by its response at low frequencies. A segment has "
        "one signal at most. None of these numbers is a measure of real data."
    ),
)
