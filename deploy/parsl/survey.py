"""Run a survey in shards: python survey.py N PARTS OUT calnet '/data/lc/*.fits' ..."""

import shlex
import sys

import parsl
from parsl.config import Config
from parsl.data_provider.files import File
from parsl.executors import HighThroughputExecutor


@parsl.bash_app
def amphitrite(words, inputs=(), outputs=()):
    """Run the command line; inputs that were skipped (exit code 1) are no failure."""
    return f"amphitrite {words} || test $? -eq 1"


def main(n, folder, out, *words):
    """Run N shards and merge their parts."""
    names = [f"{folder}/{index}.part" for index in range(int(n))]
    parts = []
    for index, name in enumerate(names):
        shard = [*words, "--shard", f"{index}/{n}", "-o", name, "--resume"]
        parts += amphitrite(shlex.join(shard), outputs=[File(name)]).outputs
    amphitrite(shlex.join(["merge", *names, "-o", out]), inputs=parts).result()


if __name__ == "__main__":
    # on a cluster: the address that its nodes reach, and a provider for its queue
    here = HighThroughputExecutor(address="127.0.0.1")
    with parsl.load(Config([here], retries=2)):
        main(*sys.argv[1:])
