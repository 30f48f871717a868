"""Options are checked alike in all surveys."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from amphitrite.engine import checks
from amphitrite.errors import BadInput


@dataclass(frozen=True)
class Options:
    plot: Path | None = None
    table: Path | None = None

    def __post_init__(self):
        checks.to_paths(self, "plot", "table")


def test_names_of_files_become_paths():
    assert Options(plot="sky.png") == Options(Path("sky.png"), None)


@pytest.mark.parametrize("value", [None, 0.5])
@pytest.mark.parametrize("inclusive", [True, False])
def test_what_lies_between_passes(value, inclusive):
    checks.check_between("--x", value, 0, 1, wanted="a share", inclusive=inclusive)


@pytest.mark.parametrize("value", [0, 1])
def test_limits_count_where_they_are_included(value):
    checks.check_between("--x", value, 0, 1, wanted="a share", inclusive=True)
    with pytest.raises(BadInput, match=f"--x must be a share; received {value}"):
        checks.check_between("--x", value, 0, 1, wanted="a share")


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf")])
@pytest.mark.parametrize("inclusive", [True, False])
def test_what_lies_outside_is_refused(value, inclusive):
    with pytest.raises(BadInput, match="--x must be a share; received"):
        checks.check_between("--x", value, 0, 1, wanted="a share", inclusive=inclusive)


def test_a_file_name_needs_its_suffix():
    checks.check_suffix("--plot", None, ".png")
    checks.check_suffix("--plot", Path("sky.PNG"), ".png")
    with pytest.raises(BadInput, match=r"--plot .* ends in \.png; received sky\.jpg"):
        checks.check_suffix("--plot", Path("sky.jpg"), ".png")
