"""Threads of a sampler are refused and waited for."""

from __future__ import annotations

import threading
import time

from bayesgrad.inference.stopping import Stoppable, Stopped, first_line


def test_no_call_begins_after_the_stop_and_it_waits_for_those_within():
    threads, ended = Stoppable(), []

    def slow(value: int) -> int:
        time.sleep(0.4)
        ended.append(value)
        return value

    guarded = threads.guard(slow)
    assert guarded(1) == 1

    def until_refused() -> None:
        try:
            while True:
                guarded(2)
        except Stopped:
            ended.append(-1)

    workers = [threading.Thread(target=until_refused) for _ in range(3)]
    for worker in workers:
        worker.start()
    time.sleep(0.1)
    threads.stop()
    assert sorted(ended) == [-1, -1, -1, 1, 2, 2, 2]
    assert not any(worker.is_alive() for worker in workers)


def test_of_an_error_only_its_first_line_is_told():
    stack = "\nAll points failed\n\nCaused by:\n   0: std::backtrace"
    assert first_line(RuntimeError(stack)) == "All points failed"
    assert first_line(RuntimeError()) == "RuntimeError"
