"""The library: `connect` to a server, `run` a survey, and `merge` its parts."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amphitrite.engine.control import Control, Result
from amphitrite.engine.merging import Parts
from amphitrite.surveys import asked, model_names, needed
from amphitrite.surveys import options as survey_options
from amphitrite.surveys import survey as find
from amphitrite.triton import credentials
from amphitrite.triton.connecting import connection as connection_to
from amphitrite.triton.connection import Connection
from amphitrite.triton.served import Server

if TYPE_CHECKING:
    from astropy.table import QTable


@contextmanager
def connect(
    url: str | None = None,
    *,
    models: Sequence[str] | None = None,
    model_repository: Path | None = None,
    deadline: float = 120.0,
    tls_ca: Path | None = None,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    header_file: Path | None = None,
    report: Callable[[str], None] = lambda text: None,
) -> Iterator[Server]:
    """Connect to a running Triton server, or start a local one and connect to it.

    Parameters
    ----------
    url : str, optional
        ``host:port`` of a running server's gRPC endpoint, or another form that
        `amphitrite.triton.addresses.parse` accepts; several servers have commas between
        them, or one name, as in ``dns:///name:port``.  Without it a Triton server is
        started on this machine and stopped at the end; the first time, this installs
        the server into the user's cache directory.
    models : sequence of str, optional
        Names of the models that a local server loads; a survey's name stands for all
        models of the survey.  By default all models of the repository.
    model_repository : Path, optional
        The models of a local server; see
        `amphitrite.triton.repository.find_repository`.
    deadline : float
        Time in seconds after which a request without an answer fails.
    tls_ca, tls_cert, tls_key : Path, optional
        Files in PEM for a running server that speaks TLS: the certificate of whoever
        signed the server's; the client's certificate and its private key.
    header_file : Path, optional
        A file of lines ``name: value``, the headers that a running server demands; by
        default what the environment variable ``AMPHITRITE_HEADERS`` holds.
    report : callable
        Called with a line of text on each step of installing and starting a local
        server.

    Yields
    ------
    Server
        The open connection, closed at the end of the ``with`` block.

    Raises
    ------
    BadInput
        An address is not of the form host:port, a file is not what it is said to be, or
        no model repository was found.
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
    darkcnn False
    emri False
    emri_table3 False
    morpheus True
    """
    if url is not None:
        using = credentials.read(
            tls_ca=tls_ca, tls_cert=tls_cert, tls_key=tls_key, header_file=header_file
        )
        with connection_to(
            url, deadline=deadline, known=model_names, using=using
        ) as connection:
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
    server: str | Server | None = None,
    *,
    output: str | Path | None = None,
    control: Control | None = None,
    **options: Any,
) -> QTable:
    """Run a survey on input files and return its catalogue.

    Parameters
    ----------
    survey : str
        The survey's name, such as ``"morpheus"``.
    inputs : sequence of path
        The survey's input files, in the order that it expects.
    server : str or Server, optional
        The address of a running server, or of several, or an open connection; without
        it a local server is started and stopped.
    output : path, optional
        The file of the catalogue or, for a survey with further products, the folder of
        all products; without it the catalogue is only returned.
    control : Control, optional
        Settings of the run: requests in flight, patience, resume, overwrite; see
        `amphitrite.engine.control.Control`.
    **options
        The survey's own options, the fields of
        ``amphitrite.surveys.NAME.options.Options``.

    Returns
    -------
    astropy.table.QTable
        The catalogue, with units, descriptions and UCDs (``column.info.meta["ucd"]``).
        An empty result has all its columns and no row; a shard has no column either.

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
            connect(server, models=asked(survey))
            if server is None or isinstance(server, str)
            else nullcontext(server)
        )
        return found.run(paths, connecting, out, chosen, control).table


def merge(
    parts: Parts | Sequence[str | Path],
    output: str | Path,
    *,
    control: Control | None = None,
) -> Result:
    """Make the result of a survey whose shards were run one by one.

    Parameters
    ----------
    parts : Parts or sequence of path
        The part of every shard, in any order: what `run` writes to an ``output`` whose
        name ends in ``.part`` when its `Control` has a ``shard``.
    output : path
        Where the result goes: a catalogue or, for a survey with further products, a
        folder.
    control : Control, optional
        Settings of the run; its parts are replaced.

    Returns
    -------
    Result
        The survey's own, the same as that of one run over all inputs, but for the
        provenance; its ``table`` is the catalogue.

    Raises
    ------
    BadInput
        A part is missing, there twice, not whole or of another run, or an input that
        the survey reads again has changed.
    AmphitriteError
        See `amphitrite.errors`.

    Examples
    --------
    >>> import amphitrite
    >>> bands = [f"field/{band}.fits" for band in "hjvz"]
    >>> parts = ["0.part", "1.part"]
    >>> for index, part in enumerate(parts):  # each in a process of its own, elsewhere
    ...     shard = amphitrite.Control(shard=amphitrite.Shard(index, len(parts)))
    ...     empty = amphitrite.run(
    ...         "morpheus", bands, output=part, control=shard, stride=10
    ...     )
    >>> result = amphitrite.merge(parts, "field/merged")
    >>> result.table["ra"].unit
    Unit("deg")
    """
    if not isinstance(parts, Parts):
        parts = Parts.of([Path(part) for part in parts])
    parts.check_folder()
    head = parts.head
    control = replace(control or Control(), parts=parts, shard=None)
    inputs = [Path(name) for name in head.inputs]
    chosen = survey_options(head.survey, **head.options)
    never_entered = connect()
    return find(head.survey).run(inputs, never_entered, Path(output), chosen, control)


def _scratch(*, needed: bool) -> AbstractContextManager[str]:
    """Return a temporary folder for a result that is not kept; else an empty name."""
    if needed:
        return tempfile.TemporaryDirectory(prefix="amphitrite-")
    return nullcontext("")
