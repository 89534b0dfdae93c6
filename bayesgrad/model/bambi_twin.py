"""The same model written in Bambi's formulas: an independent check, and a start for extensions.

Bambi has no correlation between the intercept and the slope of a group, so the twin is that of
`covariance = "diagonal"`. Needs the extra ``bayesgrad[bambi]``.
"""

from __future__ import annotations

from typing import Any

import bambi as bmb
import numpy as np
import pandas as pd
import pymc as pm

from bayesgrad.design.design import Design
from bayesgrad.errors import SpecError
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.priors import LocationPrior, ScalePrior

NAMES = {
    "Intercept": "intercept",
    "x": "slope",
    "w": "between",
    "x:w": "interaction",
    "1|authority_sigma": "sd_intercept",
    "x|authority_sigma": "sd_slope",
    "overdispersion": "overdispersion",
}
"""Our names of the twin's variables."""


def bambi_twin(spec: ModelSpec, design: Design) -> bmb.Model:
    """Bambi model of a spec on a design, built and ready to sample.

    Parameters
    ----------
    spec : ModelSpec
        One outcome, `covariance = "diagonal"`, moderation none, linear or log; no covariates,
        further moderators, curvature or suppressed counts.
    design : Design

    Returns
    -------
    bambi.Model
        Its PyMC model is ``.backend.model``; `NAMES` translates its variables.

    Raises
    ------
    SpecError
        If the spec is of a form that the twin does not have.
    """
    _refuse_other_forms(spec, design)
    moderated = spec.authority.moderation != "none"
    systematic = "x * w" if moderated else "x"
    model = bmb.Model(
        f"count ~ {systematic} + offset(log_exposure) + (1 + x | authority)",
        _frame(design),
        family="negativebinomial" if spec.likelihood.family == "negative_binomial" else "poisson",
        link="log",
        priors=_priors(spec, crude=float(design.crude_level()[0])),
        center_predictors=False,
        noncentered=False,
    )
    model.build()
    return model


def _refuse_other_forms(spec: ModelSpec, design: Design) -> None:
    extra = (
        spec.authority.covariance != "diagonal",
        spec.authority.moderation == "spline",
        spec.authority.moderators,
        spec.area.covariates,
        spec.area.moderators,
        spec.gradient.curvature != "none",
        len(design.outcomes) > 1,
        design.rows.suppressed.any(),
        spec.prior_pack is not None,
    )
    if any(extra):
        raise SpecError(
            "the Bambi twin has one outcome, independent effects, moderation none, linear or log, "
            "and no covariates, further moderators, curvature, suppressed counts or prior pack",
            'Reduce the spec to that form; set [authority] covariance = "diagonal".',
        )


def _frame(design: Design) -> pd.DataFrame:
    authority = design.cell_authority[design.rows.cell]
    frame = pd.DataFrame(
        {
            "count": design.rows.count,
            "x": design.rows.x,
            "log_exposure": np.log(design.rows.exposure),
            "authority": pd.Categorical(
                np.array(design.authorities.codes)[authority],
                categories=list(design.authorities.codes),
            ),
        }
    )
    if design.basis.terms:
        frame["w"] = design.authorities.moderation[authority, 0]
    return frame


def _priors(spec: ModelSpec, *, crude: float) -> dict[str, Any]:
    priors = spec.priors
    intercept = {"mu": crude, **priors.intercept.parameters()}
    twin: dict[str, Any] = {
        "Intercept": bmb.Prior(priors.intercept.distribution, **intercept),
        "x": _prior(spec.location_prior("slope")),
        "1|authority": bmb.Prior("Normal", mu=0, sigma=_prior(spec.scale_prior("sd_intercept"))),
        "x|authority": bmb.Prior("Normal", mu=0, sigma=_prior(spec.scale_prior("sd_slope"))),
    }
    if spec.authority.moderation != "none":
        twin["w"] = _prior(spec.location_prior("between"))
        twin["x:w"] = _prior(spec.location_prior("interaction"))
    if spec.likelihood.family == "negative_binomial":
        twin["alpha"] = bmb.Prior("Alpha", dist=_alpha_of(priors.overdispersion))
    return twin


def _prior(prior: LocationPrior | ScalePrior) -> bmb.Prior:
    return bmb.Prior(prior.distribution, **prior.parameters())


def _alpha_of(prior: ScalePrior) -> Any:
    """Distribution of alpha whose 1/sqrt(alpha) has the given prior, as Bambi takes it."""

    def alpha(name: str, **_: Any) -> Any:
        overdispersion = getattr(pm, prior.distribution)("overdispersion", **prior.parameters())
        return pm.Deterministic(name, overdispersion**-2.0)

    return alpha
