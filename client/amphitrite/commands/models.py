"""``amphitrite models``: the models that a local server has to serve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from amphitrite.commands import options as common


def install(
    source: Annotated[
        str,
        typer.Argument(
            metavar="DIR|ARCHIVE|URL",
            help="A model repository: a folder, a .zip or .tar.gz, or its address.",
            show_default=False,
        ),
    ],
    sha256: Annotated[
        str | None,
        typer.Option(
            "--sha256",
            metavar="HEX",
            help="The archive's checksum, as its publisher gave it; needed for http://.",
            show_default=False,
        ),
    ] = None,
    as_json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Put models into your data folder, where every command finds them.

    Only models are taken: anything else in a model's folder is refused by name, and so
    is a model.onnx whose digest differs from the one in its configuration. All of them
    are replaced in one step.

    Example: amphitrite models install model_repository.tar.gz
    """
    from amphitrite import places
    from amphitrite.commands.talk import Talk, reporter
    from amphitrite.triton import repository

    talk = Talk(as_json=as_json, quiet=quiet)
    with talk.status(f"installing {source}") as status:
        say = reporter(status)

        def advance(done: int, size: int | None) -> None:
            of = f" of {size / 1e6:.1f}" if size else ""
            say(f"fetching {source}: {done / 1e6:.1f}{of} MB")

        names = repository.install(source, sha256=sha256, advance=advance)
    target = places.user_repository()
    talk.result(
        f"installed {', '.join(names)} in {target}",
        {"model_repository": str(target), "models": names},
    )


def publish(
    source: Annotated[
        str,
        typer.Argument(
            metavar="DIR|ARCHIVE|URL",
            help="A model repository, as for install; with --rollback nothing.",
            show_default=False,
        ),
    ],
    destination: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER",
            help="The folder from which servers load models: empty, not yet there, or "
            "published before.",
            show_default=False,
        ),
    ] = None,
    rollback: Annotated[
        bool,
        typer.Option(
            "--rollback",
            help="Put the models back that were published before; a second time undoes "
            "it.",
        ),
    ] = False,
    as_json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Put models into a folder that servers of many machines load.

    The folder then holds these models alone, and manifest.sha256 with the checksum of
    each file. They are copied aside and take the place of the old ones in one step;
    the old ones stay in FOLDER.previous. A source or a copy that is altered or not
    whole is refused.

    Example: amphitrite models publish model_repository /shared/amphitrite/models, and
    back: amphitrite models publish --rollback /shared/amphitrite/models
    """
    from amphitrite.commands.talk import Talk
    from amphitrite.errors import BadInput
    from amphitrite.triton import publication

    talk = Talk(as_json=as_json, quiet=quiet)
    if rollback == (destination is not None):
        raise BadInput(
            "--rollback takes the folder alone, and publishing a source and a folder; "
            f"received {source} and {destination or 'nothing'}"
        )
    if destination is None:
        target = Path(source)
        names = publication.rollback(target)
    else:
        target = destination
        with talk.status(f"publishing {source}"):
            names = publication.publish(source, target)
    done = "rolled back to" if rollback else "published"
    talk.result(
        f"{done} {', '.join(names)} in {target}",
        {"model_repository": str(target), "models": names},
    )


def list_models(
    model_repository: common.ModelRepository = None,
    as_json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """List the models of the repository that a local server would serve.

    Example: amphitrite models list
    """
    from amphitrite.commands.talk import Talk
    from amphitrite.triton import repository

    talk = Talk(as_json=as_json, quiet=quiet)
    place = repository.find_repository(model_repository)
    specs = {
        folder.name: repository.served_spec(folder)
        for folder in repository.model_folders(place)
    }
    rows = [
        {"name": name, "digest": spec.digest, "identity": spec.identity}
        for name, spec in specs.items()
    ]
    text = "\n".join(
        [str(place)]
        + [f"  {row['name']}  {row['digest'].removeprefix('sha256:')}" for row in rows]
    )
    talk.result(text, {"model_repository": str(place), "models": rows})
