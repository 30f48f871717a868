"""Sources put into a sky are found by a real Triton, each once and in its place."""

from __future__ import annotations

import json

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import QTable

from amphitrite.api import run
from amphitrite.engine.control import Control, Limits
from amphitrite.errors import BadInput, OutputError
from amphitrite.surveys.asid.catalogue import COLUMNS
from amphitrite.surveys.asid.interpret.peaks import suppress
from amphitrite.surveys.asid.prepare.patches import angles, unit_vectors

pytestmark = [
    pytest.mark.triton,
    pytest.mark.export,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

CIRCLE = {"lon": 60.0, "lat": 22.0, "radius": 9.0}
# deg from the circle's centre, in longitude and latitude: in the overlaps of patches,
# in a gap of the HEALPix centres, and two that are close to each other
OFFSETS = np.array(
    [[0, 0], [3.3, 1.1], [-4.2, 2.6], [1.2, -5.1], [-2.0, -2.0], [-2.0, -1.2], [5, -4]]
)


@pytest.fixture(scope="module")
def sources():
    return unit_vectors(CIRCLE["lon"] + OFFSETS[:, 0], CIRCLE["lat"] + OFFSETS[:, 1])


@pytest.fixture(scope="module")
def events(sources, write_sky, tmp_path_factory):
    return write_sky(tmp_path_factory.mktemp("sky") / "e.fits", sources, **CIRCLE)


def vectors_of(table):
    return unit_vectors(table["l"].to_value("deg"), table["b"].to_value("deg"))


def nearest(vectors, others):
    """Return the separation of each direction from the nearest of others, deg."""
    chord = np.linalg.norm(vectors[:, None] - others[None], axis=-1).min(axis=1)
    return np.degrees(2 * np.arcsin(chord / 2))


def assert_same_rows(table, expected):
    assert list(table["name"]) == list(expected["name"])
    assert list(table["flags"]) == list(expected["flags"])
    for column in ("ra", "dec", "score"):
        np.testing.assert_allclose(
            np.asarray(table[column]), np.asarray(expected[column]), rtol=1e-5
        )


@pytest.fixture
def table(events, connection):
    return run("asid", [events], connection)


def test_every_source_is_found_once_and_in_its_place(table, sources):
    assert len(table) == len(sources)
    # 120 photons spread by 0.15 deg have their mean within 0.014 deg of the source;
    # pixels of 0.08 deg and neighbours add to that
    assert nearest(vectors_of(table), sources).max() < 0.1
    assert nearest(sources, vectors_of(table)).max() < 0.1


def test_the_columns_are_those_of_the_page(table, events):
    assert table.colnames == [column.name for column in COLUMNS]
    assert (np.diff(table["ra"].value) > 0).all()
    assert set(table["flags"]) == {"exposure_assumed"}
    icrs = SkyCoord(table["ra"], table["dec"])
    lon, lat = angles(vectors_of(table))
    galactic = SkyCoord(lon, lat, unit="deg", frame="galactic")
    assert icrs.separation(galactic).arcsec.max() < 1e-3
    assert table.meta["NPHOTON"] == len(fits.getdata(events, "EVENTS"))
    assert [table.meta[f"BANDCOV{n}"] for n in range(1, 6)] == [1.0] * 5


@pytest.mark.parametrize("in_flight", [1, 16])
def test_the_number_in_flight_changes_nothing(in_flight, events, connection, table):
    control = Control(limits=Limits(in_flight=in_flight))
    assert_same_rows(run("asid", [events], connection, control=control), table)


def test_both_routes_find_the_same(events, connection, table):
    other = run("asid", [events], connection, peaks="client")
    assert list(other["patch"]) == list(table["patch"])
    assert list(other["flags"]) == list(table["flags"])
    # float32 in the graph, double precision in the client
    assert nearest(vectors_of(other), vectors_of(table)).max() < 1e-4
    for column in ("flux1000", "flux1000_err", "r68", "p_fake"):
        np.testing.assert_allclose(
            np.asarray(other[column]), np.asarray(table[column]), rtol=1e-4
        )


def test_a_higher_threshold_keeps_the_strongest(events, connection, table):
    limit = float(np.median(table["score"]))
    kept = run("asid", [events], connection, threshold=limit)
    assert_same_rows(kept, table[table["score"] > limit])
    with pytest.raises(BadInput, match=r"--threshold 0.01 is below 0.05"):
        run("asid", [events], connection, threshold=0.01)


def test_a_source_near_the_edge_is_flagged_and_none_is_outside(
    write_sky, connection, tmp_path
):
    lon = CIRCLE["lon"] + np.array([0.0, 0.0])
    lat = CIRCLE["lat"] + np.array([0.0, CIRCLE["radius"] - 0.3])
    path = write_sky(tmp_path / "e.fits", unit_vectors(lon, lat), **CIRCLE)
    found = run("asid", [path], connection)
    assert sorted(found["flags"]) == ["edge,exposure_assumed", "exposure_assumed"]
    middle = unit_vectors(np.array([CIRCLE["lon"]]), np.array([CIRCLE["lat"]]))
    assert nearest(vectors_of(found), middle).max() < CIRCLE["radius"]


def test_a_crowded_patch_is_searched_by_the_client(write_sky, connection, tmp_path):
    x, y = np.meshgrid(np.arange(-3, 4, 1.5), np.arange(-3, 4, 1.5))
    sources = unit_vectors(30 + x.ravel(), y.ravel())
    path = write_sky(tmp_path / "e.fits", sources, lon=30.0, lat=0.0, radius=7.0)
    found = run("asid", [path], connection)
    assert len(found) == len(sources) == 25
    assert nearest(sources, vectors_of(found)).max() < 0.1
    assert "many_peaks" in {word for f in found["flags"] for word in f.split(",")}
    assert np.isfinite(found["flux1000"].value).all()
    assert (found["p_fake"] < 0.5).all()
    other = run("asid", [path], connection, peaks="client")
    assert list(other["flags"]) == list(found["flags"])


def test_no_photon_gives_an_empty_catalogue_and_a_warning(
    write_sky, connection, tmp_path, caplog
):
    path = write_sky(tmp_path / "e.fits", np.zeros((0, 3)), **CIRCLE)
    with fits.open(path, mode="update") as hdus:
        hdus["EVENTS"].data["ENERGY"] = 100_000.0
    out = tmp_path / "catalogue.fits"
    with caplog.at_level("WARNING"):
        found = run("asid", [path], connection, output=out)
    assert "no photon" in caplog.text
    assert len(found) == 0
    assert QTable.read(out).colnames == [column.name for column in COLUMNS]


class Stop(Exception):
    """What a test ends a run with."""


@pytest.mark.parametrize(
    ("stage", "peaks"), [("searching", "server"), ("describing", "client")]
)
def test_a_resumed_run_gives_the_identical_catalogue(
    stage, peaks, events, connection, tmp_path
):
    table = run("asid", [events], connection, peaks=peaks)
    out = tmp_path / "catalogue.ecsv"
    steps = []

    def advance(step):
        steps.append(step)
        if len(steps) == 4:
            raise Stop

    class Searching:
        def __init__(self, what, total):
            self.advance = advance if what == stage else lambda step: None

        def __enter__(self):
            return self.advance

        def __exit__(self, *_):
            pass

    with pytest.raises(Stop) as stopped:
        run(
            "asid",
            [events],
            connection,
            output=out,
            peaks=peaks,
            control=Control(progress=Searching),
        )
    assert "--resume" in stopped.value.__notes__[0]
    assert not out.exists()
    with pytest.raises(BadInput, match="interrupted run"):
        run("asid", [events], connection, output=out, peaks=peaks)
    again = run(
        *("asid", [events], connection),
        output=out,
        peaks=peaks,
        control=Control(resume=True),
    )
    assert out.exists()
    assert list(tmp_path.iterdir()) == [out]
    for column in table.colnames:
        np.testing.assert_array_equal(again[column], table[column])


def test_the_command_writes_all_and_says_what_it_did(
    events, asid_server, amphitrite, table, tmp_path
):
    out, regions, plot = (tmp_path / n for n in ("c.vot", "c.reg", "c.png"))
    command = (
        *("asid", events, "-o", out, "--regions", regions, "--plot", plot),
        *("--server", asid_server.grpc_url, "--json"),
    )
    done = amphitrite(*command)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["sources"] == len(table)
    assert summary["fakes"] == 0
    assert summary["patches"] == table.meta["NPATCH"]
    assert summary["photons"] == table.meta["NPHOTON"]
    assert summary["bands"][0] == "7-20 GeV"
    assert set(summary["seconds"]) == {"reading", "connecting", "serving", "writing"}
    assert_same_rows(QTable.read(out), table)
    assert regions.read_text().count("circle(") == len(table)
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert {p.name for p in tmp_path.iterdir()} == {"c.vot", "c.reg", "c.png"}

    out.unlink()
    refused = amphitrite(*command)
    assert refused.returncode == 2
    assert "c.reg exists already" in refused.stderr
    assert not out.exists()
    assert amphitrite(*command, "--overwrite").returncode == 0


def test_an_output_that_is_an_input_is_refused(events, connection):
    with pytest.raises(BadInput, match="a name of its own"):
        run(
            *("asid", [events], connection),
            output=events,
            control=Control(overwrite=True),
        )
    with pytest.raises(OutputError, match="does not exist"):
        run("asid", [events], connection, regions=events.parent / "none" / "a.reg")


@pytest.mark.slow
@pytest.mark.long
def test_sources_all_over_the_sky_are_found_once(write_sky, connection, tmp_path):
    rng = np.random.default_rng(15)
    sources = rng.normal(size=(150, 3))
    sources = np.concatenate([[[0, 0, 1], [0.02, 0.01, -1], [1, 0, 0]], sources])
    sources /= np.linalg.norm(sources, axis=1, keepdims=True)
    # closer ones would pull at each other's positions
    sources = sources[suppress(sources, np.ones(len(sources)), radius_degrees=2)]
    path = write_sky(tmp_path / "e.fits", sources)
    found = run("asid", [path], connection)
    assert found.meta["NPATCH"] == 1210
    assert nearest(sources, vectors_of(found)).max() < 0.1
    assert nearest(vectors_of(found), sources).max() < 0.1
    assert len(found) == len(sources)
