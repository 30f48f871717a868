from __future__ import annotations

import re

import pytest

onnx = pytest.importorskip("onnx", reason="needs the export extra")

from amphitrite.errors import BadInput  # noqa: E402
from amphitrite.triton.config import parse_config  # noqa: E402
from amphitrite_export.publishing.validate import check_ensemble, check_model  # noqa: E402

pytestmark = pytest.mark.export

MODEL = """
name: "{name}"  max_batch_size: {batch}  backend: "onnxruntime"
input {{ name: "x" data_type: TYPE_FP32 dims: 3 }}
output {{ name: "y" data_type: {dtype} dims: {length} }}
"""
ENSEMBLE = """
name: "chain"  max_batch_size: 8  platform: "ensemble"
input { name: "x" data_type: TYPE_FP32 dims: 3 }
output { name: "y" data_type: TYPE_FP32 dims: 3 }
ensemble_scheduling {
  step { model_name: "b" model_version: 2
         input_map { key: "x" value: "middle" } output_map { key: "y" value: "y" } }
  step { model_name: "a" model_version: 1
         input_map { key: "x" value: "x" } output_map { key: "y" value: "middle" } }
}
"""


def model(name="toy", *, batch=8, dtype="TYPE_FP32", length=3):
    return parse_config(
        MODEL.format(name=name, batch=batch, dtype=dtype, length=length)
    )


def file(*, x=("batch", 3), y=("batch", 3), dtype=1, output="y"):
    helper = onnx.helper
    graph = helper.make_graph(
        [helper.make_node("Cast", ["x"], [output], to=dtype)],
        "toy",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, x)],
        [helper.make_tensor_value_info(output, dtype, y)],
    )
    return helper.make_model(graph)


@pytest.mark.parametrize("length", [3, -1])
def test_a_fitting_configuration_passes(length):
    check_model(model(length=length), file(y=("batch", 3 if length > 0 else "n")))


def test_a_configuration_may_fix_what_the_file_leaves_free_in_an_input():
    check_model(model(), file(x=("batch", "n")))


def test_a_model_without_batches_is_compared_whole():
    config = parse_config(
        'name: "toy" input { name: "x" data_type: TYPE_FP32 dims: [2, 3] }'
        'output { name: "y" data_type: TYPE_FP32 dims: [2, 3] }'
    )
    check_model(config, file(x=(2, 3), y=(2, 3)))


@pytest.mark.parametrize(
    ("config", "proto", "message"),
    [
        (
            model(),
            file(output="z"),
            "model 'toy': the configuration declares the outputs ['y'], the ONNX file "
            "has ['z']",
        ),
        (
            model(dtype="TYPE_FP64"),
            file(),
            "tensor 'y': the configuration says TYPE_FP64, the ONNX file TYPE_FP32",
        ),
        (
            model(length=-1),
            file(),
            "tensor 'y': the configuration's dims are [-1], the ONNX file's [3]",
        ),
        (
            model(),
            file(y=("batch", "n")),
            "tensor 'y': the configuration's dims are [3], the ONNX file's [-1]",
        ),
        (
            parse_config(
                MODEL.format(name="toy", batch=8, dtype="TYPE_FP32", length=3).replace(
                    'name: "x" data_type: TYPE_FP32 dims: 3',
                    'name: "x" data_type: TYPE_FP32 dims: -1',
                )
            ),
            file(),
            "tensor 'x': the configuration's dims are [-1], the ONNX file's [3]",
        ),
        (
            model(length=4),
            file(),
            "tensor 'y': the configuration's dims are [4], the ONNX file's [3]",
        ),
        (
            model(),
            file(x=(1, 3)),
            "tensor 'x': max_batch_size is 8, but the ONNX file's shape [1, 3] has no "
            "free first axis",
        ),
        (
            model(batch=0),
            file(),
            "tensor 'x': the configuration's dims are [3], the ONNX file's [-1, 3]",
        ),
    ],
)
def test_a_model_that_does_not_fit_is_refused(config, proto, message):
    with pytest.raises(BadInput, match=re.escape(message)):
        check_model(config, proto)


def members(**changes):
    """The repository of the ensemble; a change replaces one member's configuration."""
    configs = {"a": model("a"), "b": model("b"), **changes}
    return {name: (config, {1, 2}) for name, config in configs.items()}


def test_a_sound_ensemble_passes_in_any_order_of_its_steps():
    check_ensemble(parse_config(ENSEMBLE), members())


def test_a_member_may_take_larger_batches():
    check_ensemble(parse_config(ENSEMBLE), members(a=model("a", batch=16)))


def test_a_member_without_batches_declares_the_batch_axis():
    text = MODEL.format(name="a", batch=0, dtype="TYPE_FP32", length=3)
    whole = parse_config(text.replace("dims: 3", "dims: [-1, 3]"))
    check_ensemble(parse_config(ENSEMBLE), members(a=whole))


def test_a_free_length_fits_any():
    check_ensemble(parse_config(ENSEMBLE), members(a=model("a", length=-1)))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'platform: "ensemble"',
            'platform: "ensemble" instance_group { count: 1 }',
            "ensemble 'chain' sets instance_group; only its members may",
        ),
        (
            'platform: "ensemble"',
            'platform: "ensemble" optimization { graph { level: 1 } }',
            "ensemble 'chain' sets optimization",
        ),
        (
            'platform: "ensemble"',
            'platform: "ensemble" model_warmup { name: "w" batch_size: 1 }',
            "ensemble 'chain' sets model_warmup",
        ),
        (
            'model_name: "a"',
            'model_name: "c"',
            "ensemble 'chain': the repository has no model 'c'; it has ['a', 'b']",
        ),
        (
            "model_version: 1",
            "model_version: 3",
            "ensemble 'chain' pins version 3 of 'a', which serves [1, 2]",
        ),
        (
            'key: "y" value: "middle"',
            'key: "y" value: "y"',
            "the tensor 'y' is written twice, the second time by the step 'a'",
        ),
        (
            'key: "y" value: "middle"',
            'key: "y" value: "x"',
            "the tensor 'x' is written twice",
        ),
        (
            'key: "x" value: "middle"',
            'key: "x" value: "centre"',
            "the step 'b' reads 'centre', which is neither an input nor written by a",
        ),
        (
            'input_map { key: "x" value: "middle" }',
            "",
            "the step 'b' leaves the input 'x' unmapped",
        ),
        (
            'input_map { key: "x" value: "middle" }',
            'input_map { key: "w" value: "middle" }',
            "the model 'b' has no input 'w'; it has ['x']",
        ),
        (
            'output_map { key: "y" value: "y" }',
            'output_map { key: "y" value: "z" }',
            "no step gives the output 'y'",
        ),
        (
            'input_map { key: "x" value: "x" }',
            'input_map { key: "x" value: "y" }',
            "no step takes the input 'x'",
        ),
        (
            'output { name: "y" data_type: TYPE_FP32 dims: 3 }',
            'output { name: "y" data_type: TYPE_FP32 dims: 4 }',
            "ensemble 'chain': 'y' has the dims [-1, 4], 'y' of 'b' has [-1, 3]",
        ),
    ],
)
def test_a_broken_ensemble_is_refused(old, new, message):
    assert old in ENSEMBLE
    with pytest.raises(BadInput, match=re.escape(message)):
        check_ensemble(parse_config(ENSEMBLE.replace(old, new)), members())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            model("a", batch=4),
            "ensemble 'chain' takes batches of 8, its member 'a' at most 4",
        ),
        (
            model("a", dtype="TYPE_FP64"),
            "step 'b': 'x' is TYPE_FP32, 'y' of 'a' is TYPE_FP64",
        ),
        (
            model("a", length=5),
            "step 'b': 'x' has the dims [-1, 3], 'y' of 'a' has [-1",
        ),
        (model("a", batch=0), "'x' has the dims [-1, 3], 'y' of 'a' has [3] (with the"),
    ],
)
def test_members_that_do_not_fit_together_are_refused(changed, message):
    with pytest.raises(BadInput, match=re.escape(message)):
        check_ensemble(parse_config(ENSEMBLE), members(a=changed))


def test_an_ensemble_of_nothing_is_refused():
    with pytest.raises(BadInput, match="ensemble 'void' has no step"):
        check_ensemble(parse_config('name: "void" platform: "ensemble"'), {})
