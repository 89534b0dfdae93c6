"""Ctrl-C that is heard wherever it falls, also while something is compiled."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LATER = 0.05
"""Seconds after which an interruption that was lost is given again."""


@contextmanager
def interrupts_heard() -> Iterator[None]:
    """Give an interruption again that falls where it cannot be raised.

    The compiler calls Python through C, where an exception is only printed and the run goes on as
    if Ctrl-C had not been pressed. Meanwhile such a `KeyboardInterrupt` is raised again in the main
    thread, until it is heard there.
    """
    before = sys.unraisablehook

    def hook(unraisable: Any) -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            again = threading.Timer(LATER, _interrupt)
            again.daemon = True
            again.start()
        else:
            before(unraisable)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before


def _interrupt() -> None:
    """Interrupt the main thread, also out of a call that waits, where the system can do that."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()
