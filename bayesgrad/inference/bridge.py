"""The bridge to nutpie: a compiled model in, the sampled points and statistics out.

nutpie's own route from a PyMC model wraps the compiled functions in callbacks that cannot be cached
on disk, some 10 s in every process, and expands every draw as it comes. Here the model's density is
handed to its public `from_pyfunc`, and the raw points come back.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from bayesgrad.compat.nutpie_trace import columns_of, import_nutpie
from bayesgrad.design.splines import Floats
from bayesgrad.errors import FitError
from bayesgrad.inference.coordinates import Density
from bayesgrad.inference.progress import PlainProgress, has_bar
from bayesgrad.inference.stopping import Stoppable, first_line
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


def joined(parts: Sequence[Sampled]) -> Sampled:
    """Chains of several runs as those of one."""
    names = parts[0].statistics
    return Sampled(
        np.concatenate([part.points for part in parts]),
        {name: np.concatenate([part.statistics[name] for part in parts]) for name in names},
    )


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
    nutpie = import_nutpie()
    threads = Stoppable()
    try:
        sampling = nutpie.sample(
            _for_nutpie(model, start, threads),
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
        return Sampled(*columns_of(_whole(sampling), point=POINT, statistics=statistics))
    except BaseException as error:
        threads.stop()
        if not isinstance(error, RuntimeError):
            raise
        raise FitError(
            f"sampling stopped: {first_line(error)}",
            "Check the table for extreme values with `bayesgrad check`, and the priors.",
        ) from error


def _for_nutpie(model: Density, start: Callable[[int], Floats], threads: Stoppable) -> Any:
    density = threads.guard(model.density)
    return import_nutpie().compiled_pyfunc.from_pyfunc(
        model.size,
        lambda: density,
        lambda *_: _as_it_is,
        [np.dtype(np.float64)],
        [(model.size,)],
        [POINT],
        make_initial_point_fn=threads.guard(start),
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
