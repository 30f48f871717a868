from __future__ import annotations

import signal
import threading

import pytest

from amphitrite_training.fitting.interruption import deferred_interruption


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_noted_and_the_second_raises(number):
    before = signal.getsignal(number)
    with deferred_interruption() as asked:
        assert not asked()
        signal.raise_signal(number)
        assert asked()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) is before


def test_another_thread_is_never_asked_to_end():
    found = []

    def work():
        with deferred_interruption() as asked:
            found.append(asked())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False]
