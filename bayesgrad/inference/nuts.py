"""NUTS: a PyMC model compiled once by nutpie, sampled, and refitted to new data as it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import xarray as xr

from bayesgrad.areas.rates import LARGEST_SAMPLE, affordable, evenly
from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.inference.bridge import Sampled, sample_points
from bayesgrad.inference.compiled import CompiledModel, compile_model
from bayesgrad.inference.coordinates import uncoupled
from bayesgrad.model.arrays import DRAWN, model_arrays
from bayesgrad.model.graph import build_model
from bayesgrad.model.neighbourhoods import neighbourhood_values
from bayesgrad.model.start import Start
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.parts import Sampling

COORDINATES = "z_neighbourhood"
"""Free variable of the effects of neighbourhoods."""

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


@dataclass(frozen=True, eq=False)
class Sampler:
    """A compiled model, ready to be sampled; immutable."""

    spec: ModelSpec
    compiled: CompiledModel
    start: Start

    @classmethod
    def compile(cls, spec: ModelSpec, design: Design) -> Sampler:
        """Build the PyMC model of a spec on a design and compile it."""
        model = build_model(spec, design)
        names = [name for name in DRAWN if name in model.named_vars]
        return cls(spec, compile_model(model, names=names), Start.of(spec, design))

    def with_design(self, design: Design) -> Sampler:
        """Return a sampler of the same structure on other data, without compiling.

        Parameters
        ----------
        design : Design
            Built from the same spec, with the same authorities and names.
        """
        compiled = self.compiled.with_arrays(model_arrays(self.spec, design))
        return replace(self, compiled=compiled, start=Start.of(self.spec, design))

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
            model; where there are neighbourhoods, ``neighbourhoods``: ``neighbourhood_effect``
            (sample, outcome, neighbourhood) in joint draws for summaries over areas, with the
            ``chain`` and ``draw`` of each.

        Raises
        ------
        FitError
            If no chain could be started.
        """
        return self.tree(self.draw(settings, cores=cores, progress=progress))

    def tree(self, sampled: Sampled) -> xr.DataTree:
        """Points that were sampled as the variables of the model; as `sample` returns them."""
        groups = {
            "posterior": self._posterior(sampled.points),
            "sample_stats": _statistics(sampled),
        }
        if COORDINATES in self.compiled.layout:
            groups["neighbourhoods"] = self._neighbourhoods(sampled.points, groups["posterior"])
        return xr.DataTree.from_dict(groups)

    def draw(self, settings: Sampling, *, cores: int | None, progress: bool) -> Sampled:
        """Points of the model's parameters, in whatever coordinates they were sampled.

        Parameters and errors are those of `sample`.
        """
        layout = self.compiled.layout
        shapes = {name: block.shape for name, block in layout.items()}
        first = partial(self.start.point, shapes)
        sample = partial(sample_points, statistics=KEPT_STATISTICS, cores=cores, progress=progress)
        # Other parameterisations do not have standardised effects.
        if self.spec.sampling.parameterisation == "partial":
            coordinates = uncoupled(self.compiled, layout, self.start.middle(shapes))
            if coordinates is not None:
                found = sample(
                    coordinates, lambda seed: coordinates.of_parameters(first(seed)), settings
                )
                return found._replace(points=coordinates.parameters(found.points))
        return sample(self.compiled, first, settings)

    def _neighbourhoods(self, points: Floats, posterior: xr.Dataset) -> xr.Dataset:
        """Effects of neighbourhoods in evenly spaced draws: those of all would fill the memory."""
        arrays, block = self.compiled.arrays, self.compiled.layout[COORDINATES]
        size = affordable(LARGEST_SAMPLE, rows=len(arrays["rows_x"]))
        chain, draw = evenly(*points.shape[:2], size=size)

        def drawn(name: str) -> Floats:
            values: Floats = posterior[name].values[chain, draw]
            return values

        values = neighbourhood_values(
            arrays,
            sd=drawn("sd_neighbourhood"),
            z=points[chain, draw, block.place].reshape(-1, *block.shape),
            intercept=drawn("authority_intercept"),
            slope=drawn("authority_slope"),
        )
        return xr.Dataset(
            {
                "neighbourhood_effect": (("sample", "outcome", "neighbourhood"), values),
                "chain": ("sample", chain),
                "draw": ("sample", draw),
            },
            coords={"outcome": posterior["outcome"].values},
        )

    def _posterior(self, points: Floats) -> xr.Dataset:
        """Variables of the model at sampled points, (chains, draws, parameters)."""
        chains, draws, size = points.shape
        variables = self.compiled.expand(points.reshape(-1, size))
        dims = self.compiled.dims
        used = {dim for names in dims.values() for dim in names}
        coords = {name: list(values) for name, values in self.compiled.coords.items()}
        return xr.Dataset(
            {
                name: (
                    ("chain", "draw", *dims[name]),
                    values.reshape(chains, draws, *values.shape[1:]),
                )
                for name, values in variables.items()
            },
            coords={"chain": np.arange(chains), "draw": np.arange(draws)}
            | {name: values for name, values in coords.items() if name in used},
        )


def _statistics(sampled: Sampled) -> xr.Dataset:
    """Statistics of the sampler by chain and draw."""
    chains, draws, _ = sampled.points.shape
    return xr.Dataset(
        {name: (("chain", "draw"), values) for name, values in sampled.statistics.items()},
        coords={"chain": np.arange(chains), "draw": np.arange(draws)},
    )
