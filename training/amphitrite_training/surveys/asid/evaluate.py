"""Measure the served source detector on simulated skies whose truth is known.

The skies are of seeds that training never uses, and one is of a variant of the diffuse
emission that it never saw.  Counts are drawn patch by patch, sent to the server and
merged as the client does with a user's own.  But where patches overlap, each has
photons of its own, so that a source on the line between two has two chances.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.interpret.detections import Detections, select
from amphitrite.surveys.asid.learned import Calibration, Detector
from amphitrite.surveys.asid.page import ASKED, COUNTS, HEADS, UNET
from amphitrite.surveys.asid.prepare.footprints import WholeSky
from amphitrite.surveys.asid.prepare.patches import Patch, from_pixels
from amphitrite.surveys.asid.prepare.tiling import centres
from amphitrite.surveys.asid.work import OUTPUTS, PatchWork, SourcesWork
from amphitrite.triton.served import ServedModel, Server
from amphitrite_training.surveys import Progress
from amphitrite_training.surveys.asid.calibrate import PAPER_FLUX_EDGES
from amphitrite_training.surveys.asid.heads.measures import Described
from amphitrite_training.surveys.asid.measures import Evaluation
from amphitrite_training.surveys.asid.simulate import diffuse, instrument, spectra
from amphitrite_training.surveys.asid.simulate.sky import (
    Sky,
    expect,
    make_sky,
    relative_exposure,
)
from amphitrite_training.surveys.asid.sky_results import SkyResult
from amphitrite_training.surveys.asid.systematics import shifts
from amphitrite_training.surveys.asid.tables import tables

Floats = NDArray[np.floating]

FIRST_SEED: Final = 3_000
SYSTEMATICS_SEED: Final = 3_500
# The diffuse variants of the skies in turn; the shipped networks never saw C.
VARIANTS: Final = ("A", "C", "B")
_IN_FLIGHT: Final = 4
_ABOVE_1_GEV: Final = 3  # bands
_DESCRIBED: Final = (*("score", "sources", "log10_flux", "p_fake", "offset_variance"),)
_COVERAGE: Final = dict.fromkeys(BANDS, 1.0)


def evaluate(
    connection: Server,
    *,
    progress: Progress,
    n_fields: int = 2,
    systematics: bool = False,
) -> Evaluation:
    """Search simulated skies with the served model and compare with their truth.

    Parameters
    ----------
    connection : Server
        A server with the ensemble.
    progress : Progress
        Shows how many patches are done.
    n_fields : int, optional
        Whole skies; the first is of a variant that was trained on, the second is not.
    systematics : bool, optional
        Search one more set of sources under all variants.

    Returns
    -------
    Evaluation
        Purity, completeness and the errors of the networks.

    Raises
    ------
    ServerError
        The server does not answer, or has another model.
    """
    model, heads = (connection.model(spec) for spec in ASKED)
    detector = Detector.of(model.spec)
    skies = tuple(
        (FIRST_SEED + i, VARIANTS[i % len(VARIANTS)]) for i in range(n_fields)
    )
    results: dict[str, list[SkyResult]] = {}
    patches = centres()
    with progress("evaluating", n_fields * len(patches)) as advance:
        for seed, variant in skies:
            sky = make_sky(seed, variant=variant)
            result = search(sky, seed, patches, (model, heads), detector, advance)
            results.setdefault(variant, []).append(result)
    threshold = Calibration.of(model.spec).max_p_fake(BANDS)
    moved = _systematics((model, heads), progress) if systematics else None
    return Evaluation(
        spec=model.spec,
        members={
            member.name: connection.model(member).spec for member in (UNET, *HEADS)
        },
        version=model.version,
        skies=skies,
        n_patches=n_fields * len(patches),
        tables={
            variant: tables(
                [sky.detections for sky in some],
                radius_degrees=detector.radius_degrees,
            )
            for variant, some in results.items()
        },
        catalogues={
            variant: tables(
                [sky.catalogue(threshold) for sky in some],
                radius_degrees=detector.radius_degrees,
            )
            for variant, some in results.items()
        },
        described={
            variant: Described.joined([sky.known(n) for n, sky in enumerate(some)])
            for variant, some in results.items()
        },
        results=results,
        shifts=moved,
    )


def _systematics(
    models: tuple[ServedModel, ServedModel], progress: Progress
) -> dict[str, Any]:
    """Search the same sources under every variant of the diffuse emission."""
    detector = Detector.of(models[0].spec)
    patches = centres()
    results = {}
    with progress("systematics", len(diffuse.VARIANTS) * len(patches)) as advance:
        for variant in diffuse.VARIANTS:
            sky = make_sky(SYSTEMATICS_SEED, variant=variant)
            results[variant] = search(
                sky, SYSTEMATICS_SEED, patches, models, detector, advance
            )
    return shifts(
        results,
        Calibration.of(models[0].spec).max_p_fake(BANDS),
        radius_degrees=detector.radius_degrees,
    )


def counts(sky: Sky, seed: int, number: int, patch: Patch) -> dict[str, Floats]:
    """Draw the counts of a patch by tensor name; the same for equal arguments."""
    rng = np.random.default_rng([seed, number])
    return {
        tensor.name: rng.poisson(expected).astype(np.float32)
        for tensor, expected in zip(COUNTS, expect(sky, patch).counts, strict=True)
    }


def search(
    sky: Sky,
    seed: int,
    patches: Sequence[Patch],
    models: tuple[ServedModel, ServedModel],
    detector: Detector,
    advance: Callable[[int], None],
) -> SkyResult:
    """Return the candidates that the served models find on a sky, with its truth.

    Parameters
    ----------
    sky : Sky
        The sky.
    seed : int
        Seed of its photons.
    patches : sequence of Patch
        The patches to search.
    models : (ServedModel, ServedModel)
        The ensemble, and the ensemble of the heads, for peaks that the first one does
        not list.
    detector : Detector
        Learned values of the ensemble.
    advance : callable
        Called with 1 after every patch.

    Returns
    -------
    SkyResult
    """
    mean = [instrument.band_exposure(band, years=sky.years) for band in BANDS]
    records: dict[int, Any] = {}
    images: dict[int, list[NDArray[np.uint16]]] = {}
    flying: deque[tuple[int, PatchWork, Future[Any]]] = deque()

    def collect() -> None:
        number, work, answer = flying.popleft()
        work.add(None, answer.result())
        records[number] = work.record()
        if np.isnan(records[number]["p_fake"]).any():
            records[number] |= _described(work, models[1])
        advance(1)

    for number, patch in enumerate(patches):
        drawn = counts(sky, seed, number, patch)
        images[number] = [
            np.minimum(drawn[tensor.name], 65_535).astype(np.uint16)
            for tensor in COUNTS[:_ABOVE_1_GEV]
        ]
        exposure = np.array(mean, np.float32) * np.float32(relative_exposure(patch))
        work = PatchWork(drawn, exposure, detector, "server")
        for _, tensors in work.requests():
            answer = models[0].submit(tensors, OUTPUTS["server"])
            flying.append((number, work, answer))
        if len(flying) >= _IN_FLIGHT:
            collect()
    while flying:
        collect()

    calibration = Calibration.of(models[0].spec)
    found = select(
        Detections.collect(records),
        patches,
        WholeSky(),
        threshold=calibration.threshold(detector, _COVERAGE),
        radius_degrees=detector.radius_degrees,
    )
    flux = np.zeros(len(found))
    for number in np.unique(found.patch):
        here = found.patch == number
        flux[here] = aperture_flux(
            images[number], patches[number], found.vectors[here], years=sky.years
        )
    bright = sky.population.flux >= PAPER_FLUX_EDGES[0]
    return SkyResult(
        truth=sky.vectors[bright],
        flux=sky.population.flux[bright],
        found=found.vectors,
        aperture_flux=flux,
        described={
            **{name: getattr(found, name) for name in _DESCRIBED},
            "flux_sigma": calibration.flux_sigma(found.flux_variance),
        },
        threshold=detector.threshold(_COVERAGE),
    )


def _described(work: PatchWork, heads: ServedModel) -> dict[str, NDArray[Any]]:
    """Return the networks' answers on a patch with more peaks than are listed."""
    own = SourcesWork(work.counts, work.exposure, work.peaks)
    for _, tensors in own.requests():
        own.add(None, heads.infer(tensors))
    return own.record()


def aperture_flux(
    images: Sequence[NDArray[np.integer]],
    patch: Patch,
    vectors: Floats,
    *,
    years: float,
) -> Floats:
    """Return the flux of detections from the counts around them.

    Photons above 1 GeV within the 68 % radius of each band, less the background in a
    ring of 2 to 4 such radii, over the exposure.

    Parameters
    ----------
    images : sequence of ndarray
        Counts of the patch in the bands above 1 GeV.
    patch : Patch
        The patch.
    vectors : (n, 3) ndarray
        Galactic unit vectors of the detections.
    years : float
        Length of the survey, years.

    Returns
    -------
    (n,) ndarray
        Photons/cm2/s above 1 GeV; may be negative.

    Notes
    -----
    Photons beyond the patch's edge are missing from the flux of a detection that is
    nearer to the edge than the 68 % radius.
    """
    x, y = patch.offsets(vectors)
    total = np.zeros(len(x))
    for image, band in zip(images, BANDS, strict=False):
        column, row = np.meshgrid(np.arange(band.pixels), np.arange(band.pixels))
        pixel_x, pixel_y = from_pixels(row, column, pixels=band.pixels)
        radius = instrument.r68(band)
        for index in range(len(x)):
            distance = np.hypot(pixel_x - x[index], pixel_y - y[index])
            inner = distance < radius
            ring = (distance > 2 * radius) & (distance < 4 * radius)
            net = image[inner].sum() - image[ring].mean() * inner.sum()
            total[index] += net / 0.68
    centre = SkyCoord(patch.lon, patch.lat, unit="deg", frame="galactic").icrs
    relative = instrument.relative_exposure(centre.dec.deg)
    return np.asarray(total / (_mean_exposure(years) * relative))


def _mean_exposure(years: float) -> float:
    """Return the counts above 1 GeV per unit flux for a power law of 2.4, cm2 s."""
    grid = np.geomspace(1_000.0, 100_000.0, 200)
    shape = grid**-2.4 / np.trapezoid(grid**-2.4, grid)
    return float(
        sum(
            spectra.counts_per_band(grid, shape, band, years=years)
            for band in BANDS[:_ABOVE_1_GEV]
        )
    )
