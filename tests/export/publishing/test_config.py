from __future__ import annotations

from dataclasses import replace

import pytest

from amphitrite.errors import BadInput
from amphitrite.triton.config import parse_config
from amphitrite.triton.spec import Member, ModelSpec, TensorSpec, parameter_key
from amphitrite_export.publishing.config import (
    Step,
    ensemble_config,
    model_config,
    specs_in,
    steps_in,
)
from amphitrite_export.publishing.settings import Settings

SPEC = ModelSpec(
    name="toy",
    inputs=(
        TensorSpec("image", "float32", (16, 16, 1), ("y", "x", "band")),
        TensorSpec("series", "float32", (-1, 2), ("time", "column")),
    ),
    outputs=(TensorSpec("label", "int64", (), ()),),
    learned={"threshold": 0.25, "note": 'quotes " and \\ and \n and ü'},
    digest="sha256:1",
)
SETTINGS_HERE = Settings(max_batch_size=64, warmup_batch_size=8, instances=3, threads=2)


def test_the_text_holds_what_it_was_made_from():
    config = parse_config(model_config({4: SPEC}, [4], SETTINGS_HERE))
    assert (config.name, config.backend) == ("toy", "onnxruntime")
    assert config.max_batch_size == 64
    assert [(t.name, list(t.dims)) for t in config.input] == [
        ("image", [16, 16, 1]),
        ("series", [-1, 2]),
    ]
    assert list(config.version_policy.specific.versions) == [4]
    (group,) = config.instance_group
    assert (group.count, group.Kind.Name(group.kind)) == (3, "KIND_CPU")
    assert config.parameters["intra_op_thread_count"].string_value == "2"
    assert not config.HasField("dynamic_batching")
    (warmup,) = config.model_warmup
    assert warmup.batch_size == 8
    assert list(warmup.inputs["series"].dims) == [1, 2]


def test_specs_come_back_from_the_parameters():
    newer = replace(SPEC, digest="sha256:2")
    config = parse_config(model_config({3: SPEC, 12: newer}, [3], SETTINGS_HERE))
    assert specs_in(config) == {3: SPEC, 12: newer}
    assert parameter_key(12) in config.parameters


def test_a_gpu_batches_and_names_its_accelerator():
    text = model_config({1: SPEC}, [1], SETTINGS_HERE, gpu=True)
    assert "Not tested on hardware" in text
    config = parse_config(text)
    (group,) = config.instance_group
    assert (group.count, group.Kind.Name(group.kind)) == (1, "KIND_GPU")
    assert config.HasField("dynamic_batching")
    accelerators = config.optimization.execution_accelerators
    assert [a.name for a in accelerators.gpu_execution_accelerator] == ["cuda"]
    assert config.parameters["cudnn_conv_algo_search"].string_value == "1"
    assert specs_in(config) == {1: SPEC}


def test_a_processor_can_batch_too():
    settings = replace(SETTINGS_HERE, dynamic_batching=True)
    assert parse_config(model_config({1: SPEC}, [1], settings)).HasField(
        "dynamic_batching"
    )


def test_an_unservable_dtype_is_refused():
    odd = replace(SPEC, outputs=(TensorSpec("z", "complex64", (1,), ("a",)),))
    with pytest.raises(BadInput, match="tensor 'z' is of dtype complex64; Triton"):
        model_config({1: odd}, [1], SETTINGS_HERE)


def test_an_ensemble_pins_the_versions_of_its_spec():
    tensors = (TensorSpec("x", "float32", (3,), ("feature",)),)
    spec = ModelSpec(
        name="chain",
        inputs=tensors,
        outputs=(TensorSpec("y", "float32", (3,), ("feature",)),),
        members=(Member("a", 7, "sha256:a", ""), Member("b", 2, "sha256:b", "")),
    )
    steps = [
        Step("a", {"x": "x"}, {"y": "middle"}),
        Step("b", {"x": "middle"}, {"y": "y"}),
    ]
    config = parse_config(ensemble_config({5: spec}, 5, steps, max_batch_size=8))
    assert config.platform == "ensemble"
    assert not config.instance_group
    assert not config.model_warmup
    assert [s.model_version for s in config.ensemble_scheduling.step] == [7, 2]
    assert steps_in(config) == steps
    assert specs_in(config) == {5: spec}
