"""The whole way of small images: from files to a catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from amphitrite.surveys.stamps.catalogue import COLUMNS
from amphitrite.surveys.stamps.options import Options
from amphitrite.surveys.stamps.page import MODEL
from amphitrite.surveys.stamps.work import prepare

from amphitrite.engine.control import Control, Result
from amphitrite.engine.execution import Unit
from amphitrite.engine.provenance import Provenance
from amphitrite.engine.session import Session
from amphitrite.files import catalogues
from amphitrite.files.compression import plain_name
from amphitrite.triton.served import Server


def run(
    inputs: Sequence[Path],
    connecting: AbstractContextManager[Server],
    out: Path,
    options: Options,
    control: Control | None = None,
) -> Result:
    """Measure the star in each image; see `amphitrite.surveys.Survey`."""
    with Session(MODEL.name, out, connecting, control, inputs=inputs) as session:
        session.stage("measuring")
        (model,) = session.models(MODEL)
        provenance = Provenance.of(inputs, model, session.control.command)
        provenance = session.record(provenance)
        own = session.own(inputs, plain_name)
        units = [Unit(str(path), path) for path in own]
        summary = session.serve("measuring", units, len(units), prepare, model)
        if session.control.shard is not None:
            return session.part(inputs, options, summary)
        kept = [unit for unit in units if unit.key in session.journal]
        columns = {
            "name": [unit.payload.name for unit in kept],
            "flux": [session.journal.read(unit.key)["flux"][0] for unit in kept],
        }
        table = catalogues.table(COLUMNS, columns, provenance.cards)
        catalogues.write(table, session.result, provenance=provenance.cards)
        session.publish()
    return Result(table, summary, out, session.seconds)
