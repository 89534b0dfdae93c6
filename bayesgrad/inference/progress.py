"""Progress of a long run: a bar on a terminal or in a notebook, plain lines anywhere else.

Nobody need listen: a stream that is closed, or a pipe whose reader has gone, never ends a run.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

BEAT = 2.0
"""Seconds between one sign of life and the next, on a terminal."""
CLEARED = "\r\x1b[K"
"""Back to the beginning of the line, and nothing in it."""


class Unbroken:
    """A text stream whose reader may go away: what can no longer be written is left out.

    Parameters
    ----------
    stream : text stream
        Standard error by default, which a program may have closed.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream: TextIO | None = stream or sys.stderr

    def write(self, text: str) -> int:
        """Write, or give the stream up."""
        self._do("write", text)
        return len(text)

    def flush(self) -> None:
        """Flush, or give the stream up."""
        self._do("flush")

    def isatty(self) -> bool:
        """Whether it is a terminal that is open."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:
            return False

    def _do(self, what: str, *arguments: str) -> None:
        if self._stream is None:
            return
        try:
            getattr(self._stream, what)(*arguments)
        except (OSError, ValueError):
            self._stream = None


def tell(line: str, stream: TextIO | None = None) -> None:
    """Write one line of progress, to standard error by default, if anyone still reads it."""
    out = Unbroken(stream)
    out.write(f"{line}\n")
    out.flush()


def has_bar(stream: TextIO | None = None) -> bool:
    """Whether a progress bar can be drawn: on a terminal, or in a notebook."""
    return Unbroken(stream).isatty() or "ipykernel" in sys.modules


@contextmanager
def stage(words: str, *, progress: bool, stream: TextIO | None = None) -> Iterator[None]:
    """Say what is being done meanwhile; on a terminal, also for how long it has been.

    Parameters
    ----------
    words : str
        Such as "reading areas.csv".
    progress : bool
        Whether to say anything.
    stream : text stream
        Standard error by default.
    """
    if not progress:
        yield
        return
    tell(f"{words} ...", stream)
    out, over = Unbroken(stream), threading.Event()
    if not out.isatty():
        yield
        return

    def beat() -> None:
        begun = time.monotonic()
        while not over.wait(BEAT):
            out.write(f"{CLEARED}  {time.monotonic() - begun:.0f} s")
            out.flush()
        out.write(CLEARED)
        out.flush()

    heart = threading.Thread(target=beat, daemon=True)
    heart.start()
    try:
        yield
    finally:
        over.set()
        heart.join()


class PlainProgress:
    """Callback of the sampler that prints a line at each tenth of the way.

    Parameters
    ----------
    stream : text stream
        Where the lines go; standard error by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._printed = 0
        self._lock = threading.Lock()

    def __call__(self, chains: list[Any]) -> None:
        """Print a line if another tenth of all draws is done."""
        total = sum(chain.total_draws for chain in chains)
        done = sum(chain.finished_draws for chain in chains)
        tenths = 10 * done // total if total else 0
        with self._lock:
            if tenths <= self._printed:
                return
            self._printed = tenths
        divergences = sum(chain.divergences for chain in chains)
        told = f", {divergences} divergences" if divergences else ""
        tell(f"sampling: {10 * tenths}%{told}", self._stream)
