"""Designs with joint draws of a whole model, and log densities computed the long way."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.stats import nbinom, poisson

from bayesgrad.areas.rates import thinned
from bayesgrad.design import Design
from bayesgrad.model.arrays import coordinates
from bayesgrad.spec import ModelSpec
from tests.small import drawn_design, spec_of

FULL = """
[gradient]
curvature = "quadratic"
[area]
covariates = ["density"]
moderators = ["rural"]
[authority]
moderators = ["spending"]
"""
COLUMNS = {
    "covariate": "area_covariate",
    "gradient_moderator": "area_moderator",
    "curvature": "curvature_term",
}
MODERATION = {
    "between": "moderation_term",
    "interaction": "moderation_term",
    "authority_moderator_level": "authority_moderator",
    "authority_moderator_gradient": "authority_moderator",
}


def model(name: str) -> tuple[ModelSpec, Design]:
    """One outcome and no column ("plain"), columns of all kinds ("full"), or several cells."""
    several = name == "several"
    outcomes = ("referrals", "plans") if several else ("referrals",)
    spec = spec_of("" if name == "plain" else FULL, outcomes=outcomes)
    strata = ("boys", "girls") if several else ("",)
    return spec, drawn_design(spec, strata=strata, areas=7)


def drawn_posterior(
    design: Design, *, family: str = "negative_binomial", chains: int = 2, draws: int = 12
) -> xr.Dataset:
    """Made-up draws of every variable that the checks read."""
    rng = np.random.default_rng(3)
    coords = {**coordinates(design), "stratum": design.strata}

    def draw(dims: tuple[str, ...], centre: float, sd: float):
        shape = (chains, draws, *(len(coords[dim]) for dim in dims))
        return ("chain", "draw", *dims), rng.normal(centre, sd, shape)

    def positive(centre: float):
        dims, values = draw(("outcome",), 0.0, 0.2)
        return dims, centre * np.exp(values)

    cells = ("authority", "outcome")
    effects = {
        name: (
            (*dims, "stratum"),
            np.repeat(values[..., None], len(design.strata), axis=-1),
        )
        for name, (dims, values) in (
            ("authority_intercept", draw(cells, -3.0, 0.3)),
            ("authority_slope", draw(cells, 0.4, 0.2)),
        )
    }
    variables = effects | {
        "intercept": draw(("outcome",), -3.0, 0.1),
        "slope": draw(("outcome",), 0.4, 0.1),
        "sd_intercept": positive(0.3),
        "sd_slope": positive(0.1),
        "correlation": (("chain", "draw", "outcome"), np.tanh(draw(("outcome",), -0.3, 0.3)[1])),
    }
    if family == "negative_binomial":
        variables["alpha"] = positive(5.0)
    for name, dim in (COLUMNS | MODERATION).items():
        if dim in coords:
            variables[name] = draw(("outcome", dim), 0.0, 0.1)
    return xr.Dataset(variables, coords={name: list(values) for name, values in coords.items()})


def log_means(design: Design, posterior: xr.Dataset) -> np.ndarray:
    """Log expected counts of all rows in all draws, (sample, rows)."""
    joint = thinned(posterior, size=10**9)
    cell, outcome = design.rows.cell, design.row_outcome
    size = joint.sizes["sample"]
    flat = [
        joint[name].transpose("sample", "authority", "outcome", "stratum").values.reshape(size, -1)
        for name in ("authority_intercept", "authority_slope")
    ]
    eta = flat[0][:, cell] + flat[1][:, cell] * design.rows.x + np.log(design.rows.exposure)
    return eta + column_effects(design, joint, outcome)


def column_effects(design: Design, joint: xr.Dataset, outcome: np.ndarray) -> np.ndarray:
    columns = {
        "covariate": design.rows.covariates.values,
        "gradient_moderator": design.rows.gradient_moderators,
        "curvature": design.rows.curve,
    }
    total = np.zeros((joint.sizes["sample"], len(outcome)))
    for name, values in columns.items():
        if name in joint:
            total += (joint[name].values[:, outcome, :] * values).sum(axis=-1)
    return total


def log_density(count: np.ndarray, mean: np.ndarray, alpha: np.ndarray | float | None):
    """Log probability of counts, by SciPy."""
    if alpha is None:
        return poisson.logpmf(count, mean)
    return nbinom.logpmf(count, alpha, alpha / (alpha + mean))
