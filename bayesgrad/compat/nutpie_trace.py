"""nutpie: its import without ArviZ, and what is in its raw trace."""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any

import numpy as np
import pyarrow


class _WhenUsed(types.ModuleType):
    """Stands for a module, and imports it when something in it is asked for."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.__name__), name)


def import_nutpie() -> Any:
    """nutpie, which by itself would import all of ArviZ, and Matplotlib with it, at once."""
    if "nutpie" in sys.modules or "arviz" in sys.modules:
        return importlib.import_module("nutpie")
    sys.modules["arviz"] = _WhenUsed("arviz")
    try:
        return importlib.import_module("nutpie")
    finally:
        del sys.modules["arviz"]


def columns_of(trace: Any, *, point: str, statistics: Any) -> tuple[np.ndarray, dict[str, Any]]:
    """Points, (chains, draws, parameters), and statistics, (chains, draws), after the warm-up.

    Parameters
    ----------
    point : str
        Name of the column of points.
    statistics : sequence of str
    """
    drawn, numbers = trace.get_arrow_trace()
    kept = [~_flat(batch, "tuning").astype(bool) for batch in numbers]

    def stacked(batches: Any, name: str) -> np.ndarray:
        columns = [_flat(batch, name) for batch in batches]
        return np.stack([c.reshape(len(k), -1)[k] for c, k in zip(columns, kept, strict=True)])

    return stacked(drawn, point), {name: stacked(numbers, name)[:, :, 0] for name in statistics}


def _flat(batch: Any, name: str) -> np.ndarray:
    """A column of an Arrow table as one flat array."""
    column = pyarrow.array(batch.column(name))
    flat = column.flatten() if hasattr(column, "flatten") else column
    return np.asarray(flat.to_numpy(zero_copy_only=False))
