"""Servers of a fleet that do as they are told, without a network."""

from concurrent.futures import Future

import numpy as np

from amphitrite import errors
from amphitrite.triton.served import ServedModel
from amphitrite.triton.spec import ModelSpec, TensorSpec
from amphitrite.triton.status import READY, ModelStatus

SPEC = ModelSpec(
    "toy",
    *((TensorSpec(side, "float32", (4,), ("channel",)),) for side in ("x", "y")),
)
INPUTS = {"x": np.zeros((1, 4), np.float32)}


class Scripted:
    """Stands for a connection to one server.

    ``failure`` is what requests and questions fail with; ``digest`` that of the weights
    that it serves.  With ``holding``, requests are answered by `let_go` only.
    """

    def __init__(self, url, name=""):
        self.url, self.name = url, name
        self.failure = None
        self.failing_requests = None
        self.digest = "sha256:same"
        self.max_batch = 8
        self.holding = False
        self.held = []
        self.sent = 0
        self.asked = 0
        self.closed = False

    def model(self, expected):
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        spec = expected.with_weights(digest=self.digest)
        return ServedModel(self, spec, 1, self.max_batch, verified=True)

    def send(self, model, tensors, outputs):
        assert not self.closed
        if not np.isfinite(tensors["x"]).all():
            raise errors.BadInput("NaN")
        self.sent += 1
        future = Future()
        if self.holding:
            self.held.append(future)
        else:
            self._end(future)
        return future

    def _end(self, future):
        if failure := self.failure or self.failing_requests:
            future.set_exception(failure)
        else:
            future.set_result({"y": self.url})

    def let_go(self):
        """End the requests that are held, well or not."""
        self.holding = False
        while self.held:
            self._end(self.held.pop())

    def status(self, names=None):
        if self.failure is not None:
            raise self.failure
        return [ModelStatus("toy", "1", READY)]

    def close(self):
        self.closed = True


class Servers(dict):
    """Scripted servers by their addresses, made when they are first joined."""

    def __call__(self, url, name):
        self[url] = Scripted(url, name)
        return self[url]
