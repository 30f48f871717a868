"""The model card says what was measured, and of what."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from amphitrite.places import checkout_repository
from amphitrite.surveys.asid.page import FLUX, MODEL, UNET
from amphitrite.triton.spec import Member
from amphitrite_training.surveys.asid import calibrate
from amphitrite_training.surveys.asid.card import V1, card
from amphitrite_training.surveys.asid.heads.card import chosen
from amphitrite_training.surveys.asid.measures import Evaluation
from amphitrite_training.surveys.asid.tables import Counted, Table

N_BINS = len(calibrate.PAPER_FLUX_EDGES) - 1
LEARNED = {
    "disc_radius_pixels": 7.0,
    "log_sigma_pixels": 4.5,
    "suppression_degrees": 0.32,
    "peak_floor": 0.02,
    "thresholds": {"11111": 0.21, "11000": 0.17, "01000": 0.13},
    "fake_thresholds": {"11111": 0.17, "11000": 0.21, "01000": 0.34},
    "candidate_score": 0.06,
    "flux_sigma_95": 2.0,
    "radius_68": 1.5096,
    "radius_95": 2.4477,
}
TRAINED = {
    "recipe": {"variants": "AB", "disc_test_statistic": 16.5, "width": 0.5},
    "training": {
        "samples_seen": 73_728,
        "seconds": 5_400.0,
        "backend": "tensorflow",
        "devices": ["cpu:0"],
        "trainable_parameters": 609_922,
    },
}


def table(shift):
    """A table in which every number occurs once."""
    complete = [
        Counted(50 + i + shift, 200 + i, 0.101 + i / 1e3, 0.401 + i / 1e3)
        for i in range(N_BINS)
    ]
    pure = [
        Counted(90 + i + shift, 111 + i, 0.502 + i / 1e3, 0.902 + i / 1e3)
        for i in range(N_BINS)
    ]
    complete[-1] = Counted(0, 0, 0.0, 1.0)
    complete[-2] = Counted(7, 9, 0.555, 0.999)
    return Table(
        completeness=tuple(complete),
        purity=tuple(pure),
        ceiling=(*np.linspace(0.801, 0.899, N_BINS - 1), float("nan")),
        whole=(Counted(1_000, 1_031, 0.951, 0.981), Counted(800, 1_601, 0.481, 0.521)),
        faint=Counted(3, 44, 0.021, 0.181),
    )


@pytest.fixture(scope="module")
def evaluation(described):
    spec = MODEL.with_weights(
        digest="sha256:abcdef",
        learned=LEARNED,
        members=(
            Member("asid_unet", 3, "sha256:1", "sha256:4"),
            Member("asid_peaks", 2, "sha256:2", "sha256:5"),
        ),
    )
    return Evaluation(
        spec=spec,
        members={
            UNET.name: replace(UNET, learned=TRAINED),
            FLUX.name: replace(
                FLUX, learned={**TRAINED, "recipe": {"members": 3, "width": 1.0}}
            ),
        },
        version=5,
        skies=((3_000, "A"), (3_001, "C")),
        n_patches=2_200,
        tables={
            variant: {"|b| > 20": table(0), "all sky": table(1)} for variant in "AC"
        },
        catalogues={
            variant: {"|b| > 20": table(2), "all sky": table(3)} for variant in "AC"
        },
        described={"A": described(300), "C": described(300, seed=2)},
        results={},
        shifts={
            "against": "A",
            "variants": {
                variant: {
                    "parts": {
                        "all sky": {
                            "purity": {"hits": 9, "of": 10, "low": 0.8, "high": 1.0},
                            "completeness": {"hits": 0, "of": 0, "low": 0, "high": 1},
                        }
                    },
                    "bins": [
                        {
                            "part": "|b| < 10",
                            "flux_edges": [1e-9, 3e-9],
                            "n": 123,
                            "flux": {"value": 0.012, "low": -0.021, "high": 0.032},
                            "position": {"value": None, "low": None, "high": None},
                        }
                    ],
                }
                for variant in "AC"
            },
        },
    )


@pytest.fixture(scope="module")
def text(evaluation):
    return " ".join(card(evaluation).split())


def test_the_card_names_the_model_and_how_it_was_trained(text):
    for part in (
        *("5 (asid_unet version 3, asid_peaks version 2)", "`sha256:abcdef`"),
        *("73,728 samples in 90 minutes with tensorflow", "without a GPU", "609,922"),
        *("`asid_flux`: 73,728", "The recipe: members = 3, width = 1.0."),
        *("width = 0.5", "discs of 7 pixels", "Laplacian of Gaussian of 4.5 pixels"),
        *("one source within 0.32 deg", "0.21 with all bands", "0.17 with 7-20 and"),
        *("0.13 with 2-7 GeV alone", "summed over the bands present) is above 16.5"),
        *("seed 3000 (variant A)", "seed 3001 (variant C)", "2200 patches"),
    ):
        assert part in text, part


def test_the_card_says_that_the_data_are_simulated(text):
    assert "**All training data are simulated**" in text
    assert "**These skies are simulated too**" in text
    assert "not as a ranking" in text


def test_what_was_seen_in_training_follows_from_the_recipe(evaluation, text):
    assert "Variant A of the diffuse emission, seen in training" in text
    assert "Variant C of the diffuse emission, never seen" in text
    learned = {**TRAINED, "recipe": {**TRAINED["recipe"], "variants": "BC"}}
    members = {**evaluation.members, UNET.name: replace(UNET, learned=learned)}
    other = card(replace(evaluation, members=members))
    assert "Variant A of the diffuse emission, never seen" in other
    assert "Variant C of the diffuse emission, seen in training" in other
    assert "the diffuse emission of the variants B, C" in " ".join(other.split())


def test_every_bin_has_its_row(evaluation):
    lines = card(evaluation).splitlines()
    rows = [line for line in lines if line.startswith("| 6.95e-11") and ";" in line]
    assert len(rows) == 4  # two variants, two parts of the sky
    assert rows[0] == (
        "| 6.95e-11 | 0.250 (0.101 to 0.401; 200) | 0.801 | "
        "0.811 (0.502 to 0.902; 111) | 0.14, 0.69 |"
    )
    high = lines.index("**|b| > 20**")
    table_rows = lines[high + 4 : high + 4 + N_BINS]
    for row, edge in zip(table_rows, calibrate.PAPER_FLUX_EDGES, strict=False):
        assert row.startswith(f"| {edge:.3g} | ")
        assert row.count("|") == 6
    assert "| fainter | | | 0.068 (0.021 to 0.181; 44) | |" in lines
    assert (
        "| all | 0.500 (0.481 to 0.521; 1601) | | 0.970 (0.951 to 0.981; 1031) | |"
        in lines
    )


def test_small_bins_are_in_brackets_and_empty_ones_say_so(evaluation):
    lines = card(evaluation).splitlines()
    small = next(line for line in lines if line.startswith("| 1.62e-08"))
    assert "[0.778 (0.555 to 0.999; 9)]" in small
    empty = next(line for line in lines if line.startswith("| 2.98e-08"))
    assert empty.startswith("| 2.98e-08 | none | none | ")
    assert "nan" not in card(evaluation)


def test_the_published_table_has_a_value_for_every_bin():
    for part, values in V1.items():
        assert part in ("|b| > 20", "all sky")
        assert len(values) == N_BINS
        assert all(0 < share <= 1 for pair in values if pair for share in pair)


def test_the_networks_are_told_of(evaluation, text):
    assert "P(fake) | up to 0.17" in text
    assert "Candidates are peaks above the score 0.06;" in text
    lines = card(evaluation).splitlines()
    numbers = evaluation.networks("C")
    median = numbers["flux"]["bright"]["median"]
    row = (
        f"| flux, bright: median (dex) | {median['value']:.3f} "
        f"({median['low']:.3f} to {median['high']:.3f}) |"
    )
    assert row in lines
    assert lines.index(row) > lines.index("### Variant C")
    assert sum(line.startswith("| sources kept | ") for line in lines) == 2
    # 800 of 1,601 and 1,000 of 1,031, of the catalogues' tables
    assert "| A | \\|b\\| > 20 | with the classifier | 0.970 (" in text
    assert "| C | all sky | detector alone | " in text


def test_the_card_says_that_the_classifier_s_cut_rests_on_a_choice(evaluation, text):
    kept, threshold = (
        [
            f"{evaluation.networks(variant)['classifier'][quantity]['value']:.3f}"
            for variant in "AC"
        ]
        for quantity in ("sources_kept", "sources_of_detector")
    )
    assert "keeps 0.4 % more sources than that threshold" in text
    assert "**The 0.4 % is a choice**" in text
    assert (
        f"of variant A and variant C the cut keeps {' and '.join(kept)}, the "
        f"detector's threshold {' and '.join(threshold)};"
    ) in text


def test_the_committed_card_says_so_too():
    text = (checkout_repository() / "asid" / "MODEL_CARD.md").read_text()
    rows = {
        "sources_kept": "sources kept",
        "sources_of_detector": "sources above the detector's threshold",
        "false_share_after": "false, of those kept",
        "false_share_of_detector": "false, of those above the detector's threshold",
    }
    values = {
        name: re.findall(rf"^\| {row} \| ([\d.]+) \(", text, re.MULTILINE)
        for name, row in rows.items()
    }
    measured = {
        variant: {name: {"value": float(v[i])} for name, v in values.items()}
        for i, variant in enumerate("AC")
    }
    assert chosen(measured) in text


def test_the_systematics_are_told_of_where_they_were_measured(evaluation, text):
    row = r"| C | \|b\| < 10 | 1e-09 | 123 | 0.012 (-0.021 to 0.032) | none |"
    assert row in text
    whole = "| all sky | 0.900 (0.800 to 1.000; 10) | none |"
    assert f"| A {whole}" in text
    assert f"| C {whole}" in text
    assert r"| A | \|b\| < 10 |" not in text  # it is what C is compared with
    without = card(replace(evaluation, shifts=None))
    assert "other diffuse emission" not in without
