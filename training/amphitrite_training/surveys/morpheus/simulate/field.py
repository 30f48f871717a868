"""A small simulated field in H, J, V and z, with its true sources.

Extended sources are rendered on a grid three times finer than the pixels, convolved
with each band's point spread function and sampled at the pixels; point sources are that
function itself.  `camera` has the properties that are matched to real CANDELS images,
`population` the random sources.  Everything is simulated and contains nothing of a real
image.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from astropy.table import Column, Table
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from amphitrite.errors import BadInput
from amphitrite.surveys.morpheus.page import BANDS, LABELS, MORPHOLOGIES, WINDOW
from amphitrite_training.surveys.morpheus.simulate import camera
from amphitrite_training.surveys.morpheus.simulate.population import (
    Part,
    Source,
    draw_sources,
)

FINE = 3  # odd, so that every pixel centre is on the fine grid
KERNEL_PIXELS = 32


@dataclass(frozen=True)
class Field:
    """A simulated field and its true sources.

    Parameters
    ----------
    seed : int
        Seed of the field.
    bands : dict of (ny, nx) ndarray of float32
        The images in electrons/s by band: H, J, V, z in this order.
    truth : Table
        One row per source: position (pixels from 0), AB magnitudes, morphology, shape.
    labels : (ny, nx) ndarray of int8
        Index into ``amphitrite.surveys.morpheus.page.LABELS``: the class with the
        highest flux in H where that flux exceeds one sigma of the sky, elsewhere
        background.
    """

    seed: int
    bands: dict[str, NDArray[np.float32]]
    truth: Table
    labels: NDArray[np.int8]


def render_field(seed: int, *, shape: tuple[int, int] = (256, 256)) -> Field:
    """Return a simulated field, which is the same for the same seed and shape.

    Parameters
    ----------
    seed : int
        Seed of the random numbers.
    shape : tuple of int
        (ny, nx), in pixels of 0.06 arcsec; each at least 40.

    Returns
    -------
    Field
        Images without NaN, true sources and labels.

    Raises
    ------
    BadInput
        ``shape`` is smaller than one window of the network.

    Examples
    --------
    >>> field = render_field(20, shape=(64, 80))
    >>> list(field.bands), field.bands["H"].shape
    (['H', 'J', 'V', 'z'], (64, 80))
    """
    if min(shape) < WINDOW:
        raise BadInput(
            f"a field holds at least one window of {WINDOW} x {WINDOW} pixels; "
            f"received shape (ny, nx) = {shape}; ask for {WINDOW} or more on each side"
        )
    rng = np.random.default_rng(seed)
    sources = draw_sources(rng, shape)
    light = {
        band: {
            morphology: noise_free(
                [s for s in sources if s.morphology == morphology], shape, band
            )
            for morphology in MORPHOLOGIES
        }
        for band in BANDS
    }
    bands = {
        band: (sum(light[band].values()) + camera.sky(rng, shape, camera.BANDS[band]))
        for band in BANDS
    }
    return Field(
        seed=seed,
        bands={band: image.astype(np.float32) for band, image in bands.items()},
        truth=_truth(sources, [_brightest(s, shape) for s in sources]),
        labels=_labels(light["H"]),
    )


def noise_free(
    sources: Sequence[Source], shape: tuple[int, int], band: str
) -> NDArray[np.float64]:
    """Return the image of sources in a band, without sky and noise.

    Parameters
    ----------
    sources : sequence of Source
        The sources; without any, the image is 0.
    shape : tuple of int
        (ny, nx), in pixels of 0.06 arcsec.
    band : str
        H, J, V or z.

    Returns
    -------
    (ny, nx) ndarray of float64
        Flux per pixel in electrons/s, also from sources outside the image that extend
        into it.
    """
    response = camera.BANDS[band]
    image = np.zeros(shape)
    fine = np.zeros((shape[0] * FINE, shape[1] * FINE))
    for source in sources:
        for part in source.parts:
            magnitude = source.mag_h + part.colours[band]
            flux = part.share * camera.electrons(magnitude, response)
            if part.profile.radius:
                _draw(fine, part, flux)
            else:
                y, x = np.ogrid[: shape[0], : shape[1]]
                squared = (y - part.profile.y) ** 2 + (x - part.profile.x) ** 2
                image += flux * camera.point_spread(squared, response)
    if fine.any():
        reach = np.arange(-KERNEL_PIXELS * FINE, KERNEL_PIXELS * FINE + 1) / FINE
        squared = reach[:, None] ** 2 + reach[None, :] ** 2
        kernel = camera.point_spread(squared, response)
        kernel /= kernel.sum()
        blurred = fftconvolve(fine, kernel, mode="same")
        image += blurred[FINE // 2 :: FINE, FINE // 2 :: FINE]
    return image


def _draw(fine: NDArray[np.float64], part: Part, flux: float) -> None:
    """Add a profile to the fine image, in electrons/s per pixel of the final image."""
    profile = part.profile
    box = tuple(
        slice(
            max(0, math.floor((centre - profile.reach) * FINE)),
            max(0, math.ceil((centre + profile.reach) * FINE)),
        )
        for centre in (profile.y, profile.x)
    )
    rows, columns = (
        (np.arange(n)[cut] - FINE // 2) / FINE
        for n, cut in zip(fine.shape, box, strict=True)
    )
    fine[box] += flux * profile.at(rows[:, None], columns[None, :])


def _brightest(source: Source, shape: tuple[int, int]) -> tuple[float, float]:
    """Return x and y of a source's peak in H, which may be at a clump."""
    if len({(part.profile.x, part.profile.y) for part in source.parts}) == 1:
        return source.main.x, source.main.y
    image = noise_free([source], shape, "H")
    y, x = np.unravel_index(image.argmax(), shape)
    return float(x), float(y)


def _labels(light: Mapping[str, NDArray[np.float64]]) -> NDArray[np.int8]:
    """Return the class with the highest flux in every pixel, as an index."""
    stack = np.stack([light[morphology] for morphology in MORPHOLOGIES])
    seen = stack.max(axis=0) > camera.BANDS["H"].noise
    return np.where(seen, stack.argmax(axis=0), LABELS.index("background")).astype(
        np.int8
    )


def _truth(sources: Sequence[Source], peaks: Sequence[tuple[float, float]]) -> Table:
    """Return the table of the true sources."""
    shapes = [source.main for source in sources]
    extended = np.array([bool(shape.radius) for shape in shapes])

    def column(values: Sequence[float], unit: str, description: str) -> Column:
        return Column(np.array(values, float), unit=unit, description=description)

    def shape_column(values: Sequence[float], unit: str, description: str) -> Column:
        filled = np.where(extended, np.array(values, float), np.nan)
        return Column(filled, unit=unit, description=f"{description}; NaN for a point")

    table = Table()
    table["x"] = column(
        [x for x, _ in peaks],
        "pix",
        "Column of the peak in H, from 0; of irregulars to a whole pixel",
    )
    table["y"] = column([y for _, y in peaks], "pix", "Row of the peak in H, from 0")
    table["morphology"] = Column(
        np.array([s.morphology for s in sources], "U12"), description="Simulated class"
    )
    for band in BANDS:
        table[f"mag_{band.lower()}"] = column(
            [s.magnitude(band) for s in sources], "mag", f"AB magnitude in {band}"
        )
    table["radius"] = shape_column(
        [s.radius * camera.PIXEL_ARCSEC for s in shapes],
        "arcsec",
        "Half-light radius along the major axis, before the point spread function",
    )
    table["sersic_index"] = shape_column(
        [s.index for s in shapes], "", "Sersic index of the main part"
    )
    table["axis_ratio"] = shape_column(
        [s.axis_ratio for s in shapes], "", "Minor over major axis"
    )
    table["angle"] = shape_column(
        [math.degrees(s.angle) for s in shapes],
        "deg",
        "From the x axis to the major axis, towards y",
    )
    return table
