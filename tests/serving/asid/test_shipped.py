"""The shipped weights: the graph's peaks against the client's."""

from __future__ import annotations

from collections import deque
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree

from amphitrite.surveys.asid.interpret.peaks import Peaks, find, suppress
from amphitrite.surveys.asid.learned import Calibration, Detector
from amphitrite.surveys.asid.options import Options
from amphitrite.surveys.asid.page import MASK_PIXELS, MODEL
from amphitrite.surveys.asid.prepare.patches import Patch, from_pixels, unit_vectors
from amphitrite.surveys.asid.prepare.tiling import centres
from amphitrite.surveys.asid.run import run
from amphitrite.surveys.asid.work import OUTPUTS
from amphitrite.triton.connection import Connection
from amphitrite_training.surveys.asid.evaluate import counts
from amphitrite_training.surveys.asid.simulate.files import write_events
from amphitrite_training.surveys.asid.simulate.photons import Region, draw_events
from amphitrite_training.surveys.asid.simulate.sky import make_sky

pytestmark = pytest.mark.triton

N_PATCHES = 200


def close(one: Peaks, other: Peaks) -> int:
    """Count peaks of one list that the other has within half a pixel."""
    if not len(one) or not len(other):
        return 0
    tree = cKDTree(np.c_[other.row, other.column])
    distance, _ = tree.query(np.c_[one.row, one.column])
    return int((distance <= 0.5).sum())


def left(peaks: Peaks, detector: Detector) -> set[tuple[int, int]]:
    """Return the pixels of the peaks that stand for a source each."""
    x, y = from_pixels(peaks.row, peaks.column, pixels=MASK_PIXELS)
    kept = suppress(
        Patch(0, 0).vectors(x, y),
        peaks.score,
        radius_degrees=detector.radius_degrees,
    )
    return {(round(float(peaks.row[i])), round(float(peaks.column[i]))) for i in kept}


@pytest.mark.long
def test_the_graph_finds_the_peaks_that_the_client_finds(shipped: Connection):
    model = shipped.model(MODEL)
    detector = Detector.of(model.spec)
    exposure = Calibration.of(model.spec).exposure
    patches = centres()
    sky = make_sky(4_000, variant="C")
    same = total = n_alike = 0
    flying = deque()
    for number in np.linspace(0, len(patches) - 1, N_PATCHES).astype(int):
        drawn = counts(sky, 4_000, int(number), patches[number])
        tensors = {name: image[None] for name, image in drawn.items()}
        tensors["exposure"] = exposure[None]
        flying.append(model.submit(tensors, OUTPUTS["server"]))
        if len(flying) < 4 and number < len(patches) - 1:
            continue
        while flying:
            answer = flying.popleft().result()
            n = int(answer["n_peaks"].item())
            assert n <= len(answer["score"][0])
            row, column = answer["peaks"][0, :n].T
            served = Peaks(row, column, answer["score"][0, :n])
            own = find(answer["mask"][0], sigma=detector.sigma, floor=detector.floor)
            total += max(len(served), len(own))
            same += min(close(served, own), close(own, served))
            n_alike += left(served, detector) == left(own, detector)
    print(  # noqa: T201
        f"{same} of {total} peaks the same; after suppression the same list on "
        f"{n_alike} of {N_PATCHES} patches"
    )
    assert total > 10 * N_PATCHES
    # the server calculates in single precision: a response at the floor, or equal
    # neighbours, may fall to either side
    assert same >= 0.99 * total
    assert n_alike >= 0.99 * N_PATCHES


def test_both_routes_give_the_same_catalogue_of_a_simulated_region(
    shipped: Connection, tmp_path: Path
):
    """What differs is a peak at the floor, or between two pixels."""
    region = Region(lon=300.0, lat=-35.0, radius=18.0)
    sky = make_sky(4_001, variant="A")
    photons = draw_events(sky, np.random.default_rng(4_001), region)
    write_events(photons, tmp_path / "e.fits", years=sky.years, region=region)
    tables = {
        route: run(
            [tmp_path / "e.fits"],
            nullcontext(shipped),
            tmp_path / f"{route}.fits",
            Options(peaks=route),
        ).table
        for route in ("server", "client")
    }
    server, client = tables["server"], tables["client"]
    assert server.meta["NPATCH"] >= 50
    one, other = (
        unit_vectors(table["l"].to_value("deg"), table["b"].to_value("deg"))
        for table in (server, client)
    )
    separation = one @ other.T
    pairs = separation.argmax(axis=1)
    same = separation.max(axis=1) > np.cos(np.radians(0.01))
    print(  # noqa: T201 - the figures that a reader wants to see
        f"{server.meta['NPATCH']} patches: {len(server)} sources by the server, "
        f"{len(client)} by the client, {same.sum()} of the former the same"
    )
    assert same.mean() >= 0.99
    assert abs(len(server) - len(client)) <= 0.01 * len(server)
    for column in ("flux1000", "p_fake", "r68"):
        one = np.asarray(server[column])[same]
        other = np.asarray(client[column])[pairs[same]]
        # a peak moved by rounding may fall into the next pixel, and so another cut-out
        close = np.abs(one - other) <= 0.01 * np.maximum(np.abs(one), np.median(one))
        assert close.mean() >= 0.98
