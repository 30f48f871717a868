"""The model card's part on flux, classifier and location."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from amphitrite_training.diagrams.style import FOLDER
from amphitrite_training.surveys.asid.heads.calibrate import SLACK
from amphitrite_training.surveys.asid.heads.measures import BRIGHT
from amphitrite_training.surveys.asid.measures import Evaluation
from amphitrite_training.surveys.asid.tables import Counted

_SLACK = f"{100 * SLACK:g} %"


def described(found: Evaluation) -> str:
    """Return what was measured of the three networks, as Markdown.

    Parameters
    ----------
    found : Evaluation
        What was measured.
    """
    candidate = found.spec.learned["candidate_score"]
    parts = [
        f"""Candidates are peaks above the score {candidate:g}; a *false* one has no
source above the faintest bin within the match radius. The classifier's cut takes the
place of the detector's threshold: it keeps candidates whose P(fake) is at most what
Youden's J chose on validation skies, or, where the detector's threshold keeps more
sources, as here with all bands, what keeps {_SLACK} more than that. Under diffuse light
that was not learned from, P(fake) is too low. Flux and position are those of the
candidates that are kept and true; *width* is half of what lies between the 16 % and
the 84 % quantile of log10(F/F_true), *bright* means
F_true > {BRIGHT:g}. Intervals are as above.

{chosen({name: found.networks(name)["classifier"] for name in found.described})}

![ROC curves of simulated candidates]({FOLDER}/roc.png)

*Simulated candidates, false against true: kept by P(fake), and by the detector's score
alone. The markers are at the chosen thresholds.*

![Reliability of P(fake) of simulated candidates]({FOLDER}/reliability.png)

*Simulated candidates: the share of false ones among those of about the same P(fake),
with 95 % intervals (Wilson).*

![Flux of simulated sources, measured and true]({FOLDER}/flux_pull.png)

*Simulated sources in the catalogue. Left: the error of log10 of the flux over what is
stated, which is a unit Gaussian if the statement is right; beyond 5 in the outermost
bins. Right: measured against true flux, with medians and bars from the 16 % to the 84 %
quantile.*

![Position errors of simulated sources]({FOLDER}/location_pull.png)

*Simulated sources in the catalogue: the distance from the true position over the stated
68 % radius, and what Gaussian errors of the coordinates would give (Rayleigh). Dotted:
the stated radii, and the shares that they are to hold.*
"""
    ]
    for variant in found.described:
        parts.append(_variant(variant, found.networks(variant)))
    rows = [
        (variant, part, who, *(_share(each) for each in tables[part].whole))
        for variant in found.catalogues
        for part in found.catalogues[variant]
        for who, tables in (
            ("detector alone", found.tables[variant]),
            ("with the classifier", found.catalogues[variant]),
        )
    ]
    heading = ("variant", "part of the sky", "", "purity", "completeness")
    parts.append(f"### The catalogue as a whole\n\n{_table(heading, rows)}\n")
    if found.shifts is not None:
        parts.append(_shifts(found.shifts))
    return "\n".join(parts)


def chosen(classifiers: Mapping[str, Mapping[str, Any]]) -> str:
    """Return what is said of the classifier's cut, which rests on a choice.

    Parameters
    ----------
    classifiers : mapping of str to mapping
        By variant of the diffuse light, what was measured of the classifier.
    """

    def each(quantity: str) -> str:
        values = [measured[quantity]["value"] for measured in classifiers.values()]
        return " and ".join("none" if v is None else f"{v:.3f}" for v in values)

    variants = " and ".join(f"variant {name}" for name in classifiers)
    return textwrap.fill(
        f"**The {_SLACK} is a choice**, and nothing that was measured says that it is "
        f"the best one. Of the sources of {variants} the cut keeps "
        f"{each('sources_kept')}, the detector's threshold "
        f"{each('sources_of_detector')}; of what the cut keeps "
        f"{each('false_share_after')} is false, of what the threshold keeps "
        f"{each('false_share_of_detector')}.",
        88,
    )


def _variant(variant: str, numbers: Mapping[str, Any]) -> str:
    classifier, flux, place = (
        numbers[name] for name in ("classifier", "flux", "position")
    )
    rows = [
        ("false, of all candidates", _text(classifier["false_share_before"])),
        ("false, of those kept", _text(classifier["false_share_after"])),
        (
            "false, of those above the detector's threshold",
            _text(classifier["false_share_of_detector"]),
        ),
        ("false candidates kept", _text(classifier["fakes_kept"])),
        ("sources kept", _text(classifier["sources_kept"])),
        (
            "sources above the detector's threshold",
            _text(classifier["sources_of_detector"]),
        ),
        ("area under the ROC curve", _text(classifier["area_under_curve"])),
        ("error of P(fake)", _text(classifier["calibration_error"])),
        ("flux, bright: median (dex)", _text(flux["bright"]["median"])),
        ("flux, bright: width (dex)", _text(flux["bright"]["width"])),
        ("flux: 68 % interval holds", _text(flux["coverage_68"])),
        ("flux: 95 % interval holds", _text(flux["coverage_95"])),
        ("position: median error (deg)", _text(place["median_error"], digits=4)),
        ("peak: median error (deg)", _text(place["median_error_of_peaks"], digits=4)),
        ("position: 68 % circle holds", _text(place["coverage_68"])),
        ("position: 95 % circle holds", _text(place["coverage_95"])),
    ]
    bins = [
        (
            f"{each['flux'][0]:.3g}",
            str(each["n"]),
            _text(each["median"]),
            _text(each["width"]),
            _text(each["coverage_68"]),
            _text(each["coverage_95"]),
            _text(where["median_error"], digits=4),
            _text(where["coverage_68"]),
            _text(where["coverage_95"]),
        )
        for each, where in zip(flux["bins"], place["bins"], strict=True)
    ]
    reliable = [
        (
            f"{each['p_fake'][0]:g} to {each['p_fake'][1]:g}",
            str(each["n"]),
            f"{each['mean']:.3f}" if each["n"] else "none",
            f"{each['fake'] / each['n']:.3f}" if each["n"] else "none",
        )
        for each in classifier["reliability"]
    ]
    return "\n\n".join(
        (
            f"### Variant {variant}",
            _table(("", "measured (95 % interval)"), rows),
            _table(
                (
                    *("true flux from", "n", "flux: median (dex)"),
                    *("flux: width (dex)", "68 % holds", "95 % holds"),
                    *("position: median error (deg)", "68 % holds", "95 % holds"),
                ),
                bins,
            ),
            _table(("P(fake)", "n", "mean P(fake)", "false"), reliable) + "\n",
        )
    )


def _shifts(shifts: Mapping[str, Any]) -> str:
    against = shifts["against"]
    rows = [
        (
            variant,
            each["part"],
            f"{each['flux_edges'][0]:.3g}",
            str(each["n"]),
            _text(each["flux"]),
            _text(each["position"], digits=4),
        )
        for variant, told in shifts["variants"].items()
        if variant != against
        for each in told["bins"]
    ]
    heading = (
        *("variant", "part of the sky", "true flux from", "n"),
        *("flux moves (dex)", "position farther off (deg)"),
    )
    parts = [
        (variant, part, _counted(numbers["purity"]), _counted(numbers["completeness"]))
        for variant, told in shifts["variants"].items()
        for part, numbers in told["parts"].items()
    ]
    return (
        "### The same sources before other diffuse light\n\n"
        f"{_table(('variant', 'part of the sky', 'purity', 'completeness'), parts)}"
        f"\n\nMedians, source by source, against variant {against}:\n\n"
        f"{_table(heading, rows)}\n"
    )


def _counted(share: Mapping[str, Any]) -> str:
    return _share(Counted(share["hits"], share["of"], share["low"], share["high"]))


def _share(counted: Counted) -> str:
    if not counted.n:
        return "none"
    return f"{counted.value:.3f} ({counted.low:.3f} to {counted.high:.3f}; {counted.n})"


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = [[cell.replace("|", "\\|") for cell in line] for line in (heading, *rows)]
    lines = [cells[0], ["---"] * len(heading), *cells[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _text(number: Mapping[str, float | None], *, digits: int = 3) -> str:
    value, low, high = (number[name] for name in ("value", "low", "high"))
    if value is None or low is None or high is None:
        return "none"
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
