"""Train the surveys' networks: Keras 3 models, simulators and data readers."""

import os

# ONNX Runtime reports the use of models to its maker unless told not to.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
