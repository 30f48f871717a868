"""The fields and values that the configuration of a served model may have.

Triton's configurations [1]_ can also name programs and libraries to load, files to read
and agents to run.  The fields, parameters and backends listed here do none of that;
any others are refused.

References
----------
.. [1] https://github.com/triton-inference-server/common/blob/main/protobuf/model_config.proto
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from amphitrite.errors import BadInput

BACKEND: Final = "onnxruntime"
ENSEMBLE: Final = "ensemble"
OWN: Final = "amphitrite."
# On a CPU each instance is a process.
MOST_INSTANCES: Final = 64

# The parameters of ONNX Runtime's backend [2] that are numbers or switches.
# [2] https://github.com/triton-inference-server/onnxruntime_backend#model-config-options
PARAMETERS: Final = frozenset(
    {
        "intra_op_thread_count",
        "inter_op_thread_count",
        "execution_mode",
        "enable_mem_arena",
        "enable_mem_pattern",
        "memory.enable_memory_arena_shrinkage",
        "cudnn_conv_algo_search",
        "arena_extend_strategy",
        "gpu_mem_limit",
        "do_copy_in_default_stream",
        "session.intra_op.allow_spinning",
        "session.inter_op.allow_spinning",
        "session.set_denormal_as_zero",
        "session.dynamic_block_base",
        "session.disable_prepacking",
    }
)

# The accelerators of a GPU with their settings, without those that name files: caches
# of engines, tables of calibration, libraries of plugins.
ACCELERATORS: Final[Mapping[str, frozenset[str]]] = {
    "cuda": frozenset(
        {
            "cudnn_conv_algo_search",
            "cudnn_conv_use_max_workspace",
            "arena_extend_strategy",
            "gpu_mem_limit",
            "do_copy_in_default_stream",
        }
    ),
    "tensorrt": frozenset(
        {
            "precision_mode",
            "max_workspace_size_bytes",
            "trt_max_workspace_size",
            "trt_max_partition_iterations",
            "trt_min_subgraph_size",
            "trt_fp16_enable",
            "trt_bf16_enable",
            "trt_int8_enable",
        }
    ),
}
_PLAIN_VALUE: Final = re.compile(r"[A-Za-z0-9_.:;,-]{0,64}")

_Tree = Mapping[str, "_Tree | None"]

_TENSOR: Final[_Tree] = {
    "name": None,
    "data_type": None,
    "dims": None,
    "reshape": {"shape": None},
}
# None allows everything that the field can hold.
FIELDS: Final[_Tree] = {
    "name": None,
    "platform": None,
    "backend": None,
    "version_policy": None,
    "max_batch_size": None,
    "input": {**_TENSOR, "format": None, "optional": None},
    "output": _TENSOR,
    "instance_group": {"name": None, "kind": None, "count": None, "gpus": None},
    "dynamic_batching": None,
    "ensemble_scheduling": {
        "step": {
            "model_name": None,
            "model_version": None,
            "input_map": None,
            "output_map": None,
        }
    },
    "optimization": {
        "graph": {"level": None},
        "input_pinned_memory": {"enable": None},
        "output_pinned_memory": {"enable": None},
        "execution_accelerators": {
            "gpu_execution_accelerator": {"name": None, "parameters": None}
        },
    },
    "default_model_filename": None,
    "parameters": {"string_value": None},
    "model_warmup": {
        "name": None,
        "batch_size": None,
        "count": None,
        "inputs": {
            "data_type": None,
            "dims": None,
            "zero_data": None,
            "random_data": None,
        },
    },
    "response_cache": {"enable": None},
}


def check_config(config: Any, *, model: str, source: str) -> None:
    """Refuse a configuration with fields or values that are not allowed.

    Parameters
    ----------
    config : ModelConfig
        The parsed configuration.
    model : str
        The name of the model's folder.
    source : str
        The file, for messages.

    Raises
    ------
    BadInput
        Something is not allowed; the message names it, and what is allowed.
    """
    for reason in _reasons(config, model):
        raise BadInput(f"{source} is refused: {reason}")


def _reasons(config: Any, model: str) -> Iterator[str]:
    """Yield the reasons to refuse a configuration, the most helpful ones first."""
    if config.name not in ("", model):
        yield f"its name is {config.name!r}, that of its folder {model!r}"
    yield from _wrong_kind(config)
    yield from _unknown_fields(config, FIELDS, "")
    if config.default_model_filename not in ("", "model.onnx"):
        yield (
            f"default_model_filename is {config.default_model_filename!r}; the file "
            "has to be model.onnx"
        )
    for key, value in config.parameters.items():
        if not key.startswith(OWN):
            yield from _wrong_setting(
                f"the parameter {key!r}", key, value.string_value, PARAMETERS
            )
    accelerators = config.optimization.execution_accelerators
    for accelerator in accelerators.gpu_execution_accelerator:
        yield from _wrong_accelerator(accelerator)
    for group in config.instance_group:
        if group.count > MOST_INSTANCES:
            yield f"it asks for {group.count} instances, {MOST_INSTANCES} are the most"


def _wrong_kind(config: Any) -> Iterator[str]:
    """Yield a reason if a configuration is neither of an ONNX file nor an ensemble."""
    kind = (config.platform, config.backend, config.runtime)
    steps = len(config.ensemble_scheduling.step)
    if kind not in (("", BACKEND, ""), (ENSEMBLE, "", "")):
        yield (
            f'it has backend "{config.backend}", platform "{config.platform}" and '
            f'runtime "{config.runtime}"; only backend "{BACKEND}" alone and '
            f'platform "{ENSEMBLE}" alone are served'
        )
    elif bool(steps) != (config.platform == ENSEMBLE):
        yield f"it has {steps} steps; an ensemble has some, another model none"


def _unknown_fields(message: Any, allowed: _Tree, path: str) -> Iterator[str]:
    """Yield a reason for each field of a message that is not allowed."""
    for descriptor, value in message.ListFields():
        name = f"{path}{descriptor.name}"
        if descriptor.name not in allowed:
            yield (
                f"the field '{name}' is not allowed there; allowed are "
                f"{', '.join(allowed)}"
            )
        elif (inner := allowed[descriptor.name]) is not None:
            for part in _messages(value):
                yield from _unknown_fields(part, inner, f"{name}.")


def _messages(value: Any) -> list[Any]:
    """Return the messages in a field, which may hold one, several or a mapping."""
    if hasattr(value, "values"):
        return list(value.values())
    return [value] if hasattr(value, "ListFields") else list(value)


def _wrong_setting(
    what: str, key: str, value: str, allowed: frozenset[str]
) -> Iterator[str]:
    if key not in allowed:
        yield f"{what} is not allowed; allowed are {', '.join(sorted(allowed))}"
    elif not _PLAIN_VALUE.fullmatch(value):
        yield f"{what} is neither a number nor a word: received {value!r}"


def _wrong_accelerator(accelerator: Any) -> Iterator[str]:
    name = accelerator.name
    if name not in ACCELERATORS:
        yield f"the accelerator {name!r} is none of {', '.join(ACCELERATORS)}"
        return
    for key, value in accelerator.parameters.items():
        what = f"the setting {key!r} of the accelerator {name!r}"
        yield from _wrong_setting(what, key, value, ACCELERATORS[name])
