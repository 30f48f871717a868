"""What several servers must have in common to serve one run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from amphitrite.errors import SpecMismatch
from amphitrite.triton.served import ServedModel, Server


def agreed(found: Sequence[ServedModel], server: Server) -> ServedModel:
    """Return the model that most servers serve; among equally many, the first's.

    Parameters
    ----------
    found : sequence of ServedModel
        One model as each of the servers serves it, at least one.
    server : Server
        What stands for all of the servers.
    """
    counts = Counter(model.state for model in found)
    first = max(found, key=lambda model: counts[model.state])
    return replace(
        first,
        server=server,
        max_batch=min(m.max_batch for m in found if m.state == first.state),
    )


def check_agrees(model: ServedModel, run: ServedModel) -> None:
    """Check that a server serves a model as the run needs it.

    Parameters
    ----------
    model : ServedModel
        The model on that server.
    run : ServedModel
        The model with which the run began.

    Raises
    ------
    SpecMismatch
        Version, weights, learned values or their verification differ, or the server
        takes fewer rows in a request.
    """
    if model.state != run.state:
        raise SpecMismatch(
            f"the server at {model.server.url} serves '{model.spec.name}' "
            f"{model.state}; the run began with {run.state}"
        )
    if model.max_batch < run.max_batch:
        raise SpecMismatch(
            f"the server at {model.server.url} takes {model.max_batch} rows of "
            f"'{model.spec.name}' in a request; the run began with {run.max_batch}"
        )
