"""What the client costs beside a bare tritonclient, with one server and one address.

The same requests go to one local Triton in three ways: in a plain loop around
tritonclient, through a `Connection`, which is what one address gives, and through a
`Fleet` of that address alone.  The ways take turns, each round in another order, so
that whatever else the machine does hits all alike.  Quote the ratios, not the rates::

    python tests/bench/fleet_address.py
    python tests/bench/fleet_address.py --rows 1 --in-flight 32 --rounds 9

With ``--before FOLDER``, a checkout of another revision, the `Connection` of that
revision and of this one are compared, each in a process of its own::

    git worktree add /tmp/before REVISION
    python tests/bench/fleet_address.py --before /tmp/before
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from tritonclient import grpc

from amphitrite.places import checkout_repository
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.listening import Network
from amphitrite.surveys.calnet.page import MODEL, P_EB
from amphitrite.triton.connection import Connection
from amphitrite.triton.served import Server

Tensors = dict[str, NDArray[Any]]
Submit = Callable[[Tensors], Future[Any]]
Turn = Callable[[], float]

N_REQUESTS = 32  # different ones, sent again and again
PLAIN, ONE, SEVERAL = "tritonclient", "Connection", "Fleet"
BEFORE, NOW = "before", "now"


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


def served(server: Server) -> Submit:
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


class Revision:
    """A process that sends requests with the `Connection` of one revision."""

    def __init__(self, checkout: Path, rows: int, url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--rows", str(rows), "--answer", url],
            env={**os.environ, "PYTHONPATH": str(checkout / "client")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def rate(self, turn: dict[str, Any]) -> float:
        """Return requests per second in one turn; see the function `rate`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(turn), file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())


def answer(url: str, requests: Sequence[Tensors]) -> None:
    """Measure for each line of standard input, in the process of a `Revision`."""
    with Connection(url) as one:
        submit = served(one)
        for line in sys.stdin:
            print(rate(submit, requests, **json.loads(line)), flush=True)


def main() -> None:
    """Measure, and print."""
    options = chosen()
    rng = np.random.default_rng(1)
    requests = [
        {
            tensor.name: rng.random((options.rows, *tensor.shape), np.float32)
            for tensor in MODEL.inputs
        }
        for _ in range(N_REQUESTS)
    ]
    if options.answer:
        answer(options.answer, requests)
        return
    with ExitStack() as stack:
        triton = stack.enter_context(
            LocalTriton(checkout_repository(), [MODEL.name], listening=Network())
        )
        if options.before:
            ways = revisions(stack, options, triton.grpc_url)
            pairs = [(NOW, BEFORE)]
        else:
            ways = clients(stack, options, triton.grpc_url, requests)
            pairs = [(ONE, PLAIN), (SEVERAL, PLAIN), (SEVERAL, ONE)]
        rates = by_turns(ways, options.rounds)
    print(
        f"requests/s of {options.rows} light curves, {options.in_flight} in flight: "
        f"medians of {options.rounds} rounds; then medians, least and largest of the "
        "ratios within a round"
    )
    for way, found in rates.items():
        print(f"{way:12s} {statistics.median(found):8.1f}")
    for way, other in pairs:
        ratios = [a / b for a, b in zip(rates[way], rates[other], strict=True)]
        print(
            f"{way} / {other}: {statistics.median(ratios):.3f}  "
            f"{min(ratios):.3f} {max(ratios):.3f}"
        )


def chosen() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2, help="of each request")
    parser.add_argument("--in-flight", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each turn")
    parser.add_argument("--before", type=Path, help="a checkout of another revision")
    parser.add_argument("--answer", metavar="URL", help=argparse.SUPPRESS)
    return parser.parse_args()


def clients(
    stack: ExitStack, options: argparse.Namespace, url: str, requests: list[Tensors]
) -> dict[str, Turn]:
    """Return the turns of the three clients."""
    from amphitrite.triton.fleet import Fleet  # earlier revisions have none

    client = stack.enter_context(grpc.InferenceServerClient(url))
    one = stack.enter_context(Connection(url))
    fleet = stack.enter_context(
        Fleet(url, lambda address, name: Connection(address, name=name))
    )
    ways = {PLAIN: bare(client), ONE: served(one), SEVERAL: served(fleet)}
    turn = {"in_flight": options.in_flight, "seconds": options.seconds}
    return {way: partial(rate, ways[way], requests, **turn) for way in ways}


def revisions(
    stack: ExitStack, options: argparse.Namespace, url: str
) -> dict[str, Turn]:
    """Return the turns of two revisions, each in a process of its own."""
    turn = {"in_flight": options.in_flight, "seconds": options.seconds}
    checkouts = {BEFORE: options.before, NOW: Path(__file__).parents[2]}
    return {
        way: partial(
            stack.enter_context(Revision(checkout, options.rows, url)).rate, turn
        )
        for way, checkout in checkouts.items()
    }


def by_turns(ways: dict[str, Turn], rounds: int) -> dict[str, list[float]]:
    """Return the rates of some ways, one of each round; each begins with a trial."""
    for turn in ways.values():  # the first requests of each are slower
        turn()
    rates: dict[str, list[float]] = {way: [] for way in ways}
    order = list(ways)
    for _ in range(rounds):
        for way in order:
            rates[way].append(ways[way]())
        order.append(order.pop(0))
    return rates


if __name__ == "__main__":
    main()
