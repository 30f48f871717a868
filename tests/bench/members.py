"""What stands behind a served model: its members, copies of them, sessions on them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from bare import session
from numpy.typing import NDArray

from amphitrite.triton.spec import ModelSpec
from amphitrite_export.publishing import repository as repo
from amphitrite_export.publishing.config import Step, specs_in, steps_in

Tensors = Mapping[str, NDArray[Any]]


def served_spec(repository: Path, model: str) -> ModelSpec:
    """Return the spec of the version that a repository serves."""
    config = repo.read_config(repository, model)
    return specs_in(config)[max(repo.served(config))]


def copied(repository: Path, models: Iterable[str], target: Path) -> None:
    """Copy models with all their members into a repository of its own."""
    for model in models:
        members = [member.name for member in served_spec(repository, model).members]
        for name in (model, *members):
            shutil.copytree(repository / name, target / name, dirs_exist_ok=True)


@dataclass(frozen=True)
class Chain:
    """The steps of an ensemble in this process, with sessions as the server has them.

    ``steps`` has with each step as many sessions as its model has instances, with as
    many threads; ``at_once`` is how many instances the first one has.
    """

    steps: tuple[tuple[Step, SimpleQueue[Any]], ...]
    at_once: int

    @classmethod
    def of(cls, repository: Path, ensemble: str) -> Chain:
        """Open the sessions."""
        steps = []
        for step in steps_in(repo.read_config(repository, ensemble)):
            sessions: SimpleQueue[Any] = SimpleQueue()
            config = repo.read_config(repository, step.model)
            threads = int(config.parameters["intra_op_thread_count"].string_value)
            for _ in range(config.instance_group[0].count):
                sessions.put(session(repository, step.model, threads=threads))
            steps.append((step, sessions))
        return cls(tuple(steps), steps[0][1].qsize())

    def __call__(self, tensors: Tensors) -> dict[str, NDArray[Any]]:
        """Bring one request through all steps."""
        known = dict(tensors)
        for step, sessions in self.steps:
            feed = {inner: known[outer] for inner, outer in step.inputs.items()}
            free = sessions.get()
            try:
                found = free.run(list(step.outputs), feed)
            finally:
                sessions.put(free)
            known |= zip(step.outputs.values(), found, strict=True)
        return known

    def drain(self, requests: Iterable[Tensors]) -> None:
        """Bring many requests through, as many at once as the sessions allow."""

        def work(tensors: Tensors) -> None:
            self(tensors)  # the answers are not kept

        with ThreadPoolExecutor(self.at_once) as pool:
            for _ in pool.map(work, requests):
                pass
