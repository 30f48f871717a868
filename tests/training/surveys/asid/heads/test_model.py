"""The networks: published sizes, the served contract, stock layers, true losses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("keras", reason="needs the training extra")

import keras

from amphitrite.surveys.asid.bands import EXPOSURE_WEIGHTS
from amphitrite.surveys.asid.page import CLASSIFIER, FLUX, LOCATION, per_source
from amphitrite_training.surveys.asid.heads import model as networks
from amphitrite_training.surveys.asid.heads.data import inputs
from amphitrite_training.surveys.asid.heads.recipe import (
    CALIBRATION,
    SHIPPED_CLASSIFIER,
    SHIPPED_FLUX,
    SHIPPED_LOCATION,
    FluxRecipe,
    LocationRecipe,
)

pytestmark = [
    pytest.mark.training,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

HEADS = {
    "flux": (networks.build_flux, replace(SHIPPED_FLUX, width=0.25, members=2), FLUX),
    "fake": (
        networks.build_classifier,
        replace(SHIPPED_CLASSIFIER, width=0.25),
        CLASSIFIER,
    ),
    "offset": (
        networks.build_location,
        replace(SHIPPED_LOCATION, width=0.125, members=2),
        LOCATION,
    ),
}


@pytest.fixture(scope="module")
def small():
    return {what: build(recipe) for what, (build, recipe, _) in HEADS.items()}


@pytest.fixture(scope="module")
def given(made_up):
    some = made_up(6)
    return {what: inputs(some, what) for what in HEADS}


def test_the_published_ensembles_have_their_number_of_parameters():
    # per tower 32,098 and 177,204; the layers that take the numbers beside the image
    # get 5 and 12 more for the flux, 12 more for the location, and its mean all 17
    location = networks.build_location(LocationRecipe())
    assert trained(location) == 12 * (177_204 + 12 * 32 + 17 * 2)
    flux = networks.build_flux(FluxRecipe())
    assert trained(flux) == 3 * (32_098 + 17 * 16)


def trained(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


@pytest.mark.parametrize("what", HEADS)
def test_tensors_are_those_of_the_contract(what, small, given):
    spec = per_source(HEADS[what][2])
    model = small[what]
    assert model.name == spec.name
    assert {name: tuple(t.shape[1:]) for name, t in model.input.items()} == {
        tensor.name: tensor.shape for tensor in spec.inputs
    }
    answer = model.predict_on_batch(given[what])
    assert set(answer) - {networks.MEMBERS} == {tensor.name for tensor in spec.outputs}
    for tensor in spec.outputs:
        assert answer[tensor.name].shape == (6, *tensor.shape)
        assert answer[tensor.name].dtype == tensor.dtype


@pytest.mark.parametrize("what", HEADS)
def test_no_photon_at_all_gives_finite_answers(what, small, given):
    nothing = {name: np.zeros_like(array) for name, array in given[what].items()}
    if what == "flux":
        nothing["exposure"] = given[what]["exposure"]
    for name, array in small[what].predict_on_batch(nothing).items():
        assert np.isfinite(array).all(), name


@pytest.mark.parametrize("what", HEADS)
def test_what_lies_unevenly_about_the_peak_is_not_seen(what, small, given):
    changed = {**given[what], "cutouts": given[what]["cutouts"].copy()}
    changed["cutouts"][:, 0] += 50
    changed["cutouts"][:, :, 0] += 50
    one, two = (small[what].predict_on_batch(g) for g in (given[what], changed))
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])
    changed["cutouts"][:, 10, 10] += 50
    three = small[what].predict_on_batch(changed)
    assert not np.array_equal(
        one["members" if what != "fake" else "fake_logit"],
        three["members" if what != "fake" else "fake_logit"],
    )


def test_twice_the_exposure_is_half_the_flux(small, given):
    once = given["flux"]
    twice = {**once, "exposure": 2 * once["exposure"]}
    one, two = (small["flux"].predict_on_batch(g) for g in (once, twice))
    change = two["log10_flux"] - one["log10_flux"]
    np.testing.assert_allclose(change, -np.log10(2), atol=1e-5)  # single precision
    np.testing.assert_array_equal(one["flux_variance"], two["flux_variance"])


def test_only_the_bands_above_1_gev_count_and_by_their_weights(small, given):
    exposure = np.tile(np.array(networks.training_exposure(), np.float32), (6, 1))
    once = small["flux"].predict_on_batch({**given["flux"], "exposure": exposure})
    for band, weight in enumerate(EXPOSURE_WEIGHTS):
        more = exposure.copy()
        more[:, band] *= 3
        mean = (exposure[0] @ EXPOSURE_WEIGHTS, more[0] @ EXPOSURE_WEIGHTS)
        answer = small["flux"].predict_on_batch({**given["flux"], "exposure": more})
        change = answer["log10_flux"] - once["log10_flux"]
        np.testing.assert_allclose(change, np.log10(mean[0] / mean[1]), atol=1e-5)
        assert (weight > 0) == (abs(change[0]) > 1e-3)


def test_the_served_answer_is_the_mixture_s(small, given):
    answer = small["flux"].predict_on_batch(given["flux"])
    mean, sigma = np.moveaxis(answer["members"].astype(float), -1, 0)
    np.testing.assert_allclose(answer["log10_flux"], mean.mean(axis=1), rtol=1e-5)
    aleatoric, epistemic = answer["flux_variance"].T
    np.testing.assert_allclose(aleatoric, (sigma**2).mean(axis=1), rtol=1e-4)
    # a small difference of numbers near 9, in single precision
    np.testing.assert_allclose(epistemic, mean.var(axis=1), rtol=1e-3, atol=1e-9)
    assert (epistemic > 0).any()

    answer = small["offset"].predict_on_batch(given["offset"])
    mean, sigma = np.split(answer["members"].astype(float), 2, axis=-1)
    np.testing.assert_allclose(answer["offset"], mean.mean(axis=1), atol=1e-6)
    aleatoric, epistemic = answer["offset_variance"].transpose(1, 0, 2)
    np.testing.assert_allclose(aleatoric, (sigma**2).mean(axis=1), rtol=1e-4)
    np.testing.assert_allclose(epistemic, mean.var(axis=1), rtol=1e-3, atol=1e-9)


def test_the_probability_is_that_of_the_logit(small, given):
    answer = small["fake"].predict_on_batch(given["fake"])
    p = 1 / (1 + np.exp(-answer["fake_logit"].astype(float)))
    np.testing.assert_allclose(answer["p_fake"], p, atol=1e-6)


@pytest.mark.parametrize("what", HEADS)
def test_calibration_starts_by_changing_nothing(what, small):
    weights = small[what].get_layer(CALIBRATION).get_weights()
    np.testing.assert_array_equal(weights[0], np.eye(len(weights[0])))
    assert all(not bias.any() for bias in weights[1:])
    layer = small[what].get_layer(CALIBRATION)
    assert not layer.trainable_weights


def test_the_loss_is_the_gaussians(given):
    rng = np.random.default_rng(3)
    true = rng.normal(size=(5, 2)).astype(np.float32)
    members = np.abs(rng.normal(size=(5, 3, 4))).astype(np.float32) + 1
    mean, sigma = members[..., :2], members[..., 2:]
    density = np.exp(-0.5 * ((true[:, None] - mean) / sigma) ** 2) / sigma
    found = float(networks.gaussian_loss()(true, members))
    assert found == pytest.approx(-np.log(density).mean(), rel=1e-5)


def test_the_classifier_s_loss_is_the_cross_entropy():
    fake = np.array([1.0, 0.0, 1.0], np.float32)
    logit = np.array([2.0, -1.0, -3.0], np.float32)
    p = 1 / (1 + np.exp(-logit))
    expected = -np.mean(fake * np.log(p) + (1 - fake) * np.log(1 - p))
    assert float(networks.fake_loss()(fake, logit)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("what", HEADS)
def test_a_saved_network_needs_nothing_of_this_package(what, small, given, tmp_path):
    path = tmp_path / "model.keras"
    small[what].save(path)
    again = keras.saving.load_model(path, custom_objects={}, compile=False)
    for layer in again.layers:
        assert layer.__class__.__module__.startswith("keras."), layer
    one, two = (m.predict_on_batch(given[what]) for m in (small[what], again))
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])


def test_members_differ_and_the_same_seed_builds_the_same(small, given):
    answer = small["offset"].predict_on_batch(given["offset"])["members"]
    assert np.abs(answer[:, 0] - answer[:, 1]).max() > 1e-4
    build, recipe, _ = HEADS["offset"]
    again = build(recipe).predict_on_batch(given["offset"])["members"]
    np.testing.assert_array_equal(answer, again)
