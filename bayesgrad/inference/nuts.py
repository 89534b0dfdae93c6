"""NUTS: a PyMC model compiled once by nutpie, sampled, and refitted to new data as it is."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import nutpie
import pytensor
import xarray as xr

from bayesgrad.design.design import Design
from bayesgrad.errors import FitError
from bayesgrad.inference.bridge import CompiledModel, compile_model
from bayesgrad.inference.progress import PlainProgress, has_bar
from bayesgrad.model.arrays import DRAWN, model_arrays
from bayesgrad.model.graph import build_model
from bayesgrad.spec.model_spec import ModelSpec, Sampling

KEPT_STATISTICS = (
    "diverging",
    "energy",
    "logp",
    "depth",
    "maxdepth_reached",
    "n_steps",
    "step_size",
    "mean_tree_accept",
)
"""Sampler statistics that are kept with the draws."""


@contextmanager
def _without_c_compiler() -> Iterator[None]:
    """Compile by numba alone, the same way whether or not the machine has a C compiler."""
    with pytensor.config.change_flags(cxx=""), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Loop fusion failed", category=UserWarning)
        yield


@dataclass(frozen=True, eq=False)
class Sampler:
    """A compiled model, ready to be sampled; immutable."""

    spec: ModelSpec
    compiled: CompiledModel

    @classmethod
    def compile(cls, spec: ModelSpec, design: Design) -> Sampler:
        """Build the PyMC model of a spec on a design and compile it."""
        model = build_model(spec, design)
        names = [name for name in DRAWN if name in model.named_vars]
        with _without_c_compiler():
            return cls(spec, compile_model(model, names=names))

    def with_design(self, design: Design) -> Sampler:
        """Return a sampler of the same structure on other data, without compiling.

        Parameters
        ----------
        design : Design
            Built from the same spec, with the same authorities and names.
        """
        return replace(self, compiled=self.compiled.with_arrays(model_arrays(self.spec, design)))

    def sample(
        self, settings: Sampling, *, cores: int | None = None, progress: bool = True
    ) -> xr.DataTree:
        """Draw from the posterior.

        Parameters
        ----------
        settings : Sampling
            Draws and warm-up per chain, chains, seed and target acceptance.
        cores : int, optional
            Chains at a time; by default as many as the machine has cores.
        progress : bool
            Show a bar on a terminal or in a notebook, plain lines elsewhere.

        Returns
        -------
        xarray.DataTree
            Groups ``posterior`` and ``sample_stats``, dimensions chain, draw and those of the
            model.

        Raises
        ------
        FitError
            If no chain could be started.
        """
        bar = progress and has_bar()
        try:
            sampling = nutpie.sample(
                self.compiled.for_nutpie(),
                draws=settings.draws,
                tune=settings.tune,
                chains=settings.chains,
                cores=min(cores or os.cpu_count() or 1, settings.chains),
                seed=settings.seed,
                target_accept=settings.target_accept,
                save_warmup=False,
                progress_bar=bar,
                progress_callback=PlainProgress() if progress and not bar else None,
                blocking=False,
            )
            trace = _whole(sampling)
        except RuntimeError as error:
            raise FitError(
                f"sampling stopped: {error}",
                "Check the table for extreme values with `bayesgrad check`, and the priors.",
            ) from error
        statistics = trace["sample_stats"].to_dataset()
        kept = [name for name in KEPT_STATISTICS if name in statistics]
        posterior = trace["posterior"].to_dataset()
        drawn = [name for name in DRAWN if name in posterior]
        return xr.DataTree.from_dict(
            {"posterior": posterior[drawn], "sample_stats": statistics[kept]}
        )


def _whole(sampling: Any) -> xr.DataTree:
    """Wait for all draws; nutpie's own wait would give the part done as if it were all of it."""
    try:
        trace: xr.DataTree = sampling.wait()
    except BaseException:
        sampling.cancel()
        raise
    return trace
