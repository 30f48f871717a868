"""What the demo of inspirals counts; a real run of it needs a server."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from astropy import units as u
from astropy.table import QTable

from amphitrite.surveys.emri.options import Options
from amphitrite.surveys.emri.prepare.strain_files import read
from amphitrite.surveys.emri.sampling import LOWEST_HZ, NYQUIST_HZ, SAMPLE_SECONDS
from amphitrite_training.surveys.emri import demo
from amphitrite_training.surveys.emri.simulate.files import SIMULATED
from amphitrite_training.surveys.emri.simulate.orbits import PERICENTRE, orbit
from amphitrite_training.surveys.emri.simulate.waveforms import CUT

KNOWN = QTable(
    {
        "name": ["simulated 1", "simulated 2", "simulated 3"],
        "start": [20.0, 130.0, 240.0] * u.d,
        "end": [111.0, 221.0, 331.0] * u.d,
        "snr": [90.0, 60.0, 45.0],
        "mass": [1e6, 10**5.8, 10**6.5] * u.Msun,
    }
)
TABLE = QTable(
    {
        "trigger": [1, 2, 3],
        "start": [0.0, 112.0, 221.0] * u.d,
        "end": [91.0, 128.0, 350.0] * u.d,
        "statistic": np.array([12.0, 5.0, 7.5]),
        "fap": [5e-5, 9e-4, 4e-4],
    }
)


def test_signals_and_triggers_are_counted():
    """The second trigger lies between two signals, the third begins as one ends."""
    counted = demo.compare(TABLE, KNOWN)
    assert counted == {"signals": 3, "found": 2, "triggers": 3, "false_alarms": 1}
    assert json.loads(json.dumps(counted)) == counted


def test_a_trigger_may_hold_several_signals_and_a_signal_several_triggers():
    whole = TABLE[:1]
    whole["start"], whole["end"] = [0.0] * u.d, [365.0] * u.d
    counted = demo.compare(whole, KNOWN)
    assert counted == {"signals": 3, "found": 3, "triggers": 1, "false_alarms": 0}
    twice = TABLE[[0, 0]]
    assert demo.compare(twice, KNOWN)["found"] == 1
    assert demo.compare(twice, KNOWN)["false_alarms"] == 0


def test_times_in_seconds_are_counted_likewise():
    seconds = TABLE.copy()
    for name in ("start", "end"):
        seconds[name] = TABLE[name].to("s")
    assert demo.compare(seconds, KNOWN) == demo.compare(TABLE, KNOWN)


def test_a_catalogue_or_a_truth_may_be_empty():
    assert demo.compare(TABLE[:0], KNOWN) == {
        "signals": 3,
        "found": 0,
        "triggers": 0,
        "false_alarms": 0,
    }
    counted = demo.compare(TABLE, KNOWN[:0])
    assert (counted["signals"], counted["false_alarms"]) == (0, 3)


def test_every_signal_is_listed_with_its_loudest_trigger():
    both = TABLE.copy()
    both["start"][1] = 50 * u.d  # now it shares time with the first signal
    lines = demo._listed(both, KNOWN).splitlines()
    assert lines[0].split()[-2:] == ["statistic", "P(false)"]
    assert lines[1].split() == [
        *("1", "6.0", "90", "20.0-111.0"),
        *("1", "0.0-91.0", "12.00", "5e-05"),
    ]
    assert lines[2].split() == ["2", "5.8", "60", "130.0-221.0", "none"]
    assert lines[3].split()[4:6] == ["3", "221.0-350.0"]
    assert len({len(line) for line in (lines[0], lines[1], lines[3])}) == 1


def test_the_signals_are_typical_and_do_not_overlap():
    placed = demo.signals(demo.SEED)
    assert placed == demo.signals(demo.SEED)
    assert placed[0].first > 0
    assert all(one.last < two.first for one, two in pairwise(placed))
    assert placed[-1].last < demo.DAYS * demo.DAY / SAMPLE_SECONDS
    assert [one.ratio for one in placed] == [ratio for _, ratio in demo.SHOWN]
    for one in placed:
        assert one.inspiral.later == 0
        assert 0.3 <= one.inspiral.spin <= 0.7


@pytest.mark.parametrize("number", range(len(demo.SHOWN)))
def test_a_signal_plunges_inside_the_band(number):
    """The second harmonic, the strongest, stays below the highest that is simulated."""
    inspiral = demo.signals(demo.SEED)[number].inspiral
    path = orbit(inspiral)
    assert path is not None
    strongest = 2 * inspiral.frequency + path.rate[PERICENTRE, -1] / np.pi
    assert LOWEST_HZ < strongest < CUT * NYQUIST_HZ


@dataclass
class Typing:
    """A user who keeps what the demo says."""

    can_draw: bool
    said: str = ""
    command: str = ""

    def control(self, said, command):
        self.said, self.command = said, command


@pytest.mark.parametrize("can_draw", [True, False])
def test_what_is_told_and_written(can_draw, tmp_path, monkeypatch):
    """With the triggers of a table in place of those of a server."""
    asked = []

    def run(*arguments):
        asked.extend(arguments)
        return SimpleNamespace(
            table=TABLE, n_segments=8, threshold=4.5, seconds={"searching": 1.0}
        )

    monkeypatch.setattr(demo.emri_run, "run", run)
    user = Typing(can_draw)
    text, summary = demo.demo(tmp_path, user, nullcontext())
    pictures = tmp_path / "pictures" if can_draw else None
    (file,), _, out, options, _ = asked
    assert options == Options(plots=pictures)
    command = f"amphitrite emri {file} -o {out}"
    assert user.command == command + (f" --plots {pictures}" if pictures else "")
    assert "simulated strain" in user.said
    found = read(file)
    assert found.n == 2_105_280
    assert np.isfinite(found.values).all()
    truth = QTable.read(tmp_path / "truth.ecsv")
    assert truth.meta["OBJECT"] == SIMULATED
    assert (truth["end"][-1] - found.start * u.s) < found.end * u.s
    counted = demo.compare(TABLE, truth)
    assert {key: summary[key] for key in counted} == counted
    assert json.loads(json.dumps(summary)) == summary
    assert f"{counted['found']} of 3 simulated inspirals" in text
    assert "no measure of performance" in text
    assert ("pictures" in text) == can_draw


def test_without_the_compiler_of_orbits_the_extra_is_named():
    code = (
        "import sys; sys.modules['numba'] = None; "
        "import amphitrite_training.surveys.emri.demo"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    assert "pip install 'amphitrite[training]'" in done.stderr


def test_no_training_framework_is_needed():
    code = (
        "import sys, json; import amphitrite_training.surveys.emri.demo; "
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert not set(json.loads(done.stdout)) & {"keras", "tensorflow", "matplotlib"}
