"""Write the model card of the served network for clusters."""

from __future__ import annotations

from typing import Any, Final

from amphitrite.surveys.darkcnn.page import LABELS, REFERENCES, WARNING
from amphitrite_training.diagrams.style import FOLDER
from amphitrite_training.evaluation.cards import number, percent, sections, wrapped
from amphitrite_training.surveys.darkcnn import blind, cases, variants
from amphitrite_training.surveys.darkcnn import card_tables as tables
from amphitrite_training.surveys.darkcnn.accuracy import N_BINS
from amphitrite_training.surveys.darkcnn.curves import FALSE_ALARM
from amphitrite_training.surveys.darkcnn.measures import Evaluation
from amphitrite_training.surveys.darkcnn.published import REDSHIFT
from amphitrite_training.surveys.darkcnn.targets import LEAST_CLUSTERS
from amphitrite_training.surveys.darkcnn.words import beside, separation, too_good

NOT_MEASURED: Final = "not measured"


def card(found: Evaluation) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    found : Evaluation
        The measurements.

    Returns
    -------
    str
        The network, its training, the measurements with their methods, and their
        limits.  It shows the pictures of
        `amphitrite_training.surveys.darkcnn.pictures`.
    """
    return sections(
        _WARNING,
        "# Model card: darkcnn\n\nWritten by `amphitrite evaluate darkcnn`; do not "
        "edit.",
        _SIMULATED,
        tables.network(found),
        _seen_twice(found.spec.learned["recipe"]),
        wrapped(f"References: {'; '.join(REFERENCES)}."),
        f"![Maps of simulated clusters]({FOLDER}/maps.png)",
        "## How it was trained",
        _TRAINING,
        f"The recipe: {_recipe(found.spec.learned)}.",
        "## What was measured",
        _accuracy(found),
        _calibration(found),
        _coverage(found),
        _blind(found),
        _biases(found),
        _strangers(found),
        _published(found),
        _variants(variants.read()),
        "### Targets",
        _too_few(found),
        tables.targets(found),
        "## Limits",
        _LIMITS,
    )


_WARNING: Final = f"**{WARNING}.**"
_SIMULATED: Final = wrapped(
    "All clusters on this card are simulated, by a generator of ours that puts cores, "
    "shapes and galaxies together from published relations, and not by following "
    "particles. Maps that are called published are of a hydrodynamical simulation of "
    "others. No observation was used, and none is shown."
)
_TRAINING: Final = wrapped(
    "**All training data are simulated**: maps of all mass, X-rays and stars, 2 Mpc "
    "wide, at redshifts 0 to 0.5. Each id is one cluster with several cross-sections, "
    "and ids of training, validation, calibration and test have nothing in common. In "
    "training each cluster is seen anew each time: turned, with or without channels, "
    "attributes and noise."
)
_LIMITS: Final = wrapped(
    "The generator lacks much that would blur or imitate a cross-section: real merger "
    "histories, the back-reaction of the galaxy on its halo, correlated filaments, the "
    "collapse of cores, a cross-section that depends on velocity, X-rays with fronts "
    "and shocks; and, of the instruments, their point-spread function, masks, and "
    "errors of photometric redshifts and of shapes. Its noise is white. How long a "
    "core has formed is the largest uncertainty: 5 or 7.5 Gyr are worth a factor 1.5 "
    "in the cross-section. None of these numbers is a measure of observed clusters."
)


def _seen_twice(recipe: Any) -> str:
    """Return how the network sees a map; nothing if by convolutions alone."""
    if not recipe.get("multipoles"):
        return ""
    return wrapped(
        "It sees each map twice: through convolutions, and ring by ring as mean, "
        "scatter, dipole, quadrupole and hexadecapole, since scattering makes a core "
        "rounder as well as flatter."
    )


def _recipe(learned: Any) -> str:
    return ", ".join(
        f"{key} = {value}"
        for key, value in sorted(learned["recipe"].items())
        if value != ""
    )


def _accuracy(found: Evaluation) -> str:
    """Return the section on the three classes."""
    first = found.accuracies[0]
    clear = found.accuracy(cases.CLEAR)
    paper = found.accuracy(cases.PAPER)
    return sections(
        f"### Three classes: {', '.join(LABELS)}",
        wrapped(
            f"{len(first.judged):,} simulated clusters of {first.n_ids:,} ids from "
            f"{found.first_id:,} on, on none of which anything was trained or "
            "calibrated, each with all three cross-sections, judged by the served "
            "network. Accuracy is the share whose most probable class is true; by "
            "chance it would be 1/3. Noise is that of the shapes of so many galaxies "
            f"per arcmin2, with {cases.KILOSECONDS:g} ks of X-rays. Intervals are of "
            "95 %, by resampling ids, since the clusters of one id are alike."
        ),
        wrapped(
            "The **floor** is a linear (logistic) regression on the mean profile of "
            "all mass and the attributes. As it is served it was fitted to maps "
            "without noise; beside it stands one that is fitted to the test clusters "
            "of the same noise themselves, those of half of the ids for the other half."
        ),
        tables.accuracies(found),
        beside(found),
        f"![Accuracy against noise]({FOLDER}/accuracy.png)",
        f"True and most probable classes, {clear.case.name}:",
        tables.confusion(clear),
        wrapped(
            "**Published**: 0.80 to 0.826 (Harvey 2024, arXiv:2405.17566), on maps "
            "over their maximum without noise, of a hydrodynamical simulation. It is "
            "**not like for like**: it is that of the best epoch on the validation "
            "set, whose clusters share their initial conditions with those of the "
            "training; with new initial conditions, ideal maps and all channels here "
            f"the network has {number(paper.network)} over the maximum and "
            f"{number(clear.network)} with absolute maps."
        ),
        too_good(found),
    )


def _calibration(found: Evaluation) -> str:
    """Return the section on probabilities."""
    return sections(
        "### Do the probabilities hold?",
        wrapped(
            "The calibration error is the mean difference between the probability of "
            "the most probable class and the share of clusters of which it is true, "
            f"over {N_BINS} bins with as many clusters each. So few clusters have some "
            "of it by chance: what perfect probabilities would have stands beside it. "
            "Scores were made probabilities on other ids. A cluster is called unlike "
            "simulated ones if its distance in the features of the network exceeds "
            f"that of {percent(FALSE_ALARM)} of the calibration's clusters of its kind "
            "without noise."
        ),
        tables.calibration(found),
        f"![Probability against share]({FOLDER}/calibration.png)",
    )


def _coverage(found: Evaluation) -> str:
    """Return the section on samples of many true cross-sections."""
    samples = found.coverages[0].samples
    return sections(
        "### Do the intervals of samples hold the truth?",
        wrapped(
            f"{len(samples):,} true cross-sections drawn from the flat prior of the "
            f"estimate, 0 to 1.5 cm2/g, each with {samples[0].n:,} simulated clusters "
            "of its own ids, estimated as the client does it. Intervals are those of "
            "highest density; shares stand with Wilson's 95 % interval. Errors are "
            "estimates less truths, in cm2/g."
        ),
        tables.coverage(found),
        f"![Coverage of simulated samples]({FOLDER}/coverage.png)",
    )


def _blind(found: Evaluation) -> str:
    """Return the section on samples of one hidden cross-section."""
    return sections(
        f"### A sample of {blind.TRUE:g} cm2/g, which is no class",
        wrapped(
            "Three ways to estimate it. **Calibrated** is that of the catalogue: the "
            "mean score, whose dependence on the cross-section was calibrated on "
            "random cross-sections, so that the sample is blind, and the method is "
            "not. **Between classes** uses the three classes alone: the mean answer "
            "of the sample, interpolated between those of the test clusters of each "
            "class; it depends on the axis on which it is straight. **Product of "
            "probabilities** is that of the paper: it comes to one of the three "
            "classes, with an error that is far too small. All in cm2/g; errors are "
            "statistical alone."
        ),
        tables.blind(found),
        f"![Estimates of simulated samples]({FOLDER}/blind.png)",
    )


def _biases(found: Evaluation) -> str:
    """Return the section on systematic errors."""
    return sections(
        "### If clusters are otherwise",
        wrapped(
            f"Samples of {found.n_bias:,} simulated clusters of {blind.TRUE:g} cm2/g "
            "from other populations, of the same ids and noise, seen as "
            f"{found.bias_case.name}: by how much the estimate is wrong. The catalogue "
            "states the opposite, the correction if clusters were known to be so; it "
            "was measured on other ids. These errors do not become smaller with more "
            "clusters."
        ),
        tables.biases(found),
    )


def _strangers(found: Evaluation) -> str:
    """Return the section on clusters unlike those of the training."""
    return sections(
        "### Clusters unlike those of the training",
        wrapped(
            "Share of simulated clusters that are noticed, with the limit of the "
            "distance as it is served, and the accuracy had nobody noticed. A variant "
            "that is not noticed is not harmless: see the accuracy, and the table "
            "above."
        ),
        tables.strangers(found),
    )


def _published(found: Evaluation) -> str:
    """Return the section on published maps."""
    head = "### Published maps"
    if found.published is None:
        return sections(
            head,
            "The published maps were not at hand.",
            "Mean profiles of all mass over its maximum:",
            tables.profiles(found),
            f"![Mean profiles]({FOLDER}/profiles.png)",
        )
    published = found.published
    n = len(published.true)
    return sections(
        head,
        wrapped(
            f"{n} maps of all mass of BAHAMAS-SIDM (Robertson et al. 2019), a "
            "hydrodynamical simulation, recovered to 3 % from a figure in the code of "
            "Tregidga et al. 2026 (A&A 705, A152). They have neither unit nor "
            "redshift: read as a user would, over their maximum, with a redshift of "
            f"{REDSHIFT:g} assumed. At redshifts 0 and 0.375, {published.n_steady} of "
            f"{n} have the same most probable class. **Reported, not judged**: six "
            "maps measure no accuracy, and the simulation was compared with published "
            "maps while it was made."
        ),
        tables.published(published),
        wrapped(
            f"{int(published.is_far.sum())} of {n} are said to be unlike simulated "
            "clusters. Mean profiles of all mass over its maximum, beside those of the "
            "simulated test clusters:"
        ),
        tables.profiles(found),
        separation(found),
        f"![Mean profiles]({FOLDER}/profiles.png)",
    )


def _variants(measured: variants.Variants | None) -> str:
    """Return the section on networks that were trained otherwise."""
    head = "### Networks that were trained otherwise"
    if measured is None:
        return sections(
            head,
            wrapped(
                "With and without noise, with all mass alone and with all channels, "
                "at 50 and 100 pixels, over the maximum, Inception and simple: "
                f"**{NOT_MEASURED}**."
            ),
        )
    return sections(
        head,
        wrapped(
            "They are not shipped. Each was trained by `amphitrite train darkcnn` "
            f"with what differs from the default recipe{_all_with(measured)}, for "
            f"{measured.minutes:g} minutes at most, and judged on the same "
            f"{3 * measured.n_ids:,} simulated test clusters of "
            f"{measured.n_ids:,} ids. So short a time decides much: a large network "
            "sees fewer clusters in it."
        ),
        tables.variants(measured),
    )


def _all_with(measured: variants.Variants) -> str:
    """Return what all networks have in common, as part of a sentence."""
    values = [f"{key} = {value}" for key, value in measured.settings.items()]
    return f" (all with {', '.join(values)})" if values else ""


def _too_few(found: Evaluation) -> str:
    n = len(found.accuracies[0].judged)
    if n >= LEAST_CLUSTERS:
        return "The measured value decides, not its interval."
    return wrapped(
        "The measured value decides, not its interval. "
        f"{n:,} test clusters are too few for the calibration error."
    )
