"""Words for the user while kernels are compiled, which happens once on a machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from numba.core import event

from bayesgrad.kernels.cache import VARIABLE, place

EXPECT = "compiling this form of model (some 10 to 30 s; later runs need not) ..."
IN_VAIN = (
    "compiling this form of model (some 10 to 30 s), as every run will, since what is compiled "
    f"cannot be kept: set {VARIABLE} to a folder that can be written"
)


GRAPH = "numba_funcified_fgraph"
"""PyTensor's name for the function of a whole graph."""


class Announcer(event.Listener):  # type: ignore[misc]
    """Prints once, when numba begins to compile a kernel or the graph of a model.

    Parameters
    ----------
    stream : text stream
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream: TextIO | None = stream

    def on_start(self, begun: Any) -> None:
        """Say what to expect, and whether what is compiled will be kept."""
        function = begun.data["dispatcher"].py_func
        of_ours = str(function.__module__).startswith("bayesgrad.kernels")
        if self._stream is None or not (of_ours or function.__name__ == GRAPH):
            return
        where, stream = place(), self._stream
        self._stream = None
        words = EXPECT if where.lasting else f"{IN_VAIN} ({where.reason})"
        print(words, file=stream, flush=True)

    def on_end(self, _event: Any) -> None:
        """Say nothing."""


@contextmanager
def compiling_announced(stream: TextIO | None = None) -> Iterator[None]:
    """Say on a stream (standard error by default) when something is first compiled meanwhile.

    Nothing is said where all is read from the disk.
    """
    with event.install_listener("numba:compile", Announcer(stream or sys.stderr)):
        yield
