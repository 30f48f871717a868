"""The demo's counts, files and words, without a server."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from astropy import units as u
from astropy.table import QTable

from amphitrite.surveys.darkcnn.interpret.posterior import GRID, Posterior
from amphitrite.surveys.darkcnn.options import Options
from amphitrite.surveys.darkcnn.page import WARNING
from amphitrite.surveys.darkcnn.prepare.inputs import clusters
from amphitrite_training.surveys.darkcnn import demo
from amphitrite_training.surveys.darkcnn.simulate.files import SIMULATED

UNIT = u.cm**2 / u.g
KNOWN = QTable({"sigma_m": [0.3, 0.3, 0.3] * UNIT})
TABLE = QTable(
    {
        "cluster_id": ["simulated 1", "simulated 2", "simulated 3"],
        "z": [0.1, 0.2, 0.3],
        "p_cdm": [0.1, 0.2, 0.3],
        "p_sidm0_1": [0.5, 0.5, 0.5],
        "p_sidm1": [0.4, 0.3, 0.2],
        "sigma_m": [0.3, np.nan, 0.5] * UNIT,
        "sigma_m_err": [0.2, np.nan, 0.3] * UNIT,
        "in_sample": [True, False, True],
        "flags": ["", "out_of_domain", ""],
    }
)


def gaussian(middle):
    return Posterior.of(-0.5 * ((GRID - middle) / 0.02) ** 2)


@pytest.mark.parametrize(
    ("middle", "within"), [(0.31, (True, True)), (0.33, (False, True)), (0.5, (0, 0))]
)
def test_the_estimate_stands_beside_the_truth(middle, within):
    found = demo.compare(TABLE, gaussian(middle), KNOWN)
    assert (found["clusters"], found["in_sample"], found["true"]) == (3, 2, 0.3)
    assert found["estimate"] == pytest.approx(middle, abs=0.002)
    assert (found["within_68"], found["within_95"]) == within
    assert json.loads(json.dumps(found)) == found
    words = " ".join(demo._verdict(found).split())
    assert "2 of 3 simulated clusters count" in words
    assert ("does not hold" in words) != within[0]
    assert ("that of 95 % does" in words) != within[0]


def test_there_may_be_no_estimate():
    found = demo.compare(TABLE, Posterior.unknown(), KNOWN)
    assert found["estimate"] is found["interval_68"] is None
    assert not found["within_95"]
    assert demo._verdict(found).endswith("there is no estimate.")
    json.dumps(found, allow_nan=False)


def test_clusters_are_listed():
    lines = demo._listed(TABLE).splitlines()
    assert lines[1].split()[2:] == [
        "0.10",
        "0.10",
        "0.50",
        "0.40",
        "0.30",
        "+-",
        "0.20",
    ]
    assert lines[2].endswith("out_of_domain")
    assert len(lines) == 4
    long = QTable({name: np.repeat(TABLE[name], 4) for name in TABLE.colnames})
    assert demo._listed(long).splitlines()[-1] == "... and 7 more"


def test_the_hidden_cross_section_is_no_class():
    value = demo.hidden(demo.SEED)
    low, high = demo.HIDDEN
    assert low <= value <= high
    assert value == demo.hidden(demo.SEED)
    assert value != demo.hidden(demo.SEED + 1)


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
    """With a table in place of that of a server."""
    asked = []

    def run(*arguments):
        asked.extend(arguments)
        return SimpleNamespace(
            table=TABLE, posterior=gaussian(0.3), seconds={"judging": 1.0}
        )

    monkeypatch.setattr(demo.darkcnn_run, "run", run)
    monkeypatch.setattr(demo, "N_CLUSTERS", 3)
    write = demo.write
    monkeypatch.setattr(demo, "write", lambda *given: write(*given, n=3))
    user = Typing(can_draw)
    text, summary = demo.demo(tmp_path, user, nullcontext())
    pictures = tmp_path / "pictures" if can_draw else None
    (pattern,), _, out, options, _ = asked
    assert options == Options(plots=pictures)
    command = f"amphitrite darkcnn '{pattern}' -o {out}"
    assert user.command == command + (f" --plots {pictures}" if pictures else "")
    assert "3 simulated clusters of one hidden cross-section" in user.said
    files = sorted((tmp_path / "maps").iterdir())
    found = list(clusters(files))
    assert [each.name for each in found] == [f"simulated {n}" for n in (1, 2, 3)]
    assert not any(each.flags for each in found)
    truth = QTable.read(tmp_path / "truth.fits")
    assert truth.meta["OBJECT"] == SIMULATED
    assert set(truth["sigma_m"].to_value(UNIT)) == {demo.hidden(demo.SEED)}
    assert text.startswith(WARNING)
    assert "no measure of performance on observed clusters" in text
    assert ("pictures" in text) == can_draw
    assert summary["warning"] == WARNING
    assert json.loads(json.dumps(summary)) == summary


@pytest.mark.parametrize(("missing", "code"), [("numba", 1), ("keras", 0)])
def test_only_the_compiler_of_maps_is_needed(missing, code):
    program = (
        f"import sys; sys.modules[{missing!r}] = None; "
        "import amphitrite_training.surveys.darkcnn.demo"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == code
    if code:
        assert "pip install 'amphitrite[training]'" in done.stderr
