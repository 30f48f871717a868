"""Brightness, position and class of the sources in a segmentation map."""

import json

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

from amphitrite.files import catalogues
from amphitrite.surveys.morpheus.catalogue import COLUMNS, interpret
from amphitrite.surveys.morpheus.interpret import segmentation
from amphitrite.surveys.morpheus.interpret.measurement import measure
from amphitrite.surveys.morpheus.page import MORPHOLOGIES


class TestOriginal:
    def test_catalogue(self, original):
        got = measure(
            original["segmap"],
            original["h"],
            {name: original[name] for name in MORPHOLOGIES},
            {name: original[f"{name}_var"] for name in MORPHOLOGIES},
            None,
        )
        expected = json.loads(str(original["catalog"]))
        assert [*got["id"]] == [row["id"] for row in expected]
        for i, row in enumerate(expected):
            assert [got["y"][i], got["x"][i]] == row["location"]
            shares = [got[f"p_{name}"][i] for name in MORPHOLOGIES]
            # Stored as float32, which rounds a share of 1 by 6e-8.
            np.testing.assert_allclose(shares, row["morphology"], atol=1e-6)
            best = np.argmax(row["morphology"])
            assert got["morphology"][i] == MORPHOLOGIES[best]


def maps(shape, **values):
    return {
        name: np.full(shape, values.get(name, 0.0), np.float32) for name in MORPHOLOGIES
    }


class TestMeasure:
    SHAPE = (30, 40)

    def measure(self, labels, flux, votes, *, variances=None, wcs=None):
        variances = maps(self.SHAPE) if variances is None else variances
        return measure(labels, flux, votes, variances, wcs)

    def labels(self):
        labels = np.zeros(self.SHAPE, dtype=np.int32)
        labels[:5] = -1
        labels[10:14, 10:15] = 2
        labels[20:22, 30:32] = 7
        return labels

    def test_columns(self):
        got = self.measure(
            self.labels(), np.ones(self.SHAPE), maps(self.SHAPE, disk=0.5)
        )
        table = catalogues.table(COLUMNS, interpret(got, set()))
        for column in COLUMNS:
            assert table[column.name].dtype == np.dtype(column.dtype) or (
                column.dtype == "str" and table[column.name].dtype.kind == "U"
            )
        assert [*got["id"]] == [2, 7]
        assert [*got["area"]] == [20, 4]
        assert [*got["flux_h"]] == [20, 4]
        assert [*got["p_disk"]] == [1, 1]
        assert [*got["morphology"]] == ["disk", "disk"]
        assert np.isnan(got["ra"]).all()
        assert np.isnan(got["dec"]).all()

    def test_weights_by_flux(self):
        flux = np.zeros(self.SHAPE)
        flux[10:14, 10:15] = np.arange(20).reshape(4, 5)
        votes = maps(self.SHAPE)
        votes["spheroid"][10:12] = 0.8  # flux 0..9: 45
        votes["irregular"][12:14] = 0.4  # flux 10..19: 145
        got = self.measure(self.labels(), flux, votes)
        expected = 0.8 * 45 / (0.8 * 45 + 0.4 * 145)
        # Columns and votes are float32.
        assert got["p_spheroid"][0] == pytest.approx(expected, rel=1e-6)
        assert got["p_irregular"][0] == pytest.approx(1 - expected, rel=1e-6)
        assert got["morphology"][0] == "irregular"
        assert (got["y"][0], got["x"][0]) == (13, 14)

    def test_negative_flux_takes_part(self):
        flux = np.zeros(self.SHAPE)
        flux[10, 10:13] = [10, -2, 4]
        votes = maps(self.SHAPE)
        votes["spheroid"][10, 10:12] = 1
        votes["disk"][10, 12] = 1
        got = self.measure(self.labels(), flux, votes)
        assert got["p_spheroid"][0] == pytest.approx(8 / 12, rel=1e-6)

    def test_negative_share_weights_positive_flux(self):
        flux = np.zeros(self.SHAPE)
        flux[10, 10:13] = [10, -2, 4]
        votes = maps(self.SHAPE)
        votes["spheroid"][10, 10] = 1
        votes["disk"][10, 11] = 1
        votes["irregular"][10, 12] = 1
        got = self.measure(self.labels(), flux, votes)
        shares = [got[f"p_{name}"][0] for name in MORPHOLOGIES]
        np.testing.assert_allclose(shares, [10 / 14, 0, 4 / 14, 0], rtol=1e-6)

    def test_no_positive_flux_weights_equally(self):
        flux = np.full(self.SHAPE, -1.0)
        votes = maps(self.SHAPE, disk=0.75, spheroid=0.25)
        got = self.measure(self.labels(), flux, votes)
        assert got["p_disk"][1] == pytest.approx(0.75)
        assert labels_at(self.labels(), got) == [2, 7]

    def test_no_votes(self):
        got = self.measure(self.labels(), np.ones(self.SHAPE), maps(self.SHAPE))
        assert np.isnan(got["p_disk"]).all()
        assert [*got["morphology"]] == ["", ""]

    def test_brightest_pixel_is_the_first_of_equals(self, monkeypatch):
        monkeypatch.setattr(segmentation, "_STRIP_PIXELS", 40)  # row by row
        flux = np.zeros(self.SHAPE)
        flux[12, 14] = flux[13, 11] = 3
        flux[11, 11] = np.nan
        flux[0, 0] = 100
        got = self.measure(self.labels(), flux, maps(self.SHAPE, disk=1))
        assert (got["y"][0], got["x"][0]) == (12, 14)
        assert (got["y"][1], got["x"][1]) == (20, 30)
        assert got["flux_h"][0] == 6

    def test_spread(self):
        variances = maps(self.SHAPE, disk=0.04)
        variances["disk"][10:12] = 0.16
        got = self.measure(
            self.labels(),
            np.ones(self.SHAPE),
            maps(self.SHAPE, disk=1),
            variances=variances,
        )
        np.testing.assert_allclose(got["p_disk_std"], [np.sqrt(0.1), 0.2], rtol=1e-6)

    def test_sky_position_is_icrs(self):
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = ["GLON-TAN", "GLAT-TAN"]
        wcs.wcs.crval = [223.5, -54.4]
        wcs.wcs.crpix = [31, 21]
        wcs.wcs.cdelt = [-1.7e-5, 1.7e-5]
        got = self.measure(
            self.labels(), np.ones(self.SHAPE), maps(self.SHAPE, disk=1), wcs=wcs
        )
        expected = SkyCoord(223.5, -54.4, unit="deg", frame="galactic").icrs
        assert got["ra"][1] == pytest.approx(expected.ra.deg, abs=1e-10)
        assert got["dec"][1] == pytest.approx(expected.dec.deg, abs=1e-10)

    def test_no_source(self):
        empty = np.full(self.SHAPE, -1, dtype=np.int32)
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
        got = self.measure(empty, np.ones(self.SHAPE), maps(self.SHAPE), wcs=wcs)
        assert all(len(values) == 0 for values in got.values())
        assert {*got, "flags"} == {column.name for column in COLUMNS}


def labels_at(labels, columns):
    return [int(labels[y, x]) for y, x in zip(columns["y"], columns["x"], strict=True)]
