"""Break the program on purpose, one line at a time, and see that its tests notice.

A test that passes whatever the code does proves nothing.  Each mutation of
`mutants.MUTANTS` changes one line in a private copy of the source tree and runs the
tests that promise the opposite, each under the suite's own limit of time, so that a
mutation that makes a loop endless counts as caught only if that limit catches it.  The
working tree is read and never written to.

    tests/bench/mutations.py                    all; exit code 1 if any survives
    tests/bench/mutations.py --only ln_ten      those whose name holds "ln_ten"
    tests/bench/mutations.py --list             what there is, without running anything
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.util import cache_from_source
from pathlib import Path
from typing import Final

from mutants import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("client", "training", "export")
LIMIT = 400.0  # s for a mutation's tests, should the suite's own limit not end them

CAUGHT, SURVIVED, HUNG = "caught", "SURVIVED", "HUNG"
NOT_TRIED: Final = "NOT TRIED"  # its tests are skipped, or cannot even begin


@dataclass(frozen=True)
class Outcome:
    """What the tests made of one mutation."""

    name: str
    result: str
    seconds: float
    by: str


def wrong(mutant: Mutant, root: Path) -> str | None:
    """Return why a mutation does not fit the code, None if it does."""
    path = root / mutant.file
    if not path.is_file():
        return f"there is no file {mutant.file}"
    text = path.read_text()
    if (n := text.count(mutant.before)) != 1:
        return f"its text stands {n} times in {mutant.file}, not once"
    if path.suffix == ".py":
        try:
            ast.parse(text.replace(mutant.before, mutant.after))
        except SyntaxError as error:
            return f"it makes {mutant.file} no Python: {error}"
    missing = [t for t in mutant.tests if not (root / t.partition("::")[0]).is_file()]
    return f"there is no test file {missing[0]}" if missing else None


class Trees:
    """Private copies of the source tree, and the tests that run in them.

    Parameters
    ----------
    root : Path
        The working tree; what git ignores is not copied.
    folder : Path
        Where the copies go.
    n : int
        How many.
    """

    def __init__(self, root: Path, folder: Path, n: int) -> None:
        self._free: queue.SimpleQueue[Path] = queue.SimpleQueue()
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._ended = False
        listed = subprocess.run(
            ["git", "ls-files", "-z", "-co", "--exclude-standard"],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        files = [name for name in listed.split("\0") if name]
        for number in range(n):
            for name in files:
                if (root / name).is_file():
                    target = folder / str(number) / "tree" / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(root / name, target)
            (folder / str(number) / "tmp").mkdir()
            self._free.put(folder / str(number) / "tree")

    @contextmanager
    def one(self) -> Iterator[Path]:
        """Give a copy that nobody else uses."""
        tree = self._free.get()
        try:
            yield tree
        finally:
            self._free.put(tree)

    def test(
        self,
        tree: Path,
        tests: Sequence[str],
        *options: str,
        limit: float | None = LIMIT,
    ) -> tuple[int, str]:
        """Return pytest's exit code, that of a kill if it takes too long, and output.

        Parameters
        ----------
        tree : Path
            A copy; its packages come before installed ones.
        tests : sequence of str
            Files and node ids.
        *options : str
            Of pytest.
        limit : float, optional
            Seconds.
        """
        scratch = tree.with_name("tmp")
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(tree / each) for each in PACKAGES),
            "TMPDIR": str(scratch),
        }
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        with self._lock:
            if self._ended:
                raise KeyboardInterrupt
            process = subprocess.Popen(
                [*command, *options, *tests],
                cwd=tree,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            self._running.add(process)
        try:
            output, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            _kill(process)
            output, _ = process.communicate()
        except BaseException:
            _kill(process)
            raise
        finally:
            with self._lock:
                self._running.discard(process)
        return process.returncode, output

    def unmutated(self, tests: Sequence[str]) -> tuple[int, str]:
        """Return what `test` does, of a copy as it is and without a limit of time."""
        with self.one() as tree:
            return self.test(tree, tests, limit=None)

    def end(self) -> None:
        """End whatever still runs; nothing can be started any more."""
        with self._lock:
            self._ended = True
            for process in self._running:
                _kill(process)


def _kill(process: subprocess.Popen[str]) -> None:
    """End a process and all that it started in its session."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()


@contextmanager
def broken(mutant: Mutant, tree: Path) -> Iterator[None]:
    """Apply a mutation to a copy, and take it back."""
    path = tree / mutant.file
    text = path.read_text()
    compiled = Path(cache_from_source(str(path)))
    try:
        path.write_text(text.replace(mutant.before, mutant.after))
        # Python knows a stale one by size and second alone.
        compiled.unlink(missing_ok=True)
        yield
    finally:
        path.write_text(text)
        compiled.unlink(missing_ok=True)


def attempt(mutant: Mutant, trees: Trees) -> Outcome:
    """Run the tests that should catch a mutation."""
    with trees.one() as tree, broken(mutant, tree):
        began = time.monotonic()
        code, output = trees.test(tree, mutant.tests, "-x")
    seconds = time.monotonic() - began
    if code < 0:
        return Outcome(mutant.name, HUNG, seconds, f"over {LIMIT:.0f} s")
    if code == 0:
        passed = re.search(r"\d+ passed", output)
        return Outcome(mutant.name, SURVIVED if passed else NOT_TRIED, seconds, "")
    found = re.search(r"^(?:FAILED|ERROR) (\S+::\S+)", output, re.MULTILINE)
    if found is None:  # a module that cannot be imported proves nothing
        return Outcome(mutant.name, NOT_TRIED, seconds, output.strip()[-200:])
    return Outcome(mutant.name, CAUGHT, seconds, found[1])


def run(mutants: Sequence[Mutant], root: Path, *, workers: int) -> list[Outcome]:
    """Try mutations, each by itself; print each as soon as it is known.

    Parameters
    ----------
    mutants : sequence of Mutant
        Those to try; all must fit the code, see `wrong`.
    root : Path
        The working tree.
    workers : int
        How many at a time.

    Raises
    ------
    SystemExit
        The tests fail without any mutation.
    """
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    with tempfile.TemporaryDirectory(
        prefix="mutations-", ignore_cleanup_errors=True
    ) as folder:
        trees = Trees(root, Path(folder), workers)
        # of a file and a part of it, the file is enough
        whole = [t for t in tests if "::" not in t or t.partition("::")[0] not in tests]
        pool = ThreadPoolExecutor(workers)
        try:
            parts = [whole[number::workers] for number in range(workers)]
            for code, output in pool.map(trees.unmutated, filter(None, parts)):
                if code:
                    print(output)
                    raise SystemExit("the tests do not pass without any mutation")
                print("unmutated:", output.strip().splitlines()[-1], file=sys.stderr)
            trying = [pool.submit(attempt, mutant, trees) for mutant in mutants]
            outcomes = []
            for future in trying:
                outcomes.append(outcome := future.result())
                print(_line(outcome), file=sys.stderr, flush=True)
            return outcomes
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            trees.end()
            pool.shutdown()


def _line(one: Outcome) -> str:
    return f"{one.name:<34} {one.result:<10} {one.seconds:6.1f} s  {one.by}".rstrip()


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        help="a name or a part of it; may be given several times",
    )
    parser.add_argument("--list", action="store_true", help="run nothing")
    parser.add_argument("--workers", type=int, default=1, help="mutations at a time")
    parser.add_argument("--json", action="store_true", help="print JSON in the end")
    asked = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)  # to clear up in any case
    only = asked.only or [""]
    chosen = [each for each in MUTANTS if any(part in each.name for part in only)]
    if asked.list:
        for mutant in chosen:
            print(f"{mutant.name:<34} {mutant.breaks}")
        return
    unfit = {m.name: why for m in chosen if (why := wrong(m, ROOT)) is not None}
    for name, why in unfit.items():
        print(f"{name}: {why}", file=sys.stderr)
    if unfit or not chosen:
        raise SystemExit(2)
    began = time.monotonic()
    outcomes = run(chosen, ROOT, workers=asked.workers)
    seconds = time.monotonic() - began
    missed = [outcome for outcome in outcomes if outcome.result != CAUGHT]
    if asked.json:
        found = {"seconds": seconds, "mutations": [asdict(each) for each in outcomes]}
        print(json.dumps(found, indent=1))
    else:
        print(
            f"{len(outcomes)} mutations: {len(outcomes) - len(missed)} caught, "
            f"{len(missed)} not, in {seconds:.0f} s"
        )
    if missed:
        print("not caught:", *(each.name for each in missed), file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
