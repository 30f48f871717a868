"""The calnet page's own work, without a server."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.commands.calnet import calnet
from amphitrite.errors import BadInput, SpecMismatch
from amphitrite.files import catalogues
from amphitrite.surveys.calnet.catalogue import COLUMNS, FLAGS, interpret
from amphitrite.surveys.calnet.interpret.periods import Ephemeris, Peak
from amphitrite.surveys.calnet.interpret.stars import Scored, Star
from amphitrite.surveys.calnet.learned import Learned
from amphitrite.surveys.calnet.options import Options
from amphitrite.surveys.calnet.page import LIGHT_CURVE, MODEL
from amphitrite.surveys.calnet.work import prepare
from amphitrite.triton.spec import ModelSpec, check_contract

LEARNED = {"interpolation": "pchip", "threshold": 0.9}


def write(path, *, period=1.9, sigma=1e-3):
    time = 2000 + np.arange(0, 27, 1 / 720)
    time = time[(time < 2012.5) | (time > 2014)]
    x = (time / period + 0.25) % 1 - 0.25
    flux = 1 - 0.3 * np.exp(-0.5 * (x / 0.02) ** 2)
    flux += np.random.default_rng(3).normal(0, sigma, len(time))
    primary = fits.PrimaryHDU()
    primary.header.update({"TELESCOP": "TESS", "TICID": 77, "SECTOR": 4, "RA_OBJ": 1.0})
    primary.header.update({"DEC_OBJ": 2.0, "TESSMAG": 9.0})
    columns = [
        fits.Column("TIME", "D", array=time),
        fits.Column("PDCSAP_FLUX", "E", array=1e4 * flux),
        fits.Column("QUALITY", "J", array=np.zeros(len(time), int)),
    ]
    table = fits.BinTableHDU.from_columns(columns)
    fits.HDUList([primary, table]).writeto(path)
    return path


@pytest.fixture
def light_curve(tmp_path):
    return write(tmp_path / "a.fits")


def star(*scores, number=77, repeated=False):
    scored = Scored(
        *(Path("a.fits"), f"TIC {number}", number, 4, 1.0, 2.0, 9.0, "0" * 64),
        peak=Peak(0.95, 0.5, 1e-9),
        p_eb=np.array(scores, np.float32),
        start=2000 + 14 * np.arange(len(scores)),
    )
    return Star((scored,), repeated=repeated)


def test_preparing_twice_gives_the_same_request(light_curve):
    requests = [
        list(prepare(light_curve, interpolation="pchip", batch=8).requests())
        for _ in range(2)
    ]
    ((_, one),), ((_, two),) = requests
    assert set(one) == {tensor.name for tensor in MODEL.inputs}
    for tensor in MODEL.inputs:
        assert one[tensor.name].shape == (2, *tensor.shape)
        assert one[tensor.name].dtype == tensor.dtype
        np.testing.assert_array_equal(one[tensor.name], two[tensor.name])


def test_the_two_interpolations_differ(light_curve):
    curves = [
        prepare(light_curve, interpolation=name, batch=8).tensors[LIGHT_CURVE]
        for name in ("pchip", "spline")
    ]
    assert not np.array_equal(*curves)


def test_what_is_known_of_a_file_is_recorded(light_curve):
    work = prepare(light_curve, interpolation="pchip", batch=8)
    back = Scored.from_arrays(light_curve, work.record())
    assert (back.star, back.sector, back.tmag) == ("TIC 77", 4, 9.0)
    np.testing.assert_allclose(back.start, [2000, 2014], atol=0.01)
    # the peak of narrow eclipses is at the period or a harmonic of it
    assert 1.9 / back.peak.period == pytest.approx(
        round(1.9 / back.peak.period), rel=0.02
    )


def test_rows_hold_what_was_found():
    ephemeris = Ephemeris(
        *(1.9, 1e-5, 2010.5, 0.3), Peak(0.95, 0.5, 1e-9), 1.9, ("odd_even",)
    )
    stars = [star(0.2, 0.5, number=5), star(0.99, 0.5, repeated=True)]
    data = interpret(stars, {"TIC 77": ephemeris}, threshold=0.9)
    table = catalogues.table(COLUMNS, data)
    assert list(table.colnames) == [column.name for column in COLUMNS]
    low, high = table
    assert low["period"].value == 0.95
    assert np.isnan([low[n].value for n in ("period_err", "bls_period", "epoch")]).all()
    assert np.isnan(low["depth"])
    assert (low["flags"], low["n_positive"]) == ("periodogram", 0)
    assert (high["period"].value, high["epoch"].value) == (1.9, 2010.5)
    assert (high["n_segments"], high["n_positive"]) == (2, 1)
    assert high["flags"] == "odd_even,one_segment,repeated"
    assert high["p_eb"] == pytest.approx(0.99)
    assert set(high["flags"].split(",")) <= set(FLAGS)


@pytest.mark.parametrize(
    ("score", "threshold", "reached"),
    [
        (0.5, 0.5, True),
        (0.5, 0.500001, False),
        # as single precision 0.9 is a little less, and 0.7 too; 0.6 is a little more
        (0.9, 0.9, False),
        (0.6, 0.6, True),
    ],
)
def test_a_segment_is_positive_from_the_threshold_on(score, threshold, reached):
    one = star(0.1, score)
    assert (one.p_eb >= threshold) is reached
    (n_positive,) = interpret([one], {}, threshold=threshold)["n_positive"]
    assert n_positive == reached


def test_only_of_several_segments_one_is_said_to_stand_alone():
    def flags(*scores):
        (found,) = interpret([star(*scores)], {}, threshold=0.9)["flags"]
        return found.split(",")

    assert "one_segment" in flags(0.95, 0.1)
    assert "one_segment" not in flags(0.95)
    assert "one_segment" not in flags(0.95, 0.96)
    assert "one_segment" not in flags(0.1, 0.1)


def test_the_command_explains_every_flag():
    assert all(flag in calnet.__doc__ for flag in FLAGS)


def test_no_star_gives_an_empty_table_with_all_columns():
    table = catalogues.table(COLUMNS, interpret([], {}, threshold=0.9))
    assert len(table) == 0
    assert list(table.colnames) == [column.name for column in COLUMNS]


def test_the_spec_survives_json():
    spec = MODEL.with_weights(digest="sha256:0", learned=LEARNED)
    again = ModelSpec.from_json(spec.to_json())
    check_contract(served=again, expected=MODEL)
    assert Learned.of(again) == Learned("pchip", 0.9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"threshold": None}, "does not say what was learned"),
        ({"interpolation": "linear"}, r"'linear', which this client does not know"),
    ],
)
def test_a_model_that_has_learned_something_else_is_refused(change, message):
    learned = {key: v for key, v in {**LEARNED, **change}.items() if v is not None}
    with pytest.raises(SpecMismatch, match=message):
        Learned.of(MODEL.with_weights(digest="", learned=learned))


@pytest.mark.parametrize("threshold", [0, 1, -0.5, float("nan")])
def test_thresholds_are_probabilities(threshold):
    with pytest.raises(BadInput, match="--threshold must be a probability"):
        Options(threshold=threshold)
