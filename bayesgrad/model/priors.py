"""Priors of a spec as PyMC variables."""

from __future__ import annotations

from typing import Any

import pymc as pm

from bayesgrad.spec.priors import CorrelationPrior, InterceptPrior, LocationPrior, ScalePrior


def prior_variable(name: str, prior: LocationPrior | ScalePrior, *, dims: tuple[str, ...]) -> Any:
    """Random variable `name` with a prior of a spec, in the model in context."""
    return getattr(pm, prior.distribution)(name, **prior.parameters(), dims=dims)


def intercept_variable(
    name: str, prior: InterceptPrior, *, crude: Any, dims: tuple[str, ...]
) -> Any:
    """Random variable of the intercept, centred at `crude` unless the prior says where."""
    parameters = {"mu": crude, **prior.parameters()}
    return getattr(pm, prior.distribution)(name, **parameters, dims=dims)


def correlation_variable(name: str, prior: CorrelationPrior, *, dims: tuple[str, ...]) -> Any:
    r"""Correlation of two effects: :math:`2 B - 1` with :math:`B \sim Beta(\eta, \eta)`.

    That is the LKJ distribution in two dimensions, whose density is proportional to
    :math:`(1 - \rho^2)^{\eta - 1}` (Lewandowski, Kurowicka and Joe 2009).
    """
    half = pm.Beta(f"{name}_half", prior.eta, prior.eta, dims=dims)
    return pm.Deterministic(name, 2.0 * half - 1.0, dims=dims)
