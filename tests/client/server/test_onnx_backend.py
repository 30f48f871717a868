"""The backend's reading of configurations, with ONNX Runtime but without Triton.

What Triton itself is needed for is in ``tests/serving/test_onnx_backend.py``.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from amphitrite.server import selfcheck
from amphitrite.server.layout import ONNX_BACKEND

ort = pytest.importorskip("onnxruntime", reason="needs the export extra")


class TritonModelException(Exception):
    """The one name of Triton's module that the tested functions use."""


@pytest.fixture(scope="module")
def backend() -> Iterator[Any]:
    triton = types.ModuleType("triton_python_backend_utils")
    triton.TritonModelException = TritonModelException  # type: ignore[attr-defined]
    sys.modules[triton.__name__] = triton
    spec = importlib.util.spec_from_file_location("onnx_backend_model", ONNX_BACKEND)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[triton.__name__], sys.modules[spec.name]


def config(level: int | None = None, **parameters: str) -> dict[str, Any]:
    """A configuration as Triton passes it on."""
    found: dict[str, Any] = {
        "name": "toy",
        "parameters": {
            key.replace("__", "."): {"string_value": value}
            for key, value in parameters.items()
        },
    }
    if level is not None:
        found["optimization"] = {"graph": {"level": level}}
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A version's folder with a file that doubles."""
    found = tmp_path / "3"
    found.mkdir()
    (found / "model.onnx").write_bytes(selfcheck.onnx_bytes())
    return found


def specified(**spec: Any) -> dict[str, Any]:
    return config(**{"amphitrite__spec__3": json.dumps(spec)})


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_the_session_is_of_the_bytes_that_were_compared(
    backend: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / "model.onnx"
    content = file.read_bytes()
    read = Path.read_bytes

    def then_gone(path: Path) -> bytes:
        found = read(path)
        path.write_bytes(b"other weights")
        return found

    monkeypatch.setattr(Path, "read_bytes", then_gone)
    session = backend.open_session(
        folder, specified(digest=sha256(content)), ort.SessionOptions()
    )
    (doubled,) = session.run(None, {"x": np.ones((1, 5), np.float32)})
    assert (doubled == 2).all()


def test_a_file_without_a_spec_is_served_as_it_is(backend: Any, folder: Path) -> None:
    (folder / "model.onnx").write_bytes(selfcheck.onnx_bytes() + b"\n\x00")
    backend.open_session(folder, config(amphitrite__note="no"), ort.SessionOptions())


def test_another_digest_is_refused_with_both(backend: Any, folder: Path) -> None:
    found = sha256(selfcheck.onnx_bytes())
    said = rf"model 'toy': version 3: .*model.onnx has the digest {found}, its spec "
    with pytest.raises(
        TritonModelException, match=f"{said}says sha256:77: it is damag"
    ):
        backend.open_session(folder, specified(digest="sha256:77"), None)


@pytest.mark.parametrize(
    "given",
    [
        specified(),
        specified(digest=None),
        config(amphitrite__spec__3="[]"),
        config(amphitrite__spec__3="no JSON"),
        config(amphitrite__spec__2=json.dumps({"digest": "sha256:1"})),
    ],
)
def test_a_spec_that_names_no_digest_is_refused(
    backend: Any, folder: Path, given: dict[str, Any]
) -> None:
    said = r"version 3: its spec, the parameter 'amphitrite.spec.3', cannot be read"
    with pytest.raises(TritonModelException, match=said):
        backend.open_session(folder, given, None)


def test_options_are_onnx_runtime_s_own_by_default(backend: Any) -> None:
    options, default = backend.session_options(config()), ort.SessionOptions()
    for name in (
        "graph_optimization_level",
        "intra_op_num_threads",
        "inter_op_num_threads",
        "execution_mode",
        "enable_cpu_mem_arena",
        "enable_mem_pattern",
    ):
        assert getattr(options, name) == getattr(default, name), name


def test_options_follow_the_parameters(backend: Any) -> None:
    options = backend.session_options(
        config(
            2,
            intra_op_thread_count="3",
            inter_op_thread_count="2",
            execution_mode="1",
            enable_mem_arena="false",
            enable_mem_pattern="0",
            session__intra_op__allow_spinning="0",
            amphitrite__spec__1="{}",
        )
    )
    assert options.graph_optimization_level == (
        ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    )
    assert options.intra_op_num_threads == 3
    assert options.inter_op_num_threads == 2
    assert options.execution_mode == ort.ExecutionMode.ORT_PARALLEL
    assert options.enable_cpu_mem_arena is False
    assert options.enable_mem_pattern is False
    entry = options.get_session_config_entry("session.intra_op.allow_spinning")
    assert entry == "0"
    with pytest.raises(RuntimeError, match=r"amphitrite\.spec\.1"):
        options.get_session_config_entry("amphitrite.spec.1")


@pytest.mark.parametrize(
    ("level", "name"),
    [
        (-1, "ORT_ENABLE_BASIC"),
        (0, "ORT_ENABLE_ALL"),
        (1, "ORT_ENABLE_EXTENDED"),
        (2, "ORT_DISABLE_ALL"),
    ],
)
def test_levels_mean_what_they_mean_to_the_cpp_backend(
    backend: Any, level: int, name: str
) -> None:
    options = backend.session_options(config(level))
    assert options.graph_optimization_level == getattr(ort.GraphOptimizationLevel, name)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (config(7), r"optimization.graph.level must be one of .*; received 7"),
        (config(execution_mode="2"), r"'execution_mode' must be 0 .*; received 2"),
        (config(enable_mem_arena="perhaps"), r"must be a boolean; received 'perhaps'"),
        (config(inter_op_thread_count="1.5"), r"must be a number; received '1.5'"),
    ],
)
def test_refuses_values_without_a_meaning(
    backend: Any, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(TritonModelException, match=f"model 'toy': .*{message}"):
        backend.session_options(given)


def test_refuses_the_numpy_that_this_triton_corrupts(backend: Any) -> None:
    assert np.__version__.startswith("2.")
    with pytest.raises(TritonModelException, match=f"has numpy {np.__version__}"):
        backend.check_numpy(config())


def test_an_instance_on_the_cpu_gets_the_cpu(backend: Any) -> None:
    wanted = backend.providers(config(), kind="CPU", device="0")
    assert wanted == ["CPUExecutionProvider"]


@pytest.mark.skipif(
    "CUDAExecutionProvider" in ort.get_available_providers(),
    reason="this ONNX Runtime has CUDA",
)
def test_an_instance_on_the_gpu_needs_cuda(backend: Any) -> None:
    with pytest.raises(TritonModelException) as caught:
        backend.providers(config(), kind="GPU", device="0")
    assert "its KIND_GPU instance needs CUDAExecutionProvider" in str(caught.value)
    assert "install onnxruntime-gpu" in str(caught.value)


def test_cuda_s_settings_come_from_the_parameters(backend: Any) -> None:
    given = config(cudnn_conv_algo_search="1", gpu_mem_limit="1000000")
    assert backend.cuda_parameters(given) == {
        "cudnn_conv_algo_search": "HEURISTIC",
        "gpu_mem_limit": "1000000",
    }
    with pytest.raises(TritonModelException, match="must be one of"):
        backend.cuda_parameters(config(arena_extend_strategy="9"))


def test_tensorrt_s_settings_are_translated(backend: Any) -> None:
    given = {
        "precision_mode": "FP16",
        "max_workspace_size_bytes": "1024",
        "trt_engine_cache_enable": "1",
    }
    assert backend.tensorrt_options(config(), given) == {
        "trt_fp16_enable": "1",
        "trt_max_workspace_size": "1024",
        "trt_engine_cache_enable": "1",
    }
    with pytest.raises(TritonModelException, match="received 'FP8'"):
        backend.tensorrt_options(config(), {"precision_mode": "FP8"})
