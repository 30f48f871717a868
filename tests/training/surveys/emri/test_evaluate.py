"""What is measured through a served network, on a few segments."""

from __future__ import annotations

import json
import sys
from concurrent.futures import Future
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from amphitrite.engine import workers
from amphitrite.errors import MissingExtra
from amphitrite.surveys.emri.page import MODEL, STATISTIC, STRAIN, TABLE_3
from amphitrite.surveys.emri.prepare.whitening import TAPER
from amphitrite.surveys.emri.sampling import N_SAMPLES
from amphitrite_training.surveys.emri import evaluate as evaluation
from amphitrite_training.surveys.emri.data import TEST_SIGNALS, VALIDATION_SIGNALS
from amphitrite_training.surveys.emri.departures import DEPARTURES, RIGHT
from amphitrite_training.surveys.emri.evaluate import Sizes, evaluate
from amphitrite_training.surveys.emri.groups import (
    SETTINGS,
    STAND_IN,
    Sources,
)
from amphitrite_training.surveys.emri.recipe import MOST_SIGNALS
from amphitrite_training.surveys.emri.segments import NOISE, Noise
from amphitrite_training.surveys.emri.simulate.augmented_agreement import CASES
from amphitrite_training.surveys.emri.simulate.signals import signals

AUGMENTED = "amphitrite_training.surveys.emri.simulate.augmented"
SMALL = Sizes(
    n_noise=3,
    n_signals=2,
    n_snr=2,
    n_points=1,
    n_misjudged=2,
    n_misjudged_signals=1,
    n_stream=3,
)
KINDS = (RIGHT, "amplitude +3 %")


def energy(strain):
    """Return the mean square of segments between their ramps."""
    return np.mean(strain[..., TAPER:-TAPER].astype(float) ** 2, axis=(1, 2))


def served(spec, factor):
    """Return a network whose statistic is the energy of a segment, scaled."""

    def submit(tensors, outputs):
        assert outputs == (STATISTIC,)
        square = energy(tensors[STRAIN])
        future = Future()
        future.set_result({STATISTIC: np.float32(factor * square)[:, None]})
        return future

    return SimpleNamespace(
        spec=spec.with_weights(digest="sha256:1"), version=4, max_batch=2, submit=submit
    )


class Connection:
    """A server with both networks."""

    def model(self, expected):
        return served(expected, 1 if expected is MODEL else -1)


def augmented(function):
    """Return a stand-in for the module of augmented waveforms."""
    module = ModuleType(AUGMENTED)
    module.signals = function
    return module


@pytest.fixture
def measure(monkeypatch, cache):
    """Evaluate a few points in this process; also return the lengths of the bars."""

    def measured(waveforms):
        bars = {}

        @contextmanager
        def progress(what, total):
            done = []
            yield done.append
            bars[what] = (total, sum(done))

        monkeypatch.setitem(sys.modules, AUGMENTED, augmented(waveforms))
        # an attribute of the package goes before the entry
        package = sys.modules[AUGMENTED.rpartition(".")[0]]
        monkeypatch.setattr(package, "augmented", sys.modules[AUGMENTED], raising=False)
        monkeypatch.setattr(evaluation, "SETTINGS", (SETTINGS[4], SETTINGS[-1]))
        monkeypatch.setattr(evaluation, "SINGLE_RATIOS", (10.0, 130.0))
        near = Sources(population=STAND_IN.population, redshift=(0.03, 0.04), least=50)
        monkeypatch.setattr(evaluation, "STAND_IN", near)
        some = {name: DEPARTURES[name] for name in KINDS}
        monkeypatch.setattr(evaluation, "DEPARTURES", some)
        monkeypatch.setattr(evaluation, "agreement", lambda cases: cases)
        in_this_process = workers.pool(0)
        monkeypatch.setattr(workers, "pool", lambda n: in_this_process)
        return evaluate(
            Connection(), progress=progress, sizes=SMALL, specs=(MODEL, TABLE_3)
        ), bars

    return measured


def missing(first, n):
    raise MissingExtra("Augmented waveforms", "waveforms")


def test_all_is_measured_that_should_be(measure):
    found, bars = measure(lambda first, n: signals(first + 50, n))
    assert list(found.networks) == [MODEL.name, TABLE_3.name]
    assert {each.version for each in found.networks.values()} == {4}
    assert found.left_out == ""
    # 3 groups of 2, 2 ratios of 2, 2 settings of 1
    assert bars == {
        "noise": (3, 3),
        "signals": (11, 11),
        "waveforms": (4, 4),
        "misjudged noise": (6, 6),
        "stream": (3, 3),
    }
    assert found.agreements == CASES
    assert [(each.group, dict(each.at)) for each in found.points] == [
        *((group, {}) for group in (1, 2, 3)),
        *((4, {"snr": ratio}) for ratio in (10, 130)),
        *((each.group, each.at) for each in (SETTINGS[4], SETTINGS[-1])),
    ]
    _check_statistics(found)
    _check_ratios(found)
    _check_misjudged(found)
    assert found.stream.firsts == (0, N_SAMPLES // 2, N_SAMPLES)
    assert found.stream.n_samples == 2 * N_SAMPLES
    assert found.probabilities == ()
    json.dumps(found.as_dict(), allow_nan=False)


def _check_statistics(found):
    """The networks and the yardsticks have judged the same segments."""
    for judged in (found.noise, found.stream.judged, *(p.judged for p in found.points)):
        seen = judged.statistics["energy"]
        np.testing.assert_allclose(judged.statistics["emri"], seen, rtol=1e-5)
        np.testing.assert_allclose(judged.statistics["emri_table3"], -seen, rtol=1e-5)
    strain = Noise(NOISE, 0, 3).strain()
    np.testing.assert_allclose(
        found.noise.statistics["energy"], energy(strain), rtol=1e-5
    )


def _check_ratios(found):
    """Signals are as loud as their group's."""
    plain, stand_in, other = (point.judged for point in found.points[:3])
    assert (plain.ratios >= 50).all()
    assert (plain.ratios <= 120).all()
    np.testing.assert_array_equal(plain.ratios, other.ratios)
    assert not np.allclose(plain.statistics["boxes"], other.statistics["boxes"])
    assert (stand_in.ratios > 50).all()
    faint, loud = (point.judged for point in found.group(4))
    np.testing.assert_array_equal(faint.ratios, 10)
    np.testing.assert_array_equal(loud.ratios, 130)
    # a signal of 130 adds 3 % to the variance, with a scatter of 0.2 %
    assert (loud.statistics["energy"] > 1.01).all()
    assert (faint.statistics["energy"] < 1.01).all()
    assert found.points[-1].judged.ratios[0] > 0


def _check_misjudged(found):
    """The amplitude is wrong by 3 %; the noise is the same, and so is the signal."""
    right, loud = found.departed
    assert [right.name, loud.name] == list(KINDS)
    np.testing.assert_allclose(
        loud.noise.statistics["energy"],
        1.03**2 * right.noise.statistics["energy"],
        rtol=1e-5,
    )
    np.testing.assert_array_equal(right.signals.ratios, loud.signals.ratios)
    assert right.signals.ratios[0] == found.points[0].judged.ratios[0]


def test_a_missing_extra_leaves_its_group_out(measure):
    found, bars = measure(missing)
    assert found.left_out.startswith("Augmented waveforms needs the 'waveforms' extra")
    assert "\n" not in found.left_out
    assert found.group(3) == []
    assert found.agreements == ()
    assert bars["signals"] == (9, 9)


def test_sizes_are_in_proportion_and_not_too_small():
    assert Sizes.of(20) == Sizes()
    half = Sizes.of(10)
    assert (half.n_noise, half.n_signals, half.n_points) == (10_000, 250, 100)
    quick = Sizes.of(1)
    assert (quick.n_noise, quick.n_snr, quick.n_points) == (1_000, 25, 10)
    assert quick.n_misjudged_signals == 10
    assert (Sizes().of_ratio(50.0), Sizes().of_ratio(60.0)) == (500, 200)


def test_signals_of_the_evaluation_are_never_trained_on():
    assert VALIDATION_SIGNALS + MOST_SIGNALS <= TEST_SIGNALS
