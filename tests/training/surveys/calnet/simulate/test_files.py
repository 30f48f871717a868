"""Simulated stars as files."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.surveys.calnet.prepare import light_curves
from amphitrite_training.surveys.calnet.simulate import files
from amphitrite_training.surveys.calnet.simulate.stars import draw_star


@pytest.fixture(scope="module")
def star():
    return draw_star(4, kind="EA", tmag=9.0)


def test_a_file_has_the_columns_and_keywords_of_the_mission(star, tmp_path):
    path = files.write_star(star, tmp_path)
    assert path.name.endswith("-s_lc.fits")
    assert f"-s{star.cadences.sector:04d}-{files.tic(star):016d}-" in path.name
    with fits.open(path) as hdus:
        header, table = hdus[0].header, hdus["LIGHTCURVE"]
        assert header["TICID"] == files.FIRST_TIC + star.seed
        assert header["TESSMAG"] == 9.0
        assert header["SIMDATA"]
        assert header["ORIGIN"].startswith("SIMULATED")
        assert (header["RA_OBJ"], header["DEC_OBJ"]) == files.position(star)
        assert table.header["BJDREFI"] == 2_457_000
        np.testing.assert_array_equal(table.data["TIME"], star.cadences.time)
        np.testing.assert_array_equal(table.data["QUALITY"], star.cadences.quality)
        flux = table.data["PDCSAP_FLUX"]
        np.testing.assert_array_equal(flux, star.flux.astype(np.float32))
        errors = table.data["PDCSAP_FLUX_ERR"]
        relative = np.nanmedian(errors) / np.nanmedian(flux)
        assert relative == pytest.approx(star.sigma, rel=0.05)


def test_the_client_reads_what_was_simulated(star, tmp_path):
    found = light_curves.read(files.write_star(star, tmp_path))
    good = star.cadences.quality == 0
    assert found.tic == files.tic(star)
    assert found.sectors == (star.cadences.sector,)
    assert (found.ra, found.dec) == files.position(star)
    assert found.tmag == 9.0
    assert found.cadence == pytest.approx(120, rel=1e-6)
    np.testing.assert_array_equal(found.time, star.cadences.time[good])
    np.testing.assert_array_equal(found.flux, star.flux[good].astype(np.float32))


def test_a_file_is_replaced(star, tmp_path):
    assert files.write_star(star, tmp_path) == files.write_star(star, tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_positions_are_spread_over_the_sphere():
    places = np.array(
        [files.position(draw_star(seed, kind="quiet")) for seed in range(40)]
    )
    assert np.ptp(places[:, 0]) > 200
    assert abs(np.sin(np.radians(places[:, 1])).mean()) < 0.3


def test_the_truth_is_a_table(star):
    quiet = draw_star(5, kind="quiet")
    table = files.truth([star, quiet])
    assert list(table["kind"]) == ["EA", "quiet"]
    assert table["period"].unit == "d"
    assert table["period"].value.tolist() == [star.period, 0]
    assert table["depth"][0] == star.depth
