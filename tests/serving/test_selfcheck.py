"""A real server that computes wrongly is found out before anybody relies on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from amphitrite.errors import ProvisioningError
from amphitrite.server import launcher
from amphitrite.server import layout as server_layout
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.layout import Layout
from amphitrite.server.provision import ServerEnvironment

pytestmark = pytest.mark.triton

# What Triton's Python makes of arrays where numpy is of another major version than it
# was built for: it answers, and every element is the first.
CORRUPTION = """

class _First(ort.InferenceSession):
    def run(self, *rest):
        return [np.full_like(array, array.flat[0]) for array in super().run(*rest)]

ort.InferenceSession = _First
"""


def test_a_server_whose_every_number_is_the_first_is_refused(
    repository: Any,
    toys: Any,
    server_environment: ServerEnvironment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assemble = server_layout.assemble

    def corrupt(layout: Layout, *rest: Any, **options: Any) -> None:
        assemble(layout, *rest, **options)
        backend: Path = layout.backends / "onnxruntime" / "model.py"
        backend.write_text(backend.read_text() + CORRUPTION)

    monkeypatch.setattr(launcher, "assemble", corrupt)
    repository.add("double", toys.double())
    said = r"gave \[2\.0, 2\.0, 2\.0\] \.\.\."
    with (
        pytest.raises(ProvisioningError, match=rf"(?s)self-check: .*{said}.*remove it"),
        LocalTriton(repository.path, environment=server_environment),
    ):
        pass
