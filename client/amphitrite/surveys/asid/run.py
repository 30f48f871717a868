"""A run of asid: from files of photons to a catalogue of sources."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray

from amphitrite.engine import control as engine_control
from amphitrite.engine.control import Control
from amphitrite.engine.provenance import Provenance
from amphitrite.engine.session import Session
from amphitrite.errors import SpecMismatch
from amphitrite.files import catalogues, lists
from amphitrite.files.checksums import checksum
from amphitrite.files.steady import Steady
from amphitrite.surveys.asid.bands import BANDS, EXPOSURE_WEIGHTS, Band
from amphitrite.surveys.asid.catalogue import (
    ASSOCIATION_COLUMNS,
    COLUMNS,
    counterpart_columns,
    interpret,
)
from amphitrite.surveys.asid.interpret import known_sources
from amphitrite.surveys.asid.interpret.associations import Counterparts
from amphitrite.surveys.asid.interpret.detections import (
    Detections,
    exposure_correction,
    select,
)
from amphitrite.surveys.asid.learned import Calibration, Learned
from amphitrite.surveys.asid.options import Options
from amphitrite.surveys.asid.page import ASKED, HEADS_MODEL, MODEL
from amphitrite.surveys.asid.prepare import exposures
from amphitrite.surveys.asid.prepare import inputs as asid_inputs
from amphitrite.surveys.asid.prepare.exposures import Exposure
from amphitrite.surveys.asid.prepare.observation import Observation
from amphitrite.surveys.asid.prepare.photons import Photons
from amphitrite.surveys.asid.prepare.tiling import Tiles, centres
from amphitrite.surveys.asid.products import check_drawable, write
from amphitrite.surveys.asid.work import search
from amphitrite.triton.served import Server
from amphitrite.triton.spec import ModelSpec

logger = logging.getLogger(__name__)

T = TypeVar("T")
Cards = dict[str, str | int | float]

_JOURNAL_BYTES: Final = 8192  # of a patch's peaks, and more


@dataclass(frozen=True)
class Result(engine_control.Result):
    """Catalogue of sources, and numbers of the search.

    Its stages are reading, connecting, serving (tiling included) and writing.

    Parameters
    ----------
    n_photons : int
        Photons in usable bands.
    n_patches : int
        Patches searched.
    n_fakes : int
        Detections left out as likely background fluctuations.
    bands : tuple of Band
        The usable bands.
    """

    n_photons: int
    n_patches: int
    n_fakes: int
    bands: tuple[Band, ...]


def run(
    inputs: Sequence[Path],
    connecting: AbstractContextManager[Server],
    out: Path,
    options: Options,
    control: Control | None = None,
) -> engine_control.Result:
    """Find the sources in event lists or a counts cube.

    Patches of the sky are what shards divide among themselves; each reads all photons.

    Parameters
    ----------
    inputs : sequence of Path
        Files, patterns, folders and lists (see `amphitrite.files.lists.found`) of what
        `amphitrite.surveys.asid.prepare.inputs.read` reads.
    connecting, out, options, control
        See `amphitrite.surveys.Survey`; the result is the catalogue's file.

    Returns
    -------
    Result
        The catalogue, and numbers of photons, patches and fluctuations; of a shard,
        its part.

    Raises
    ------
    AmphitriteError
        See `amphitrite.errors`; nothing then stands under the name ``out``.
    """
    check_drawable(options)
    files, skipped = lists.found(inputs)
    with Session(
        *(MODEL.name, out, connecting, control),
        inputs=[*files, *options.auxiliary],
        beside=options.beside,
        disk_bytes=len(centres()) * _JOURNAL_BYTES,
    ) as session:
        session.stage("reading")
        given = _read(files, options, session.control, skipped)
        session.stage("connecting")
        models = session.models(*ASKED)
        check_one_release(*(model.spec for model in models))
        learned = Learned.of(models[0].spec)
        cuts = _cuts(given.photons, options, learned)
        session.stage("serving")
        sky = observation(given.photons, given.exposure, learned.calibration)
        provenance = Provenance.of(given.used, models[0], session.control.command)
        given.steady.check()  # the checksums are of the very files that were read
        exposure_sum, route = given.cards.get("EXPSUM", ""), options.peaks
        provenance = session.record(provenance, peaks=route, exposure=exposure_sum)
        numbers = session.own(sky.tiles.occupied(centres()), _patch_key)
        records, summary = search(
            *(session, models, numbers, sky), learned.detector, route
        )
        summary.skipped |= skipped
        session.stage("writing")
        if session.control.shard is not None:
            return session.part(inputs, options, summary)
        kept, n_fakes = _listed(records, numbers, given, learned, cuts)
        cards: Cards = provenance.cards | given.cards
        cards |= {"NPATCH": len(numbers), "PEAKS": route, **cuts, "NFAKES": n_fakes}
        table = _catalogue(kept, given, sky, learned.calibration, cards)
        catalogues.write(table, session.result, provenance=cards)
        write(session.beside, options, table, given.photons)
        session.publish()
    return Result(
        *(table, summary, out, session.seconds),
        n_photons=len(given.photons),
        n_patches=len(numbers),
        n_fakes=n_fakes,
        bands=tuple(band for band in BANDS if band in given.photons.coverage),
    )


def _patch_key(number: int) -> str:
    """Return the key of a patch for shards."""
    return f"patch {number}"


@dataclass(frozen=True)
class _Given:
    """Photons, contents of the auxiliary files, FITS cards on both, and the files."""

    photons: Photons
    exposure: Exposure | None
    counterparts: Counterparts | None
    cards: Cards
    used: Sequence[Path]
    steady: Steady


def _read(
    inputs: Sequence[Path],
    options: Options,
    control: Control,
    skipped: dict[str, str],
) -> _Given:
    """Return the photons, their exposure and the catalogue of counterparts."""
    steady = Steady([*inputs, *options.auxiliary])
    counterparts = _if_given(options.associate, known_sources.read)
    exposure = _if_given(options.exposure, exposures.read)
    photons = asid_inputs.read(inputs, progress=control.progress, skipped=skipped)
    if not len(photons):
        logger.warning("the input holds no photon in any band: no source is found")
    cards = _photon_cards(photons) | _auxiliary_cards(options, exposure, counterparts)
    used = [path for path in inputs if str(path) not in skipped]
    cards["NSKIPPED"] = len(skipped)
    return _Given(photons, exposure, counterparts, cards, used, steady)


def _if_given(path: Path | None, reader: Callable[[Path], T]) -> T | None:
    return None if path is None else reader(path)


def check_one_release(model: ModelSpec, heads: ModelSpec) -> None:
    """Check that both ensembles describe sources with the same networks.

    Parameters
    ----------
    model, heads : ModelSpec
        Of the ensemble that takes counts and of the one that takes cut-outs, as served.

    Raises
    ------
    SpecMismatch
        Names the first network that differs.
    """
    identities = {member.name: member.identity for member in model.members}
    for member in heads.members:
        if identities.get(member.name) != member.identity:
            raise SpecMismatch(
                f"the ensembles '{MODEL.name}' and '{HEADS_MODEL.name}' are not of one "
                f"release: '{member.name}' is {identities.get(member.name)} in the one "
                f"and {member.identity} in the other. Roll both back, or export "
                f"'{member.name}' again."
            )


def _cuts(photons: Photons, options: Options, learned: Learned) -> dict[str, float]:
    """Return the limits of score and of P(fake) for the catalogue, as FITS cards."""
    bands, calibration = photons.coverage, learned.calibration
    threshold = calibration.threshold(learned.detector, bands, chosen=options.threshold)
    max_p_fake = options.max_p_fake
    if max_p_fake is None:
        max_p_fake = calibration.max_p_fake(bands)
    return {"THRESH": threshold, "MAXPFAKE": max_p_fake}


def observation(
    photons: Photons, exposure: Exposure | None, calibration: Calibration
) -> Observation:
    """Return photons with their exposure; an assumed one is named in a warning.

    Parameters
    ----------
    photons : Photons
        The photons.
    exposure : Exposure, optional
        Their exposure.
    calibration : Calibration
        Its exposure, that of the training, is assumed where none is known.
    """
    typical = calibration.exposure
    if exposure is None:
        logger.warning(
            "no map of the exposure is given (--exposure): fluxes are for %.3g cm2 s "
            "above 1 GeV, that of the training, and flagged exposure_assumed",
            typical @ np.array(EXPOSURE_WEIGHTS),
        )
    elif exposure.missing:
        # the other bands do not count for a flux
        needed = [
            band.label
            for band, weight in zip(BANDS, EXPOSURE_WEIGHTS, strict=True)
            if weight > 0 and band in exposure.missing
        ]
        if needed:
            logger.warning(
                "the map of the exposure has none for %s: it is taken to vary as in "
                "the other bands",
                ", ".join(needed),
            )
        exposure = exposure.filled(typical)
    return Observation(Tiles(photons), exposure, typical)


def _listed(
    records: Mapping[int, Mapping[str, NDArray[Any]]],
    numbers: Sequence[int],
    given: _Given,
    learned: Learned,
    cuts: Mapping[str, float],
) -> tuple[Detections, int]:
    """Return the detections to be listed, and the number of likely fluctuations."""
    found = select(
        Detections.collect(records),
        [centres()[number] for number in numbers],
        given.photons.footprint,
        threshold=cuts["THRESH"],
        radius_degrees=learned.detector.radius_degrees,
    )
    kept = found[found.p_fake <= cuts["MAXPFAKE"]]
    return kept, len(found) - len(kept)


def _catalogue(
    kept: Detections,
    given: _Given,
    sky: Observation,
    calibration: Calibration,
    cards: Cards,
) -> QTable:
    """Return the catalogue; a warning says how many fluxes assume an exposure."""
    correction = _, assumed = exposure_correction(sky, kept)
    if given.exposure is not None and assumed.any():
        logger.warning(
            "the map of the exposure has none at %d of %d sources: their fluxes "
            "are for that of their patch's centre, or of the training, and flagged "
            "exposure_assumed",
            assumed.sum(),
            len(kept),
        )
    columns = interpret(
        kept, given.photons, calibration=calibration, correction=correction
    )
    if given.counterparts is None:
        return catalogues.table(COLUMNS, columns, cards)
    columns |= counterpart_columns(columns, given.counterparts)
    return catalogues.table((*COLUMNS, *ASSOCIATION_COLUMNS), columns, cards)


def _auxiliary_cards(
    options: Options, exposure: Exposure | None, counterparts: Counterparts | None
) -> Cards:
    """Return FITS cards that describe the exposure map and the counterparts."""
    cards: Cards = {}
    if options.exposure is not None and exposure is not None:
        cards |= exposure.choices
        cards["EXPMAP"] = options.exposure.name
        cards["EXPSUM"] = f"sha256:{checksum(options.exposure)}"
    if options.associate is not None and counterparts is not None:
        cards["ASSOC"] = counterparts.title or options.associate.name
        cards |= counterparts.choices
        cards["ASSOCSUM"] = f"sha256:{checksum(options.associate)}"
    return cards


def _photon_cards(photons: Photons) -> Cards:
    """Return FITS cards that describe the photons."""
    cards: Cards = {
        "NPHOTON": len(photons),
        "NOUTSIDE": photons.n_outside,
        **photons.choices,
    }
    present = [band for band in BANDS if band in photons.coverage]
    for number, band in enumerate(present, start=1):
        cards[f"BAND{number}"] = band.label
        cards[f"BANDCOV{number}"] = round(photons.coverage[band], 4)
    return cards
