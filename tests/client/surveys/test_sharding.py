"""Every survey in shards, without a server: the same result as in one run.

Calnet, which has more to divide, is tested beside its own modules.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from answering import Answering
from astropy.io import fits
from four_bands import FourBands
from red_noise import red_noise

from amphitrite import api
from amphitrite import surveys as all_surveys
from amphitrite.engine.control import Control
from amphitrite.engine.shards import Shard
from amphitrite.errors import BadInput
from amphitrite.places import checkout_repository
from amphitrite.surveys.asid.page import MASK_PIXELS
from amphitrite.surveys.asid.prepare.patches import unit_vectors
from amphitrite.surveys.darkcnn.learned import (
    LARGEST,
    Floor,
    Learned,
    ScoreCurve,
    logarithm,
)
from amphitrite.surveys.emri.learned import NoiseRun, as_learned
from amphitrite.surveys.emri.sampling import N_SAMPLES, SAMPLE_SECONDS
from amphitrite.triton.repository import served_spec
from amphitrite_training.surveys.asid.simulate.files import write_events
from amphitrite_training.surveys.asid.simulate.photons import Events, Region

N_SHARDS = 3


def classes(name, tensors):
    """Of morpheus: the brightness of a pixel in each band, as classes."""
    (images,) = tensors.values()
    logits = np.concatenate([images, images[..., :1] + images[..., 1:2]], axis=-1)
    weights = np.exp(20 * logits)
    return {
        "logits": logits,
        "probabilities": np.float32(weights / weights.sum(axis=-1, keepdims=True)),
    }


def energy(name, tensors):
    """Of emri: the mean square of strain above 1, in tenths."""
    (strain,) = tensors.values()
    statistic = 10 * (np.square(strain).mean(axis=(1, 2))[:, None] - 1)
    return {"statistic": np.float32(statistic), "p_signal": np.float32(statistic)}


def peak_of_mass(name, tensors):
    """Of darkcnn: 2 less the maximum of the map of all mass."""
    score = 2 - tensors["maps"][..., 0].max(axis=(1, 2))[:, None]
    probabilities = np.exp(-np.square(score - np.float32([[-1.0, 0.0, 1.0]])))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return {
        "probabilities": np.float32(probabilities),
        "log_cross_section": np.float32(score),
        "domain_distance": np.zeros_like(score, np.float32),
    }


def brightest(name, tensors):
    """Of asid: the three pixels of a patch with the most photons of 2-7 GeV."""
    image = tensors["counts_2000_7000"][0]
    step = image.shape[0] / MASK_PIXELS
    rows, columns = np.unravel_index(np.argsort(-image, axis=None)[:3], image.shape)
    order = np.arange(3)
    found = {
        "mask": np.zeros((MASK_PIXELS, MASK_PIXELS)),
        "peaks": np.stack([rows / step, columns / step], axis=-1),
        "score": image[rows, columns] / 10 + 0.3,
        "n_peaks": np.array([3]),
        "log10_flux": -9.5 + 0.1 * order,
        "flux_variance": np.full((3, 2), 0.01),
        "fake_logit": np.full(3, -9.0),
        "p_fake": np.full(3, 1e-4),
        "offset": np.full((3, 2), 0.01),
        "offset_variance": np.full((3, 2, 2), 1e-4),
    }
    return {
        key: values[None].astype(np.int32 if key == "n_peaks" else np.float32)
        for key, values in found.items()
    }


def image(folder):
    """Four bands with some blobs, in strips of few rows."""
    y, x = np.mgrid[:100, :70]
    blobs = sum(
        np.exp(-((y - at) ** 2 + (x - 2 * at % 70) ** 2) / 18) for at in range(8, 96, 9)
    )
    noise = np.random.default_rng(1).normal(0, 0.01, (4, 100, 70))
    bands = {
        band: np.float32(blobs * (1 + number / 4) + noise[number])
        for number, band in enumerate("HJVz")
    }
    return FourBands(folder).write(pixels=bands)


def stream(folder):
    """Two stretches of strain with a gap between them."""
    n = 2 * N_SAMPLES
    noise = red_noise(3, 3 * N_SAMPLES)
    for number, start in enumerate((0, n + 3 * N_SAMPLES)):
        with h5py.File(folder / f"strain{number}.h5", "w") as file:
            for name, row in zip(("I", "II"), noise, strict=True):
                cut = row[number * 9999 :][:n]
                data = file.create_dataset(name, data=cut)
                data.attrs.update({"x0": start * SAMPLE_SECONDS, "dx": SAMPLE_SECONDS})
    return [folder / "strain*.h5"]


def maps(folder):
    """Clusters in two files, one of them without a redshift."""
    radius = np.hypot(*np.meshgrid(*[np.arange(100) - 49.5] * 2)) * 20.0
    density = 2e9 / np.hypot(1, radius / 60.0)
    for number, n in enumerate((70, 80)):
        shares = np.linspace(0.4, 1 + number, n)[:, None, None]
        redshift = np.full(n, 0.2)
        redshift[3 : 4 - number] = np.nan
        np.savez(
            folder / f"clusters{number}.npz",
            kappa=density * shares / 2e9,
            redshift=redshift,
            pixel_kpc=20.0,
            name=[f"A{number}-{each}" for each in range(n)],
        )
    return [folder / "clusters*.npz"]


def sky(folder):
    """Photons around some sources, in a circle."""
    rng = np.random.default_rng(2)
    place = {"lon": 40.0, "lat": 50.0, "radius": 9.0}
    offsets = rng.uniform(-6, 6, (12, 2))
    lon, lat = (np.array([40.0, 50.0]) + offsets).T
    near = np.repeat(unit_vectors(lon, lat), 150, axis=0)
    near += rng.normal(0, np.radians(0.2), near.shape)
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    energies = rng.choice([400, 700, 1400, 3000, 9000], len(near)).astype(np.float32)
    events = Events(near.astype(np.float32), energies, np.zeros(len(near), np.uint8))
    write_events(events, folder / "e.fits", years=1.0, region=Region(**place))
    return [folder / "e.fits"]


def of_maps():
    """Return learned values of darkcnn: a curve of scores, with some scatter."""
    truth = np.random.default_rng(1).uniform(0, LARGEST, 5000)
    scores = logarithm(truth) + np.random.default_rng(2).normal(0, 0.3, 5000)
    curves = [ScoreCurve.of(0.0, truth, scores, 10.0)]
    floor = Floor(np.zeros(27), np.ones(27), np.zeros((27, 3)), np.zeros(3))
    return Learned({"total": curves}, {}, floor).as_learned()


def quiet():
    """Return learned values of emri: noise that is far below any segment."""
    return as_learned(NoiseRun.of(np.linspace(-30, -20, 20_000), 400))


def shipped(name):
    return served_spec(checkout_repository() / name).learned


@dataclass(frozen=True)
class Case:
    """A survey, its inputs, and the rule in the place of its network."""

    rule: Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
    inputs: Callable[[Path], list[Path]]
    learned: Callable[[], Mapping[str, Any]]
    options: Mapping[str, Any] = field(default_factory=dict)
    out: str = "result.fits"


CASES = {
    "asid": Case(brightest, sky, lambda: shipped("asid")),
    "darkcnn": Case(peak_of_mass, maps, of_maps),
    "emri": Case(energy, stream, quiet),
    "emri with noise": Case(energy, stream, quiet, {"fap": 0.9, "calibrate": 24}),
    "morpheus": Case(
        *(classes, image, dict),
        options={"strip_rows": 12, "report": False, "stride": 6},
        out="result",
    ),
}


@pytest.fixture(scope="module", params=CASES)
def done(request, tmp_path_factory):
    """A survey run as a whole and in shards: case, result, parts and requests."""
    case, (name, *_) = CASES[request.param], request.param.split()
    folder = tmp_path_factory.mktemp(name)
    inputs = case.inputs(folder)
    with pytest.MonkeyPatch.context() as patch:
        known = tuple({*all_surveys.SURVEYS, name})
        patch.setattr(all_surveys, "SURVEYS", known)
        found = all_surveys.survey(name)
        options = found.Options(**case.options)

        def run(out, **control):
            server = Answering(case.rule, case.learned())
            result = found.run(
                *(inputs, nullcontext(server), folder / out, options),
                Control(**control),
            )
            return result, server.n_requests

        whole, n = run(case.out)
        parts, sizes = [], []
        for index in range(N_SHARDS):
            part = f"{index}.part"
            _, size = run(part, shard=Shard(index, N_SHARDS))
            parts.append(folder / part)
            sizes.append(size)
        yield case, whole, parts, (sizes, n)


def test_all_parts_give_the_result_of_one_run(done, tmp_path):
    case, whole, parts, _ = done
    assert len(whole.table)
    for number, order in enumerate((parts, parts[::-1])):
        out = tmp_path / str(number) / case.out
        result = api.merge(order, out)
        assert result.table.colnames == whole.table.colnames
        for column in whole.table.colnames:
            a = np.asarray(result.table[column])
            b = np.asarray(whole.table[column])
            assert (a.dtype, a.tobytes()) == (b.dtype, b.tobytes()), column
        for key in whole.table.meta.keys() - {"DATE"}:
            assert result.table.meta[key] == whole.table.meta[key], key
        assert result.summary.skipped == whole.summary.skipped
        assert_same_images(out, whole.out)


def assert_same_images(one, other):
    """Compare the maps of morpheus, if there are any."""
    for path in other.glob("*.fits") if other.is_dir() else ():
        with fits.open(path) as a, fits.open(one / path.name) as b:
            for x, y in zip(a, b, strict=True):
                if x.is_image and x.data is not None:
                    np.testing.assert_array_equal(x.data, y.data)


def test_shards_divide_what_is_asked_of_the_server(done):
    *_, (sizes, n) = done
    assert sum(sizes) == n
    assert max(sizes) < n


def test_an_input_that_has_changed_is_noticed(done, tmp_path):
    case, _, parts, _ = done
    folder = parts[0].parent
    path = sorted(p for p in folder.iterdir() if p.suffix in (".fits", ".h5", ".npz"))
    changed = next(p for p in path if p.name != case.out)
    kept = shutil.copy(changed, tmp_path / "kept")
    with changed.open("ab") as file:
        file.write(b"\0" * 2880)
    try:
        with pytest.raises(BadInput, match="the parts were made with inputs = "):
            api.merge(parts, tmp_path / case.out)
    finally:
        shutil.copy(kept, changed)
