"""Check a model's configuration offline, before any server sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import onnx

from amphitrite.errors import BadInput
from amphitrite_export.publishing.config import DATA_TYPES

_BATCHED_SCHEDULERS: Final = ("dynamic_batching", "sequence_batching")
_NOT_IN_ENSEMBLES: Final = ("instance_group", "optimization", "model_warmup")


def check_model(config: Any, proto: onnx.ModelProto) -> None:
    """Compare a single model's configuration with its ONNX file.

    Parameters
    ----------
    config : ModelConfig
        The parsed ``config.pbtxt``.
    proto : onnx.ModelProto
        The file that it describes.

    Raises
    ------
    BadInput
        A tensor is missing, unknown, or of another dtype or shape; or the file's
        first axis is fixed although the configuration allows batches.

    Notes
    -----
    As Triton's ONNX Runtime backend compares them [1]_, a length that is fixed in the
    file must be the configuration's; one that is free there may be fixed for an input,
    but not for an output.

    References
    ----------
    .. [1] https://github.com/triton-inference-server/onnxruntime_backend,
       ``CompareDimsSupported`` in ``src/onnxruntime_utils.cc``
    """
    constants = {constant.name for constant in proto.graph.initializer}
    real = [value for value in proto.graph.input if value.name not in constants]
    for side, declared, values in (
        ("input", config.input, real),
        ("output", config.output, proto.graph.output),
    ):
        have = {value.name: value.type.tensor_type for value in values}
        want = [tensor.name for tensor in declared]
        if sorted(want) != sorted(have):
            raise BadInput(
                f"model '{config.name}': the configuration declares the {side}s "
                f"{sorted(want)}, the ONNX file has {sorted(have)}"
            )
        for tensor in declared:
            _check_tensor(config, tensor, have[tensor.name], exact=side == "output")


def _check_tensor(config: Any, tensor: Any, real: Any, *, exact: bool) -> None:
    where = f"model '{config.name}', tensor '{tensor.name}'"
    dtype = DATA_TYPES.get(
        np.dtype(onnx.helper.tensor_dtype_to_np_dtype(real.elem_type)).name
    )
    declared = _data_type(tensor)
    if declared != dtype:
        raise BadInput(
            f"{where}: the configuration says {declared}, the ONNX file {dtype}"
        )
    lengths = [d.dim_value if d.HasField("dim_value") else -1 for d in real.shape.dim]
    if config.max_batch_size:
        if not lengths or lengths[0] != -1:
            raise BadInput(
                f"{where}: max_batch_size is {config.max_batch_size}, but the ONNX "
                f"file's shape {lengths} has no free first axis"
            )
        lengths = lengths[1:]
    dims = list(tensor.dims)
    same = [
        have == want or (have == -1 and not exact)
        for have, want in zip(lengths, dims, strict=False)
    ]
    if len(lengths) != len(dims) or not all(same):
        raise BadInput(
            f"{where}: the configuration's dims are {dims}, the ONNX file's {lengths}"
        )


def check_ensemble(config: Any, members: Mapping[str, tuple[Any, set[int]]]) -> None:
    """Check an ensemble by the rules that Triton applies when it loads one [1]_.

    Parameters
    ----------
    config : ModelConfig
        The parsed ``config.pbtxt`` of the ensemble.
    members : mapping
        For every model of the repository its parsed configuration and the versions
        that it serves.

    Raises
    ------
    BadInput
        A rule is broken; the message names the ensemble, the step and the tensor.

    References
    ----------
    .. [1] https://github.com/triton-inference-server/core, ``src/ensemble_utils.cc``
    """
    where = f"ensemble '{config.name}'"
    for field in (*_NOT_IN_ENSEMBLES, *_BATCHED_SCHEDULERS):
        value = getattr(config, field)
        present = (
            len(value)
            if field in ("instance_group", "model_warmup")
            else (config.HasField(field))
        )
        if present:
            raise BadInput(f"{where} sets {field}; only its members may")
    known = {tensor.name: (tensor, config) for tensor in config.input}
    written = set(known)
    if not config.ensemble_scheduling.step:
        raise BadInput(f"{where} has no step")
    # Triton wires tensors by name, not by the order of the steps: outputs come first.
    for step in config.ensemble_scheduling.step:
        member = _member(config, step, members)
        for theirs, ours in step.output_map.items():
            tensor = _tensor(member.output, theirs, "output", step, where)
            if ours in written:
                raise BadInput(
                    f"{where}: the tensor '{ours}' is written twice, the second time "
                    f"by the step '{step.model_name}'"
                )
            written.add(ours)
            known[ours] = (tensor, member)
    for step in config.ensemble_scheduling.step:
        _check_step(config, step, members[step.model_name][0], known)
    for tensor in config.output:
        if tensor.name not in known:
            raise BadInput(f"{where}: no step gives the output '{tensor.name}'")
        _check_join(where, tensor, config, *known[tensor.name])
    used = {
        ours
        for step in config.ensemble_scheduling.step
        for ours in step.input_map.values()
    }
    for tensor in config.input:
        if tensor.name not in used:
            raise BadInput(f"{where}: no step takes the input '{tensor.name}'")


def _member(config: Any, step: Any, members: Mapping[str, tuple[Any, set[int]]]) -> Any:
    where = f"ensemble '{config.name}'"
    if step.model_name not in members:
        raise BadInput(
            f"{where}: the repository has no model '{step.model_name}'; it has "
            f"{sorted(members)}"
        )
    member, versions = members[step.model_name]
    if step.model_version not in versions:
        raise BadInput(
            f"{where} pins version {step.model_version} of '{step.model_name}', which "
            f"serves {sorted(versions)}"
        )
    if 0 < member.max_batch_size < config.max_batch_size:
        raise BadInput(
            f"{where} takes batches of {config.max_batch_size}, its member "
            f"'{step.model_name}' at most {member.max_batch_size}"
        )
    return member


def _check_step(
    config: Any, step: Any, member: Any, known: Mapping[str, tuple[Any, Any]]
) -> None:
    where = f"ensemble '{config.name}'"
    for theirs, ours in step.input_map.items():
        tensor = _tensor(member.input, theirs, "input", step, where)
        if ours not in known:
            raise BadInput(
                f"{where}: the step '{step.model_name}' reads '{ours}', which is "
                "neither an input nor written by a step"
            )
        _check_join(f"{where}, step '{step.model_name}'", tensor, member, *known[ours])
    for tensor in member.input:
        if tensor.name not in step.input_map:
            raise BadInput(
                f"{where}: the step '{step.model_name}' leaves the input "
                f"'{tensor.name}' unmapped"
            )


def _tensor(tensors: Any, name: str, side: str, step: Any, where: str) -> Any:
    for tensor in tensors:
        if tensor.name == name:
            return tensor
    raise BadInput(
        f"{where}: the model '{step.model_name}' has no {side} '{name}'; it has "
        f"{[tensor.name for tensor in tensors]}"
    )


def _check_join(where: str, reader: Any, of: Any, writer: Any, source: Any) -> None:
    """Compare the two ends of a tensor: equal dtypes, equal dims up to -1."""
    if reader.data_type != writer.data_type:
        raise BadInput(
            f"{where}: '{reader.name}' is {_data_type(reader)}, "
            f"'{writer.name}' of '{source.name}' is {_data_type(writer)}"
        )
    ends = _full_dims(reader, of), _full_dims(writer, source)
    if not _fit(*ends):
        raise BadInput(
            f"{where}: '{reader.name}' has the dims {ends[0]}, '{writer.name}' of "
            f"'{source.name}' has {ends[1]} (with the batch axis)"
        )


def _full_dims(tensor: Any, config: Any) -> list[int]:
    return [-1] * bool(config.max_batch_size) + list(tensor.dims)


def _fit(left: list[int], right: list[int]) -> bool:
    return len(left) == len(right) and all(
        -1 in pair or pair[0] == pair[1] for pair in zip(left, right, strict=True)
    )


def _data_type(tensor: Any) -> str:
    enum = tensor.DESCRIPTOR.fields_by_name["data_type"].enum_type
    return str(enum.values_by_number[tensor.data_type].name)
