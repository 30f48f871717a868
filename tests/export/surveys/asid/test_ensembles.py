"""A detector of gamma-ray sources is published with its heads and their ensembles."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs the export extra")
pytest.importorskip("tf2onnx", reason="needs the export extra")
onnx = pytest.importorskip("onnx", reason="needs the export extra")

from amphitrite.errors import BadInput  # noqa: E402
from amphitrite.surveys.asid.page import (  # noqa: E402
    COUNTS,
    FOUND,
    HEADS,
    HEADS_MODEL,
    MASK,
    MODEL,
    PEAKS,
    UNET,
)
from amphitrite.triton.spec import check_contract  # noqa: E402
from amphitrite_export.conversion.convert import OnnxFile, call, digest, to_onnx  # noqa: E402
from amphitrite_export.conversion.parity import run  # noqa: E402
from amphitrite_export.publishing import publish as publishing  # noqa: E402
from amphitrite_export.publishing import repository as repo  # noqa: E402
from amphitrite_export.publishing.config import (  # noqa: E402
    Ensemble,
    Step,
    ensemble_config,
    specs_in,
)
from amphitrite_export.publishing.generations import publish_together  # noqa: E402
from amphitrite_export.publishing.publish import converted  # noqa: E402
from amphitrite_export.publishing.versions import rollback  # noqa: E402
from amphitrite_export.surveys.asid.ensembles import (  # noqa: E402
    ENSEMBLES,
    check_detector,
    peaks_file,
)
from amphitrite_export.surveys.asid.hooks import hooks  # noqa: E402

pytestmark = [
    pytest.mark.export,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


def served(repository, model):
    config = repo.read_config(repository, model)
    return specs_in(config)[max(repo.served(config))]


def publish(artefacts, repository, **options):
    """Publish as `amphitrite export` does."""
    return publishing.publish(artefacts, repository, hooks=[hooks(**options)])


MODELS = [UNET, *HEADS, PEAKS, MODEL, HEADS_MODEL]


@pytest.fixture(scope="module")
def published(tmp_path_factory, detector, heads):
    """Return a repository with two releases; the second finds wider sources."""
    repository = tmp_path_factory.mktemp("repository")
    first = publish([detector(seed=1), *heads(seed=1)], repository)
    wider = detector(seed=2, log_sigma_pixels=5.0)
    second = publish([wider, *heads(seed=2)], repository, max_peaks=20)
    return repository, first, second


def test_a_release_is_all_the_models(published):
    repository, first, second = published
    names = [spec.name for spec in MODELS]
    assert [(each.model, each.version) for each in first] == [(n, 1) for n in names]
    assert [(each.model, each.version) for each in second] == [(n, 2) for n in names]
    assert repo.models(repository) == sorted(names)
    for old, new in zip(first, second, strict=True):
        assert old.digest != new.digest


def test_the_served_specs_are_the_pages(published):
    repository, *_ = published
    for spec in MODELS:
        check_contract(served=served(repository, spec.name), expected=spec)


def test_the_ensemble_carries_what_the_client_reads(published, detector):
    repository, *_ = published
    learned = dict(detector(seed=2, log_sigma_pixels=5.0).spec.learned)
    described = {"training_exposure": [3e11] * 5, "fake_thresholds": {"11111": 0.3}}
    # how each member came to be is said by its own spec alone
    assert served(repository, "asid").learned == {
        **learned,
        **described,
        "max_peaks": 20,
    }
    assert served(repository, "asid_heads").learned == described
    assert served(repository, "asid_unet").learned["parity"]["samples"] == 2
    flux = served(repository, "asid_flux").learned
    assert flux["parity"]["samples"] == 9
    assert flux["recipe"] == {"seed": 2}


def test_both_ensembles_pin_the_same_heads(published):
    repository, *_ = published
    members = [
        {m.name: m for m in served(repository, name).members}
        for name in ("asid", "asid_heads")
    ]
    assert members[0].keys() == {spec.name for spec in MODELS[:5]}
    assert members[1].keys() == {spec.name for spec in HEADS}
    for name, member in members[1].items():
        assert member == members[0][name]
        assert member.version == 2
        assert member.digest == served(repository, name).digest


def test_the_ensembles_configurations_are_generated(published):
    repository, *_ = published
    for ensemble in ENSEMBLES:
        name = ensemble.contract.name
        config = repo.read_config(repository, name)
        text = ensemble_config(
            specs_in(config), 2, ensemble.steps, max_batch_size=config.max_batch_size
        )
        assert (repository / name / repo.CONFIG).read_text() == text
        assert config.max_batch_size == 8
    dims = {tensor.name: list(tensor.dims) for tensor in config.output}
    assert dims == {
        "log10_flux": [-1],
        "flux_variance": [-1, 2],
        "fake_logit": [-1],
        "p_fake": [-1],
        "offset": [-1, 2],
        "offset_variance": [-1, 2, 2],
    }


def test_a_head_alone_takes_both_ensembles_along(detector, heads, tmp_path):
    publish([detector(seed=1), *heads(seed=1)], tmp_path)
    flux, *_ = heads(seed=3)
    done = publish([flux], tmp_path)
    assert {(each.model, each.version) for each in done} == {
        ("asid_flux", 2),
        ("asid", 2),
        ("asid_heads", 2),
    }
    pinned = {m.name: m.version for m in served(tmp_path, "asid").members}
    assert pinned.pop("asid_flux") == 2
    assert set(pinned.values()) == {1}


def test_a_rollback_goes_back_with_all_members(detector, heads, tmp_path):
    publish([detector(seed=1), *heads(seed=1)], tmp_path)
    publish([detector(seed=2, log_sigma_pixels=5.0), *heads(seed=2)], tmp_path)
    assert rollback("asid", tmp_path).version == 1
    config = repo.read_config(tmp_path, "asid")
    assert {
        (s.model_name, s.model_version) for s in config.ensemble_scheduling.step
    } == {(spec.name, 1) for spec in MODELS[:5]}
    for spec in MODELS[:5]:
        assert 1 in repo.served(repo.read_config(tmp_path, spec.name))
    assert served(tmp_path, "asid").learned["log_sigma_pixels"] == 3.0


def test_ensembles_wait_for_their_members(detector, heads, tmp_path, caplog):
    with caplog.at_level("WARNING"):
        done = publish([detector(seed=1)], tmp_path)
    assert [each.model for each in done] == ["asid_unet", "asid_peaks"]
    assert (
        "the ensemble 'asid' is not published yet: it needs asid_classifier, "
        "asid_flux, asid_location too"
    ) in caplog.text
    flux, *others = heads(seed=1)
    assert [each.model for each in publish([flux], tmp_path)] == ["asid_flux"]
    done = publish(others, tmp_path)
    assert [each.model for each in done][-2:] == ["asid", "asid_heads"]


def test_a_release_may_change_the_contract_of_ensemble_and_members(
    published, detector, heads, tmp_path
):
    """An ensemble of an earlier release does not hold its members to their tensors."""
    found = [tensor.name for tensor in FOUND]
    peaks = peaks_file(detector(seed=1).spec)
    old = onnx.load_from_string(peaks.content)
    kept = [value for value in old.graph.output if value.name in found]
    del old.graph.output[:]
    old.graph.output.extend(kept)
    content = old.SerializeToString()
    before = replace(PEAKS, outputs=FOUND)
    earlier = Ensemble(
        replace(MODEL, inputs=COUNTS, outputs=(MASK, *FOUND)),
        (
            _step(UNET, [MASK.name]),
            _step(before, found),
        ),
    )
    unet = converted(detector(seed=1))
    spec = before.with_weights(digest=digest(content), learned=peaks.spec.learned)
    publish_together([unet, OnnxFile(content, spec)], tmp_path, ensembles=[earlier])
    with pytest.raises(BadInput, match="a member of an ensemble, so its contract"):
        publish([detector(seed=1)], tmp_path)
    publish([detector(seed=1), *heads(seed=1)], tmp_path)
    for model in MODELS:
        check_contract(served=served(tmp_path, model.name), expected=model)
    assert repo.versions(tmp_path, "asid") == [2]
    assert repo.versions(tmp_path, "asid_peaks") == [2]
    assert repo.versions(tmp_path, "asid_unet") == [1, 2]


def _step(model, outputs):
    return Step(
        model.name,
        {tensor.name: tensor.name for tensor in model.inputs},
        {name: name for name in outputs},
    )


def test_a_head_of_another_release_is_refused(heads, tmp_path):
    flux, *_ = heads(seed=1)
    other = replace(flux, spec=replace(flux.spec, constants={}))
    with pytest.raises(BadInput, match="the artefact of 'asid_flux' is of another rel"):
        publish([other], tmp_path)


def test_a_network_that_leaves_a_declared_range_is_not_published(heads, tmp_path):
    classifier = next(a for a in heads(seed=3) if a.spec.name == "asid_classifier")
    # log-odds where a probability is declared
    logit, _ = classifier.model.outputs
    confused = keras.Model(
        classifier.model.input, {"fake_logit": logit, "p_fake": 3.0 * logit}
    )
    with pytest.raises(BadInput, match=r"'p_fake' has invalid values: .* 0 to 1"):
        publish([replace(classifier, model=confused)], tmp_path / "repository")
    assert not (tmp_path / "repository").exists()


def test_a_head_that_learned_from_another_detector_is_refused(
    published, heads, tmp_path
):
    repository = shutil.copytree(published[0], tmp_path / "repository")
    before = {path: path.read_bytes() for path in repository.rglob("*.*")}
    flux = hooks().convert["asid_flux"](heads(seed=3)[0])

    def learned_from(detector):
        learned = {**flux.spec.learned, "detector": detector}
        return OnnxFile(flux.content, replace(flux.spec, learned=learned))

    unet = served(repository, "asid_unet").digest
    with pytest.raises(
        BadInput, match=rf"'asid_flux' learned .* sha256:0, and .* has {unet}\. Train"
    ):
        publish_together(
            [learned_from("sha256:0")], repository, check_members=check_detector
        )
    assert {path: path.read_bytes() for path in repository.rglob("*.*")} == before
    publish_together([learned_from(unet)], repository, check_members=check_detector)
    assert served(repository, "asid").learned["detector"] == unet
    assert served(repository, "asid_heads").learned["detector"] == unet


def test_one_model_is_given_once(detector, tmp_path):
    with pytest.raises(BadInput, match="of asid_unet, asid_unet; give one of each"):
        publish([detector(seed=1), detector(seed=2)], tmp_path)


def test_the_peak_finder_needs_what_was_learned():
    learned = {"peak_floor": 0.1}
    with pytest.raises(BadInput, match="has no learned value log_sigma_pixels; it has"):
        peaks_file(UNET.with_weights(digest="", learned=learned))


def test_the_length_of_the_list_is_of_no_use_elsewhere(toys, tmp_path):
    from amphitrite.triton.artefact import Artefact

    x = keras.Input((3,), name="x")
    toy = Artefact(keras.Model(x, {"y": x * 2.0}), toys.spec("toy"), {})
    with pytest.raises(BadInput, match="--max-peaks is an option of asid_unet; the"):
        publish([toy], tmp_path, max_peaks=3)


def test_the_u_net_answers_in_onnx_runtime_as_in_keras_on_simulated_patches():
    from amphitrite_training.surveys.asid.model import build
    from amphitrite_training.surveys.asid.recipe import Recipe
    from amphitrite_training.surveys.asid.tasks import TASKS

    recipe = Recipe(width=0.25, scaling="sqrt")
    model, samples = build(recipe), TASKS["unet"].samples(recipe)
    assert max(image.max() for image in samples.values()) > 10
    have = run(to_onnx(model, UNET).SerializeToString(), samples)
    want = {name: np.asarray(array) for name, array in call(model, samples).items()}
    assert np.ptp(want["mask"]) > 0.1
    # float32 sums of some thousand products, in another order in each runtime
    np.testing.assert_allclose(have["mask"], want["mask"], rtol=0, atol=1e-5)
    largest = np.abs(want["logits"]).max()
    np.testing.assert_allclose(
        have["logits"], want["logits"], rtol=0, atol=1e-5 * max(1, largest)
    )
