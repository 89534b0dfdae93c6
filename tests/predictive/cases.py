"""Designs with joint draws of a whole model, and log densities computed the long way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr
from scipy.special import expit, logsumexp
from scipy.stats import betabinom, binom, nbinom, poisson

from bayesgrad.areas.rates import thinned
from bayesgrad.design import Design
from bayesgrad.design.design import OutcomeForm
from bayesgrad.spec import ModelSpec
from tests.small import SPEC, drawn_design

FULL = """
[gradient]
curvature = "quadratic"
[area]
covariates = ["density"]
moderators = ["rural"]
[authority]
moderators = ["spending"]
"""
FORMS = {
    "poisson": ("poisson", "log"),
    "negative_binomial": ("negative_binomial", "log"),
    "binomial": ("binomial", "logit"),
    "binomial of log link": ("binomial", "log"),
    "beta-binomial": ("beta_binomial", "logit"),
    "beta-binomial of log link": ("beta_binomial", "log"),
}
COUNTS = ("poisson", "negative_binomial")
OUTCOMES = ("referrals", "plans", "looked after")
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
EFFECTS = ("intercept", "slope")


def formed(*forms: str, text: str = "") -> ModelSpec:
    """A spec of an outcome of each form, of `FORMS`, with more TOML after it."""
    entries = "".join(
        f'[[outcomes]]\ncolumn = "{outcome}"\nfamily = "{FORMS[form][0]}"\n'
        + ("" if form in COUNTS else f'link = "{FORMS[form][1]}"\n')
        for outcome, form in zip(OUTCOMES, forms, strict=False)
    )
    return ModelSpec.from_toml(SPEC + entries + text)


def model(name: str, *forms: str) -> Design:
    """Of one outcome and no column ("plain"), columns of all kinds ("full"), or several cells."""
    several = name == "several"
    given = forms or ("negative_binomial",)
    if several and len(given) == 1:
        given = (given[0], "poisson")
    spec = formed(*given, text="" if name == "plain" else FULL)
    return drawn_design(spec, strata=("boys", "girls") if several else ("",), areas=7)


def drawn_posterior(
    design: Design,
    *,
    chains: int = 2,
    draws: int = 12,
    joint: bool = False,
    deviations: Sequence[str] = (),
) -> xr.Dataset:
    """Made-up draws of every variable that the checks read.

    Effects of all outcomes share a covariance where they are `joint`; `deviations` of authorities'
    strata are of intercepts, slopes, or both.
    """
    rng = np.random.default_rng(3)
    coords = names_along(design)

    # Under the log link of cases nobody's probability may be above 1.
    level = np.array([-4.5 if f.of_cases and f.link == "log" else -3.0 for f in design.forms])

    def draw(dims: tuple[str, ...], centre: float | np.ndarray, sd: float):
        shape = (chains, draws, *(len(coords[dim]) for dim in dims))
        return ("chain", "draw", *dims), rng.normal(centre, sd, shape)

    def positive(centre: float, *dims: str):
        names, values = draw(dims or ("outcome",), 0.0, 0.2)
        return names, centre * np.exp(values)

    def contrasts(dims: tuple[str, ...], sd: float):
        names, values = draw(dims, 0.0, sd)
        return names, values - values.mean(axis=-1, keepdims=True)

    cells = ("authority", "outcome")
    variables = {
        "authority_intercept": draw(cells, level, 0.3),
        "authority_slope": draw(cells, 0.4, 0.2),
        "intercept": draw(("outcome",), level, 0.1),
        "slope": draw(("outcome",), 0.4, 0.1),
        "sd_intercept": positive(0.3),
        "sd_slope": positive(0.1),
        "correlation": (("chain", "draw", "outcome"), np.tanh(draw(("outcome",), -0.3, 0.3)[1])),
    }
    if dispersed := coords["dispersed_outcome"]:
        every = len(dispersed) == len(design.forms)
        variables["alpha"] = positive(5.0, "outcome" if every else "dispersed_outcome")
    columns = {name: dim for name, dim in (COLUMNS | MODERATION).items() if coords[dim]}
    variables |= {name: draw(("outcome", dim), 0.0, 0.1) for name, dim in columns.items()}
    if len(design.strata) > 1:
        for effect in EFFECTS:
            variables[f"stratum_{effect}"] = contrasts(("outcome", "stratum"), 0.2)
    for effect in deviations:
        own = f"authority_stratum_{effect}"
        variables[own] = contrasts((*cells, "stratum"), 0.1)
        variables[f"sd_{own}"] = positive(0.1)
    if joint:
        variables |= correlations(rng, (chains, draws, 2 * len(design.forms)))
    known = {name: list(values) for name, values in coords.items() if values}
    used = {dim for dims, _ in variables.values() for dim in dims}
    return xr.Dataset(variables, coords={name: v for name, v in known.items() if name in used})


def names_along(design: Design) -> dict[str, tuple[str, ...]]:
    return {
        "authority": design.authorities.codes,
        "outcome": design.outcomes,
        "dispersed_outcome": tuple(form.column for form in design.forms if form.dispersed),
        "stratum": design.strata,
        "moderation_term": design.basis.terms,
        "authority_moderator": design.authorities.moderators.names,
        "area_covariate": design.rows.covariates.names,
        "area_moderator": design.area_moderators,
        "curvature_term": design.curve.terms,
    }


def correlations(rng: np.random.Generator, shape: tuple[int, int, int]) -> dict:
    """Draws of a correlation matrix of all effects, and of those of an outcome's own."""
    loadings = rng.normal(0.0, 1.0, (*shape, 2))
    matrix = loadings @ np.swapaxes(loadings, -1, -2) + np.eye(shape[2])
    sd = np.sqrt(np.diagonal(matrix, axis1=-2, axis2=-1))
    matrix = matrix / sd[..., None] / sd[..., None, :]
    rows, columns = np.tril_indices(shape[2], -1)
    own = np.arange(0, shape[2], 2)
    sample = ("chain", "draw")
    return {
        "effect_correlation": ((*sample, "effect_pair"), matrix[..., rows, columns]),
        "correlation": ((*sample, "outcome"), matrix[..., own + 1, own]),
    }


def predictors(design: Design, posterior: xr.Dataset) -> np.ndarray:
    """Linear predictors of all rows in all draws, log exposures of counts added: (sample, rows)."""
    joint = thinned(posterior, size=10**9)
    authorities, outcomes, strata = design.cells
    shape = (joint.sizes["sample"], authorities, outcomes, strata)
    total = []
    for effect in EFFECTS:
        value = joint[f"authority_{effect}"].transpose("sample", "authority", "outcome").values
        found = np.broadcast_to(value[..., None], shape).copy()
        if f"stratum_{effect}" in joint:
            found += joint[f"stratum_{effect}"].values[:, None]
        if f"authority_stratum_{effect}" in joint:
            found += joint[f"authority_stratum_{effect}"].values
        total.append(found.reshape(len(found), -1)[:, design.rows.cell])
    return total[0] + total[1] * design.rows.x + shared_parts(design, joint)


def shared_parts(design: Design, joint: xr.Dataset) -> np.ndarray:
    """Log exposures of counts, and effects of columns: (sample, rows)."""
    outcome = design.row_outcome
    of_cases = np.array([form.of_cases for form in design.forms])[outcome]
    columns = {
        "covariate": design.rows.covariates.values,
        "gradient_moderator": design.rows.gradient_moderators,
        "curvature": design.rows.curve,
    }
    total = np.zeros((joint.sizes["sample"], len(outcome)))
    total += np.where(of_cases, 0.0, np.log(design.rows.exposure))
    for name, values in columns.items():
        if name in joint:
            total += (joint[name].values[:, outcome, :] * values).sum(axis=-1)
    return total


def alphas(design: Design, joint: xr.Dataset) -> np.ndarray:
    """Sizes of outcomes, 1 of those that have none: (sample, outcomes)."""
    found = np.ones((joint.sizes["sample"], len(design.forms)))
    if "alpha" in joint:
        dispersed = [s for s, form in enumerate(design.forms) if form.dispersed]
        found[:, dispersed] = joint["alpha"].transpose("sample", ...).values
    return found


def log_density(form: OutcomeForm, count, cases, predictor, alpha):
    """Log probability of counts at linear predictors, by SciPy."""
    if not form.of_cases:
        mean = np.exp(predictor)
        if not form.dispersed:
            return poisson.logpmf(count, mean)
        return nbinom.logpmf(count, alpha, alpha / (alpha + mean))
    possible = form.link == "logit" or predictor < 0
    predictor = np.where(possible, predictor, -1.0)
    share, rest = expit(predictor), expit(-predictor)
    if form.link == "log":
        share, rest = np.exp(predictor), -np.expm1(predictor)
    if form.dispersed:
        found = betabinom.logpmf(count, cases, share * alpha, rest * alpha)
    else:
        found = binom.logpmf(count, cases, share)
    return np.where(possible, found, -np.inf)


def log_densities(design: Design, posterior: xr.Dataset) -> np.ndarray:
    """Log probabilities of all rows in all draws, (sample, rows)."""
    at, joint = predictors(design, posterior), thinned(posterior, size=10**9)
    alpha = alphas(design, joint)
    found = np.empty_like(at)
    for s, form in enumerate(design.forms):
        rows = design.row_outcome == s
        count, cases = design.rows.count[rows], design.rows.exposure[rows]
        found[:, rows] = log_density(form, count, cases, at[:, rows], alpha[:, s, None])
        hidden = np.flatnonzero(rows & design.rows.suppressed)
        found[:, hidden] = log_interval(form, design.bounds, at[:, hidden], alpha[:, s, None])
    return found


def log_interval(form: OutcomeForm, bounds: tuple[int, int], predictor, alpha):
    """Log probability that counts are within bounds."""
    counts = range(bounds[0], bounds[1] + 1)
    return logsumexp([log_density(form, k, 1, predictor, alpha) for k in counts], axis=0)


def with_suppressed(design: Design, *, lower: int = 1, upper: int = 15) -> Design:
    """The design with its counts of rates from one bound to the other suppressed."""
    rows = design.rows
    of_rates = np.array([not form.of_cases for form in design.forms])[design.row_outcome]
    hidden = of_rates & (rows.count >= lower) & (rows.count <= upper)
    count = np.where(hidden, 0, rows.count)
    return replace(
        design, rows=replace(rows, count=count, suppressed=hidden), bounds=(lower, upper)
    )
