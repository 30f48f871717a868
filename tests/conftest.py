"""What every test stands on."""

import os

# Before anything imports ONNX Runtime, which would report its use to its maker.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
