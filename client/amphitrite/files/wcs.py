"""World coordinate systems (WCS) of images."""

from __future__ import annotations

import contextlib
import logging
import re
import warnings
from collections.abc import Sequence
from typing import Final

from astropy.io import fits
from astropy.io.fits.verify import VerifyWarning
from astropy.wcs import WCS, FITSFixedWarning

logger = logging.getLogger(__name__)
_NOT_GRID: Final = ("DATE-OBS", "MJD-OBS", "MJDREF", "RADESYS", "EQUINOX")
_SIP_CARD: Final = re.compile(r"(A|B|AP|BP)_(ORDER|DMAX|\d+_\d+)")
# Distortions by tables in further HDUs (the WCS papers' draft, as HST writes them).
_TABLE_CARD: Final = re.compile(
    r"(CPDIS|CPERR|CQDIS|CQERR|D2IMDIS|D2IMERR)\d|(DP|DQ|D2IM)\d(\..*)?|AXISCORR|D2IMEXT"
)


def celestial_wcs(header: fits.Header) -> WCS | None:
    """Return the celestial WCS of an image header.

    Parameters
    ----------
    header : astropy.io.fits.Header
        Header of a two-dimensional image.

    Returns
    -------
    astropy.wcs.WCS or None
        See `image_wcs`.
    """
    return image_wcs(header)[0]


def image_wcs(
    header: fits.Header, axes: Sequence[int] = (1, 2)
) -> tuple[WCS | None, list[str]]:
    """Return the celestial WCS of an image header, and the distortions it leaves out.

    Parameters
    ----------
    header : astropy.io.fits.Header
        Header of an image.
    axes : sequence of int
        The FITS axes of the image's columns and rows, counted from 1.

    Returns
    -------
    wcs : astropy.wcs.WCS or None
        None if the header has no celestial WCS, or one that astropy cannot read (which
        is logged).
    distortions : list of str
        What of the header's distortions does not apply or cannot be read, such as
        ``"by tables (CPDIS1)"``; leftover polynomials are not listed.

    Notes
    -----
    Drizzled mosaics often keep the distortions of their input exposures, which no
    longer apply.  Polynomials (SIP) count only where ``CTYPE1`` ends with ``-SIP``,
    tables never, since they are kept in other HDUs, if at all.  Where the polynomials
    are incomplete, the linear part of the WCS remains.
    """
    unwanted = [_TABLE_CARD]
    if not str(header.get("CTYPE1", "")).endswith("-SIP"):
        unwanted.append(_SIP_CARD)
    cards, removed = _without(header, *unwanted)
    tables = [keyword for keyword in removed if _TABLE_CARD.fullmatch(keyword)]
    left_out = [f"by tables ({tables[0]})"] if tables else []
    try:
        wcs = _wcs(cards, axes)
    except Exception as error:  # astropy and wcslib raise many kinds
        wcs = None
        cards, polynomials = _without(cards, _SIP_CARD)
        if polynomials:
            with contextlib.suppress(Exception):
                wcs = _wcs(_without_suffix(cards), axes)
                left_out.append(f"by polynomials ({polynomials[0]}: {error})")
        if wcs is None:
            logger.warning("the WCS cards are not understood and not used: %s", error)
            return None, left_out
    return wcs if wcs.has_celestial else None, left_out


def _wcs(cards: fits.Header, axes: Sequence[int]) -> WCS:
    """Return the WCS of two axes, without warnings on cards that were corrected."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        warnings.simplefilter("ignore", VerifyWarning)
        return WCS(cards, naxis=list(axes))


def _without(
    header: fits.Header, *kinds: re.Pattern[str]
) -> tuple[fits.Header, list[str]]:
    """Return the cards that may matter to a WCS, and the keywords of removed kinds."""
    kept, removed = [], []
    for card in header.cards:
        keyword = card.keyword
        if any(kind.fullmatch(keyword) for kind in kinds):
            removed.append(keyword)
        elif keyword not in ("", "COMMENT", "HISTORY"):
            kept.append(card)
    return fits.Header(kept), removed


def _without_suffix(cards: fits.Header) -> fits.Header:
    """Return the cards with coordinate types that promise no polynomials."""
    plain = cards.copy()
    for keyword in plain["CTYPE*"]:
        plain[keyword] = str(plain[keyword]).removesuffix("-SIP")
    return plain
