"""The bridge to nutpie: a compiled model in, the sampled points and statistics out.

nutpie's own route from a PyMC model wraps the compiled functions in callbacks that cannot be cached
on disk, some 10 s in every process, and expands every draw as it comes. Here the model's density is
handed to its public `from_pyfunc`, and the raw points come back.
"""

from __future__ import annotations

import importlib
import os
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow

from bayesgrad.design.splines import Floats
from bayesgrad.errors import FitError
from bayesgrad.inference.coordinates import Density
from bayesgrad.inference.progress import PlainProgress, has_bar
from bayesgrad.spec.parts import Sampling

POINT = "point"


class Sampled(NamedTuple):
    """What nutpie drew after the warm-up.

    Attributes
    ----------
    points : ndarray, shape (chains, draws, parameters)
        Unconstrained parameters.
    statistics : dict of str to ndarray, shape (chains, draws)
    """

    points: Floats
    statistics: dict[str, np.ndarray]


def sample_points(
    model: Density,
    start: Callable[[int], Floats],
    settings: Sampling,
    *,
    statistics: Sequence[str],
    cores: int | None,
    progress: bool,
) -> Sampled:
    """Sample a model by NUTS.

    Parameters
    ----------
    model : Density
    start : callable
        First point of a chain, shape (parameters,), from its seed.
    settings : Sampling
    statistics : sequence of str
        Statistics of nutpie's sampler to return.
    cores : int, optional
        Chains at a time; by default as many as the machine has cores.
    progress : bool
        Show a bar on a terminal or in a notebook, plain lines elsewhere.

    Raises
    ------
    FitError
        If no chain could be started.
    """
    bar = progress and has_bar()
    nutpie = _nutpie()
    try:
        sampling = nutpie.sample(
            _for_nutpie(model, start),
            draws=settings.draws,
            tune=settings.tune,
            chains=settings.chains,
            cores=min(cores or os.cpu_count() or 1, settings.chains),
            seed=settings.seed,
            target_accept=settings.target_accept,
            save_warmup=False,
            progress_bar=bar,
            progress_callback=PlainProgress() if progress and not bar else None,
            return_raw_trace=True,
            blocking=False,
        )
        return _collected(_whole(sampling), statistics)
    except RuntimeError as error:
        raise FitError(
            f"sampling stopped: {error}",
            "Check the table for extreme values with `bayesgrad check`, and the priors.",
        ) from error


class _WhenUsed(types.ModuleType):
    """Stands for a module, and imports it when something in it is asked for."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.__name__), name)


def _nutpie() -> Any:
    """nutpie, which by itself would import all of ArviZ, and Matplotlib with it, at once."""
    if "nutpie" in sys.modules or "arviz" in sys.modules:
        return importlib.import_module("nutpie")
    sys.modules["arviz"] = _WhenUsed("arviz")
    try:
        return importlib.import_module("nutpie")
    finally:
        del sys.modules["arviz"]


def _for_nutpie(model: Density, start: Callable[[int], Floats]) -> Any:
    return _nutpie().compiled_pyfunc.from_pyfunc(
        model.size,
        lambda: model.density,
        lambda *_: _as_it_is,
        [np.dtype(np.float64)],
        [(model.size,)],
        [POINT],
        make_initial_point_fn=start,
    )


def _as_it_is(point: Floats) -> dict[str, Floats]:
    return {POINT: np.array(point)}


def _whole(sampling: Any) -> Any:
    """Wait for all draws; nutpie's own wait would give the part done as if it were all of it."""
    try:
        return sampling.wait()
    except BaseException:
        sampling.cancel()
        raise


def _collected(trace: Any, statistics: Sequence[str]) -> Sampled:
    """Points and statistics after the warm-up, out of nutpie's raw trace."""
    drawn, numbers = trace.get_arrow_trace()
    kept = [~_values(batch, "tuning").astype(bool) for batch in numbers]

    def stacked(batches: Any, name: str) -> np.ndarray:
        columns = [_values(batch, name) for batch in batches]
        return np.stack([c.reshape(len(k), -1)[k] for c, k in zip(columns, kept, strict=True)])

    return Sampled(
        stacked(drawn, POINT), {name: stacked(numbers, name)[:, :, 0] for name in statistics}
    )


def _values(batch: Any, name: str) -> np.ndarray:
    """A column of an Arrow table as one flat array."""
    column = pyarrow.array(batch.column(name))
    flat = column.flatten() if hasattr(column, "flatten") else column
    return np.asarray(flat.to_numpy(zero_copy_only=False))
