"""Stopping a sampler whose threads would otherwise run on after it has failed.

nutpie's chains run in threads of its own. Where one chain fails or the wait is interrupted, it
lets go of the others without waiting for them, and a thread that calls back into Python while
Python ends brings the process down. So the calls are counted, refused from a signal on, and waited
for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

QUIET = 0.3
"""Seconds without a call after which no thread of the sampler is taken to be left."""

LONGEST = 30.0
"""Seconds to wait for threads at most; a call that takes longer is left to itself."""


class Stopped(RuntimeError):
    """Raised in the sampler's threads to end their chains."""


class Stoppable:
    """Functions that a sampler calls from its threads, until they are stopped."""

    def __init__(self) -> None:
        self._inside: dict[int, bool] = {}
        self._last = 0.0
        self._stopped = False

    def guard[**P, R](self, function: Callable[P, R]) -> Callable[P, R]:
        """The function, counted; once stopped, it raises `Stopped` instead."""

        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            thread = threading.get_ident()
            self._inside[thread] = True
            try:
                if self._stopped:
                    raise Stopped("sampling was stopped")
                return function(*args, **kwargs)
            finally:
                self._inside[thread] = False
                if self._stopped:
                    self._last = time.monotonic()

        return guarded

    def stop(self) -> None:
        """Let no call begin, and wait until all have ended and no more come."""
        begun = self._last = time.monotonic()
        self._stopped = True
        while time.monotonic() - begun < LONGEST:
            if any(list(self._inside.values())):
                self._last = time.monotonic()
            elif time.monotonic() - self._last > QUIET:
                return
            time.sleep(0.02)


def first_line(error: BaseException) -> str:
    """What an error says, without the stack of the sampler's own code that follows."""
    lines: list[Any] = [line.strip() for line in str(error).splitlines() if line.strip()]
    return str(lines[0]) if lines else type(error).__name__
