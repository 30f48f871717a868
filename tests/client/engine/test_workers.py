"""Worker processes: from any program, with any end."""

from __future__ import annotations

import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
import pytest

from amphitrite.engine import workers
from amphitrite.errors import BadInput, MissingExtra, WorkerError

# Says its worker's number, then waits for it to end, which takes too long.
PARENT = """
import os, time
from amphitrite.engine import workers

with workers.pool(1) as pool:
    print(pool.submit(os.getpid).result(), flush=True)
    pool.submit(time.sleep, 600).result()
"""

# Has no guard: a worker that imported it would start workers of its own.
ASK = """
import os
import beside
from amphitrite.engine import workers

def ask():
    with workers.pool(2) as pool:
        answers = list(pool.map(beside.square, range(6)))
    assert answers == [(n * n, True) for n in range(6)], answers
    print("answered")
"""
BESIDE = """
import os
def square(n):
    return n * n, os.getppid() == int(os.environ["PARENT"])
"""
SAID = 'os.environ["PARENT"] = str(os.getpid())\nask()\n'
PROGRAMS = {
    "script": ASK + SAID,
    "main without a file": ASK + "import sys\ndel __file__\n" + SAID,
    "renamed main": (
        ASK + "import sys, types\nsys.modules['other'] = sys.modules['__main__']\n"
        "sys.modules['__main__'] = types.ModuleType('__main__')\n" + SAID
    ),
    "run by another": (
        "import runpy, pathlib\n"
        f"pathlib.Path('inner.py').write_text({ASK + SAID!r})\n"
        "runpy.run_path('inner.py', run_name='__main__')\n"
    ),
}
# how a daemonic process, and what started it, asks
CHILDREN = {
    "daemonic": "with multiprocessing.get_context('fork').Pool(1) as pool:\n"
    "        pool.apply(child)",
    "spawn": "start('spawn')",
    "forkserver": "start('forkserver')",
}
CHILD = (
    "import multiprocessing\n"
    + ASK
    + """
def child():
    os.environ["PARENT"] = str(os.getpid())
    ask()

def start(method):
    process = multiprocessing.get_context(method).Process(target=child)
    process.start()
    process.join()

if __name__ == "__main__":
    """
)


def run(folder: Path, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    (folder / "beside.py").write_text(BESIDE)
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        input=text,
        capture_output=True,
        text=True,
        timeout=100,
    )


def answered(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith("answered")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_program_needs_no_guard(kind: str, tmp_path: Path):
    (tmp_path / "program.py").write_text(PROGRAMS[kind])
    answered(run(tmp_path, "program.py"))


def test_a_program_on_standard_input_has_workers(tmp_path: Path):
    answered(run(tmp_path, "-", text=ASK + SAID))


def test_a_program_on_the_command_line_has_workers(tmp_path: Path):
    answered(run(tmp_path, "-c", ASK + SAID))


def test_an_interactive_session_has_workers(tmp_path: Path):
    block = "exec(" + repr(ASK) + ")\n" + SAID
    answered(run(tmp_path, "-i", "-q", text=block))


@pytest.mark.parametrize("flags", [("-O",), ("-W", "error"), ("-P",), ("-I",)], ids=str)
def test_python_s_options_do_not_matter(flags: tuple[str, ...], tmp_path: Path):
    text = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n" + ASK + SAID
    answered(run(tmp_path, *flags, "-c", text))


@pytest.mark.parametrize("kind", CHILDREN)
def test_a_child_of_multiprocessing_has_workers(kind: str, tmp_path: Path):
    (tmp_path / "program.py").write_text(CHILD + CHILDREN[kind])
    answered(run(tmp_path, "program.py"))


def test_a_frozen_program_has_a_thread_and_says_so(monkeypatch, caplog):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with workers.pool(2) as pool:
        assert pool.submit(os.getpid).result() == os.getpid()
    (said,) = caplog.messages
    assert "workers=0" in said


def test_what_starts_no_worker_is_told(monkeypatch, tmp_path: Path):
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexit 7\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with (
        pytest.raises(WorkerError, match=r"exit code 7.*workers=0"),
        workers.pool(1) as pool,
    ):
        pool.submit(abs, 1).result()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    with (
        pytest.raises(WorkerError, match=r"cannot be started.*workers=0"),
        workers.pool(1) as pool,
    ):
        pool.submit(abs, 1).result()


def test_what_only_main_has_is_told(tmp_path: Path):
    text = (
        "from amphitrite.engine import workers\n"
        "def mine(n):\n    return n\n"
        "with workers.pool(1) as pool:\n    pool.submit(mine, 1).result()\n"
    )
    done = run(tmp_path, "-c", text)
    said = done.stderr.splitlines()[-1]
    assert "WorkerError" in said
    assert "mine" in said
    assert "workers=0" in said


def test_what_cannot_be_sent_is_told():
    with workers.pool(1) as pool:
        with pytest.raises(WorkerError, match="a module of their own"):
            pool.submit(lambda: None).result()
        assert pool.submit(abs, -1).result() == 1


def test_work_is_done_in_other_processes():
    with workers.pool(2) as pool:
        assert pool.submit(os.getpid).result() != os.getpid()
        assert list(pool.map(abs, [-3, 2])) == [3, 2]


def test_workers_are_started_for_work_alone():
    with workers.pool(8) as pool:
        first = pool.submit(os.getpid).result()
        assert pool.submit(os.getpid).result() == first


@pytest.mark.parametrize(
    "error", [BadInput("no file"), MissingExtra("a picture", "plots"), ValueError("x")]
)
def test_errors_come_back_as_they_are(error: Exception):
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    with workers.pool(1) as pool:
        failed = pool.submit(partial(_raise, error)).exception()
    assert type(failed) is type(error)
    assert str(failed) == str(error)
    traced = any("Traceback" in note for note in getattr(failed, "__notes__", ()))
    assert traced == isinstance(error, ValueError)


def _raise(error: Exception) -> None:
    raise error


class Unusual(Exception):
    """An error that no pickle brings back."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def _unusual() -> None:
    raise Unusual(1, 2)


def test_an_error_that_cannot_come_back_is_described():
    with workers.pool(1) as pool:
        failed = pool.submit(_unusual).exception()
        assert isinstance(failed, RuntimeError)
        assert "Unusual('1 and 2')" in str(failed)
        assert pool.submit(abs, -1).result() == 1


def test_a_result_that_cannot_be_sent_is_an_error():
    with workers.pool(1) as pool:
        assert pool.submit(_thread_pool).exception() is not None
        assert pool.submit(abs, -1).result() == 1


def _thread_pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1)


def test_a_worker_that_is_killed_is_told_as_that(tmp_path: Path):
    with workers.pool(2) as pool:
        other = pool.submit(time.sleep, 1)
        doomed = pool.submit(_die, tmp_path / "star.fits", signal.SIGKILL)
        lost = doomed.exception()
        assert isinstance(lost, WorkerError)
        assert lost.exit_code == 2
        assert "killed (SIGKILL), most likely for want of memory" in str(lost)
        assert "--workers" in str(lost)
        assert lost.__notes__ == [f"It was at work on {tmp_path / 'star.fits'}."]
        assert other.exception() is None
        with pytest.raises(WorkerError, match="SIGKILL"):
            pool.submit(abs, 1).result()


def test_a_worker_that_crashes_is_told_as_that(tmp_path: Path):
    with workers.pool(1) as pool:
        pool.submit(abs, 1).result()
        lost = pool.submit(_die, tmp_path, signal.SIGSEGV).exception()
    assert isinstance(lost, WorkerError)
    assert "SIGSEGV" in str(lost)
    assert "--workers 0" in str(lost)


def _die(path: Path, number: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.kill(os.getpid(), number)
    time.sleep(60)


def test_a_worker_without_memory_is_told_as_that():
    with workers.pool(1) as pool:
        lost = pool.submit(_greedy).exception()
    assert isinstance(lost, WorkerError)
    assert "no memory left" in str(lost)


def _greedy() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))
    bytes(2**34)


def test_an_error_drops_what_nobody_has_begun():
    futures = []
    with pytest.raises(KeyboardInterrupt):
        _interrupted(futures)
    begun, waiting = futures
    assert begun.result() is None
    with pytest.raises(CancelledError):
        waiting.result()


def _interrupted(futures: list[Future[None]]) -> None:
    with workers.pool(1) as pool:
        futures += [pool.submit(time.sleep, seconds) for seconds in (0.5, 600)]
        while not futures[0].running():
            time.sleep(0.01)
        raise KeyboardInterrupt


def test_workers_leave_ctrl_c_to_their_parent(tmp_path: Path):
    program = tmp_path / "program.py"
    program.write_text(PARENT)
    with subprocess.Popen(
        [sys.executable, program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as parent:
        worker = psutil.Process(int(parent.stdout.readline()))
        worker.send_signal(signal.SIGINT)
        assert os.getpgid(worker.pid) != os.getpgid(parent.pid)
        time.sleep(0.2)
        assert worker.is_running()
        parent.kill()
        left = psutil.wait_procs([worker], timeout=20)[1]
        assert not left
        assert parent.stderr.read() == ""


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE) as parent:
        worker = psutil.Process(int(parent.stdout.readline()))
        assert worker.is_running()
        parent.kill()
        parent.wait()
        left = psutil.wait_procs([worker], timeout=20)[1]
        for process in left:
            process.kill()
    assert not left


def test_workers_end_though_a_fork_holds_their_pipes():
    with workers.pool(1) as pool:
        worker = psutil.Process(pool.submit(os.getpid).result())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of threads beside a fork
            fork = os.fork()
        if not fork:
            time.sleep(30)
            os._exit(0)
    try:
        assert not worker.is_running()
    finally:
        os.kill(fork, signal.SIGKILL)
        os.waitpid(fork, 0)


def test_threads_are_of_this_process_and_one_at_least():
    with workers.threads(0) as pool:
        assert pool.submit(os.getpid).result() == os.getpid()


def test_threads_begin_nothing_more_after_an_error():
    first, go_on = threading.Event(), threading.Event()

    def held():
        first.set()
        go_on.wait(60)

    with suppress(KeyError), workers.threads(1) as pool:
        running, waiting = pool.submit(held), pool.submit(os.getpid)
        assert first.wait(60)
        threading.Timer(0.1, go_on.set).start()
        raise KeyError
    assert running.done()
    assert waiting.cancelled()
