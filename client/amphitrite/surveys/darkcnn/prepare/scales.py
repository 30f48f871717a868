"""The size of a pixel at the cluster."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from astropy.cosmology import Planck18
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_area, proj_plane_pixel_scales

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.prepare.reading import Reading

COARSEST_KPC: Final = 100.0
"""Length of the longest pixel that is read: the cores of clusters are not larger."""

_SKEW: Final = 0.01  # relative difference of a pixel's area from that of a rectangle
_ARCSEC: Final = 3600.0


def kpc_per_arcsec(redshift: float) -> float:
    """Return the length at a redshift that is seen under an arcsecond, in proper kpc.

    Parameters
    ----------
    redshift : float
        In the cosmology of Planck 2018.

    Raises
    ------
    BadInput
        The redshift is 0, where a length has no definite angle.
    """
    if redshift <= 0:
        raise BadInput(
            "an angle is no length at redshift 0; state the size of a pixel in kpc "
            "with --pixel-kpc"
        )
    return float(Planck18.kpc_proper_per_arcmin(redshift).value) / 60


def wcs_arcsec(wcs: WCS, name: str) -> tuple[float, float]:
    """Return the height and width of a pixel on the sky in arcsec.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        The celestial coordinates of a map, in whatever direction they are turned: maps
        of clusters have no direction that is preferred.
    name : str
        The file, for messages.

    Raises
    ------
    BadInput
        The pixels are no rectangles.
    """
    celestial = wcs.celestial
    width, height = (float(scale) for scale in proj_plane_pixel_scales(celestial))
    area = float(proj_plane_pixel_area(celestial))
    if not math.isclose(area, width * height, rel_tol=_SKEW):
        raise BadInput(
            f"the pixels of {name} are no rectangles on the sky; resample it first, "
            "for example with reproject"
        )
    return height * _ARCSEC, width * _ARCSEC


def pixel_kpc(
    reading: Reading,
    redshift: float,
    name: str,
    *,
    kpc: Sequence[float] | float | None = None,
    arcsec: Sequence[float] | float | None = None,
) -> tuple[float, float]:
    """Return the height and width of a pixel in proper kpc at the cluster.

    Parameters
    ----------
    reading : Reading
        What the user states, which counts before what the file says.
    redshift : float
        Of the cluster.
    name : str
        The file or the cluster, for messages.
    kpc, arcsec : float or (float, float), optional
        What the file says.

    Raises
    ------
    BadInput
        Nobody states it, or it is beyond 0 to `COARSEST_KPC`.
    """
    if reading.pixel_kpc is not None:
        found = _pair(reading.pixel_kpc)
    elif reading.pixel_arcsec is not None:
        found = _pair(reading.pixel_arcsec) * kpc_per_arcsec(redshift)
    elif kpc is not None:
        found = _pair(kpc)
    elif arcsec is not None:
        found = _pair(arcsec) * kpc_per_arcsec(redshift)
    else:
        raise BadInput(
            f"{name} does not say how large its pixels are; state it with --pixel-kpc "
            "or --pixel-arcsec, or give a FITS image with celestial coordinates"
        )
    if not ((found > 0) & (found <= COARSEST_KPC)).all():
        raise BadInput(
            f"the pixels of {name} are {found[1]:.4g} x {found[0]:.4g} kpc at redshift "
            f"{redshift:g}; they must be at most {COARSEST_KPC:g} kpc, or no core of a "
            "cluster can be seen. Check the scale and the redshift"
        )
    return float(found[0]), float(found[1])


def _pair(
    values: Sequence[float] | float,
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return a height and a width from one number or two."""
    return np.broadcast_to(np.asarray(values, np.float64), (2,))
