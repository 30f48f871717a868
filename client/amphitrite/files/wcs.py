"""World coordinate systems (WCS) of images."""

from __future__ import annotations

import logging
import re
import warnings
from typing import Final

from astropy.io import fits
from astropy.io.fits.verify import VerifyWarning
from astropy.wcs import WCS, FITSFixedWarning

logger = logging.getLogger(__name__)
_NOT_GRID: Final = ("DATE-OBS", "MJD-OBS", "MJDREF", "RADESYS", "EQUINOX")
_SIP_CARD: Final = re.compile(r"(A|B|AP|BP)_(ORDER|DMAX|\d+_\d+)")


def celestial_wcs(header: fits.Header) -> WCS | None:
    """Return the celestial WCS of an image header.

    Parameters
    ----------
    header : astropy.io.fits.Header
        Header of a two-dimensional image.

    Returns
    -------
    astropy.wcs.WCS or None
        None if the header has no celestial WCS, or one that astropy cannot read (which
        is logged).
    """
    cards = fits.Header(
        [card for card in header.cards if card.keyword not in ("", "COMMENT")]
    )
    if not str(header.get("CTYPE1", "")).endswith("-SIP"):
        for keyword in {key for key in cards if _SIP_CARD.fullmatch(key)}:
            cards.remove(keyword, remove_all=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FITSFixedWarning)
            warnings.simplefilter("ignore", VerifyWarning)
            wcs = WCS(cards, naxis=2)
    except Exception as error:  # astropy and wcslib raise many kinds
        logger.warning("the WCS cards are not understood and not used: %s", error)
        return None
    return wcs if wcs.has_celestial else None
