"""The asid page's own work, without a server."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from amphitrite.errors import BadInput, SpecMismatch
from amphitrite.files import catalogues
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.catalogue import COLUMNS, FLAGS, interpret
from amphitrite.surveys.asid.interpret.detections import Detections
from amphitrite.surveys.asid.learned import Calibration
from amphitrite.surveys.asid.options import Options
from amphitrite.surveys.asid.page import (
    ASKED,
    EXPOSURE,
    FLUX,
    HEADS,
    HEADS_MODEL,
    MODEL,
    per_source,
)
from amphitrite.surveys.asid.prepare.exposures import Exposure
from amphitrite.surveys.asid.prepare.footprints import Circle, WholeSky
from amphitrite.surveys.asid.prepare.patches import angles, unit_vectors
from amphitrite.surveys.asid.prepare.photons import Photons
from amphitrite.surveys.asid.run import check_one_release, observation
from amphitrite.triton.spec import Member, ModelSpec, check_contract

WHOLE = dict.fromkeys(BANDS, 1.0)
CALIBRATION = Calibration(
    exposure=np.full(5, 1e11, np.float32),
    candidate_score=0.05,
    fake_thresholds={"11111": 0.3},
    radii=(1.5, 2.6),
    flux_error=np.array([[0.01, 0.5], [0.01, 0.5]]),
    systematic={
        "plane": np.array([[-9.0], [0.3]]),
        "off_plane": np.array([[-10.0, -8.0], [0.2, 0.1]]),
    },
)


def detections(lon, lat, *, many=False, moved=0.0):
    """Return detections; the networks move all of them north by so many degrees."""
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    n = len(lon)
    return Detections(
        vectors=unit_vectors(lon, lat),
        sources=unit_vectors(lon, lat + moved),
        score=np.linspace(0.9, 0.5, n).astype(np.float32),
        patch=np.arange(n, dtype=np.int32),
        depth=np.full(n, 3.0),
        many=np.full(n, many),
        log10_flux=np.linspace(-10, -8, n),
        flux_variance=np.full(n, 0.01),
        p_fake=np.linspace(0, 0.3, n),
        offset_variance=np.full(n, 0.04),
    )


def rows_of(
    found,
    footprint=None,
    coverage=WHOLE,
    *,
    factor=1.0,
    assumed=False,
    pixel_degrees=0.0,
):
    n = len(found)
    photons = Photons(
        np.zeros((0, 3), np.float32),
        np.zeros(0, np.uint8),
        coverage,
        footprint or WholeSky(),
        pixel_degrees=pixel_degrees,
    )
    return interpret(
        found,
        photons,
        calibration=CALIBRATION,
        correction=(np.full(n, factor), np.full(n, assumed)),
    )


def test_rows_are_sorted_and_in_both_frames():
    rng = np.random.default_rng(3)
    found = detections(rng.uniform(0, 360, 50), rng.uniform(-90, 90, 50))
    rows = rows_of(found)
    assert set(rows) == {column.name for column in COLUMNS}
    assert (np.diff(rows["ra"]) >= 0).all()
    equatorial = SkyCoord(rows["ra"], rows["dec"], unit="deg")
    galactic = SkyCoord(rows["l"], rows["b"], unit="deg", frame="galactic")
    assert equatorial.separation(galactic).arcsec.max() < 1e-6
    np.testing.assert_array_equal(rows["score"][np.argsort(rows["patch"])], found.score)
    assert set(rows["flags"]) == {""}


def test_flags_say_what_is_wrong_with_a_row():
    footprint = Circle(10.0, 20.0, 5.0)
    found = detections([10.0, 10.0, 10.0], [20.0, 24.7, 24.9], many=True)
    bands = {BANDS[0]: 1.0, BANDS[1]: 0.4}
    rows = rows_of(found, footprint, bands, assumed=True, pixel_degrees=0.46)
    at_edge = rows["b"] > 24
    common = "partial_band,missing_band,many_peaks,coarse_pixels,exposure_assumed"
    assert rows["flags"][~at_edge].tolist() == [common]
    assert set(rows["flags"][at_edge]) == {f"edge,confused,{common}"}
    assert rows["flags"][at_edge][0].split(",") == list(FLAGS)


def test_sources_are_confused_within_half_a_degree():
    rows = rows_of(detections([0, 0, 0, 50, 50], [0, 0.4, 0.95, 0, 0.6]))
    confused = rows["b"][[bool(flags) for flags in rows["flags"]]]
    np.testing.assert_allclose(np.sort(confused), [0, 0.4], atol=1e-9)
    assert set(rows["flags"]) == {"", "confused"}


def test_the_position_is_where_the_networks_put_it():
    found = detections([30.0], [10.0], moved=0.2)
    rows = rows_of(found)
    lon, lat = angles(found.sources)
    np.testing.assert_allclose([rows["l"][0], rows["b"][0]], [lon[0], lat[0]])
    assert rows["b"][0] == pytest.approx(10.2)
    # of a sigma of 0.2 deg
    assert rows["r68"][0] == pytest.approx(0.2 * 1.5)
    assert rows["r95"][0] == pytest.approx(0.2 * 2.6)


def test_flux_and_its_errors_follow_the_exposure():
    found = detections([30.0, 31.0, 32.0], [11.0, 12.0, 13.0])
    rows = rows_of(found, factor=2.0)
    order = np.argsort(rows["patch"])
    flux = rows["flux1000"][order]
    np.testing.assert_allclose(flux, 2 * 10.0**found.log10_flux)
    np.testing.assert_allclose(
        rows["flux1000_err"][order], flux * np.log(10) * 0.1, rtol=1e-12
    )
    dex = np.interp(np.log10(flux), [-10, -8], [0.2, 0.1])
    np.testing.assert_allclose(rows["flux1000_sys"][order], flux * np.log(10) * dex)


def test_a_heads_network_takes_sources_one_by_one():
    for head in HEADS:
        one = per_source(head)
        assert "valid" not in {tensor.name for tensor in one.inputs}
        for tensor in (*one.inputs, *one.outputs):
            assert -1 not in tensor.shape
            assert "peak" not in tensor.axes
        assert one.name == head.name
    assert per_source(FLUX).inputs[-1] == EXPOSURE


def test_members_of_two_releases_are_refused():
    def served(spec, digests):
        members = tuple(Member(name, 1, "", told) for name, told in digests.items())
        return replace(spec, members=members)

    location = {"asid_location": "sha256:3"}
    model = served(MODEL, {**location, "asid_flux": "sha256:1"})
    check_one_release(model, served(HEADS_MODEL, location))
    other = served(HEADS_MODEL, {**location, "asid_flux": "sha256:2"})
    with pytest.raises(SpecMismatch, match="'asid_flux' is sha256:1 in the one and"):
        check_one_release(model, other)


@pytest.mark.parametrize("constant", ["exposure_weights", "flux_above_mev"])
@pytest.mark.parametrize("spec", ASKED, ids=lambda spec: spec.name)
def test_what_a_flux_is_for_is_part_of_the_contract(spec, constant):
    other = replace(spec, constants={**spec.constants, constant: 0})
    with pytest.raises(SpecMismatch, match=f"'constants.{constant}' differs"):
        check_contract(served=other, expected=spec)


@pytest.mark.parametrize(
    ("n_known", "said"), [(5, ""), (3, ""), (1, "for 2-7 GeV, 1-2 GeV: it is taken")]
)
def test_only_bands_that_count_for_a_flux_are_said_to_be_missing(n_known, said, caplog):
    values = np.full((5, 1), 2e11, np.float32)
    values[n_known:] = np.nan
    exposure = Exposure(values, lambda vectors: np.zeros(len(vectors), int))
    photons = Photons(
        np.zeros((0, 3), np.float32), np.zeros(0, np.uint8), WHOLE, WholeSky()
    )
    with caplog.at_level("WARNING", logger="amphitrite"):
        sky = observation(photons, exposure, CALIBRATION)
    assert len(caplog.records) == bool(said)
    assert said in caplog.text
    assert sky.exposure.missing == ()


def test_the_ensembles_answer_alike_of_sources():
    described = {replace(tensor, filled_by="") for tensor in HEADS_MODEL.outputs}
    assert described <= {replace(tensor, filled_by="") for tensor in MODEL.outputs}
    for spec in (MODEL, HEADS_MODEL):
        check_contract(served=ModelSpec.from_json(spec.to_json()), expected=spec)


def test_no_detection_is_a_table_with_all_columns():
    table = catalogues.table(COLUMNS, rows_of(detections([], [])))
    assert len(table) == 0
    assert table.colnames == [column.name for column in COLUMNS]


@pytest.mark.parametrize("threshold", [0.0, -1.0, np.nan, np.inf])
def test_a_threshold_that_is_none_is_refused(threshold):
    with pytest.raises(BadInput, match="positive and finite number; received"):
        Options(threshold=threshold)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"peaks": "both"}, "--peaks must be one of server, client; received both"),
        ({"regions": "a.txt"}, r"--regions must be .* ends in .reg; received a.txt"),
        ({"plot": "a.reg"}, r"--plot must be .* ends in .png; received a.reg"),
        ({"max_p_fake": 1.5}, "must be a probability from 0 to 1; received 1.5"),
        ({"max_p_fake": np.nan}, "must be a probability from 0 to 1; received nan"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(BadInput, match=message):
        Options(**options)
