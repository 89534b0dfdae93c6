"""Progress of a long run: a bar on a terminal or in a notebook, plain lines anywhere else."""

from __future__ import annotations

import sys
import threading
from typing import Any, TextIO


def has_bar(stream: TextIO | None = None) -> bool:
    """Whether a progress bar can be drawn: on a terminal, or in a notebook."""
    stream = stream or sys.stderr
    return stream.isatty() or "ipykernel" in sys.modules


class PlainProgress:
    """Callback of the sampler that prints a line at each tenth of the way.

    Parameters
    ----------
    stream : text stream
        Where the lines go; standard error by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
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
        print(f"sampling: {10 * tenths}%{told}", file=self._stream, flush=True)
