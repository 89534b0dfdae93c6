"""Which priors of a spec its model has a parameter for."""

from __future__ import annotations

import numpy as np

from bayesgrad.design.design import Design
from bayesgrad.fitting.plan_implied import implications
from bayesgrad.model.coefficient_priors import level_priors
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.parts import DISPERSED_FAMILIES


def priors_used(spec: ModelSpec, design: Design) -> dict[str, str]:
    """Priors of the parameters that the model has, by name, in the order of `[priors]`.

    Each per unit of deprivation of the spec, with what it implies. With a prior pack, its
    parameters under their own names, on its unconstrained scale.
    """
    pack = spec.prior_pack
    if pack is not None:
        spread = np.sqrt(np.diag(pack.covariance()))
        values = zip(pack.parameters.names, pack.mean(), spread, strict=True)
        return {name: f"Normal({mean:.3g}, {sd:.3g})" for name, mean, sd in values}
    used, implied = _used(spec), implications(spec, design)
    words = {"overdispersion": "overdispersion (1/sqrt(alpha))"}
    return {
        words.get(name, name): f"{_stated(spec, design, name)}{_after(implied.get(name))}"
        for name in type(spec.priors).model_fields
        if used[name]
    }


def _stated(spec: ModelSpec, design: Design, name: str) -> str:
    """Prior of a parameter, and of bends of a spline where it is another one."""
    named = getattr(spec.priors, name)
    if named is not None:
        return str(named)
    if name.startswith("sd_"):
        return str(spec.scale_prior(name))
    first = str(spec.location_prior(name))
    for prior in level_priors(spec, design):
        if prior.variable == name and prior.size > 1:
            return f"{first}, bends {prior.prior.times(float(prior.factor[1]))}"
    return first


def _after(implied: str | None) -> str:
    return f"; {implied}" if implied else ""


def _used(spec: ModelSpec) -> dict[str, bool]:
    """Whether the model has the parameter of each prior."""
    area, authority, strata = spec.area, spec.authority, spec.strata_or_years
    moderated = authority.moderation != "none"
    moderators = bool(area.moderators or authority.moderators)
    own_gradients = strata is not None and strata.gradients == "pooled"
    deviations = strata is not None and strata.authority_deviations
    factors = authority.covariance == "low_rank" and len(spec.outcomes) > 1
    return {
        "intercept": True,
        "slope": True,
        "between": moderated,
        "interaction": moderated,
        "covariates": bool(area.covariates) or moderators,
        "moderators": moderators,
        "curvature": spec.gradient.curvature != "none",
        "sd_intercept": True,
        "sd_slope": True,
        "sd_stratum_intercept": strata is not None,
        "sd_stratum_slope": own_gradients,
        "sd_authority_stratum_intercept": deviations,
        "sd_authority_stratum_slope": deviations and own_gradients,
        "correlation": authority.covariance != "diagonal" and not factors,
        "loadings": factors,
        "overdispersion": any(
            spec.family_of(outcome) in DISPERSED_FAMILIES for outcome in spec.outcomes
        ),
        "sd_neighbourhood": spec.columns.neighbourhood is not None,
    }
