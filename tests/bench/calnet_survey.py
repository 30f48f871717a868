"""Whether ``amphitrite calnet`` stands a survey: its memory, and being killed half-way.

Simulates some thousand stars, all different, as files of the mission's format, and runs
the whole command on them against a local Triton.  The memory of client and server, with
the processes that they start, is sampled over the run (proportional set sizes, so that
shared pages count once).  Then the same is run again, killed with SIGKILL when half of
the journal is written, and gone on with by ``--resume``: its rows must be those of the
first run, bit for bit::

    python tests/bench/calnet_survey.py --stars 5000 --folder /big/disk

The files, 0.8 MB a star, are removed at the end.  Prints a table, and exits with 1 if
rows differ.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from astropy.table import QTable
from calnet_star_files import arguments, write_stars
from client import Used, amphitrite

from amphitrite.server.launcher import LocalTriton
from amphitrite.surveys.calnet.page import MODEL
from amphitrite.triton.repository import find_repository

SAMPLE_SECONDS = 0.5
# Of the run: the client has started before, and writes the catalogue afterwards.
EARLY, LATE = (0.2, 0.4), (0.75, 0.95)


@dataclass
class Watch:
    """Samples the memory of a run's two sides while it goes on.

    Parameters
    ----------
    server : int
        The server's process.
    journal : Path
        The run's journal, whose size tells how far it is.
    """

    server: int
    journal: Path
    samples: list[tuple[float, float, float]] = field(default_factory=list)
    journal_bytes: int = 0

    def __call__(self, client: int) -> None:
        """Take a sample, unless one has just been taken."""
        now = time.monotonic()
        if self.samples and now < self.samples[-1][0] + SAMPLE_SECONDS:
            return
        self.samples.append((now, memory_mib(client), memory_mib(self.server)))
        if self.journal.exists():
            self.journal_bytes = max(self.journal_bytes, self.journal.stat().st_size)


def memory_mib(pid: int) -> float:
    """Return the proportional set size of a process and all below it, MiB."""
    total = 0
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    for each in family:
        try:
            text = Path(f"/proc/{each.pid}/smaps_rollup").read_text()
        except OSError:  # it has just ended
            continue
        for line in text.splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def main() -> None:
    """Run the benchmark and print its table."""
    options = arguments(__doc__.splitlines()[0], stars=5000).parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        folder = Path(scratch)
        write_stars(folder / "stars", options.stars, share=options.binaries)
        repository = find_repository(options.repository)
        with LocalTriton(repository, [MODEL.name]) as triton:
            report = survey(folder, triton, options.workers)
    print(json.dumps(report) if options.json else text(report))
    raise SystemExit(0 if report["same_rows"] else 1)


def survey(folder: Path, triton: LocalTriton, workers: int) -> dict[str, Any]:
    """Run undisturbed and disturbed; return what happened."""
    command = (
        *("calnet", folder / "stars" / "*.fits"),
        *("--server", triton.grpc_url, "--workers", workers),
    )
    whole, killed = folder / "whole.fits", folder / "killed.fits"
    watch = Watch(triton.pid, journal_of(whole))
    used = amphitrite(*command, "-o", whole, watch=watch)
    seconds = kill_half_way(command, killed, watch.journal_bytes // 2)
    resumed = amphitrite(*command, "-o", killed, "--resume")
    return {
        "files": used.answer["files"],
        "segments": used.answer["segments"],
        "candidates": used.answer["candidates"],
        "wall": used.wall,
        "stages": used.answer["seconds"],
        "memory_mib": {"client": reduced(watch, 1), "server": reduced(watch, 2)},
        "killed_after": seconds,
        **{f"resumed_{name}": value for name, value in of_resumed(resumed).items()},
        "same_rows": same(whole, killed),
    }


def of_resumed(used: Used) -> dict[str, Any]:
    """Return how long a resumed run took, and how many files it had already."""
    return {"wall": used.wall, "files": used.answer["resumed"]}


def journal_of(out: Path) -> Path:
    """Return the journal of a run."""
    return out.with_name(out.name + ".part") / "journal"


def kill_half_way(command: Sequence[object], out: Path, n_bytes: int) -> float:
    """Kill a run, and what it started, once its journal has a size; return seconds."""
    began = time.monotonic()
    words = map(str, (*command, "-o", out, "--quiet"))
    process = subprocess.Popen([sys.executable, "-m", "amphitrite", *words])
    journal = journal_of(out)
    while not (journal.exists() and journal.stat().st_size >= n_bytes):
        if process.poll() is not None:
            raise SystemExit(f"the run ended by itself ({process.returncode})")
        time.sleep(0.01)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    for worker in workers:
        if worker.is_running():  # psutil compares the time at which it was started
            worker.kill()
    return time.monotonic() - began


def same(one: Path, other: Path) -> bool:
    """Return whether two catalogues have the same rows, bit for bit."""
    tables = [QTable.read(path) for path in (one, other)]
    if tables[0].colnames != tables[1].colnames or len({*map(len, tables)}) > 1:
        return False
    return all(
        np.asarray(tables[0][name]).tobytes() == np.asarray(tables[1][name]).tobytes()
        for name in tables[0].colnames
    )


def reduced(watch: Watch, column: int) -> dict[str, Any]:
    """Return the peak, the growth and ten samples of one side's memory, MiB."""
    samples = np.array(watch.samples)
    part = (samples[:, 0] - samples[0, 0]) / np.ptp(samples[:, 0])
    values = samples[:, column]
    early, late = (
        statistics.median(values[(part >= low) & (part <= high)].tolist())
        for low, high in (EARLY, LATE)
    )
    tenths = [values[np.argmin(np.abs(part - tenth / 10))] for tenth in range(1, 10)]
    return {
        "peak": float(values.max()),
        "early": early,
        "late": late,
        "growth": late - early,
        "tenths": [float(value) for value in tenths],
    }


def text(report: Mapping[str, Any]) -> str:
    """Return the report for a reader."""
    stages = ", ".join(f"{key} {value:.1f}" for key, value in report["stages"].items())
    lines = [
        f"{report['files']} files, {report['segments']} segments, "
        f"{report['candidates']} candidates: {report['wall']:.1f} s ({stages})"
    ]
    for side, memory in report["memory_mib"].items():
        tenths = " ".join(f"{value:.0f}" for value in memory["tenths"])
        lines.append(
            f"{side}: peak {memory['peak']:.0f} MiB; {memory['early']:.0f} early, "
            f"{memory['late']:.0f} late in the run, growth {memory['growth']:+.1f}; "
            f"at each tenth {tenths}"
        )
    rows = "the same rows" if report["same_rows"] else "OTHER ROWS"
    lines.append(
        f"killed after {report['killed_after']:.1f} s; resumed with "
        f"{report['resumed_files']} files done, in {report['resumed_wall']:.1f} s: "
        f"{rows}"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
