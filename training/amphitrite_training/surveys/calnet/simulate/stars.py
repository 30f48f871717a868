"""Random stars with their light curves of one sector, eclipsing binaries and others.

An eclipsing binary is defined by the nature of the star, not by the shape of its light
curve: two stars of which one partly hides the other.  Transits of planets, however
deep, and close binaries that do not eclipse (ellipsoidal variables) are not eclipsing
binaries.  A segment of a binary's light curve is a positive example only if an eclipse
exceeds the noise (`SimulatedStar.shows_eclipse`); its other segments are not used in
training.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from amphitrite.errors import BadInput
from amphitrite_training.surveys.calnet.simulate import noise, roche, variability
from amphitrite_training.surveys.calnet.simulate.eclipses import Orbit, light_curve
from amphitrite_training.surveys.calnet.simulate.sector import Cadences, observe

Floats = NDArray[np.float64]
Generator = np.random.Generator

BINARIES: Final = ("EA", "EB", "EW")
OTHERS: Final = (
    *("quiet", "systematics", "spots", "delta_scuti", "gamma_doradus", "rr_lyrae"),
    *("transit", "flares", "ellipsoidal", "trend"),
)
KINDS: Final = BINARIES + OTHERS
# EA, EB and EW are 66, 16 and 18 % of the star-sectors in CALNet's training list
# (arXiv:2504.15875).  Here the rarer two, whose shapes are harder to distinguish, have
# larger fractions.
_BINARY_SHARES: Final = (0.60, 0.19, 0.21)
_OTHER_SHARES: Final = (0.16, 0.15, 0.18, 0.09, 0.10, 0.07, 0.11, 0.06, 0.05, 0.03)

# Deciles of the period in days of the binaries of Prsa et al. 2022, ApJS 258, 16,
# doi:10.3847/1538-4365/ac324a, by their morphology: below 0.5, 0.5 to 0.7, above.  The
# first and last values are near the first and last per cent.
_PERIODS: Final[Mapping[str, tuple[float, ...]]] = {
    "EA": (0.6, 1.50, 2.24, 2.92, 3.65, 4.47, 5.84, 7.77, 10.7, 15.7, 30.0),
    "EB": (0.25, 0.506, 0.732, 0.914, 1.17, 1.46, 1.80, 2.23, 2.80, 4.28, 8.0),
    "EW": (0.22, 0.278, 0.316, 0.345, 0.373, 0.411, 0.455, 0.558, 0.695, 0.997, 1.5),
}
# Deciles of the TESS magnitude in the same catalogue.
_MAGNITUDES: Final = (
    5.5, 7.83, 8.73, 9.36, 9.90, 10.34, 10.83, 11.31, 11.79, 12.63, 15.5,
)  # fmt: skip
# Sum of the radii over the semi-major axis at a period of 1 d; by Kepler's third law
# two Suns have 0.37 P^(-2/3).
_SUM_OF_RADII: Final = 0.42
_BRIGHTEST, _FAINTEST = 2.0, 16.0
_LEAST_SIGNIFICANCE: Final = 10.0
_LEAST_DEPTH: Final = 0.003
_LEAST_CADENCES: Final = 6


@dataclass(frozen=True, kw_only=True)
class SimulatedStar:
    """A star with its light curve of one sector.

    Parameters
    ----------
    seed : int
        Seed of the star.
    kind : str
        Its class, one of `KINDS`.
    tmag : float
        TESS magnitude.
    period : float
        Orbital period in days; 0 if it is not a binary.
    epoch : float
        Time of a primary minimum in BTJD; 0 if it is not a binary.
    sigma : float
        Photon noise of one cadence relative to the flux.
    cadences : Cadences
        The cadences of the sector.
    eclipses : (n,) ndarray
        Relative flux of the binary without noise and other variations, diluted by other
        stars in the aperture, with a median of about 1; empty if it is not a binary.
    flux : (n,) ndarray
        Measured flux in electrons/s; NaN without measurement.
    """

    seed: int
    kind: str
    tmag: float
    period: float
    epoch: float
    sigma: float
    cadences: Cadences
    eclipses: Floats
    flux: Floats

    @property
    def is_binary(self) -> bool:
        """Whether the star is an eclipsing binary."""
        return self.kind in BINARIES

    @property
    def depth(self) -> float:
        """The depth of the deepest eclipse, relative to the median; 0 for others."""
        return float(1 - self.eclipses.min()) if self.is_binary else 0.0

    def shows_eclipse(self, start: float, stop: float) -> bool:
        """Return whether a part of the light curve has an eclipse above the noise.

        Parameters
        ----------
        start, stop : float
            First and last time of the part in BTJD.

        Returns
        -------
        bool
            True if the deepest eclipse is deeper than 0.3 % and than half the noise of
            a cadence, at least six good cadences reach 40 % of its depth, and its
            significance in these cadences (at most 300) is above 10.
        """
        if not self.is_binary:
            return False
        time = self.cadences.time
        good = (time >= start) & (time <= stop) & (self.cadences.quality == 0)
        loss = 1 - self.eclipses[good]
        if not len(loss):
            return False
        deepest = float(loss.max())
        n = int((loss > 0.4 * deepest).sum())
        significance = deepest / self.sigma * math.sqrt(min(n, 300))
        return (
            deepest > max(_LEAST_DEPTH, 0.5 * self.sigma)
            and n >= _LEAST_CADENCES
            and significance > _LEAST_SIGNIFICANCE
        )


def draw_star(
    seed: int, *, kind: str | None = None, tmag: float | None = None
) -> SimulatedStar:
    """Return a random star with its light curve of one sector.

    Parameters
    ----------
    seed : int
        Seed of the random numbers.
    kind : str, optional
        One of `KINDS`; by default even seeds give binaries and odd seeds other stars.
    tmag : float, optional
        TESS magnitude, 2 to 16; hardly any eclipse of a fainter star exceeds the noise.

    Returns
    -------
    SimulatedStar
        If it is a binary, an eclipse in its light curve exceeds the noise.

    Raises
    ------
    BadInput
        There is no such kind, or the magnitude is out of range.
    """
    if kind is not None and kind not in KINDS:
        raise BadInput(
            f"there is no kind of star '{kind}'; the kinds are: {', '.join(KINDS)}"
        )
    if tmag is not None and not _BRIGHTEST <= tmag <= _FAINTEST:
        raise BadInput(
            f"a star's tmag must be from {_BRIGHTEST:g} to {_FAINTEST:g}; received "
            f"{tmag:g}"
        )
    rng = np.random.default_rng([seed, 4])
    if kind is None:
        binary = seed % 2 == 0
        kind = str(
            rng.choice(BINARIES, p=_BINARY_SHARES)
            if binary
            else rng.choice(OTHERS, p=_OTHER_SHARES)
        )
    while True:
        star = _drawn(rng, seed, kind, tmag)
        time = star.cadences.time
        if kind not in BINARIES or star.shows_eclipse(time[0], time[-1]):
            return star


def _drawn(rng: Generator, seed: int, kind: str, tmag: float | None) -> SimulatedStar:
    bright = _magnitude(rng) if tmag is None else tmag
    sigma = noise.photon_noise(bright) * rng.uniform(0.7, 1.35)
    cadences = observe(rng)
    time = cadences.time
    period = epoch = 0.0
    light = np.empty(0)
    if kind in BINARIES:
        period = _quantile(rng.random(), _PERIODS[kind]) * math.exp(0.05 * rng.normal())
        epoch = time[0] + rng.uniform(0, period)
        light = diluted(rng, binary_light(rng, kind, time, period=period, epoch=epoch))
        relative = light + _besides(rng, time, period)
    else:
        relative = 1 + _other_light(rng, kind, time)
    rough = 10 ** rng.uniform(0.3, 1.1) if kind == "systematics" else 1.0
    relative = relative + noise.measure(rng, cadences, sigma=sigma, roughness=rough)
    flux = np.where(cadences.lost, np.nan, relative * noise.electrons(bright))
    return SimulatedStar(
        seed=seed,
        kind=kind,
        tmag=bright,
        period=period,
        epoch=epoch,
        sigma=sigma,
        cadences=cadences,
        eclipses=light,
        flux=flux,
    )


def _magnitude(rng: Generator) -> float:
    """Return a random magnitude, either of the catalogue's distribution or uniform."""
    if rng.random() < 0.6:
        return _quantile(rng.random(), _MAGNITUDES)
    return float(rng.uniform(6, 15.2))


def _quantile(share: float, deciles: tuple[float, ...]) -> float:
    logs = np.log(deciles)
    return float(np.exp(np.interp(share, np.linspace(0, 1, len(deciles)), logs)))


def binary_light(
    rng: Generator, kind: str, time: Floats, *, period: float, epoch: float
) -> Floats:
    """Return the light curve of a random binary of a kind and a period.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the random numbers.
    kind : str
        ``"EA"``: two spheres; ``"EB"``: two spheres that are close to each other, or
        two distorted stars; ``"EW"``: two stars in contact.
    time : (n,) ndarray
        Times in days.
    period, epoch : float
        Days; star 2 is in front of star 1 at the epoch.

    Returns
    -------
    (n,) ndarray
        Flux with a median of 1.
    """
    if kind == "EA" or (kind == "EB" and rng.random() < 0.4):
        flux = light_curve(time, _spheres(rng, kind, period, epoch))
    else:
        curve = _distorted(rng, kind)
        spline = CubicSpline(curve.phase, curve.flux, bc_type="periodic")
        phase = (time - epoch) / period
        flux = spline(phase % 1)
        if rng.random() < 0.4:  # O'Connell 1951: unequal maxima
            flux = flux + 0.01 * rng.normal() * np.sin(2 * np.pi * phase)
    return np.asarray(flux / np.median(flux))


def _spheres(rng: Generator, kind: str, period: float, epoch: float) -> Orbit:
    if kind == "EA":
        both = _SUM_OF_RADII * period ** (-2 / 3) * math.exp(0.4 * rng.normal())
        both = float(np.clip(both, 0.015, 0.55))
    else:
        both = float(rng.uniform(0.4, 0.65))
    ratio = rng.uniform(0.15, 1) if rng.random() < 0.8 else rng.uniform(0.9, 1.05)
    eccentricity = 0.0
    if period > 3 and rng.random() < 0.6:  # shorter orbits are round
        eccentricity = min(0.7, rng.rayleigh(0.18), 0.8 * (1 - both))
    unequal = rng.random() < 0.65
    bright = 10 ** rng.uniform(-2, 0.05) if unequal else rng.uniform(0.7, 1.1)
    return Orbit(
        period=period,
        epoch=epoch,
        radius1=both / (1 + ratio),
        radius2=both * ratio / (1 + ratio),
        brightness=bright,
        inclination=math.acos(rng.uniform(0, 0.93) * both),
        eccentricity=eccentricity,
        omega=rng.uniform(0, 2 * np.pi),
        limb1=rng.uniform(0.15, 0.55),
        limb2=rng.uniform(0.05, 0.3),
        mass_ratio=rng.uniform(0.3, 1.0),
        albedo=rng.uniform(0.3, 1),
    )


def _distorted(rng: Generator, kind: str) -> roche.Rendered:
    """Return a random distorted binary that eclipses and varies by at least 3 %."""
    while True:
        inclination = math.acos(rng.uniform(0, math.cos(math.radians(45))))
        q = 10 ** rng.uniform(-0.85, 0)
        if kind == "EW":
            binary = roche.Binary(
                mass_ratio=q,
                inclination=inclination,
                temperature_ratio=float(np.clip(rng.normal(1, 0.04), 0.85, 1.15)),
                fillout=0.8 * rng.beta(1, 2),
            )
        else:
            fills = rng.random() < 0.6  # star 2 fills its lobe, as in Algol
            binary = roche.Binary(
                mass_ratio=q,
                inclination=inclination,
                temperature_ratio=rng.uniform(0.4, 1.0),
                filling1=rng.uniform(0.5, 1.0),
                filling2=1.0 if fills else rng.uniform(0.6, 1.0),
            )
        curve = roche.render(binary)
        if curve.hidden.max() > 0.01 and curve.flux.min() < 0.97:
            return curve


def diluted(rng: Generator, light: Floats) -> Floats:
    """Return a light curve diluted by a random fraction of flux from other stars."""
    chance = rng.random()
    share = 0.0
    if chance < 0.7:
        share = rng.beta(1, 6)
    elif chance < 0.88:
        share = rng.uniform(0.3, 0.97)
    return np.asarray(light * (1 - share) + share)


def _besides(rng: Generator, time: Floats, period: float) -> Floats:
    """Return other random variations of a binary's stars: spots, pulsations, flares."""
    total = np.zeros_like(time)
    if rng.random() < 0.3:
        locked = period if rng.random() < 0.4 else None
        size = 10 ** rng.uniform(-3, -1.5)
        total += variability.spots(rng, time, amplitude=size, period=locked)
    if rng.random() < 0.07:
        total += 0.6 * variability.delta_scuti(rng, time)
    if rng.random() < 0.05:
        total += variability.flares(rng, time)
    return total


_VARIABLES: Final[Mapping[str, Callable[[Generator, Floats], Floats]]] = {
    "spots": variability.spots,
    "delta_scuti": variability.delta_scuti,
    "gamma_doradus": variability.gamma_doradus,
    "rr_lyrae": variability.rr_lyrae,
    "transit": variability.transit,
    "flares": variability.flares,
    "ellipsoidal": variability.ellipsoidal,
    "trend": variability.trend,
}


def _other_light(rng: Generator, kind: str, time: Floats) -> Floats:
    total = np.zeros_like(time)
    if kind in _VARIABLES:
        total += _VARIABLES[kind](rng, time)
    if kind == "flares" and rng.random() < 0.6:
        total += variability.spots(rng, time)
    if kind in ("quiet", "systematics") and rng.random() < 0.25:
        size = 10 ** rng.uniform(-4, -2.8)
        total += variability.spots(rng, time, amplitude=size)
    if kind in ("spots", "transit") and rng.random() < 0.25:
        more = variability.delta_scuti if rng.random() < 0.3 else variability.spots
        total += 0.5 * more(rng, time)
    return total
