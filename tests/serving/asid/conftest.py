"""Asid served by a real Triton, with a matched filter in the place of the network.

The filter's weights are set by hand, so that what it finds is known without training:
it is a network of the same contract, exported and served as the trained one is.  So are
the networks that describe a source, which say what simple arithmetic makes of it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from amphitrite.places import checkout_repository
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.provision import ServerEnvironment
from amphitrite.surveys import asked
from amphitrite.surveys.asid.bands import BANDS, EXPOSURE_WEIGHTS
from amphitrite.surveys.asid.page import (
    CLASSIFIER,
    FLUX,
    HEADS,
    LOCATION,
    LOGITS,
    MASK,
    UNET,
    per_source,
)
from amphitrite.surveys.asid.prepare.patches import unit_vectors
from amphitrite.triton.connection import Connection

SOURCE_PHOTONS = 120
SPREAD_DEGREES = 0.15
PER_SQUARE_DEGREE = 4.0
MAX_PEAKS = 8

LEARNED = {
    "log_sigma_pixels": 3.0,
    "peak_floor": 0.05,
    "suppression_degrees": 0.3,
    "thresholds": {"11111": 0.2, "01000": 0.2},
}


def matched_filter():
    """Return a Keras model: photons near a pixel, all bands together, as a logit."""
    keras = pytest.importorskip("keras", reason="exporting needs the export extra")
    layers, ops = keras.layers, keras.ops
    inputs = {
        band.name: keras.Input((band.pixels, band.pixels), name=f"counts_{band.name}")
        for band in BANDS
    }
    on_mask = []
    for band in BANDS:
        image = layers.Reshape((band.pixels, band.pixels, 1))(inputs[band.name])
        if band.pixels > 128:
            image = layers.AveragePooling2D(band.pixels // 128)(image)
        elif band.pixels < 128:
            image = layers.UpSampling2D(128 // band.pixels)(image)
        on_mask.append(image * (band.pixels / 128) ** 2)
    total = layers.Concatenate()(on_mask)
    y, x = np.mgrid[-8:9, -8:9]
    kernel = np.exp(-(x**2 + y**2) / (2 * 3.0**2))
    kernel /= np.square(kernel).sum()
    smooth = layers.Conv2D(1, 17, padding="same", use_bias=False)
    source = smooth(total)
    smooth.set_weights([np.repeat(kernel[:, :, None, None], 5, axis=2)])
    logits = layers.Concatenate()([(source - 1.0) * 4.0, source * 0.0])
    mask = ops.softmax(logits, axis=-1)[..., 0]
    return keras.Model(
        list(inputs.values()), {LOGITS.name: logits, MASK.name: mask}, name=UNET.name
    )


# What the three networks below say, and what would have been learned with them.
OFFSET = (0.04, -0.04)
OFFSET_VARIANCE = ((0.02**2, 0.02**2), (0.01**2, 0.03**2))
FLUX_VARIANCE = (0.01, 0.0044)
RADII = (1.5, 2.6)
EXPOSURE = (3e11, 2.8e11, 2.6e11, 2.3e11, 1.9e11)
HEADS_LEARNED = {
    FLUX.name: {
        "training_exposure": list(EXPOSURE),
        "flux_error": {"stated": [0.01, 1.0], "true": [0.01, 1.0]},
        "flux_systematic": {
            part: {"log10_flux": [-10.0, -9.0], "dex": [0.1, 0.02]}
            for part in ("plane", "off_plane")
        },
    },
    CLASSIFIER.name: {
        "fake_thresholds": {"11111": 0.9, "01000": 0.9},
        "candidate_score": 0.1,
    },
    LOCATION.name: {"radius_68": RADII[0], "radius_95": RADII[1]},
}


def effective(exposure):
    """Return the exposure above 1 GeV of a typical spectrum, of that in each band."""
    return np.asarray(exposure) @ np.array(EXPOSURE_WEIGHTS)


def head(spec, *, offset=OFFSET):
    """Return a Keras model that describes a source in a way that is known.

    Flux is all counts of the cut-out over the exposure; a peak is as fake as its score
    is low, one half at 0.2; the source is always as far from the peak.
    """
    keras = pytest.importorskip("keras", reason="exporting needs the export extra")
    layers, ops = keras.layers, keras.ops
    inputs = {
        tensor.name: keras.Input(tensor.shape, name=tensor.name)
        for tensor in per_source(spec).inputs
    }
    auxiliary = inputs["auxiliary"]
    # every input is used, or it would not be one of the file
    nothing = 0.0 * ops.sum(inputs["cutouts"], axis=(1, 2, 3)) + 0.0 * auxiliary[:, 0]

    def always(*values):
        return nothing[:, None] + np.array(values, np.float32)

    if spec is FLUX:
        exposure = ops.matmul(
            inputs["exposure"], np.array(EXPOSURE_WEIGHTS, np.float32)[:, None]
        )[:, 0]
        per_log = float(1 / np.log(10))
        outputs = {
            "log10_flux": auxiliary[:, 0] - ops.log(exposure) * per_log + nothing,
            "flux_variance": always(*FLUX_VARIANCE),
        }
    elif spec is CLASSIFIER:
        logit = 10.0 * (0.2 - auxiliary[:, 4]) + nothing
        outputs = {"fake_logit": logit, "p_fake": ops.sigmoid(logit)}
    else:
        variance = layers.Reshape((2, 2))(always(*np.ravel(OFFSET_VARIANCE)))
        outputs = {"offset": always(*offset), "offset_variance": variance}
    return keras.Model(inputs, outputs, name=spec.name)


def head_artefact(spec, **values):
    """Return one of the networks above as training leaves it behind."""
    from amphitrite.triton.artefact import Artefact

    rng = np.random.default_rng(2)
    learned = HEADS_LEARNED[spec.name]
    samples = {
        "cutouts": rng.poisson(1.0, (8, 20, 20, 3)),
        "auxiliary": rng.uniform(0, 1, (8, 5)),
        "exposure": rng.uniform(1e11, 3e11, (8, 5)),
    }
    one = per_source(spec)
    return Artefact(
        head(spec, **values),
        replace(one, learned=learned),
        {tensor.name: samples[tensor.name].astype(np.float32) for tensor in one.inputs},
    )


@pytest.fixture(scope="session")
def heads():
    """Give what is known of the networks that describe a source."""
    return SimpleNamespace(
        offset=OFFSET,
        offset_variance=OFFSET_VARIANCE,
        flux_variance=FLUX_VARIANCE,
        exposure=EXPOSURE,
        radii=RADII,
        effective=effective,
        artefact=head_artefact,
    )


@pytest.fixture(scope="session")
def asid_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model repository with the filter, its peak finder, heads and ensembles."""
    pytest.importorskip("tf2onnx", reason="exporting needs the export extra")
    from amphitrite.triton.artefact import Artefact
    from amphitrite_export.publishing.publish import publish
    from amphitrite_export.surveys.asid.hooks import hooks

    rng = np.random.default_rng(1)
    samples = {
        f"counts_{band.name}": rng.poisson(0.5, (2, band.pixels, band.pixels)).astype(
            np.float32
        )
        for band in BANDS
    }
    folder = tmp_path_factory.mktemp("asid") / "repository"
    artefact = Artefact(matched_filter(), replace(UNET, learned=LEARNED), samples)
    heads = [head_artefact(spec) for spec in HEADS]
    publish([artefact, *heads], folder, hooks=[hooks(max_peaks=MAX_PEAKS)])
    return folder


@pytest.fixture(scope="session")
def asid_server(
    asid_repository: Path, server_environment: ServerEnvironment
) -> Iterator[LocalTriton]:
    with LocalTriton(
        asid_repository, asked("asid"), environment=server_environment
    ) as server:
        yield server


@pytest.fixture
def connection(asid_server: LocalTriton) -> Iterator[Connection]:
    with Connection(asid_server.grpc_url) as connection:
        yield connection


@pytest.fixture(scope="session")
def shipped_server(server_environment: ServerEnvironment) -> Iterator[LocalTriton]:
    """The committed models, served."""
    with LocalTriton(
        checkout_repository(), asked("asid"), environment=server_environment
    ) as server:
        yield server


@pytest.fixture
def shipped(shipped_server: LocalTriton) -> Iterator[Connection]:
    with Connection(shipped_server.grpc_url) as connection:
        yield connection


def draw(centres, *, lon=0.0, lat=0.0, radius=180.0, seed=3):
    """Return Galactic vectors of photons: sources over an even background."""
    rng = np.random.default_rng(seed)
    square_degrees = 2 * np.pi * (1 - np.cos(np.radians(radius))) * np.degrees(1) ** 2
    middle = unit_vectors(np.float64(lon), np.float64(lat))
    # evenly over the cap about the pole, then turned to its place
    z = rng.uniform(
        np.cos(np.radians(radius)), 1, int(PER_SQUARE_DEGREE * square_degrees)
    )
    turn = rng.uniform(0, 2 * np.pi, len(z))
    cap = np.stack(
        [np.sqrt(1 - z**2) * np.cos(turn), np.sqrt(1 - z**2) * np.sin(turn), z], axis=-1
    )
    basis, _ = np.linalg.qr(np.column_stack([middle, np.eye(3)[:, :2] + 0.1]))
    basis *= np.sign(middle @ basis[:, 0])
    even = cap @ np.column_stack([basis[:, 1], basis[:, 2], basis[:, 0]]).T
    near = np.repeat(centres, SOURCE_PHOTONS, axis=0) + rng.normal(
        scale=np.radians(SPREAD_DEGREES), size=(len(centres) * SOURCE_PHOTONS, 3)
    )
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    vectors = np.concatenate([even, near])
    vectors = vectors[vectors @ middle >= np.cos(np.radians(radius))]
    return vectors.astype(np.float32)


@pytest.fixture(scope="session")
def write_sky() -> Callable[..., Path]:
    """Write photons of given sources as an event list (FT1)."""
    from amphitrite_training.surveys.asid.simulate.files import write_events
    from amphitrite_training.surveys.asid.simulate.photons import Events, Region

    def write(path: Path, centres: np.ndarray, **circle: float) -> Path:
        vectors = draw(centres, **circle)
        rng = np.random.default_rng(8)
        energy = rng.choice([400, 700, 1400, 3000, 9000], len(vectors))
        events = Events(
            vectors, energy.astype(np.float32), np.zeros(len(vectors), np.uint8)
        )
        place = {key: circle[key] for key in ("lon", "lat", "radius") if key in circle}
        write_events(events, path, years=1.0, region=Region(**place))
        return path

    return write


@pytest.fixture(scope="session")
def amphitrite() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line to its end."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "amphitrite", *map(str, arguments)]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=120, check=False
        )

    return run
