"""Networks that were trained otherwise, and are not shipped: what a benchmark measured.

`tests/bench/darkcnn_variants.py` writes the file that stands beside this module.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from amphitrite.errors import BadInput
from amphitrite_training.evaluation.cards import Interval

FILE: Final = Path(__file__).with_name("variants.json")
"""Where the benchmark's numbers are kept."""


@dataclass(frozen=True)
class Trained:
    """A network that was trained otherwise.

    Parameters
    ----------
    name : str
        How it differs.
    settings : mapping of str to str
        The values of the recipe that are not the default's.
    minutes : float
        Time of training.
    samples_seen : int
        Clusters seen in training, each as often as it was.
    parameters : int
        Trained parameters.
    accuracies : mapping of str to Interval
        By the name of the case: share of right classes, its interval by resampling ids.
    """

    name: str
    settings: Mapping[str, str]
    minutes: float
    samples_seen: int
    parameters: int
    accuracies: Mapping[str, Interval]


@dataclass(frozen=True)
class Variants:
    """Networks that were trained for the same time, and judged on the same clusters.

    Parameters
    ----------
    n_ids : int
        Test ids, each with three clusters.
    minutes : float
        Time limit of each training.
    settings : mapping of str to str
        Values of all their recipes that are not the default's.
    trained : sequence of Trained
        The networks.
    """

    n_ids: int
    minutes: float
    settings: Mapping[str, str]
    trained: Sequence[Trained]

    def to_json(self) -> str:
        """Return the numbers as JSON text; see `read`."""
        return json.dumps(asdict(self), indent=1, allow_nan=False) + "\n"


def read(path: Path = FILE) -> Variants | None:
    """Return what a benchmark has measured; None if it was not run.

    Raises
    ------
    BadInput
        The file is damaged.
    """
    if not path.exists():
        return None
    try:
        stored: dict[str, Any] = json.loads(path.read_text())
        trained = [Trained(**each) for each in stored.pop("trained")]
        return Variants(trained=trained, **stored)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BadInput(
            f"the comparison in {path} is damaged ({error}); make it again with "
            "tests/bench/darkcnn_variants.py, or remove it"
        ) from error
