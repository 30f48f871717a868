"""What may be asked of a forecast, and how it is said."""

from __future__ import annotations

import json

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.learned import Floor, Learned, ScoreCurve, logarithm
from amphitrite.surveys.darkcnn.page import WARNING
from amphitrite_training.surveys.darkcnn.forecast import Asked, _shifts, _summary
from amphitrite_training.surveys.darkcnn.forecasting.served import Answers
from amphitrite_training.surveys.darkcnn.forecasting.words import text

FLOOR = Floor(np.zeros(27), np.ones(27), np.zeros((27, 3)), np.zeros(3))
RNG = np.random.default_rng(1)


def answers(truth):
    n = len(truth)
    score = logarithm(truth) + RNG.normal(0, 0.3, n)
    shares = np.full((n, 3), [0.2, 0.6, 0.2])
    return Answers(np.arange(n), truth, score, np.ones(n), shares)


def learned(**shifts):
    truth = np.linspace(0, 2, 4000)
    curve = ScoreCurve.of(0.0, truth, logarithm(truth))
    moved = {name: np.array([[0.0, by], [1.0, by]]) for name, by in shifts.items()}
    return Learned({"total+xray+stars": [curve]}, moved, FLOOR)


@pytest.fixture(scope="module")
def found():
    near = np.arange(2000) % 20 > 0
    return _summary(
        Asked(0.3, 400, mocks=50),
        "darkcnn/1",
        learned(age=np.log10(1.5)),
        answers(np.full(1900, 0.3)),
        answers(RNG.uniform(0, 2, 3000)),
        near,
    )


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sigma": -0.1}, "--sigma must be from 0 to 1.5"),
        ({"sigma": 2.0}, "--sigma"),
        ({"sigma": float("nan")}, "--sigma"),
        ({"n": 0}, "--n must be"),
        ({"n_gal": -1.0}, "--n-gal must be"),
        ({"ks": float("inf")}, "--ks must be"),
        ({"mocks": 1}, "--mocks must be"),
        ({"channels": ("xray",)}, "must name total"),
        ({"channels": ("total", "radio")}, "received radio"),
    ],
)
def test_what_cannot_be_asked(changes, why):
    with pytest.raises(BadInput, match=why):
        Asked(**{"sigma": 0.3, **changes})


def test_how_clusters_are_seen():
    asked = Asked(0.3, channels=("total", "stars"))
    assert asked.kind == "total+stars"
    assert (asked.view.galaxies, asked.view.kiloseconds) == (30, 0)
    assert [Asked(0.3, n).n_pool for n in (10, 1000, 50_000)] == [1000, 2000, 3000]


def test_systematics_are_those_of_the_clusters():
    """A score that is larger by log10(1.5) is that of 1.5 times the cross-section."""
    moved = _shifts(learned(age=np.log10(1.5)), 0.3)
    # 1.5 (0.3 + 0.03) - 0.03, on a grid of 0.0025
    assert moved["age"] == pytest.approx(0.165, abs=0.006)
    assert _shifts(Learned({}, {}, FLOOR), 0.3) == {}


def test_the_numbers(found):
    # 0.3 over the root of 380 is 0.0154, times 0.33 ln 10
    # a curve of five terms has a slope that is good to 20 % there
    assert found.statistical == pytest.approx(0.0117, rel=0.25)
    # and 3,000 clusters for five terms, of which few are below 0.3
    assert found.statistical < found.half_width < 2 * found.statistical
    assert found.scatter == pytest.approx(found.half_width, rel=0.4)
    assert abs(found.bias) < 4 * found.bias_error
    assert found.product_bias == pytest.approx(-0.2, abs=0.001)
    assert found.left_out == pytest.approx(0.05)
    assert found.needed < 20
    assert dict(found.widths)[400] == pytest.approx(found.half_width, rel=0.3)


def test_the_warning_stands_first(found):
    lines = text(found).splitlines()
    assert lines[0] == WARNING
    assert (
        "400 clusters of 0.3 cm2/g, total+xray+stars, 30 galaxies/arcmin2" in lines[1]
    )
    assert any("age: +0.16" in line for line in lines)
    assert "drawn with replacement from 1,900" in lines[-1]


def test_json(found):
    told = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert told["n"] == 400
    assert told["systematics"]["age"] == pytest.approx(0.165, abs=0.006)
    assert {"half_width", "bias", "coverage", "needed"} <= set(told)


def test_a_picture(found):
    pytest.importorskip("matplotlib", reason="pictures need the plots extra")
    from amphitrite_training.surveys.darkcnn.forecasting.picture import picture

    left, right = picture(found).axes
    assert left.get_xlabel() == "median of a sample (cm2/g)"
    assert len(right.lines[0].get_xdata()) == len(found.widths)
