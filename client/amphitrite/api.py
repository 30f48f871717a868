"""The library's two verbs: `connect` to a server and `run` a survey."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amphitrite.engine.control import Control
from amphitrite.surveys import asked, model_names, needed
from amphitrite.surveys import options as survey_options
from amphitrite.surveys import survey as find
from amphitrite.triton.connection import Connection

if TYPE_CHECKING:
    from astropy.table import QTable


@contextmanager
def connect(
    url: str | None = None,
    *,
    models: Sequence[str] | None = None,
    model_repository: Path | None = None,
    deadline: float = 120.0,
    report: Callable[[str], None] = lambda text: None,
) -> Iterator[Connection]:
    """Connect to a Triton server, or to a local one started for the occasion.

    Parameters
    ----------
    url : str, optional
        ``host:port`` of a running server's gRPC endpoint, or another form that
        `amphitrite.triton.addresses.parse` knows.  Without it a real Triton is
        started on this machine and stopped at the end; the first time, this installs
        the server into the user's cache directory.
    models : sequence of str, optional
        The models that a local server loads, or surveys, for all models that they ask;
        all of the repository by default.
    model_repository : Path, optional
        What a local server serves; see `amphitrite.triton.repository.find_repository`.
    deadline : float
        Seconds after which a request without an answer fails.
    report : callable
        Told what is going on while a local server is installed and started.

    Yields
    ------
    Connection
        Closed at the end of the ``with`` block.

    Raises
    ------
    BadInput
        The address is none, or no model repository was found.
    ProvisioningError
        The local server cannot be installed or started.

    Examples
    --------
    >>> import amphitrite
    >>> with amphitrite.connect(models=["morpheus"]) as connection:
    ...     for model in connection.status():
    ...         print(model.name, model.ready)
    asid False
    asid_classifier False
    asid_flux False
    asid_heads False
    asid_location False
    asid_peaks False
    asid_unet False
    calnet False
    morpheus True
    """
    if url is not None:
        with Connection(url, deadline=deadline, known=model_names) as connection:
            yield connection
        return
    from amphitrite.server.launcher import LocalTriton
    from amphitrite.triton.repository import find_repository

    with (
        LocalTriton(
            find_repository(model_repository),
            models=None if models is None else needed(models),
            report=report,
        ) as server,
        Connection(server.grpc_url, deadline=deadline, known=model_names) as connection,
    ):
        yield connection


def run(
    survey: str,
    inputs: Sequence[str | Path],
    server: str | Connection | None = None,
    *,
    output: str | Path | None = None,
    control: Control | None = None,
    **options: Any,
) -> QTable:
    """Run a survey on files and return its catalogue.

    Parameters
    ----------
    survey : str
        The survey's name, such as ``"morpheus"``.
    inputs : sequence of path
        The survey's input files, in its order.
    server : str or Connection, optional
        ``host:port`` of a running server, or an open connection; without it a local
        server is started and stopped.
    output : path, optional
        Where the result goes, the catalogue's file or, for a survey of more products,
        their folder; without it only the catalogue is returned.
    control : Control, optional
        How to run: requests in flight, patience, resume, overwrite; see
        `amphitrite.engine.control.Control`.
    **options
        The survey's own options: the fields of its page's ``Options``.

    Returns
    -------
    astropy.table.QTable
        The catalogue, with units, descriptions and UCDs (``column.info.meta["ucd"]``).
        An empty result has all its columns and no row.

    Raises
    ------
    AmphitriteError
        See `amphitrite.errors`.

    Examples
    --------
    >>> import amphitrite
    >>> bands = [f"field/{band}.fits" for band in "hjvz"]
    >>> catalogue = amphitrite.run("morpheus", bands, stride=10)
    >>> catalogue["ra"].unit
    Unit("deg")
    >>> frame = catalogue.to_pandas()
    >>> sorted(set(frame.morphology) - {"disk", "irregular", "point_source"})
    ['spheroid']
    """
    found = find(survey)
    chosen = survey_options(survey, **options)
    with _scratch(needed=output is None) as scratch:
        name = "result" if found.page.PRODUCTS else "catalogue.fits"
        out = Path(output) if output is not None else Path(scratch) / name
        paths = [Path(path) for path in inputs]
        connecting = (
            nullcontext(server)
            if isinstance(server, Connection)
            else connect(server, models=asked(survey))
        )
        return found.run(paths, connecting, out, chosen, control).table


def _scratch(*, needed: bool) -> AbstractContextManager[str]:
    """Give a folder for a result that nobody asked to keep."""
    if needed:
        return tempfile.TemporaryDirectory(prefix="amphitrite-")
    return nullcontext("")
