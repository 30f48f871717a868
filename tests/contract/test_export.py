"""Promises that every survey's committed model keeps."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs the export extra")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs the export extra")

from amphitrite.surveys import SURVEYS, page  # noqa: E402
from amphitrite.triton.spec import ModelSpec, check_contract  # noqa: E402
from amphitrite_export.conversion.parity import TOLERANCE  # noqa: E402
from amphitrite_export.publishing import repository as repo  # noqa: E402
from amphitrite_export.publishing.config import ensemble_config, model_config, specs_in  # noqa: E402
from amphitrite_export.publishing.settings import settings_of  # noqa: E402
from amphitrite_export.publishing.validate import check_ensemble, check_model  # noqa: E402
from amphitrite_export.surveys.asid.ensembles import ENSEMBLES as OF_ASID  # noqa: E402
from amphitrite_export.surveys.asid.ensembles import peaks_file  # noqa: E402

pytestmark = pytest.mark.export

REPOSITORY = Path(__file__).parents[2] / "model_repository"
DECLARED = sorted(
    {
        value.name
        for survey in SURVEYS
        for value in vars(page(survey)).values()
        if isinstance(value, ModelSpec)
    }
)
ENSEMBLES = {ensemble.contract.name: ensemble for ensemble in OF_ASID}
# The converted networks, and an output of each of the order of 1.
ANSWERS = {
    "asid_unet": "mask",
    "asid_flux": "flux_variance",
    "asid_classifier": "p_fake",
    "asid_location": "offset",
    "calnet": "p_eb",
    "darkcnn": "probabilities",
    "emri": "p_signal",
    "emri_table3": "p_signal",
    "morpheus": "probabilities",
}
# What a model's own spec says of how it came to be.
OWN = {"parity", "recipe", "training"}
# Made of standard operators, by hand.
BUILT = {"asid_peaks"}


def of(names):
    """Ask of those models only that are declared and among some names."""
    return pytest.mark.parametrize("model", [n for n in DECLARED if n in names])


single = of(set(DECLARED) - set(ENSEMBLES))


@pytest.fixture
def config(folder):
    return repo.read_config(folder.parent, folder.name)


@pytest.fixture
def served(config):
    """Return the spec of the version that is served."""
    return specs_in(config)[max(repo.served(config))]


def file_of(model, config) -> bytes:
    version = max(repo.served(config))
    return (REPOSITORY / model / str(version) / repo.MODEL_FILE).read_bytes()


def test_every_served_spec_is_the_pages(config, spec):
    for each in specs_in(config).values():
        check_contract(served=each, expected=spec)


def test_every_spec_is_the_pages_and_what_travels_with_the_weights(config, spec):
    for each in specs_in(config).values():
        assert each == spec.with_weights(
            digest=each.digest, learned=each.learned, members=each.members
        )


def test_kept_versions_have_their_specs_and_no_others(model, config):
    assert list(specs_in(config)) == repo.versions(REPOSITORY, model)


@single
def test_the_digest_is_the_files(model, config, served):
    content = file_of(model, config)
    assert served.digest == "sha256:" + hashlib.sha256(content).hexdigest()


@single
def test_the_configuration_describes_the_file(model, config):
    proto = onnx.load_from_string(file_of(model, config))
    onnx.checker.check_model(proto, full_check=True)
    check_model(config, proto)


@single
@pytest.mark.parametrize("name", [repo.CONFIG, repo.GPU_CONFIG])
def test_the_committed_configuration_is_the_generated_one(model, config, name):
    text = model_config(
        specs_in(config),
        repo.served(config),
        settings_of(model),
        gpu=name == repo.GPU_CONFIG,
    )
    assert (REPOSITORY / model / name).read_text() == text


@of(ANSWERS)
def test_parity_was_measured_at_export(model, served, spec):
    parity = served.learned["parity"]
    assert parity["samples"] >= 8
    differences = parity["max_abs_difference"]
    assert set(differences) == {tensor.name for tensor in spec.outputs}
    assert differences[ANSWERS[model]] <= 1e-5


def test_every_model_is_of_a_known_kind():
    assert set(DECLARED) <= {*ENSEMBLES, *ANSWERS, *BUILT}


@of(ENSEMBLES)
def test_the_committed_ensemble_is_the_generated_one(model, config):
    text = ensemble_config(
        specs_in(config),
        max(repo.served(config)),
        ENSEMBLES[model].steps,
        max_batch_size=config.max_batch_size,
    )
    assert (REPOSITORY / model / repo.CONFIG).read_text() == text


@of(ENSEMBLES)
def test_an_ensemble_follows_tritons_rules(config):
    others = {
        name: repo.read_config(REPOSITORY, name) for name in repo.models(REPOSITORY)
    }
    check_ensemble(
        config,
        {name: (other, set(repo.served(other))) for name, other in others.items()},
    )


@of(ENSEMBLES)
def test_an_ensemble_has_its_members_digests_and_learned_values(config):
    for spec in specs_in(config).values():
        joined = {}
        for member in spec.members:
            theirs = specs_in(repo.read_config(REPOSITORY, member.name))[member.version]
            assert theirs.digest == member.digest
            assert theirs.identity == member.identity
            joined |= {k: v for k, v in theirs.learned.items() if k not in OWN}
        assert spec.learned == joined


@of(BUILT)
def test_the_peak_finder_is_the_one_that_its_values_give(model, config, served):
    have = onnx.load_from_string(file_of(model, config))
    built = peaks_file(served, max_peaks=served.learned["max_peaks"])
    want = onnx.load_from_string(built.content)
    assert list(have.graph.node) == list(want.graph.node)
    matrices = [
        {c.name: onnx.numpy_helper.to_array(c) for c in proto.graph.initializer}
        for proto in (have, want)
    ]
    assert matrices[0].keys() == matrices[1].keys()
    for name, array in matrices[0].items():
        # float32 of what SciPy computes in double precision
        np.testing.assert_allclose(array, matrices[1][name], rtol=1e-6, atol=1e-9)


def body_of(proto):
    """Cut the standardisation off the Morpheus file: keep what follows its division."""
    (division,) = (node for node in proto.graph.node if node.op_type == "Div")
    name = division.output[0]
    shape = ["batch", *page("morpheus").MODEL.inputs[0].shape]
    proto.graph.value_info.append(
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
    )
    body = onnx.utils.Extractor(proto).extract_model(
        [name], [tensor.name for tensor in page("morpheus").MODEL.outputs]
    )
    return name, onnxruntime.InferenceSession(
        body.SerializeToString(), providers=["CPUExecutionProvider"]
    )


def test_morpheus_answers_as_the_original_network(beside_data):
    with np.load(beside_data("reference/morpheus_original_outputs.npz")) as archive:
        original = dict(archive)
    config = repo.read_config(REPOSITORY, "morpheus")
    name, session = body_of(onnx.load_from_string(file_of("morpheus", config)))
    logits, probabilities = session.run(
        ["logits", "probabilities"], {name: original["X"]}
    )
    np.testing.assert_allclose(probabilities, original["probs"], rtol=0, atol=1e-5)
    # The original's own float32 logits, of up to 62, are 1.2e-4 from double
    # precision: two honest float32 runs agree to 1e-5 of the largest only.
    limit = 1e-5 * np.abs(original["logits"]).max()
    np.testing.assert_allclose(logits, original["logits"], rtol=0, atol=limit)


def test_morpheus_standardises_windows_over_all_bands():
    config = repo.read_config(REPOSITORY, "morpheus")
    content = file_of("morpheus", config)
    rng = np.random.default_rng(5)
    raw = rng.normal(3.0, 7.0, size=(6, 40, 40, 4)) * [1, 2, 3, 4]
    raw[-1] = 1e-4 * raw[-1]  # below the floor of the deviation
    raw = raw.astype(np.float32)
    mean = raw.mean(axis=(1, 2, 3), keepdims=True, dtype=np.float64)
    deviation = raw.std(axis=(1, 2, 3), keepdims=True, dtype=np.float64)
    ready = ((raw - mean) / np.maximum(deviation, 1 / 80)).astype(np.float32)
    name, body = body_of(onnx.load_from_string(content))
    want = body.run(["probabilities"], {name: ready})[0]
    have = onnxruntime.InferenceSession(
        content, providers=["CPUExecutionProvider"]
    ).run(["probabilities"], {"windows": raw})[0]
    # The input differs by its rounding to float32; the network amplifies that as the
    # rounding of its own sums.
    np.testing.assert_allclose(have, want, rtol=0, atol=TOLERANCE)


def test_morpheus_gives_probabilities_and_keeps_nan_in_its_window():
    config = repo.read_config(REPOSITORY, "morpheus")
    session = onnxruntime.InferenceSession(
        file_of("morpheus", config), providers=["CPUExecutionProvider"]
    )
    windows = np.random.default_rng(6).normal(size=(3, 40, 40, 4)).astype(np.float32)
    windows[1, 0, 0, 0] = np.nan
    windows[2] = 0.0
    logits, probabilities = session.run(
        ["logits", "probabilities"], {"windows": windows}
    )
    assert np.isnan(probabilities[1]).all()
    kept = probabilities[[0, 2]]
    # five float32 terms
    np.testing.assert_allclose(kept.sum(axis=-1), 1, atol=1e-6)
    np.testing.assert_array_equal(kept.argmax(-1), logits[[0, 2]].argmax(-1))
