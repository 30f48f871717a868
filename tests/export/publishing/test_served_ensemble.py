"""What the offline rules let through, a real Triton serves."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx", reason="needs the export extra")

from amphitrite.errors import ProvisioningError
from amphitrite.server.host import check_host, this_host
from amphitrite.server.launcher import LocalTriton
from amphitrite.triton.connection import Connection
from amphitrite_export.publishing.versions import rollback

pytestmark = [pytest.mark.export, pytest.mark.triton, pytest.mark.slow]


@pytest.fixture(scope="module", autouse=True)
def _a_host_for_triton():
    try:
        check_host(this_host())
    except ProvisioningError as error:
        pytest.skip(str(error))


def answer(repository, toys):
    """Serve the repository's ensemble and return its version and what it makes of 1."""
    with (
        LocalTriton(repository, ["chain"]) as triton,
        Connection(triton.grpc_url) as connection,
    ):
        chain = connection.model(toys.spec("chain"))
        x = np.arange(1, 7, dtype=np.float32).reshape(2, 3)
        y = chain.infer({"x": x})["y"]
    (factor,) = set((y / x).ravel().tolist())
    return chain.version, chain.spec.digest, factor


def test_a_release_and_its_rollback_are_served(tmp_path, toys):
    (first,) = toys.publish_chain(tmp_path)
    assert answer(tmp_path, toys) == (1, first.digest, 20.0)
    _, second = toys.publish(tmp_path, "first", 3)
    assert answer(tmp_path, toys) == (2, second.digest, 30.0)
    rollback("chain", tmp_path)
    assert answer(tmp_path, toys) == (1, first.digest, 20.0)
