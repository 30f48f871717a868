"""The card's pictures of simulated skies."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from amphitrite.surveys.asid.page import MODEL, UNET
from amphitrite.surveys.asid.prepare.patches import angles, unit_vectors
from amphitrite_training.diagrams import style
from amphitrite_training.surveys.asid.calibrate import PAPER_FLUX_EDGES
from amphitrite_training.surveys.asid.card import card
from amphitrite_training.surveys.asid.heads.measures import LEAST_SOURCES, Described
from amphitrite_training.surveys.asid.measures import Evaluation
from amphitrite_training.surveys.asid.pictures import NOTABLE, pictures
from amphitrite_training.surveys.asid.sky_results import SkyResult
from amphitrite_training.surveys.asid.tables import tables

pytest.importorskip("matplotlib", reason="pictures need the plots extra")

THRESHOLD, OWN = 0.2, 0.3
CUTS = ("11111", "11000", "01000")
LEARNED = {
    "disc_radius_pixels": 5.0, "log_sigma_pixels": 3.0, "suppression_degrees": 0.3,
    "thresholds": dict.fromkeys(CUTS, OWN), "candidate_score": 0.05,
    "fake_thresholds": dict.fromkeys(CUTS, THRESHOLD),
    "flux_sigma_95": 2.0,
    "radius_68": 1.5, "radius_95": 2.4,
}  # fmt: skip
TRAINED = {
    "recipe": {"variants": "AB", "disc_test_statistic": 16.0},
    "training": {
        "samples_seen": 100,
        "seconds": 60.0,
        "backend": "tensorflow",
        "devices": ["cpu:0"],
        "trainable_parameters": 10,
    },
}
SKIES = ((3_000, "A"), (3_001, "C"), (3_002, "A"))


def result(seed, *, bias=0.0):
    """Half of the sources of a sky, and a tenth as many where nothing is.

    The true ones have errors that follow a Gaussian of the width that is stated.
    """
    rng = np.random.default_rng(seed)
    # farther from each other than any match: one in each ring of a spiral
    n = 400
    truth = unit_vectors(
        (137.5 * np.arange(n)) % 360, np.degrees(np.arcsin(np.linspace(-0.97, 0.97, n)))
    )
    flux = PAPER_FLUX_EDGES[0] * rng.pareto(0.9, n).clip(max=1e3) + PAPER_FLUX_EDGES[0]
    true, fake = np.arange(0, n, 2), 40
    sigma = 0.02
    east = np.cross([0.0, 0.0, 1.0], truth[true])
    east /= np.linalg.norm(east, axis=1)[:, None]
    north = np.cross(truth[true], east)
    steps = np.radians(sigma) * rng.normal(size=(2, len(true), 1))
    sources = truth[true] + steps[0] * east + steps[1] * north
    sources /= np.linalg.norm(sources, axis=1)[:, None]
    nowhere = truth[1 : 2 * fake : 2] + np.array([0, 0, 0.03])
    nowhere /= np.linalg.norm(nowhere, axis=1)[:, None]
    m = len(true) + fake
    log_flux = np.log10(np.r_[flux[true], np.full(fake, 1e-10)])
    return SkyResult(
        truth=truth,
        flux=flux,
        found=np.r_[truth[true], nowhere],
        aperture_flux=10**log_flux,
        described={
            "score": np.r_[rng.uniform(0.1, 1.1, len(true)), np.full(fake, 0.2)],
            "sources": np.r_[sources, nowhere],
            "log10_flux": log_flux + bias + 0.1 * rng.normal(size=m),
            "flux_sigma": np.full(m, 0.1),
            "p_fake": np.r_[rng.beta(1, 20, len(true)), rng.beta(3, 3, fake)],
            "offset_variance": np.full(m, sigma**2),
        },
        threshold=OWN,
    )


def evaluated(skies=SKIES, *, threshold=THRESHOLD):
    results = {variant: [] for _, variant in skies}
    for seed, variant in skies:
        results[variant].append(result(seed, bias=0.1 if variant == "C" else 0.0))
    return Evaluation(
        spec=MODEL.with_weights(
            digest="sha256:0",
            learned={**LEARNED, "fake_thresholds": dict.fromkeys(CUTS, threshold)},
        ),
        members={UNET.name: replace(UNET, learned=TRAINED)},
        version=1,
        skies=skies,
        n_patches=768 * len(skies),
        tables={
            variant: tables([sky.detections for sky in some], radius_degrees=0.3)
            for variant, some in results.items()
        },
        catalogues={
            variant: tables(
                [sky.catalogue(threshold) for sky in some], radius_degrees=0.3
            )
            for variant, some in results.items()
        },
        described={
            variant: Described.joined([sky.known(n) for n, sky in enumerate(some)])
            for variant, some in results.items()
        },
        results=results,
    )


@pytest.fixture(scope="module")
def found():
    return evaluated()


@pytest.fixture(scope="module")
def drawn(found):
    return pictures(found)


def labels(axes):
    return axes.get_legend_handles_labels()[1]


def test_the_card_shows_all_of_them_and_says_that_they_are_simulated(found, drawn):
    text = card(found)
    shown = re.findall(r"!\[(.*)\]\(pictures/(\w+)\.png\)\n\n\*(.*)", text)
    assert sorted(name for _, name, _ in shown) == sorted(drawn)
    for words, _, caption in shown:
        assert "simulated" in words
        assert "imulated" in caption
    assert text.index("sky.png") < text.index("### Variant A of the diffuse emission")
    assert text.index("## Flux, position and P(fake)") < text.index("roc.png")


def test_the_map_is_of_the_variant_that_was_never_seen(found, drawn):
    (axes,) = drawn["sky"].axes
    assert axes.get_title() == "Simulated sky, variant C (never seen), seed 3001"
    sky = found.results["C"][0]
    kept = sky.described["p_fake"] <= THRESHOLD
    n_found = kept[:200].sum()
    lost = np.ones(400, bool)
    lost[np.flatnonzero(kept[:200]) * 2] = False
    shown = [len(group.get_offsets()) for group in axes.collections[:3]]
    assert shown == [n_found, (lost & (sky.flux >= NOTABLE)).sum(), kept[200:].sum()]
    assert labels(axes)[0] == f"found: {n_found}"
    assert labels(axes)[1].startswith("missed, above 4.28e-10: ")
    # longitude grows to the left
    lon, lat = angles(sky.truth[::2][kept[:200]])
    place = np.degrees(axes.collections[0].get_offsets())
    np.testing.assert_allclose(place[:, 1], lat, atol=1e-9)
    np.testing.assert_allclose(-place[:, 0] % 360, lon, atol=1e-9)


def test_without_a_variant_that_is_new_the_first_sky_is_shown():
    (axes,) = pictures(evaluated(SKIES[2:]))["sky"].axes
    assert axes.get_title() == "Simulated sky, variant A (seen in training), seed 3002"


def test_completeness_is_the_tables(found, drawn):
    figure = drawn["completeness"]
    titles = [axes.get_title() for axes in figure.axes]
    assert [title.split(":")[0] for title in titles] == [
        *("|b| > 20, variant A (seen in training)", "|b| > 20, variant C (never seen)"),
        *("all sky, variant A (seen in training)", "all sky, variant C (never seen)"),
    ]
    assert titles[2].endswith(": 800 sources")
    axes = figure.axes[3]
    assert labels(axes) == ["ceiling", "detector alone", "after the classifier"]
    for container, counted in zip(
        axes.containers, (found.tables, found.catalogues), strict=True
    ):
        bins = counted["C"]["all sky"].completeness
        at, share = container.lines[0].get_xydata().T
        full = [each for each in bins if each.n]
        np.testing.assert_array_equal(share, [each.value for each in full])
        inside = [
            low < place < high
            for low, high, place in zip(
                *(PAPER_FLUX_EDGES, PAPER_FLUX_EDGES[1:], at[: len(bins) - 1]),
                strict=False,
            )
        ]
        assert all(inside)
        assert any(each.n < LEAST_SOURCES for each in full)


def test_the_roc_compares_both_judges_at_their_thresholds(found, drawn):
    axes = drawn["roc"].axes[1]
    assert axes.get_title() == "Simulated candidates, variant C (never seen)"
    described = found.results["C"][0].described
    for mark, kept in (
        (axes.lines[1], described["p_fake"] <= THRESHOLD),
        (axes.lines[3], described["score"] > OWN),
    ):
        ((x, y),) = mark.get_xydata()
        # no false one has a score above the threshold: it stands at the left edge
        assert x == pytest.approx(max(kept[200:].mean(), axes.get_xlim()[0]))
        assert y == pytest.approx(kept[:200].mean())
    area = found.networks("C")["classifier"]["area_under_curve"]["value"]
    assert labels(axes)[0] == f"P(fake) (area {area:.3f})"
    assert labels(axes)[3].endswith(", above 0.3")


def test_reliability_is_of_all_candidates(found, drawn):
    axes = drawn["reliability"].axes[0]
    bins = found.networks("A")["classifier"]["reliability"]
    expected = [(each["mean"], each["fake"] / each["n"]) for each in bins if each["n"]]
    np.testing.assert_allclose(axes.lines[1].get_xydata(), expected)


def test_the_pull_of_the_flux_shows_a_bias(drawn):
    left, right = drawn["flux_pull"].axes
    told = [label.split("\n") for label in labels(left)]
    medians = {
        group: float(re.search(r"median (\S+),", numbers)[1])
        for group, numbers in (each for each in told if len(each) == 2)
    }
    # 200 sources: 0.09 of a standard deviation for one
    assert medians["variant A (seen in training)"] == pytest.approx(0, abs=0.25)
    assert medians["variant C (never seen)"] == pytest.approx(1, abs=0.35)
    assert right.get_xlabel().startswith("true flux above 1 GeV (photons")


def test_positions_keep_to_the_radius_that_is_stated(found, drawn):
    _, right = drawn["location_pull"].axes
    for name in ("A", "C"):
        (line,) = (
            each for each in right.lines if f"variant {name}" in each.get_label()
        )
        coverage = found.networks(name)["position"]["coverage_68"]["value"]
        radius, share = line.get_xydata().T
        assert share[radius <= 1].max() == pytest.approx(coverage)
    marked = [tuple(each.get_xydata()[1]) for each in right.lines[-2:]]
    assert marked == [(1.0, 0.68), (pytest.approx(1.6), 0.95)]


def test_an_empty_catalogue_can_be_drawn():
    nothing = pictures(evaluated(threshold=-1.0))
    (axes,) = nothing["sky"].axes
    assert labels(axes)[0] == "found: 0"
    assert "none" in labels(nothing["flux_pull"].axes[0])[-1]


def test_files_are_small(drawn, tmp_path):
    paths = style.write(drawn, tmp_path / "pictures")
    assert {path.name for path in paths} == {f"{name}.png" for name in drawn}
    assert max(path.stat().st_size for path in paths) < 100_000
