"""What the client costs beside a bare tritonclient, with one server and one address.

The same requests go to one local Triton in three ways: in a plain loop around
tritonclient, through a `Connection`, which is what one address gives, and through a
`Fleet` of that address alone.  The ways take turns, each round in another order, so
that whatever else the machine does hits all alike.  Quote the ratios, not the rates::

    python tests/bench/fleet_address.py
    python tests/bench/fleet_address.py --rows 1 --in-flight 32 --rounds 9
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from itertools import cycle
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tritonclient import grpc

from amphitrite.places import checkout_repository
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.listening import Network
from amphitrite.surveys.calnet.page import MODEL, P_EB
from amphitrite.triton.connection import Connection
from amphitrite.triton.fleet import Fleet

Tensors = dict[str, NDArray[Any]]
Submit = Callable[[Tensors], Future[Any]]

N_REQUESTS = 32  # different ones, sent again and again
PLAIN, ONE, SEVERAL = "tritonclient", "Connection", "Fleet"


def bare(client: grpc.InferenceServerClient) -> Submit:
    """Return how a request is sent without amphitrite."""

    def submit(tensors: Tensors) -> Future[NDArray[Any]]:
        answer: Future[NDArray[Any]] = Future()

        def answered(result: Any, error: Exception | None) -> None:
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(result.as_numpy(P_EB))

        inputs = []
        for name, array in tensors.items():
            inputs.append(grpc.InferInput(name, list(array.shape), "FP32"))
            inputs[-1].set_data_from_numpy(array)
        outputs = [grpc.InferRequestedOutput(P_EB)]
        client.async_infer(MODEL.name, inputs, answered, outputs=outputs)
        return answer

    return submit


def served(server: Connection | Fleet) -> Submit:
    """Return how a request is sent with it."""
    model = server.model(MODEL)
    return lambda tensors: model.submit(tensors, [P_EB])


def rate(
    submit: Submit, requests: Sequence[Tensors], *, in_flight: int, seconds: float
) -> float:
    """Return requests per second with a constant number of them in flight."""
    stream = cycle(requests)
    pending = deque(submit(next(stream)) for _ in range(in_flight))
    start, answered = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        pending.popleft().result()
        answered += 1
        pending.append(submit(next(stream)))
    elapsed = time.perf_counter() - start
    for future in pending:
        future.result()
    return answered / elapsed


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2, help="of each request")
    parser.add_argument("--in-flight", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each turn")
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    requests = [
        {
            tensor.name: rng.random((options.rows, *tensor.shape), np.float32)
            for tensor in MODEL.inputs
        }
        for _ in range(N_REQUESTS)
    ]
    with ExitStack() as stack:
        triton = stack.enter_context(
            LocalTriton(checkout_repository(), [MODEL.name], listening=Network())
        )
        url = triton.grpc_url
        client = stack.enter_context(grpc.InferenceServerClient(url))
        one = stack.enter_context(Connection(url))
        fleet = stack.enter_context(
            Fleet(url, lambda address, name: Connection(address, name=name))
        )
        ways = {PLAIN: bare(client), ONE: served(one), SEVERAL: served(fleet)}
        turn = {"in_flight": options.in_flight, "seconds": options.seconds}
        for submit in ways.values():  # the first requests of each are slower
            rate(submit, requests, **turn)
        rates: dict[str, list[float]] = {way: [] for way in ways}
        for number in range(options.rounds):
            order = list(ways)
            for _ in range(number % len(order)):
                order.append(order.pop(0))
            for way in order:
                rates[way].append(rate(ways[way], requests, **turn))
    print(
        f"requests/s of {options.rows} light curves, {options.in_flight} in flight: "
        f"medians of {options.rounds} rounds; then medians, least and largest of the "
        "ratios within a round"
    )
    for way, found in rates.items():
        print(f"{way:12s} {statistics.median(found):8.1f}")
    for way, other in ((ONE, PLAIN), (SEVERAL, PLAIN), (SEVERAL, ONE)):
        ratios = [a / b for a, b in zip(rates[way], rates[other], strict=True)]
        print(
            f"{way} / {other}: {statistics.median(ratios):.3f}  "
            f"{min(ratios):.3f} {max(ratios):.3f}"
        )


if __name__ == "__main__":
    main()
