"""The whole way of photons: from files to a catalogue of sources."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from amphitrite.engine import control as engine_control
from amphitrite.engine import execution
from amphitrite.engine.beside import Beside
from amphitrite.engine.control import Control
from amphitrite.engine.provenance import Provenance
from amphitrite.engine.staging import Staging
from amphitrite.errors import SpecMismatch
from amphitrite.files import catalogues
from amphitrite.files.checksums import checksum
from amphitrite.files.steady import Steady
from amphitrite.surveys.asid.bands import BANDS, EXPOSURE_WEIGHTS, Band
from amphitrite.surveys.asid.catalogue import (
    ASSOCIATION_COLUMNS,
    COLUMNS,
    counterpart_columns,
    interpret,
)
from amphitrite.surveys.asid.interpret import associations
from amphitrite.surveys.asid.interpret.associations import Counterparts
from amphitrite.surveys.asid.interpret.detections import (
    Detections,
    exposure_correction,
    select,
)
from amphitrite.surveys.asid.learned import Calibration, Detector
from amphitrite.surveys.asid.options import Options
from amphitrite.surveys.asid.page import ASKED, HEADS_MODEL, MODEL
from amphitrite.surveys.asid.pictures import check_available
from amphitrite.surveys.asid.prepare import exposures
from amphitrite.surveys.asid.prepare import inputs as asid_inputs
from amphitrite.surveys.asid.prepare.exposures import Exposure
from amphitrite.surveys.asid.prepare.observation import Observation
from amphitrite.surveys.asid.prepare.photons import Photons
from amphitrite.surveys.asid.prepare.tiling import Tiles, centres
from amphitrite.surveys.asid.products import write
from amphitrite.surveys.asid.work import search
from amphitrite.triton.connection import Connection
from amphitrite.triton.served import ServedModel

logger = logging.getLogger(__name__)

T = TypeVar("T")
_JOURNAL_BYTES: Final = 8192  # of a patch's peaks, and more
_STAGES: Final = ("reading", "connecting", "serving", "writing")


@dataclass(frozen=True)
class Result(engine_control.Result):
    """What a search gives back.

    Parameters
    ----------
    n_photons : int
        Photons in usable bands.
    n_patches : int
        Patches searched.
    n_fakes : int
        Detections left out because they are fluctuations too likely.
    bands : tuple of Band
        The usable bands.
    seconds : mapping of str to float
        Wall time of the stages: reading, connecting, serving (tiling included) and
        writing.
    """

    n_photons: int
    n_patches: int
    n_fakes: int
    bands: tuple[Band, ...]
    seconds: Mapping[str, float]


def run(
    inputs: Sequence[Path],
    connecting: AbstractContextManager[Connection],
    out: Path,
    options: Options,
    control: Control | None = None,
) -> Result:
    """Find the sources in event lists or a counts cube.

    Parameters
    ----------
    inputs : sequence of Path
        See `amphitrite.surveys.asid.prepare.inputs.read`.
    connecting : context manager
        Gives a connection to a server with the model; entered once the inputs and the
        output are known to be usable.
    out : Path
        The catalogue's file; its suffix chooses the format.
    options : Options
        How to search.
    control : Control, optional
        How to run.

    Returns
    -------
    Result
        The catalogue and what it was made of.

    Raises
    ------
    AmphitriteError
        See `amphitrite.errors`; nothing then stands under the name ``out``.
    """
    control = control or Control()
    catalogues.check_suffix(out)
    read = [*inputs, *options.aids]
    beside = Beside(
        *(options.beside, out, read),
        overwrite=control.overwrite,
        resume=control.resume,
    )
    if options.plot is not None:
        check_available()
    with ExitStack() as stack:
        staging = stack.enter_context(
            Staging(out, resume=control.resume, overwrite=control.overwrite)
        )
        clock = [time.monotonic()]
        staging.require(len(centres()) * _JOURNAL_BYTES)
        steady = Steady(read)
        counterparts = _read(options.associate, associations.read)
        exposure = _read(options.exposure, exposures.read)
        photons = asid_inputs.read(inputs, progress=control.progress)
        if not len(photons):
            logger.warning("the input holds no photon in any band: no source is found")
        clock.append(time.monotonic())
        connection = stack.enter_context(connecting)
        models = _models(connection)
        spec = models[0].spec
        detector, calibration = Detector.of(spec), Calibration.of(spec)
        threshold = calibration.threshold(
            detector, photons.coverage, chosen=options.threshold
        )
        max_p_fake = options.max_p_fake
        if max_p_fake is None:
            max_p_fake = calibration.max_p_fake(photons.coverage)
        clock.append(time.monotonic())
        sky = _observation(photons, exposure, calibration)
        provenance = Provenance.of(inputs, models[0], control.command)
        aids = _aid_cards(options, counterparts)
        steady.check()  # what was read is what the checksums are of
        head = {
            "survey": MODEL.name,
            "peaks": options.peaks,
            "exposure": aids.get("EXPSUM", ""),
            **provenance.identity,
        }
        journal = stack.enter_context(
            execution.recording(staging, head, resume=control.resume)
        )
        numbers = sky.tiles.occupied(centres())
        records, summary = search(
            numbers,
            sky,
            detector,
            options.peaks,
            models,
            journal,
            control,
        )
        clock.append(time.monotonic())
        found = select(
            Detections.collect(records),
            [centres()[number] for number in numbers],
            photons.footprint,
            threshold=threshold,
            radius_degrees=detector.radius_degrees,
        )
        kept = found[found.p_fake <= max_p_fake]
        correction = _, assumed = exposure_correction(sky, kept)
        if exposure is not None and assumed.any():
            logger.warning(
                "the map of the exposure has none at %d of %d sources: their fluxes "
                "are for that of their patch's centre, or of the training, and flagged "
                "exposure_assumed",
                assumed.sum(),
                len(kept),
            )
        columns = interpret(
            kept, photons, calibration=calibration, correction=correction
        )
        if counterparts:
            columns |= counterpart_columns(columns, counterparts)
        cards = {
            **provenance.cards,
            **_sky_cards(photons),
            **aids,
            "NPATCH": len(numbers),
            "PEAKS": options.peaks,
            "THRESH": threshold,
            "MAXPFAKE": max_p_fake,
            "NFAKES": len(found) - len(kept),
        }
        declared = (*COLUMNS, *(ASSOCIATION_COLUMNS if counterparts else ()))
        table = catalogues.table(declared, columns, cards)
        catalogues.write(table, staging.result, provenance=cards)
        write(beside, options, table, photons)
        journal.close()
        staging.publish()
        clock.append(time.monotonic())
    return Result(
        table,
        summary,
        out,
        n_photons=len(photons),
        n_patches=len(numbers),
        n_fakes=len(found) - len(kept),
        bands=tuple(band for band in BANDS if band in photons.coverage),
        seconds=dict(zip(_STAGES, np.diff(clock).tolist(), strict=True)),
    )


def _models(connection: Connection) -> tuple[ServedModel, ServedModel]:
    """Find both ensembles, and make sure that they describe sources alike."""
    model, heads = (connection.model(spec) for spec in ASKED)
    identities = {member.name: member.identity for member in model.spec.members}
    for member in heads.spec.members:
        if identities.get(member.name) != member.identity:
            raise SpecMismatch(
                f"the ensembles '{MODEL.name}' and '{HEADS_MODEL.name}' are not of one "
                f"release: '{member.name}' is {identities.get(member.name)} in the one "
                f"and {member.identity} in the other. Roll both back, or export "
                f"'{member.name}' again."
            )
    return model, heads


def _read(path: Path | None, reader: Callable[[Path], T]) -> T | None:
    return None if path is None else reader(path)


def _observation(
    photons: Photons, exposure: Exposure | None, calibration: Calibration
) -> Observation:
    """Join photons and exposure; say what is assumed."""
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


def _aid_cards(
    options: Options, counterparts: Counterparts | None
) -> dict[str, str | int | float]:
    """Return what was read beside the inputs, as cards."""
    cards: dict[str, str | int | float] = {}
    if options.exposure is not None:
        cards["EXPMAP"] = options.exposure.name
        cards["EXPSUM"] = f"sha256:{checksum(options.exposure)}"
    if options.associate is not None and counterparts is not None:
        cards["ASSOC"] = counterparts.title or options.associate.name
        cards["ASSOCSUM"] = f"sha256:{checksum(options.associate)}"
    return cards


def _sky_cards(photons: Photons) -> dict[str, str | int | float]:
    """Return what was read, as cards."""
    cards: dict[str, str | int | float] = {
        "NPHOTON": len(photons),
        "NOUTSIDE": photons.n_outside,
    }
    present = [band for band in BANDS if band in photons.coverage]
    for number, band in enumerate(present, start=1):
        cards[f"BAND{number}"] = band.label
        cards[f"BANDCOV{number}"] = round(photons.coverage[band], 4)
    return cards
