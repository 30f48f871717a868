"""Write the card of a network that was trained on a user's own maps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from amphitrite.surveys.darkcnn.page import CROSS_SECTIONS, LABELS, REFERENCES
from amphitrite.triton.artefact import Artefact
from amphitrite_training.evaluation.cards import number, sections, table, wrapped
from amphitrite_training.surveys.darkcnn.retrain.split import SHARES, TRAINING

_UNIT: Final = "cm2/g"


def card(artefact: Artefact) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    artefact : Artefact
        A network with the learned values and metrics of a training on own maps.
    """
    own, test = artefact.spec.learned["own"], artefact.metrics["own_test"]
    return sections(
        "# Model card: darkcnn, trained on own maps\n\nWritten by `amphitrite train "
        "darkcnn --maps`; do not edit.",
        wrapped(
            "**This network was trained on its user's own maps, not by Amphitrite's "
            "authors**, who know neither these maps nor the simulation that they come "
            "from. What it says of a cluster is a comparison with these maps alone: a "
            "cross-section that it gives is as good as they are, and no better."
        ),
        "## What was read",
        _read(own),
        table(
            ["file", "SHA-256"],
            [[f"`{name}`", f"`{digest}`"] for name, digest in own["files"]],
        ),
        table(
            ["cross-section (cm2/g)", "maps"],
            [[f"{value:g}", f"{n:,}"] for value, n in own["maps_by_cross_section"]],
        ),
        "\n".join(f"- {sentence}." for sentence in own["choices"]),
        "## How it was divided",
        wrapped(
            f"By `{own['group']}`: all maps of a group are in one set, which follows "
            "from a digest of its name, so that no cluster of the test was seen in "
            "training, with whatever cross-section."
        ),
        table(
            ["set", "groups", "maps"],
            [[name, *(f"{n:,}" for n in own["sets"][name])] for name in _ORDER],
        ),
        "## How it was trained",
        _training(artefact),
        "## What was measured on the maps of the test",
        _METHOD,
        _classes(test["classes"]),
        _continuous(test),
        _samples(test["samples"]),
        "## Limits",
        _limits(artefact, test),
        "## Publish it",
        "From the folder that holds this card:\n\n"
        "    amphitrite export . --to ../model_repository\n"
        "    amphitrite darkcnn MAPS --model-repository ../model_repository -o "
        "clusters.fits",
    )


_ORDER: Final = [TRAINING, *(name for name in reversed(SHARES) if name != TRAINING)]


def _read(own: Mapping[str, Any]) -> str:
    n = sum(n for _, n in own["maps_by_cross_section"])
    left = f"; {own['skipped']:,} more were left out" if own["skipped"] else ""
    return wrapped(f"{n:,} maps{left}. Labels are `{own['labels']}` of the files.")


def _training(artefact: Artefact) -> str:
    learned, facts = artefact.spec.learned, artefact.metrics
    weights = learned["own"]["weights"]
    start = (
        "from random weights"
        if weights == "random"
        else f"from the weights of a network with the digest `{weights}`"
    )
    recipe = ", ".join(
        f"{key} = {value}"
        for key, value in sorted(learned["recipe"].items())
        if not key.startswith("n_")
    )
    return sections(
        wrapped(
            f"{facts['steps']:,} steps and {facts['samples_seen']:,} maps, each turned "
            f"and seen in another way, {start}, in {facts['seconds']:,.0f} s (ended "
            f"by: {facts['ended_by']}; the weights of epoch {facts['kept_epoch']} were "
            f"kept). {facts['trainable_parameters']:,} trained parameters."
        ),
        wrapped(f"The recipe: {recipe}."),
        wrapped(f"References: {'; '.join(REFERENCES)}."),
    )


_METHOD: Final = wrapped(
    "Each map is seen as it is, with all channels and attributes that it has. Numbers "
    "stand with their 95 % intervals, from resampling groups."
)


def _classes(found: Mapping[str, Any] | None) -> str:
    values = ", ".join(f"{value:g}" for value in CROSS_SECTIONS)
    if found is None:
        return wrapped(
            f"No label is one of the classes ({values} {_UNIT}): the probabilities of "
            "this network were never trained and mean nothing; its continuous estimate "
            "does not need them."
        )
    gain = found["better_than_floor"]
    surer = gain["low"] is not None and gain["low"] > 0
    return sections(
        table(
            ["", f"of {found['n_maps']:,} maps with the label of a class"],
            [
                ["accuracy of the network", number(found["accuracy"])],
                ["of a regression on the profile (floor)", number(found["floor"])],
                ["of the most frequent class alone", number(found["majority"])],
                ["network less floor", number(gain)],
                [
                    "expected calibration error",
                    f"{found['calibration_error']:.3f}, which {found['n_maps']:,} maps "
                    "alone let seem too large",
                ],
                ["mean surprise (nat)", f"{found['surprise']:.3f}"],
            ],
        ),
        wrapped(
            "**The network is clearly better than the floor.**"
            if surer
            else "**The network is not clearly better than the floor**: a regression "
            "on the mean profile may say as much."
        ),
        table(
            ["true", *(f"said {label}" for label in LABELS)],
            [
                [label, *(f"{n:,.0f}" for n in row)]
                for label, row in zip(LABELS, found["confusion"], strict=True)
            ],
        ),
    )


def _continuous(test: Mapping[str, Any]) -> str:
    score, cluster = test["score"], test["cluster"]
    stated = cluster["stated_error"]
    return table(
        ["continuous estimate", ""],
        [
            [
                "RMS error of the score (dex of cross-section + 0.03)",
                number(score["rms_dex"]),
            ],
            ["of an answer without a map", number(score["constant_rms_dex"])],
            [f"RMS error of a cluster's estimate ({_UNIT})", number(cluster["rms"])],
            [f"bias of a cluster's estimate ({_UNIT})", number(cluster["bias"])],
            [
                f"mean error as stated ({_UNIT})",
                "none" if stated is None else f"{stated:.3f}",
            ],
            ["said to be out of the domain", number(test["far"])],
        ],
    )


def _samples(samples: list[Mapping[str, Any]]) -> str:
    return table(
        ["all maps of one cross-section together", "maps", "median", "68 %", "95 %"],
        [
            [
                f"{each['cross_section']:g} {_UNIT}",
                f"{each['n']:,}",
                *(
                    ["none"] * 3
                    if each["median"] is None
                    else [
                        f"{each['median']:.3f}",
                        *(
                            "{:.3f} to {:.3f}".format(*each[f"interval_{share}"])
                            for share in (68, 95)
                        ),
                    ]
                ),
            ]
            for each in samples
        ],
    )


def _limits(artefact: Artefact, test: Mapping[str, Any]) -> str:
    noisy = artefact.spec.learned["recipe"]["noisy_share"]
    values = [
        value for value, _ in artefact.spec.learned["own"]["maps_by_cross_section"]
    ]
    kinds = ", ".join(test["kinds"]) or "none"
    noise = (
        f"{test['noise']:.2f} in a pixel, as a convergence at redshift 0.3"
        if test["noise"]
        else "none that could be told from structure"
    )
    return "\n".join(
        f"- {sentence}"
        for sentence in (
            f"Calibrated for these channels: {kinds}. Clusters of other kinds get no "
            "cross-section.",
            f"The noise of the maps themselves is {noise}. "
            + (
                "Noise of lensing was added as the recipe says; none to X-rays, whose "
                "photons nobody has counted."
                if noisy
                else "None was added: noisier maps get no cross-section. Train with "
                "`--set noisy_share=0.5` for them."
            ),
            f"The labels have {len(values)} values from {min(values):g} to "
            f"{max(values):g} {_UNIT}: the curve of the score has at most as many "
            "terms, is interpolated between them, and beyond them it is a guess.",
            "No systematics are known: what another simulation, another feedback or "
            "another age of the clusters would shift is not in these numbers, and not "
            "in any interval.",
            f"Masses were given an error of {test['mass_error_dex']:g} dex.",
        )
    )
