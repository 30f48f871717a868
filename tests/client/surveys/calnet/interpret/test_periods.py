"""Periods of known signals: right, with errors that mean what they say."""

import csv

import numpy as np
import pytest

from amphitrite.surveys.calnet.interpret.doubling import ODD_EVEN, SINUSOID
from amphitrite.surveys.calnet.interpret.folding import join
from amphitrite.surveys.calnet.interpret.periods import (
    FEW_CYCLES,
    NEGATIVE_FLUX,
    UNCONNECTED,
    Ephemeris,
    measure,
    peak,
)
from amphitrite.surveys.calnet.prepare.light_curves import read
from amphitrite.surveys.calnet.prepare.segments import segments


def noisy(time, flux, *, sigma=1e-3, seed=1):
    return flux + np.random.default_rng(seed).normal(0, sigma, len(time))


def test_a_detached_binary_has_its_period_epoch_and_depth(sector, binary):
    time = sector()
    signal = binary(time, period=2.7183, epoch=2000.9, depths=(0.3, 0.1), width=0.015)
    found = measure(time, noisy(time, signal))
    assert found.period == pytest.approx(2.7183, abs=5 * found.period_err)
    assert 0 < found.period_err < 1e-4
    cycles = (found.epoch - 2000.9) / 2.7183
    assert cycles - round(cycles) == pytest.approx(0, abs=0.002)
    # a bin is a third of the eclipse's width
    assert found.depth == pytest.approx(0.3, rel=0.03)
    assert found.peak.period != pytest.approx(2.7183, rel=0.01)


@pytest.mark.parametrize(("background", "deep"), [(0.69, False), (0.71, True)])
def test_no_depth_is_given_where_the_flux_is_below_zero(
    sector, binary, background, deep
):
    """As with a background that was overestimated: an eclipse of 0.3 is above 1."""
    time = sector()
    signal = binary(time, period=2.7183, depths=(0.3, 0.1), width=0.04) - background
    found = measure(time, signal / np.median(signal))
    assert found.period == pytest.approx(2.7183, abs=1e-4)
    assert np.isnan(found.depth) == deep
    assert (NEGATIVE_FLUX in found.flags) == deep


def test_alternate_minima_double_the_period(sector, binary):
    time = sector()
    signal = binary(time, period=3.1, depths=(0.2, 0.196))
    found = measure(time, noisy(time, signal, sigma=3e-3))
    assert found.period == pytest.approx(3.1, rel=1e-4)
    assert ODD_EVEN in found.flags


def test_alike_minima_cannot_be_told_apart(sector, binary):
    time = sector()
    signal = binary(time, period=3.1, depths=(0.2, 0.2), width=0.02)
    found = measure(time, noisy(time, signal))
    assert found.period == pytest.approx(1.55, rel=1e-4)
    assert found.flags == ()


def test_a_sinusoid_is_two_stars_in_contact(sector):
    time = sector()
    signal = 1 - 0.1 * np.cos(4 * np.pi * time / 0.4)
    found = measure(time, noisy(time, signal))
    assert found.period == pytest.approx(0.4, rel=1e-4)
    assert found.flags == (SINUSOID,)
    assert found.peak.period == pytest.approx(0.2, rel=1e-3)
    assert found.peak.power > 0.99
    assert found.peak.fap < 1e-100


def test_two_cycles_are_told(sector, binary):
    time = sector()
    signal = binary(time, period=11.2, epoch=2004.0, width=0.01)
    found = measure(time, noisy(time, signal))
    assert found.period == pytest.approx(11.2, rel=1e-3)
    assert FEW_CYCLES in found.flags


def test_a_second_sector_makes_the_period_more_precise(sector, binary):
    one, two = sector(), sector(start=2060.0)
    time = np.concatenate([one, two])
    signal = binary(time, period=2.345)
    alone = measure(one, noisy(one, signal[: len(one)]))
    both = measure(time, noisy(time, signal))
    assert both.period_err < 0.5 * alone.period_err
    assert both.period == pytest.approx(2.345, abs=5 * both.period_err)
    assert UNCONNECTED not in both.flags


def test_cycles_that_cannot_be_counted_are_not(sector, binary):
    one, two = sector(), sector(start=5000.0)
    time = np.concatenate([one, two])
    signal = binary(time, period=2.345, depths=(0.02, 0.01))
    found = measure(time, noisy(time, signal, sigma=0.01))
    assert UNCONNECTED in found.flags
    assert found.epoch < 2030


def test_flat_noise_gives_no_precise_period(sector):
    time = sector()
    found = measure(time, noisy(time, np.ones(len(time))))
    assert found.peak.power < 0.01
    assert found.peak.fap > 1e-3
    assert found.depth < 0.001


def test_a_short_light_curve_has_no_peak():
    found = peak(np.array([0.0, 0.05, 0.1]), np.array([1.0, 2.0, 1.0]))
    assert np.isnan(found.period)
    assert found.fap == 1


def test_an_ephemeris_survives_the_journal(sector, binary):
    time = sector()
    found = measure(time, noisy(time, binary(time, period=1.3)))
    assert Ephemeris.from_arrays(found.to_arrays()) == found


@pytest.mark.parametrize(
    ("number", "flags"), [("117544915", (ODD_EVEN,)), ("38846515", ())]
)
def test_the_period_of_a_real_star_is_that_of_the_villanova_catalogue(
    real_data, number, flags
):
    with (real_data / "tess" / "villanova_orbit_data_tess.csv").open() as file:
        (row,) = (row for row in csv.DictReader(file) if row["tess_id"] == number)
    published, uncertain = float(row["period"]), float(row["period_uncert"])
    name = f"tess2018206045859-s0001-{number:0>16}-0120-s_lc.fits.gz"
    light_curve = read(real_data / "tess" / name)
    found = measure(*join(segments(light_curve.time, light_curve.flux)))
    assert found.period == pytest.approx(published, rel=1e-3)
    # two standard deviations hold for 95 of 100 stars
    assert abs(found.period - published) < 2 * np.hypot(found.period_err, uncertain)
    assert found.flags == flags


def test_the_false_alarm_probability_is_that_of_the_whole_search():
    """Of noise alone, about half of all peaks are as likely as not."""
    time = 2000 + np.arange(0, 3, 1 / 144)
    chances = [
        peak(time, noisy(time, np.ones(len(time)), seed=seed)).fap for seed in range(40)
    ]
    # Baluev's is an upper limit, which is close where it is small
    assert 0.2 < np.median(chances) <= 1
    assert np.min(chances) > 1e-3


def test_a_peak_is_searched_up_to_half_of_the_span():
    time = 2000 + np.arange(0, 10, 1 / 144)
    slow = noisy(time, 1 + 0.1 * np.sin(2 * np.pi * time / 9.0))
    assert peak(time, slow).period <= 5
    quick = noisy(time, 1 + 0.1 * np.sin(2 * np.pi * time / 4.0))
    assert peak(time, quick).period == pytest.approx(4.0, rel=0.1)  # broad
    shortest = noisy(time, 1 + 0.1 * np.sin(2 * np.pi * time / 0.09))
    assert peak(time, shortest).period == pytest.approx(0.09, rel=0.001)
