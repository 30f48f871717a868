"""The part of the augmented kludge that runs in a process of its own.

The package fastemriwaveforms (``few``) warns when it is imported, compiles for some 20
seconds and has globals; only this module imports it, only within functions, and only a
worker process of `amphitrite.engine.workers` calls them.
"""

from __future__ import annotations

import functools
import math
import os
import tempfile
import warnings
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_LEAST_HARMONICS: Final = 4


@dataclass(frozen=True, kw_only=True)
class Source:
    """What is asked of the package, in its own conventions.

    Parameters
    ----------
    masses : (float, float)
        Masses of the black hole and of the compact object in solar masses, in the frame
        of the detector.
    spin : float
        Spin of the black hole over the square of its mass.
    orbit : (float, float, float)
        Semi-latus rectum in units of the mass, eccentricity and cosine of the
        inclination, at the first sample.
    phases : (float, float, float)
        Azimuthal, polar and radial phase at the first sample, in rad.
    distance : float
        In Gpc.
    angles : (float, float, float, float)
        Polar angle and azimuth of the source, then of the spin, in rad.
    """

    masses: tuple[float, float]
    spin: float
    orbit: tuple[float, float, float]
    phases: tuple[float, float, float]
    distance: float
    angles: tuple[float, float, float, float]


@dataclass(frozen=True)
class Wave:
    """A wave and its orbit.

    Parameters
    ----------
    strain : (m,) ndarray of complex128
        ``h+ - i hx``, with the principal axes of the black hole's spin; it ends at the
        plunge, or at the end of the time that was asked for.
    oversampling : int
        How many samples there are where one was asked for, lest any harmonic should
        lie above their Nyquist frequency.
    orbit : (8, k) ndarray of float64
        Eccentricity, cosine of the inclination; azimuthal, polar and radial phase in
        rad, and their rates in rad/s.
    """

    strain: NDArray[np.complex128]
    oversampling: int
    orbit: Array


def wave(source: Source, n: int, seconds: float, orbit_step: float) -> Wave | None:
    """Return the wave of a source.

    None if it has plunged before the first sample, or if the package cannot follow its
    orbit: for one in some hundreds its search for the last stable orbit fails.

    Parameters
    ----------
    source : Source
    n : int
        How many samples, unless the compact object plunges before the last.
    seconds : float
        Time between two of them.
    orbit_step : float
        Seconds between two points of the orbit that is returned.
    """
    generator = _generator()
    if source.orbit[0] <= _last_orbit(source):
        return None
    arguments = (*source.masses, source.spin, *source.orbit)
    phases = dict(zip(("Phi_phi0", "Phi_theta0", "Phi_r0"), source.phases, strict=True))
    trajectory = generator.inspiral_generator
    try:
        time = trajectory(*arguments, **phases, T=_years(n * seconds), dt=seconds)[0]
    except ValueError:
        return None
    orbit = _orbit(trajectory, source, np.arange(0, time[-1], orbit_step))
    oversampling = max(1, math.ceil(2 * seconds * _highest(source, orbit)))
    strain = generator(
        *arguments,
        source.distance,
        *source.angles,
        **phases,
        T=_years(n * seconds),
        dt=seconds / oversampling,
    )
    return Wave(strain[: oversampling * n], oversampling, orbit)


@functools.cache
def _generator() -> Any:
    """Return the package's generator of waveforms."""
    # it would make a folder in the user's home, for data that it does not need here
    for name in ("FEW_FILE_STORAGE_DIR", "FEW_FILE_DOWNLOAD_DIR"):
        os.environ.setdefault(name, tempfile.gettempdir())
    os.environ.setdefault("FEW_LOG_LEVEL", "ERROR")
    with warnings.catch_warnings(action="ignore"):
        from few.waveform import Pn5AAKWaveform
    return Pn5AAKWaveform(force_backend="cpu")


def _years(seconds: float) -> float:
    """Return a time in the package's years, some more, lest a sample be rounded off."""
    from few.utils.constants import YRSID_SI

    return float((seconds + 1) / YRSID_SI)


def _last_orbit(source: Source) -> float:
    """Return the semi-latus rectum at which the package stops, in units of the mass."""
    from few.trajectory.ode import PN5
    from few.utils.geodesic import get_separatrix

    _, eccentricity, cosine = source.orbit
    last = get_separatrix(source.spin, eccentricity, cosine)
    return float(last + PN5().separatrix_buffer_dist)


def _orbit(trajectory: Any, source: Source, time: Array) -> Array:
    """Return the orbit of the trajectory that was last computed; see `Wave`."""
    from few.utils.constants import MTSUN_SI
    from few.utils.geodesic import get_fundamental_frequencies
    from few.utils.mappings.pn import Y_to_xI

    spline = trajectory.inspiral_generator.eval_integrator_spline
    p, e, cosine, *phases = spline(time).T[:6]
    spin = np.full_like(p, source.spin)
    rates = get_fundamental_frequencies(spin, p, e, Y_to_xI(spin, p, e, cosine))
    mass = sum(source.masses) * MTSUN_SI
    return np.stack([e, cosine, *phases, *(rate / mass for rate in rates)])


def _highest(source: Source, orbit: Array) -> float:
    """Return the highest frequency of a harmonic and its sidebands, in Hz."""
    azimuthal, _, radial = orbit[-3:]
    n = max(_LEAST_HARMONICS, int(30 * source.orbit[1]))
    return float((n * radial + 2 * (azimuthal - radial)).max()) / (2 * math.pi)
