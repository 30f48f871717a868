"""What every test stands on."""

import logging
import os
import signal
from collections.abc import Iterator

import pytest

# Before anything imports ONNX Runtime, which would report its use to its maker.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Started in the background, a suite ignores Ctrl-C, and so would all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """Undo what a command that was run in this process set for the packages' logs."""
    names = ("amphitrite", "amphitrite_training", "amphitrite_export")
    loggers = [logging.getLogger(name) for name in names]
    before = [(logger.level, logger.handlers) for logger in loggers]
    yield
    for logger, (level, handlers) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.handlers = handlers
