"""A Triton backend that serves ONNX files with ONNX Runtime's Python package.

The launcher copies this file to ``<backends>/onnxruntime/model.py``, and Triton then
serves every model with ``backend: "onnxruntime"`` and ``1/model.onnx`` through it.
NVIDIA's container serves the same repository with its C++ backend of that name, whose
configuration keys are used here too.  One parameter that clients read is read here as
well: ``amphitrite.spec.N`` holds the digest of version N's ONNX file, and a file with
another digest is refused.  The session is opened from the same bytes that were
compared.  A model without any such parameter is served unchecked.

This file runs in the server's own environment and imports nothing of Amphitrite.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import numpy as np
import onnxruntime as ort
import triton_python_backend_utils as pb

Array = np.ndarray[Any, Any]
Feed = dict[str, Array]
Config = Mapping[str, Any]
T = TypeVar("T")

NUMPY_IS_SAFE: Final = np.lib.NumpyVersion(np.__version__) < "2.0.0"
DEFAULT_MAX_BATCH: Final = 4  # that of the C++ backend for a free batch axis

DATA_TYPES: Final = {
    "tensor(bool)": "TYPE_BOOL",
    "tensor(double)": "TYPE_FP64",
    "tensor(float)": "TYPE_FP32",
    "tensor(float16)": "TYPE_FP16",
    "tensor(int16)": "TYPE_INT16",
    "tensor(int32)": "TYPE_INT32",
    "tensor(int64)": "TYPE_INT64",
    "tensor(int8)": "TYPE_INT8",
    "tensor(uint16)": "TYPE_UINT16",
    "tensor(uint32)": "TYPE_UINT32",
    "tensor(uint64)": "TYPE_UINT64",
    "tensor(uint8)": "TYPE_UINT8",
}

SPEC: Final = "amphitrite.spec."
# The session option with the folder of weights that are stored beside an ONNX file
BESIDE: Final = "session.model_external_initializers_file_folder_path"
LFS_POINTER: Final = b"version https://git-lfs"

# optimization.graph.level of the configuration, with the C++ backend's meaning
LEVELS: Final = {
    -1: ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    0: ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
    1: ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    2: ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
}

BOOLEANS: Final = {
    **dict.fromkeys(("1", "true", "on", "yes"), True),
    **dict.fromkeys(("0", "false", "off", "no"), False),
}

# CUDA settings that the C++ backend reads from the model's own parameters
CUDA_PARAMETERS: Final = {
    "cudnn_conv_algo_search": {"0": "EXHAUSTIVE", "1": "HEURISTIC", "2": "DEFAULT"},
    "arena_extend_strategy": {"0": "kNextPowerOfTwo", "1": "kSameAsRequested"},
    "gpu_mem_limit": {},
    "do_copy_in_default_stream": {},
}

TENSORRT_PRECISIONS: Final = {
    "FP32": {},
    "FP16": {"trt_fp16_enable": "1"},
    "BF16": {"trt_bf16_enable": "1"},
    "INT8": {"trt_int8_enable": "1"},
}


def refuse(config: Config, reason: str) -> NoReturn:
    """Raise the error that ends the loading of a model, with name and reason."""
    raise pb.TritonModelException(f"model '{config.get('name')}': {reason}")


def check_numpy(config: Config) -> None:
    """Refuse numpy 2, whose arrays this Triton silently corrupts."""
    if not NUMPY_IS_SAFE:
        refuse(
            config,
            f"the server's environment has numpy {np.__version__}, but this Triton "
            "reads only arrays of numpy 1; install numpy 1.26.4 there",
        )


# ---- the configuration --------------------------------------------------------------


def parameter(config: Config, name: str, cast: Callable[[str], T], default: T) -> T:
    """Return the value of one of a model's parameters, or its default."""
    found = config.get("parameters", {}).get(name)
    if found is None:
        return default
    text = found["string_value"]
    try:
        return cast(text)
    except (KeyError, ValueError):
        kind = "a boolean" if cast is boolean else "a number"
        refuse(config, f"the parameter '{name}' must be {kind}; received {text!r}")


def boolean(text: str) -> bool:
    """Return the boolean that a text in Triton's notation means."""
    return BOOLEANS[text.lower()]


def session_options(config: Config) -> ort.SessionOptions:
    """Return ONNX Runtime's session options for a model's configuration."""
    options = ort.SessionOptions()
    level = int(config.get("optimization", {}).get("graph", {}).get("level", 0))
    if level not in LEVELS:
        refuse(
            config,
            f"optimization.graph.level must be one of {sorted(LEVELS)}; "
            f"received {level}",
        )
    options.graph_optimization_level = LEVELS[level]
    # with 0 threads, ONNX Runtime uses all cores
    options.intra_op_num_threads = parameter(config, "intra_op_thread_count", int, 0)
    options.inter_op_num_threads = parameter(config, "inter_op_thread_count", int, 0)
    mode = parameter(config, "execution_mode", int, 0)
    if mode not in (0, 1):
        refuse(
            config,
            "the parameter 'execution_mode' must be 0 (sequential) or 1 (parallel); "
            f"received {mode}",
        )
    options.execution_mode = (
        ort.ExecutionMode.ORT_PARALLEL if mode else ort.ExecutionMode.ORT_SEQUENTIAL
    )
    options.enable_cpu_mem_arena = parameter(config, "enable_mem_arena", boolean, True)
    options.enable_mem_pattern = parameter(config, "enable_mem_pattern", boolean, True)
    for name, value in config.get("parameters", {}).items():
        if name.startswith("session."):
            options.add_session_config_entry(name, value["string_value"])
    return options


def providers(config: Config, *, kind: str, device: str) -> list[Any]:
    """Return the execution providers of an instance, the preferred ones first.

    Those for a GPU follow the C++ backend's source and are untested on hardware.
    """
    wanted: list[Any] = []
    if kind == "GPU":
        accelerators = config.get("optimization", {}).get("execution_accelerators", {})
        cuda: dict[str, str] = {}
        for accelerator in accelerators.get("gpu_execution_accelerator", []):
            name, given = accelerator["name"], accelerator.get("parameters", {})
            if name == "tensorrt":
                tensorrt = tensorrt_options(config, given)
                wanted.append(
                    ("TensorrtExecutionProvider", {**tensorrt, "device_id": device})
                )
            elif name == "cuda":
                cuda.update(given)
            else:
                refuse(config, f"unknown GPU accelerator '{name}'")
        cuda.update(cuda_parameters(config))
        wanted.append(("CUDAExecutionProvider", {**cuda, "device_id": device}))
    check_available(config, [name for name, _ in wanted], kind=kind)
    return [*wanted, "CPUExecutionProvider"]


def tensorrt_options(config: Config, given: Mapping[str, str]) -> dict[str, str]:
    """Return TensorRT's options for the parameters of the ``tensorrt`` accelerator."""
    options = {key: value for key, value in given.items() if key.startswith("trt_")}
    precision = given.get("precision_mode", "FP32")
    if precision not in TENSORRT_PRECISIONS:
        refuse(
            config,
            f"precision_mode must be one of {list(TENSORRT_PRECISIONS)}; "
            f"received {precision!r}",
        )
    options.update(TENSORRT_PRECISIONS[precision])
    if "max_workspace_size_bytes" in given:
        options["trt_max_workspace_size"] = given["max_workspace_size_bytes"]
    return options


def cuda_parameters(config: Config) -> dict[str, str]:
    """Return the CUDA settings among a model's own parameters."""
    found = {}
    for name, meanings in CUDA_PARAMETERS.items():
        value = parameter(config, name, str, "")
        if value and meanings and value not in meanings:
            refuse(
                config,
                f"the parameter '{name}' must be one of {list(meanings)}; "
                f"received {value!r}",
            )
        if value:
            found[name] = meanings.get(value, value)
    return found


def check_available(config: Config, wanted: Iterable[str], *, kind: str) -> None:
    """Refuse an instance whose execution provider is not installed."""
    available = ort.get_available_providers()
    for name in wanted:
        if name not in available:
            refuse(
                config,
                f"its KIND_{kind} instance needs {name}, but the server's ONNX Runtime "
                f"{ort.__version__} has only {available}; serve it with KIND_CPU or "
                "install onnxruntime-gpu",
            )


# ---- the ONNX file ------------------------------------------------------------------


def find_file(folder: Path, config: Config) -> Path:
    """Return the ONNX file of a model's version."""
    path = folder / (config.get("default_model_filename") or "model.onnx")
    if path.is_dir():  # large models are folders with external data
        path /= "model.onnx"
    if not path.is_file():
        refuse(config, f"the ONNX file {path} does not exist")
    return path


def open_session(
    folder: Path,
    config: Config,
    options: ort.SessionOptions,
    wanted: Sequence[Any] = ("CPUExecutionProvider",),
) -> ort.InferenceSession:
    """Return a session with the ONNX file in a version's folder, or refuse the file."""
    path = find_file(folder, config)
    digest = declared_digest(config, folder.name)
    file: str | bytes = str(path)
    if digest is not None:
        file = checked(path, config, folder.name, digest)
        # weights in further files are not covered by the digest
        options.add_session_config_entry(BESIDE, os.devnull)
    try:
        session = ort.InferenceSession(file, options, providers=list(wanted))
    except Exception as error:
        alone = " by itself" if digest is not None else ""
        refuse(config, f"the ONNX file {path} cannot be loaded{alone}: {error}")
    # ONNX Runtime silently falls back to the CPU if CUDA cannot start
    names = [item if isinstance(item, str) else item[0] for item in wanted]
    for name in names:
        if name not in session.get_providers():
            refuse(config, f"{name} cannot start; the session has only the CPU")
    return session


def declared_digest(config: Config, version: str) -> str | None:
    """Return the digest in a version's spec; None for a model without specs."""
    parameters = config.get("parameters", {})
    if not any(name.startswith(SPEC) for name in parameters):
        return None
    key = f"{SPEC}{version}"
    try:
        digest = json.loads(parameters[key]["string_value"])["digest"]
        if not str(digest).startswith("sha256:"):
            raise ValueError(f"its digest is {digest!r}")
    except (KeyError, TypeError, ValueError) as error:
        refuse(
            config,
            f"version {version}: its spec, the parameter '{key}', cannot be read "
            f"({error!r}), so that its weights cannot be checked; export or install "
            "the model again",
        )
    return str(digest)


def checked(path: Path, config: Config, version: str, digest: str) -> bytes:
    """Return the contents of an ONNX file, or refuse it if its digest differs."""
    content = path.read_bytes()
    found = "sha256:" + hashlib.sha256(content).hexdigest()
    if found != digest:
        why = "it is damaged, or was replaced"
        if content.startswith(LFS_POINTER):
            why = "it is a pointer of git-lfs, not the file itself (git lfs pull)"
        refuse(
            config,
            f"version {version}: the ONNX file {path} has the digest {found}, its spec "
            f"says {digest}: {why}; export or install the model again",
        )
    return content


def data_type(config: Config, tensor: ort.NodeArg) -> str:
    """Return Triton's name of a tensor's data type."""
    if tensor.type not in DATA_TYPES:
        refuse(
            config,
            f"the tensor '{tensor.name}' of the ONNX file is of {tensor.type}, "
            "which is not served here",
        )
    return DATA_TYPES[tensor.type]


def lengths(tensor: ort.NodeArg) -> list[int]:
    """Return a tensor's shape in the ONNX file, with -1 for free lengths."""
    return [
        length if isinstance(length, int) and length > 0 else -1
        for length in tensor.shape
    ]


def check_tensors(
    config: Config, what: str, given: Iterable[Config], real: Mapping[str, ort.NodeArg]
) -> None:
    """Compare the configured inputs or outputs with those of the ONNX file."""
    for entry in given:
        name = entry["name"]
        if name not in real:
            refuse(
                config,
                f"the configuration has the {what} '{name}', "
                f"the ONNX file has {sorted(real)}",
            )
        found = data_type(config, real[name])
        if entry["data_type"] != found:
            refuse(
                config,
                f"the {what} '{name}' is {entry['data_type']} in the configuration "
                f"and {found} in the ONNX file",
            )
        check_shape(config, what, entry, lengths(real[name]))


def check_shape(config: Config, what: str, entry: Config, real: list[int]) -> None:
    """Compare one tensor's configured shape with that in the ONNX file."""
    max_batch = config.get("max_batch_size", 0)
    reshape = entry.get("reshape")
    dims = [int(n) for n in (reshape.get("shape", []) if reshape else entry["dims"])]
    if not real and not max_batch and all(n == 1 for n in dims):
        return  # a scalar is configured as [1]
    given = [-1, *dims] if max_batch else dims
    agree = len(given) == len(real) and all(
        a == b or -1 in (a, b) for a, b in zip(given, real, strict=True)
    )
    if not agree:
        batch = " with the batch axis" if max_batch else ""
        refuse(
            config,
            f"the {what} '{entry['name']}' has the shape {given}{batch} in the "
            f"configuration and {real} in the ONNX file",
        )
    if max_batch and real[0] > 0:
        refuse(
            config,
            f"the {what} '{entry['name']}' has the fixed batch {real[0]} in the ONNX "
            f"file, which max_batch_size {max_batch} contradicts; export it with a "
            "free batch axis or configure max_batch_size 0",
        )


def check_inputs(
    config: Config, required: Iterable[str], given: Iterable[Config]
) -> None:
    """Refuse a configuration that lacks an input of the ONNX file."""
    names = [entry["name"] for entry in given]
    for name in required:
        if name not in names:
            refuse(
                config,
                f"the ONNX file needs the input '{name}', "
                f"the configuration has {names}",
            )


def complete(completed: Any, config: Config, session: ort.InferenceSession) -> None:
    """Add missing tensors and batching to a configuration, as the C++ backend does."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    free = all(lengths(tensor)[:1] == [-1] for tensor in [*inputs, *outputs])
    max_batch = config.get("max_batch_size", 0)
    if max_batch and not free:
        refuse(
            config,
            f"max_batch_size is {max_batch}, but the ONNX file has tensors without a "
            "free batch axis",
        )
    if free and not max_batch:
        max_batch = DEFAULT_MAX_BATCH
        completed.set_max_batch_size(max_batch)
    if max_batch > 1 and not {"dynamic_batching", "sequence_batching"} & config.keys():
        completed.set_dynamic_batching()
    for tensors, add, key in (
        (inputs, completed.add_input, "input"),
        (outputs, completed.add_output, "output"),
    ):
        if config.get(key):
            continue
        for tensor in tensors:
            dims = lengths(tensor)[1 if max_batch else 0 :]
            entry: dict[str, Any] = {
                "name": tensor.name,
                "data_type": data_type(config, tensor),
                "dims": dims or [1],
            }
            if not dims and max_batch:
                entry["reshape"] = {"shape": []}
            add(entry)


# ---- requests -----------------------------------------------------------------------


@dataclass
class Job:
    """One request of an ``execute()`` call, and later its answer."""

    feed: Feed
    outputs: tuple[str, ...]
    response: Any = None

    @property
    def rows(self) -> int:
        """The length of the batch axis."""
        return int(next(iter(self.feed.values())).shape[0])

    @property
    def kind(self) -> object:
        """A key that is equal for jobs that can be computed together."""
        shapes = tuple((n, a.shape[1:], a.dtype.str) for n, a in self.feed.items())
        return shapes, self.outputs


def answer(job: Job, arrays: Iterable[Array]) -> None:
    """Store output arrays as a job's answer."""
    tensors = [
        pb.Tensor(name, np.ascontiguousarray(array))
        for name, array in zip(job.outputs, arrays, strict=True)
    ]
    job.response = pb.InferenceResponse(tensors)


def failure(name: str, error: Exception) -> Any:
    """Return an exception as the answer to one request."""
    return pb.InferenceResponse(error=pb.TritonError(f"model '{name}': {error}"))


class TritonPythonModel:
    """One instance of a model, with its ONNX Runtime session."""

    @staticmethod
    def auto_complete_config(completed: Any) -> Any:
        """Complete a configuration from the ONNX file, once per model."""
        config = completed.as_dict()
        check_numpy(config)
        if config.get("input") and config.get("output"):
            return completed
        options = ort.SessionOptions()
        options.graph_optimization_level = LEVELS[2]  # only the tensors are needed
        options.intra_op_num_threads = 1
        folder = Path(pb.get_model_dir())
        complete(completed, config, open_session(folder, config, options))
        return completed

    def initialize(self, args: Mapping[str, str]) -> None:
        """Load the ONNX file and compare it with its digest and the configuration."""
        config = json.loads(args["model_config"])
        check_numpy(config)
        self.name = config["name"]
        folder = Path(args["model_repository"], args["model_version"])
        kind = args["model_instance_kind"]
        if kind == "GPU":
            ort.preload_dlls()  # loads the CUDA libraries that pip installed
        wanted = providers(config, kind=kind, device=args["model_instance_device_id"])
        self.session = open_session(folder, config, session_options(config), wanted)
        self.required = [tensor.name for tensor in self.session.get_inputs()]
        real = {
            tensor.name: tensor
            for tensor in (
                *self.session.get_inputs(),
                *self.session.get_overridable_initializers(),
            )
        }
        self.inputs = [entry["name"] for entry in config["input"]]
        self.outputs = [tensor.name for tensor in self.session.get_outputs()]
        check_tensors(config, "input", config["input"], real)
        check_inputs(config, self.required, config["input"])
        outputs = {tensor.name: tensor for tensor in self.session.get_outputs()}
        check_tensors(config, "output", config["output"], outputs)
        self.batched = config.get("max_batch_size", 0) > 0

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Return the answers to requests, computed together where possible."""
        responses: list[Any] = [None] * len(requests)
        groups: dict[object, list[tuple[int, Job]]] = {}
        for index, request in enumerate(requests):
            try:
                job = self._read(request)
            except Exception as error:
                responses[index] = failure(self.name, error)
                continue
            key = job.kind if self.batched and job.feed else index
            groups.setdefault(key, []).append((index, job))
        for group in groups.values():
            self._answer_together([job for _, job in group])
            for index, job in group:
                responses[index] = job.response
        return responses

    def _read(self, request: Any) -> Job:
        """Return the arrays and wanted outputs of a request."""
        feed: Feed = {}
        for name in self.inputs:
            tensor = pb.get_input_tensor_by_name(request, name)
            if tensor is not None:
                feed[name] = tensor.as_numpy()
            elif name in self.required:
                raise ValueError(f"the request lacks the input '{name}'")
        asked = request.requested_output_names()
        # a request that names no outputs gets all
        names = tuple(name for name in asked if name in self.outputs) or self.outputs
        return Job(feed, tuple(names))

    def _answer_together(self, jobs: Sequence[Job]) -> None:
        """Answer jobs of one kind in one run, or one by one if that fails."""
        if len(jobs) > 1:
            try:
                self._answer_stacked(jobs)
            except Exception as error:
                pb.Logger.log_verbose(f"model '{self.name}': one by one: {error}")
            else:
                return
        for job in jobs:
            try:
                answer(job, self.session.run(job.outputs, job.feed))
            except Exception as error:
                job.response = failure(self.name, error)

    def _answer_stacked(self, jobs: Sequence[Job]) -> None:
        """Answer jobs in one run over their concatenated rows."""
        feed = {
            name: np.concatenate([job.feed[name] for job in jobs])
            for name in jobs[0].feed
        }
        ends = np.cumsum([job.rows for job in jobs])
        arrays = self.session.run(jobs[0].outputs, feed)
        if any(array.ndim == 0 or len(array) != ends[-1] for array in arrays):
            raise ValueError("an output does not carry the batch axis")
        start = 0
        for job, end in zip(jobs, ends, strict=True):
            answer(job, [array[start:end] for array in arrays])
            start = end

    def finalize(self) -> None:
        """Release the session."""
        del self.session
