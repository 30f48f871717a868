"""Turn trained Keras artefacts into a Triton model repository."""

import os

# ONNX Runtime reports the use of models to its maker unless told not to.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
