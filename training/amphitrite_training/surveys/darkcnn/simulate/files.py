"""Files of simulated clusters as a user has them, and the table of what is true."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from astropy.io import fits
from astropy.table import QTable
from astropy.wcs import WCS
from numpy.typing import NDArray

from amphitrite.errors import OutputError
from amphitrite.files import catalogues
from amphitrite.files.columns import Column
from amphitrite.surveys.darkcnn.page import CHANNELS, PIXEL_KPC, XRAY
from amphitrite_training.surveys.darkcnn.simulate.maps import Truth
from amphitrite_training.surveys.darkcnn.simulate.observer import dimming, pixel_arcmin

SIMULATED: Final = "SIMULATED by Amphitrite: no observation"
# An arbitrary position.
CENTRE_DEG: Final = (150.0, 2.0)
GROUP: Final = "id"
LABEL: Final = "sigma"
"""Names of a cluster's identity and of its cross-section in an archive."""
_BUNITS: Final = ("Msun/kpc2", "erg/(s cm2 arcmin2)", "Msun/kpc2")

TRUTH: Final = (
    Column("cluster_id", "str", "", "meta.id;meta.main", "Name of the cluster"),
    Column("group", "int64", "", "meta.id.assoc", "Shared by what differs in sigma_m"),
    Column("sigma_m", "float64", "cm2 g-1", "", "Cross-section of dark matter by mass"),
    Column("z", "float64", "", "src.redshift", "Redshift"),
    Column("log_m200", "float64", "", "phys.mass", "log10 of M200 in solar masses"),
    Column("concentration", "float64", "", "", "r200 over the scale radius"),
    Column("age", "float64", "Gyr", "time.age", "For how long the core has formed"),
    Column("relaxed", "bool", "", "meta.code", "Whether the cluster is relaxed"),
    Column(
        "xray_concentration",
        "float64",
        "",
        "",
        "X-rays within 100 kpc over those within 400 kpc",
    ),
    Column(
        "bcg_ellipticity",
        "float64",
        "",
        "src.ellipticity",
        "Of the central galaxy, (a - b) / (a + b)",
    ),
    Column(
        "core_radius", "float64", "kpc", "phys.size.radius", "Where density is halved"
    ),
    Column(
        "offset",
        "float64",
        "kpc",
        "phys.size",
        "From the central galaxy to the middle of the dark matter",
    ),
)


def write_cluster(
    path: Path, name: str, truth: Truth, maps: NDArray[np.floating]
) -> None:
    """Write the maps of a cluster as a FITS file, as it is seen at its own redshift.

    Parameters
    ----------
    path : Path
        The file; replaced if it exists.
    name : str
        The cluster's name in it.
    truth : Truth
        What is true of it; redshift, mass, X-ray concentration and ellipticity stand in
        the file, the rest does not.
    maps : (3, ny, nx) ndarray of float
        As `maps.maps` gives them.

    Raises
    ------
    OutputError
        The file cannot be written.
    ValueError
        The cluster is at redshift 0, where a length has no angle.
    """
    if truth.redshift <= 0:
        raise ValueError(f"cluster {truth.number} is at redshift 0: no angular size")
    primary = fits.PrimaryHDU()
    primary.header.update(
        {
            "OBJECT": (name, "name of the cluster"),
            "SIMULATE": (True, SIMULATED),
            "REDSHIFT": truth.redshift,
            "LOGM200": (truth.log_m200, "log10 of M200 in Msun"),
            "XRAYCONC": (truth.xray_concentration, "X-rays within 100 and 400 kpc"),
            "BCG_E": (truth.bcg_ellipticity, "(a - b) / (a + b) of the galaxy"),
        }
    )
    wcs = _wcs(maps.shape[1:], pixel_arcmin(truth.redshift) / 60)
    hdus = fits.HDUList([primary])
    for channel, unit, image in zip(CHANNELS, _BUNITS, maps, strict=True):
        seen = image * (dimming(truth.redshift) if channel == XRAY else 1.0)
        header = wcs.to_header()
        header["BUNIT"] = unit
        hdus.append(
            fits.ImageHDU(seen.astype(np.float32), header, name=channel.upper())
        )
    try:
        hdus.writeto(path, overwrite=True)
    except OSError as error:
        raise OutputError(
            f"the simulated cluster cannot be written to {path}: {error}; give an "
            "existing folder with space that you may write to"
        ) from error


def write_archive(
    path: Path,
    truths: Sequence[Truth],
    maps: Sequence[NDArray[np.floating]],
    /,
    *,
    channels_first: bool = False,
    **others: object,
) -> None:
    """Write labelled maps as an archive of numpy, as people keep their simulations.

    Parameters
    ----------
    path : Path
        The file; replaced if it exists.
    truths : sequence of Truth
        What is true of each map.  Identity (`GROUP`), cross-section (`LABEL`), redshift
        and attributes stand in the file.
    maps : sequence of (3, ny, nx) ndarray of float
        As `maps.maps` gives them.
    channels_first : bool
        Whether the array is (n, 3, ny, nx), not (n, ny, nx, 3).
    **others : array or text
        Further arrays, or others in the place of those above; None leaves one out.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    stack = np.stack(list(maps)).astype(np.float32)
    arrays = {
        "maps": stack if channels_first else np.moveaxis(stack, 1, -1),
        "channels": np.array(CHANNELS, str),
        "unit": "Msun/kpc2",
        "pixel_kpc": PIXEL_KPC,
        GROUP: [truth.number for truth in truths],
        LABEL: [truth.cross_section for truth in truths],
        f"{LABEL}_unit": "cm2/g",
        "redshift": [truth.redshift for truth in truths],
        "log_m200": [truth.log_m200 for truth in truths],
        "xray_concentration": [truth.xray_concentration for truth in truths],
        "bcg_ellipticity": [truth.bcg_ellipticity for truth in truths],
        "note": SIMULATED,
        **others,
    }
    given = {key: np.array(value) for key, value in arrays.items() if value is not None}
    try:
        with path.open("wb") as file:
            np.savez(file, **given)
    except OSError as error:
        raise OutputError(
            f"the simulated maps cannot be written to {path}: {error}; give an "
            "existing folder with space that you may write to"
        ) from error


def truth_table(names: Sequence[str], truths: Sequence[Truth]) -> QTable:
    """Return the table of what is true of some clusters, with the columns `TRUTH`.

    Parameters
    ----------
    names : sequence of str
        The names of the clusters.
    truths : sequence of Truth
        What is true of them.
    """
    return catalogues.table(
        TRUTH,
        {
            "cluster_id": np.array(names, dtype=str),
            "group": [truth.number for truth in truths],
            "sigma_m": [truth.cross_section for truth in truths],
            "z": [truth.redshift for truth in truths],
            "log_m200": [truth.log_m200 for truth in truths],
            "concentration": [truth.concentration for truth in truths],
            "age": [truth.age_gyr for truth in truths],
            "relaxed": [truth.relaxed for truth in truths],
            "xray_concentration": [truth.xray_concentration for truth in truths],
            "bcg_ellipticity": [truth.bcg_ellipticity for truth in truths],
            "core_radius": [truth.core_kpc for truth in truths],
            "offset": [truth.offset_kpc for truth in truths],
        },
        {"OBJECT": SIMULATED},
    )


def _wcs(shape: tuple[int, ...], pixel_deg: float) -> WCS:
    """Return a tangential projection about the centre of the map, north up."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = CENTRE_DEG
    wcs.wcs.crpix = [(n + 1) / 2 for n in reversed(shape)]
    wcs.wcs.cdelt = [-pixel_deg, pixel_deg]
    wcs.wcs.radesys = "ICRS"
    return wcs
