"""What every test stands on."""

import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before anything imports ONNX Runtime, which would report its use to its maker.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Started in the background, a suite ignores Ctrl-C, and so would all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A loop without end fails after a minute (pyproject.toml); tests that start servers,
# train or export may take this long, on a machine that does other things besides.
LONG_SECONDS = 300
_LONG = {"bench", "contract", "export", "serving", "training"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give long tests their time, but for those that say how much they need."""
    root = Path(__file__).parent
    for item in items:
        folder = item.path.relative_to(root).parts[0]
        long = folder in _LONG or item.get_closest_marker("slow")
        if long and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(LONG_SECONDS))


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
