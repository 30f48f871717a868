"""What every test stands on."""

import logging
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import real_data as real
from failing_calls import library
from full_disk import on_small_disk

# Before anything imports ONNX Runtime, which would report its use to its maker.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if "PYTEST_XDIST_WORKER" in os.environ:
    # Each worker has a core; before anything imports TensorFlow.
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = "1"
# Started in the background, a suite ignores Ctrl-C, and so would all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A loop without end fails after a minute (pyproject.toml).  Tests with these marks have
# this long, on a machine that does other things besides.
LONG_SECONDS = 300
_LONG = ("triton", "export", "training", "slow", "long")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give long tests their time, but for those that say how much they need."""
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        if marks.intersection(_LONG) and "timeout" not in marks:
            item.add_marker(pytest.mark.timeout(LONG_SECONDS))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Share the tests among workers; see `sharing.Together`."""
    from sharing import Together

    return Together(config, log) if config.option.dist == "loadfile" else None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> object:
    """Say last how many tests were skipped for want of real data."""
    done = yield
    n = real.count(terminalreporter.stats.get("skipped", []))
    terminalreporter.write_line(f"Tests skipped for want of real data: {n}")
    return done


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


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real files; see `real_data.folder`."""
    return real.folder()


@pytest.fixture(scope="session")
def beside_data() -> Callable[[str], Path]:
    """Find what is kept beside the real files; see `real_data.beside`."""
    return real.beside


@pytest.fixture
def full_disk() -> Callable[..., Any]:
    """Do some work on a disk of a megabyte; see `full_disk.on_small_disk`."""
    return on_small_disk


@pytest.fixture(scope="session")
def failing_calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library to preload whose calls fail as told; see `failing_calls.library`."""
    return library(tmp_path_factory.mktemp("failing"))
