"""Priors of a spec as PyMC variables."""

from __future__ import annotations

from typing import Any

import pymc as pm

from bayesgrad.spec.priors import InterceptPrior, LocationPrior, ScalePrior


def prior_variable(name: str, prior: LocationPrior | ScalePrior, *, dims: tuple[str, ...]) -> Any:
    """Random variable `name` with a prior of a spec, in the model in context."""
    return getattr(pm, prior.distribution)(name, **prior.parameters(), dims=dims)


def intercept_variable(
    name: str, prior: InterceptPrior, *, crude: Any, dims: tuple[str, ...]
) -> Any:
    """Random variable of the intercept, centred at `crude` unless the prior says where."""
    parameters = {"mu": crude, **prior.parameters()}
    return getattr(pm, prior.distribution)(name, **parameters, dims=dims)
