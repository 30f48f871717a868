"""The yardstick: bare ONNX Runtime, with the sessions that the server would open."""

from __future__ import annotations

import os
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read when ONNX Runtime is imported
import onnxruntime as ort


def session(repository: Path, model: str, *, threads: int = 1) -> ort.InferenceSession:
    """Return a session on the newest version of a model: no spinning, on CPUs."""
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    newest = max((repository / model).glob("[0-9]*"), key=lambda path: int(path.name))
    return ort.InferenceSession(
        newest / "model.onnx", options, providers=["CPUExecutionProvider"]
    )
