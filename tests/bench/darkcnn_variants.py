"""Networks for clusters that are trained otherwise, judged on the same test clusters.

With and without noise, with all mass alone and with all channels, at 50 and 100 pixels,
over the maximum as in the paper, Inception and simple: each is trained in turn by
``amphitrite train darkcnn --set ...`` for the same time, and judged with Keras in the
cases of the model card.  Nothing of them is shipped.  The numbers go into
``training/amphitrite_training/surveys/darkcnn/variants.json``, after each network, so
that those that are there already are not trained again; the card shows them::

    python tests/bench/darkcnn_variants.py --time-limit 20m --work /tmp/variants

A network that was trained without noise or for other channels is judged in all cases,
too: how far it falls is what the comparison is for.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from amphitrite.surveys.darkcnn.page import CROSS_SECTIONS, PROBABILITIES
from amphitrite.triton.artefact import Artefact
from amphitrite_export.conversion.artefact import load
from amphitrite_training.evaluation.statistics import share
from amphitrite_training.surveys.darkcnn import cases
from amphitrite_training.surveys.darkcnn.cases import Case
from amphitrite_training.surveys.darkcnn.data import TEST_IDS
from amphitrite_training.surveys.darkcnn.judging import Seen, answers
from amphitrite_training.surveys.darkcnn.simulate.clusters import Clusters, clusters
from amphitrite_training.surveys.darkcnn.variants import FILE, Trained, Variants, read

ALONE = "1,0,0,0"
ALL = "0,0,0,1"
# what is calibrated does not change the most probable class
UNUSED = ("n_calibration_ids=100", "n_systematic_ids=2")


@dataclass(frozen=True)
class Way:
    """A way of training.

    Parameters
    ----------
    name : str
        How it differs.
    settings : mapping of str to str
        Values of the recipe.
    """

    name: str
    settings: Mapping[str, str]


# one thing differs from the default, or from a row above
WAYS = (
    Way("the default", {}),
    Way("without noise", {"noisy_share": "0"}),
    Way("with noise alone", {"noisy_share": "1", "relative_share": "0"}),
    Way("total alone", {"channel_shares": ALONE}),
    Way("total alone, without noise", {"channel_shares": ALONE, "noisy_share": "0"}),
    Way("all channels", {"channel_shares": ALL}),
    Way("all channels, without noise", {"channel_shares": ALL, "noisy_share": "0"}),
    Way("convolutions alone", {"multipoles": "False"}),
    Way("50 pixels", {"pixels": "50"}),
    Way("Inception", {"network": "inception", "width": "0.2"}),
    Way(
        "Inception, 50 pixels", {"network": "inception", "width": "0.2", "pixels": "50"}
    ),
    Way(
        "the paper's mode",
        {
            "scaling": "maximum",
            "multipoles": "False",
            "continuous": "False",
            "noisy_share": "0",
            "channel_shares": ALL,
        },
    ),
    Way(
        "the paper's mode, Inception",
        {
            "network": "inception",
            "width": "0.2",
            "scaling": "maximum",
            "multipoles": "False",
            "continuous": "False",
            "noisy_share": "0",
            "channel_shares": ALL,
        },
    ),
    Way(
        "the paper's mode, with noise",
        {
            "scaling": "maximum",
            "multipoles": "False",
            "continuous": "False",
            "channel_shares": ALL,
        },
    ),
)
SHOWN = tuple(case for case in cases.CASES if not case.redshift_alone)


def trained(
    way: Way, time_limit: str, folder: Path, more: Sequence[str] = ()
) -> Artefact:
    """Train a network, or go on with it, and return it.

    Parameters
    ----------
    way : Way
        What is set.
    time_limit : str
        As ``amphitrite train`` takes it.
    folder : Path
        Where the network goes; one that is there already is taken.
    more : sequence of str
        Other values of the recipe, ``KEY=VALUE``.
    """
    if not folder.exists():
        settings = [f"{key}={value}" for key, value in way.settings.items()]
        command = [sys.executable, "-m", "amphitrite", "train", "darkcnn"]
        command += ["--out", str(folder), "--time-limit", time_limit, "--resume"]
        for each in (*UNUSED, *settings, *more):
            command += ["--set", each]
        subprocess.run(command, check=True)
    return load(folder)


def accuracy(model: Any, made: Clusters, case: Case) -> Mapping[str, float | None]:
    """Return the share of right classes of a network in a case."""
    places = np.arange(len(made))
    seed = (TEST_IDS, cases.CASES.index(case))
    seen = Seen(made, places, [case.view] * len(made), seed, case.attribute_drop)
    best = answers(model, seen)[PROBABILITIES].argmax(1)
    truth = made.truth["cross_section"][:, None] == np.array(CROSS_SECTIONS)
    return share(best == truth.argmax(1), made.truth["number"])


def judged(
    way: Way, artefact: Artefact, made: Clusters, shown: Sequence[Case] = SHOWN
) -> Trained:
    """Return what a trained network reaches on test clusters."""
    facts: Any = artefact.spec.learned["training"]
    return Trained(
        way.name,
        dict(way.settings),
        facts["seconds"] / 60,
        facts["samples_seen"],
        facts["trainable_parameters"],
        {case.name: accuracy(artefact.model, made, case) for case in shown},
    )


def compare(
    ways: Sequence[Way],
    *,
    time_limit: str,
    n_ids: int,
    work: Path,
    out: Path,
    more: Sequence[str] = (),
    shown: Sequence[Case] = SHOWN,
) -> Variants:
    """Train and judge networks in turn; write the numbers after each.

    Parameters
    ----------
    ways : sequence of Way
        The networks.
    time_limit : str
        As ``amphitrite train`` takes it, for each.
    n_ids : int
        Test ids.
    work : Path
        Folder of the trained networks.
    out : Path
        The file of the numbers.
    more : sequence of str
        Other values of all recipes, ``KEY=VALUE``.
    shown : sequence of Case
        In which they are judged.
    """
    made = clusters(TEST_IDS, n_ids)
    known = read(out)
    settings = dict(text.split("=", 1) for text in more)
    measured = Variants(n_ids, minutes(time_limit), settings, [])
    if known is not None and replace(known, trained=[]) == measured:
        measured = known
    work.mkdir(parents=True, exist_ok=True)
    for way in ways:
        if any(each.name == way.name for each in measured.trained):
            continue
        folder = work / way.name.replace(" ", "_").replace(",", "").replace("'", "")
        found = judged(way, trained(way, time_limit, folder, more), made, shown)
        measured = replace(measured, trained=[*measured.trained, found])
        out.write_text(measured.to_json())
        shares = ", ".join(
            f"{name} {each['value']:.3f}" for name, each in found.accuracies.items()
        )
        print(f"{way.name}: {found.samples_seen:,} clusters seen; {shares}", flush=True)
    return measured


def minutes(time_limit: str) -> float:
    """Return a time such as ``90s``, ``30m`` or ``1h30m`` in minutes."""
    from amphitrite_training.commands.train import _duration

    return _duration(time_limit) / 60


def main() -> None:
    """Train, judge and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--time-limit", default="20m", help="of each training")
    parser.add_argument("--ids", type=int, default=1_200, help="test ids")
    parser.add_argument("--work", type=Path, required=True, help="for the networks")
    parser.add_argument("--out", type=Path, default=FILE)
    parser.add_argument("--ways", nargs="+", help="names of those that are wanted")
    parser.add_argument("--set", nargs="+", default=[], help="KEY=VALUE of all recipes")
    chosen = parser.parse_args()
    names = chosen.ways or [way.name for way in WAYS]
    if unknown := set(names) - {way.name for way in WAYS}:
        parser.error(f"unknown: {', '.join(unknown)}")
    compare(
        [way for way in WAYS if way.name in names],
        time_limit=chosen.time_limit,
        n_ids=chosen.ids,
        work=chosen.work,
        out=chosen.out,
        more=chosen.set,
    )


if __name__ == "__main__":
    main()
