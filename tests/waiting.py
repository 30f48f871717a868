"""Wait for what another process does, for so long and no longer."""

import time

SECONDS = 120  # that anything may take on a busy machine


def waited(condition, what, seconds=SECONDS):
    """Return what a condition gives as soon as that is true.

    Else the test fails with what ``what()`` says.
    """
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, what()
        time.sleep(0.1)
    return found
