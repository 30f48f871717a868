"""The ensemble of asid on a real Triton answers as Keras and the client's reference."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras", reason="needs the export extra")
pytest.importorskip("tf2onnx", reason="needs the export extra")

from amphitrite.errors import ProvisioningError
from amphitrite.server.host import check_host, this_host
from amphitrite.server.launcher import LocalTriton
from amphitrite.surveys import asked
from amphitrite.surveys.asid.bands import CUTOUT_BANDS, PEAK_BAND
from amphitrite.surveys.asid.interpret import peaks
from amphitrite.surveys.asid.page import (
    CUTOUT_PIXELS,
    DESCRIBED,
    HEADS_MODEL,
    MODEL,
    PEAKS,
    UNET,
)
from amphitrite.triton.connection import Connection
from amphitrite_export.conversion.convert import call
from amphitrite_export.publishing.publish import publish
from amphitrite_export.surveys.asid.hooks import hooks

pytestmark = [
    pytest.mark.export,
    pytest.mark.triton,
    pytest.mark.slow,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

MAX_PEAKS = 40


@pytest.fixture(scope="module")
def artefact(detector):
    return detector(seed=4, log_sigma_pixels=3.0, peak_floor=0.02)


@pytest.fixture(scope="module")
def connection(artefact, heads, tmp_path_factory):
    try:
        check_host(this_host())
    except ProvisioningError as error:
        pytest.skip(str(error))
    repository = tmp_path_factory.mktemp("repository")
    publish([artefact, *heads(seed=4)], repository, hooks=[hooks(max_peaks=MAX_PEAKS)])
    with (
        LocalTriton(repository, asked("asid")) as triton,
        Connection(triton.grpc_url) as connection,
    ):
        yield connection


@pytest.fixture(scope="module")
def counts(bright_patches):
    rng = np.random.default_rng(12)
    exposure = rng.uniform(1e11, 3e11, (4, 5)).astype(np.float32)
    return {**bright_patches(rng, 4), "exposure": exposure}


@pytest.fixture(scope="module")
def answer(connection, counts):
    return connection.model(MODEL).infer(counts)


def listed(mask, learned):
    """Return what the client finds in a mask, as much as the server lists."""
    found = peaks.find(
        mask, sigma=learned["log_sigma_pixels"], floor=learned["peak_floor"]
    )
    return found, slice(min(len(found), learned["max_peaks"]))


def test_the_mask_is_that_of_keras(artefact, counts, answer):
    images = {tensor.name: counts[tensor.name] for tensor in UNET.inputs}
    want = np.asarray(call(artefact.model, images)["mask"])
    assert np.ptp(want) > 0.1
    # float32 sums of some hundred products, in another order in each runtime
    np.testing.assert_allclose(answer["mask"], want, rtol=0, atol=1e-5)


def test_the_peaks_are_those_of_the_clients_reference(connection, answer):
    learned = connection.model(MODEL).spec.learned
    assert learned["max_peaks"] == MAX_PEAKS
    assert answer["score"].shape == (4, MAX_PEAKS)
    for i, mask in enumerate(answer["mask"]):
        found, places = listed(mask, learned)
        n = places.stop
        assert n > 5
        assert answer["n_peaks"][i, 0] == len(found)
        assert not answer["score"][i, n:].any()
        # float32 in the graph, double precision in the reference
        np.testing.assert_allclose(
            answer["score"][i, :n], found.score[places], rtol=0, atol=1e-6
        )
        positions = np.stack([found.row, found.column], axis=-1)[places]
        np.testing.assert_allclose(answer["peaks"][i, :n], positions, rtol=0, atol=1e-3)


def test_a_patch_is_answered_alike_alone_and_in_company(connection, counts, answer):
    model = connection.model(MODEL)
    for i in range(4):
        alone = model.infer({name: array[i : i + 1] for name, array in counts.items()})
        # the same sums in another blocking, and positions as above
        for name, atol in (("mask", 1e-5), ("score", 1e-5), ("peaks", 2e-2)):
            np.testing.assert_allclose(
                alone[name][0], answer[name][i], rtol=0, atol=atol
            )


def test_the_peak_finder_gives_cutouts_on_its_own(connection, counts, answer):
    model = connection.model(PEAKS)
    tensors = {"mask": answer["mask"]} | {
        tensor.name: counts[tensor.name] for tensor in PEAKS.inputs[1:]
    }
    found = model.infer(tensors)
    for i in range(4):
        row, column = found["peaks"][i].T
        n = np.count_nonzero(found["score"][i])
        want = peaks.cutouts(
            {name: array[i] for name, array in counts.items()},
            row[:n],
            column[:n],
            bands=CUTOUT_BANDS,
            pixels=CUTOUT_PIXELS,
        )
        assert want.any()
        np.testing.assert_array_equal(found["cutouts"][i, :n], want)
        assert not found["cutouts"][i, n:].any()


def test_the_ensemble_says_of_its_peaks_what_the_heads_say_of_the_clients(
    connection, counts, answer
):
    heads = connection.model(HEADS_MODEL)
    for i in range(4):
        n = int(min(answer["n_peaks"][i, 0], MAX_PEAKS))
        row, column = answer["peaks"][i, :n].T
        cut = peaks.cutouts(
            {name: array[i] for name, array in counts.items()},
            *(row, column),
            bands=CUTOUT_BANDS,
            pixels=CUTOUT_PIXELS,
        )
        score = answer["score"][i, :n]
        auxiliary = peaks.auxiliary(cut, row, column, score, peak_band=PEAK_BAND)
        said = heads.infer(
            {
                "cutouts": cut[None],
                "valid": np.ones((1, n), bool),
                "auxiliary": auxiliary[None],
                "exposure": counts["exposure"][i : i + 1],
            }
        )
        for tensor in DESCRIBED:
            values = answer[tensor.name][i]
            assert np.ptp(said[tensor.name]) > 1e-3
            # float32 sums of some thousand products, in another blocking
            np.testing.assert_allclose(
                said[tensor.name][0], values[:n], rtol=0, atol=1e-4
            )
            assert np.isnan(values[n:]).all()


def test_patches_without_a_photon_have_a_mask_and_whatever_peaks_it_has(connection):
    model = connection.model(MODEL)
    dark = {
        tensor.name: np.zeros((1, *tensor.shape), np.float32) for tensor in MODEL.inputs
    }
    answer = model.infer(dark)
    found, _ = listed(answer["mask"][0], model.spec.learned)
    assert np.isfinite(answer["mask"]).all()
    assert answer["n_peaks"][0, 0] == len(found)
