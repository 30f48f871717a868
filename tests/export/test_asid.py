"""A detector of gamma-ray sources is published as a U-Net, a peak finder and both."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs the export extra")
pytest.importorskip("tf2onnx", reason="needs the export extra")
onnx = pytest.importorskip("onnx", reason="needs the export extra")

from amphitrite.errors import BadInput  # noqa: E402
from amphitrite.spec import check_contract  # noqa: E402
from amphitrite.surveys import asid  # noqa: E402
from amphitrite_export import repository as repo  # noqa: E402
from amphitrite_export.asid import ENSEMBLE, peaks_file  # noqa: E402
from amphitrite_export.config import ensemble_config, specs_in  # noqa: E402
from amphitrite_export.convert import call, to_onnx  # noqa: E402
from amphitrite_export.parity import run  # noqa: E402
from amphitrite_export.publish import publish, rollback  # noqa: E402

pytestmark = [
    pytest.mark.export,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


def served(repository, model):
    config = repo.read_config(repository, model)
    return specs_in(config)[max(repo.served(config))]


@pytest.fixture(scope="module")
def published(tmp_path_factory, detector):
    """Return a repository with two releases; the second finds wider sources."""
    repository = tmp_path_factory.mktemp("repository")
    first = publish(detector(seed=1), repository)
    second = publish(detector(seed=2, log_sigma_pixels=5.0), repository, max_peaks=20)
    return repository, first, second


def test_a_release_is_all_three_models(published):
    repository, first, second = published
    names = ["asid_unet", "asid_peaks", "asid"]
    assert [(each.model, each.version) for each in first] == [(n, 1) for n in names]
    assert [(each.model, each.version) for each in second] == [(n, 2) for n in names]
    assert repo.models(repository) == sorted(names)
    for old, new in zip(first, second, strict=True):
        assert old.digest != new.digest


def test_the_served_specs_are_the_pages(published):
    repository, *_ = published
    for spec in (asid.UNET, asid.PEAKS, asid.MODEL):
        check_contract(served=served(repository, spec.name), expected=spec)


def test_the_ensemble_carries_what_the_client_reads(published, detector):
    repository, *_ = published
    learned = dict(detector(seed=2, log_sigma_pixels=5.0).spec.learned)
    assert served(repository, "asid").learned == {**learned, "max_peaks": 20}
    assert served(repository, "asid_unet").learned["parity"]["samples"] == 2


def test_the_ensembles_configuration_is_generated(published):
    repository, *_ = published
    config = repo.read_config(repository, "asid")
    text = ensemble_config(
        specs_in(config), 2, ENSEMBLE.steps, max_batch_size=config.max_batch_size
    )
    assert (repository / "asid" / repo.CONFIG).read_text() == text
    assert config.max_batch_size == 8
    dims = {tensor.name: list(tensor.dims) for tensor in config.output}
    assert dims == {"mask": [128, 128], "peaks": [-1, 2], "score": [-1], "n_peaks": [1]}


def test_a_rollback_goes_back_with_both_members(detector, tmp_path):
    publish(detector(seed=1), tmp_path)
    publish(detector(seed=2, log_sigma_pixels=5.0), tmp_path)
    assert rollback("asid", tmp_path).version == 1
    config = repo.read_config(tmp_path, "asid")
    assert {
        (s.model_name, s.model_version) for s in config.ensemble_scheduling.step
    } == {
        ("asid_unet", 1),
        ("asid_peaks", 1),
    }
    for name in ("asid_unet", "asid_peaks"):
        assert 1 in repo.served(repo.read_config(tmp_path, name))
    assert served(tmp_path, "asid").learned["log_sigma_pixels"] == 3.0


def test_the_peak_finder_needs_what_was_learned():
    learned = {"peak_floor": 0.1}
    with pytest.raises(BadInput, match="has no learned value log_sigma_pixels; it has"):
        peaks_file(asid.UNET.with_weights(digest="", learned=learned))


def test_the_length_of_the_list_is_of_no_use_elsewhere(toys, tmp_path):
    from amphitrite_export.artefact import Artefact

    x = keras.Input((3,), name="x")
    toy = Artefact(keras.Model(x, {"y": x * 2.0}), toys.spec("toy"), {})
    with pytest.raises(BadInput, match="--max-peaks is an option of asid_unet; the"):
        publish(toy, tmp_path, max_peaks=3)


def test_the_u_net_answers_in_onnx_runtime_as_in_keras_on_simulated_patches():
    from amphitrite_training.asid.model import build
    from amphitrite_training.asid.recipe import Recipe
    from amphitrite_training.asid.tasks import TASKS

    recipe = Recipe(width=0.25, scaling="sqrt")
    model, samples = build(recipe), TASKS["unet"].samples(recipe)
    assert max(image.max() for image in samples.values()) > 10
    have = run(to_onnx(model, asid.UNET).SerializeToString(), samples)
    want = {name: np.asarray(array) for name, array in call(model, samples).items()}
    assert np.ptp(want["mask"]) > 0.1
    # float32 sums of some thousand products, in another order in each runtime
    np.testing.assert_allclose(have["mask"], want["mask"], rtol=0, atol=1e-5)
    largest = np.abs(want["logits"]).max()
    np.testing.assert_allclose(
        have["logits"], want["logits"], rtol=0, atol=1e-5 * max(1, largest)
    )
