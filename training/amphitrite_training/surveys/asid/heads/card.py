"""The model card's part on flux, classifier and location."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from amphitrite_training.diagrams.style import FOLDER
from amphitrite_training.evaluation.cards import (
    number,
    percent,
    ranged,
    sections,
    table,
    wrapped,
)
from amphitrite_training.surveys.asid.heads.calibrate import SLACK
from amphitrite_training.surveys.asid.heads.measures import BRIGHT
from amphitrite_training.surveys.asid.measures import Evaluation
from amphitrite_training.surveys.asid.tables import Counted

_SLACK: Final = percent(SLACK)


def described(found: Evaluation) -> str:
    """Return the measurements of the three networks, as Markdown.

    Parameters
    ----------
    found : Evaluation
        The measurements.
    """
    classifiers = {
        variant: found.networks(variant)["classifier"] for variant in found.described
    }
    return sections(
        _candidates(found),
        chosen(classifiers),
        _PICTURES,
        *(_variant(variant, found.networks(variant)) for variant in found.described),
        _catalogues(found),
        "" if found.shifts is None else _shifts(found.shifts),
    )


def _candidates(found: Evaluation) -> str:
    candidate = found.spec.learned["candidate_score"]
    return f"""\
Candidates are peaks above the score {candidate:g}; a *false* one has no
source above the faintest bin within the match radius. The classifier's cut takes the
place of the detector's threshold: it keeps candidates up to the P(fake) that Youden's J
chose on validation skies or, where the detector's threshold keeps more sources (as here
with all bands), up to the P(fake) that keeps {_SLACK} more sources than that threshold.
With diffuse emission that was not part of the training, P(fake) is too low. Flux and
position are those of the true candidates that are kept; *width* is half of the interval
between the 16 % and the 84 % quantile of log10(F/F_true), *bright* means
F_true > {BRIGHT:g}. Intervals are as above."""


_PICTURES: Final = f"""\
![ROC curves of simulated candidates]({FOLDER}/roc.png)

*Simulated candidates, false against true: kept by P(fake), and by the detector's score
alone. The markers are at the chosen thresholds.*

![Reliability of P(fake) of simulated candidates]({FOLDER}/reliability.png)

*Simulated candidates: the share of false ones among those of about the same P(fake),
with 95 % intervals (Wilson).*

![Flux of simulated sources, measured and true]({FOLDER}/flux_pull.png)

*Simulated sources in the catalogue. Left: the error of log10 of the flux over the
stated standard deviation, which is a unit Gaussian if the statement is right; errors
beyond 5 are in the outermost bins. Right: measured against true flux, with medians and
bars from the 16 % to the 84 % quantile.*

![Position errors of simulated sources]({FOLDER}/location_pull.png)

*Simulated sources in the catalogue: the distance from the true position over the stated
68 % radius, and the Rayleigh distribution that Gaussian errors of the coordinates would
give. Dotted: the stated radii, and the shares of the sources that they state.*"""


def _catalogues(found: Evaluation) -> str:
    """Return purity and completeness of the catalogues of all variants."""
    rows = [
        (variant, part, method, *(_share(each) for each in tables[part].whole))
        for variant in found.catalogues
        for part in found.catalogues[variant]
        for method, tables in (
            ("detector alone", found.tables[variant]),
            ("with the classifier", found.catalogues[variant]),
        )
    ]
    head = ("variant", "part of the sky", "", "purity", "completeness")
    return sections("### The catalogue as a whole", table(head, rows))


def chosen(classifiers: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the paragraph on the classifier's cut, which rests on a choice.

    Parameters
    ----------
    classifiers : mapping of str to mapping
        By variant of the diffuse emission, the measurements of the classifier.
    """

    def each(quantity: str) -> str:
        values = [measured[quantity]["value"] for measured in classifiers.values()]
        return " and ".join("none" if v is None else f"{v:.3f}" for v in values)

    variants = " and ".join(f"variant {name}" for name in classifiers)
    return wrapped(
        f"**The {_SLACK} is a choice**, and no measurement shows that it is the best "
        f"one. Of the sources of {variants} the cut keeps "
        f"{each('sources_kept')}, the detector's threshold "
        f"{each('sources_of_detector')}; of what the cut keeps "
        f"{each('false_share_after')} is false, of what the threshold keeps "
        f"{each('false_share_of_detector')}."
    )


def _variant(variant: str, numbers: Mapping[str, Any]) -> str:
    classifier, flux, place = (
        numbers[name] for name in ("classifier", "flux", "position")
    )
    return sections(
        f"### Variant {variant}",
        _measured(classifier, flux, place),
        _by_flux(flux["bins"], place["bins"]),
        _reliable(classifier["reliability"]),
    )


def _measured(
    classifier: Mapping[str, Any], flux: Mapping[str, Any], place: Mapping[str, Any]
) -> str:
    """Return the table of the measurements of all sources."""
    bright = flux["bright"]
    rows = (
        ("false, of all candidates", number(classifier["false_share_before"])),
        ("false, of those kept", number(classifier["false_share_after"])),
        (
            "false, of those above the detector's threshold",
            number(classifier["false_share_of_detector"]),
        ),
        ("false candidates kept", number(classifier["fakes_kept"])),
        ("sources kept", number(classifier["sources_kept"])),
        (
            "sources above the detector's threshold",
            number(classifier["sources_of_detector"]),
        ),
        ("area under the ROC curve", number(classifier["area_under_curve"])),
        ("error of P(fake)", number(classifier["calibration_error"])),
        ("flux, bright: median (dex)", number(bright["median"])),
        ("flux, bright: width (dex)", number(bright["width"])),
        ("flux: 68 % interval holds", number(flux["coverage_68"])),
        ("flux: 95 % interval holds", number(flux["coverage_95"])),
        ("position: median error (deg)", number(place["median_error"], digits=4)),
        ("peak: median error (deg)", number(place["median_error_of_peaks"], digits=4)),
        ("position: 68 % circle holds", number(place["coverage_68"])),
        ("position: 95 % circle holds", number(place["coverage_95"])),
    )
    return table(("", "measured (95 % interval)"), rows)


def _by_flux(fluxes: Sequence[Any], places: Sequence[Any]) -> str:
    """Return the table of flux and position in bins of true flux."""
    head = (
        *("true flux from", "n", "flux: median (dex)"),
        *("flux: width (dex)", "68 % holds", "95 % holds"),
        *("position: median error (deg)", "68 % holds", "95 % holds"),
    )
    rows = [
        (
            f"{flux['flux'][0]:.3g}",
            str(flux["n"]),
            number(flux["median"]),
            number(flux["width"]),
            number(flux["coverage_68"]),
            number(flux["coverage_95"]),
            number(place["median_error"], digits=4),
            number(place["coverage_68"]),
            number(place["coverage_95"]),
        )
        for flux, place in zip(fluxes, places, strict=True)
    ]
    return table(head, rows)


def _reliable(bins: Sequence[Any]) -> str:
    """Return the table of P(fake) against the share of false candidates."""
    rows = [
        (
            f"{each['p_fake'][0]:g} to {each['p_fake'][1]:g}",
            str(each["n"]),
            f"{each['mean']:.3f}" if each["n"] else "none",
            f"{each['fake'] / each['n']:.3f}" if each["n"] else "none",
        )
        for each in bins
    ]
    return table(("P(fake)", "n", "mean P(fake)", "false"), rows)


def _shifts(shifts: Mapping[str, Any]) -> str:
    """Return the tables of the same sources in front of other diffuse emission."""
    against = shifts["against"]
    parts = [
        (variant, part, _counted(numbers["purity"]), _counted(numbers["completeness"]))
        for variant, compared in shifts["variants"].items()
        for part, numbers in compared["parts"].items()
    ]
    moved = [
        (
            variant,
            each["part"],
            f"{each['flux_edges'][0]:.3g}",
            str(each["n"]),
            number(each["flux"]),
            number(each["position"], digits=4),
        )
        for variant, compared in shifts["variants"].items()
        if variant != against
        for each in compared["bins"]
    ]
    head = (
        *("variant", "part of the sky", "true flux from", "n"),
        *("flux shift (dex)", "increase of position error (deg)"),
    )
    return sections(
        "### The same sources in front of other diffuse emission",
        table(("variant", "part of the sky", "purity", "completeness"), parts),
        f"Medians, source by source, against variant {against}:",
        table(head, moved),
    )


def _counted(share: Mapping[str, Any]) -> str:
    return _share(Counted(share["hits"], share["of"], share["low"], share["high"]))


def _share(counted: Counted) -> str:
    if not counted.n:
        return "none"
    return ranged(counted.value, (counted.low, counted.high), of=str(counted.n))
