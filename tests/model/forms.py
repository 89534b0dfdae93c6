"""Every form of the model, parameters for it, and its density written out once more with scipy."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pymc as pm
from scipy import stats

from bayesgrad.design import Design
from bayesgrad.spec import ModelSpec
from tests.small import YEARS, spec_of

MODE = "FAST_COMPILE"

FULL = """
[gradient]
curvature = "spline"
[authority]
moderation = "log"
moderators = ["spend", "turnover"]
[area]
covariates = ["density"]
moderators = ["rural"]
"""
ONE, TWO = ("referrals",), ("referrals", "plans")
STAGES = """
[[outcomes]]
column = "referrals"
[[outcomes]]
column = "assessments"
out_of = "referrals"
[[outcomes]]
column = "plans"
out_of = "assessments"
family = "binomial"
link = "logit"
"""
CROSSED = '[strata]\ncolumn = "age"\nordered = true\ncrossed_with = { column = "sex" }\n'
DEVIATIONS = '[strata]\ncolumn = "age"\nauthority_deviations = true\n'
COMMON = 'ordered = true\ngradients = "common"\n'
FORMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "plain": ("", ONE),
    "full": (FULL, ONE),
    "poisson": ('[likelihood]\nfamily = "poisson"', ONE),
    "independent": ('[authority]\ncovariance = "diagonal"', ONE),
    "none": ('[authority]\nmoderation = "none"', ONE),
    "spline": ('[authority]\nmoderation = "spline"', ONE),
    "quadratic": ('[gradient]\ncurvature = "quadratic"\ncentre = "national"', ONE),
    "two outcomes": (FULL, TWO),
    "low rank": ('[authority]\ncovariance = "low_rank"\nrank = 2', TWO),
    "by outcome": ('[authority]\ncovariance = "by_outcome"', TWO),
    "two independent": ('[authority]\ncovariance = "diagonal"', TWO),
    "one of low rank": ('[authority]\ncovariance = "low_rank"\nrank = 1', ONE),
    "strata": ('[strata]\ncolumn = "age"', ONE),
    "ordered strata": ('[strata]\ncolumn = "age"\nordered = true', TWO),
    "crossed strata": (CROSSED, TWO),
    "common gradients": ('[strata]\ncolumn = "age"\ngradients = "common"', ONE),
    "deviations": (DEVIATIONS, TWO),
    "years": ('[years]\ncolumn = "year"', TWO),
    "common deviations": (DEVIATIONS + COMMON, ONE),
    "binomial": ('[likelihood]\nfamily = "binomial"', ONE),
    "risk": ('[likelihood]\nfamily = "binomial"\nlink = "log"', ONE),
    "beta-binomial": ('[likelihood]\nfamily = "beta_binomial"', ONE),
    "dispersed risk": ('[likelihood]\nfamily = "beta_binomial"\nlink = "log"', ONE),
    "stages": (STAGES, ()),
    "stages in strata": (STAGES + DEVIATIONS, ()),
    "neighbourhoods": ("", ONE),
    "neighbourhoods of a risk": ('[likelihood]\nfamily = "binomial"\nlink = "log"', ONE),
    "neighbourhoods in strata": ('[strata]\ncolumn = "age"', TWO),
}
CENTRED = '\n[sampling]\nparameterisation = "centred"\n'
PARTIAL = '\n[sampling]\nparameterisation = "partial"\n'
NON_CENTRED = '\n[sampling]\nparameterisation = "non_centred"\n'
KINDS = ("intercept", "slope")

Parameters = dict[str, np.ndarray]


def spec_named(form: str, more: str = CENTRED) -> ModelSpec:
    text, outcomes = FORMS[form]
    spec = spec_of(text + more, outcomes=outcomes)
    return with_neighbourhoods(spec) if form.startswith("neighbourhoods") else spec


def with_neighbourhoods(spec: ModelSpec) -> ModelSpec:
    columns = spec.columns.model_copy(update={"neighbourhood": "msoa"})
    return spec.model_copy(update={"columns": columns})


def centred_spec(text: str = "") -> ModelSpec:
    return spec_of(text + CENTRED)


def is_joint(spec: ModelSpec) -> bool:
    return len(spec.outcomes) > 1 and spec.authority.covariance in ("full", "low_rank")


def blocks_of(spec: ModelSpec) -> tuple[int, int]:
    outcomes = len(spec.outcomes)
    return (1, 2 * outcomes) if is_joint(spec) else (outcomes, 2)


def kinds_of(spec: ModelSpec) -> tuple[str, ...]:
    """Which effects strata differ in."""
    if spec.years is not None:
        return KINDS
    if spec.strata is None:
        return ()
    return KINDS if spec.strata.gradients == "pooled" else KINDS[:1]


def dispersed_of(design: Design) -> list[int]:
    families = ("negative_binomial", "beta_binomial")
    return [s for s, form in enumerate(design.forms) if form.family in families]


def drawn_parameters(spec: ModelSpec, design: Design, seed: int = 1) -> Parameters:
    """Free variables by name, on their natural scale, of the centred model of a spec.

    Deviations of strata are standardised contrasts, under the names of their coordinates.
    """
    rng = np.random.default_rng(seed)
    authorities, outcomes, _ = design.cells
    widths = {
        "between": len(design.basis.terms),
        "interaction": len(design.basis.terms),
        "authority_moderator_level": len(design.authorities.moderators.names),
        "authority_moderator_gradient": len(design.authorities.moderators.names),
        "covariate": len(design.rows.covariates.names),
        "gradient_moderator": len(design.area_moderators),
        "curvature": len(design.curve.terms),
    }
    effects = {name: rng.normal(0, 0.1, (outcomes, n)) for name, n in widths.items() if n}
    pairs = rng.normal((-3.0, 0.3), (0.3, 0.2), (authorities, outcomes, 2))
    theta = {
        "intercept": rng.normal(-3, 0.3, outcomes),
        "slope": rng.normal(0.4, 0.1, outcomes),
        **effects,
        "sd_intercept": rng.uniform(0.1, 0.6, outcomes),
        "sd_slope": rng.uniform(0.05, 0.3, outcomes),
        "authority_effects": pairs.reshape(authorities, -1),
    }
    if spec.authority.covariance == "low_rank" and is_joint(spec):
        size, rank = 2 * outcomes, spec.authority.rank
        theta["z_loadings"] = rng.normal(size=size * rank - rank * (rank - 1) // 2)
    elif spec.authority.covariance != "diagonal":
        blocks, size = blocks_of(spec)
        theta["correlation_half"] = rng.uniform(0.15, 0.85, blocks * size * (size - 1) // 2)
    dispersed = dispersed_of(design)
    if dispersed:
        theta["overdispersion"] = rng.uniform(0.2, 0.8, len(dispersed))
    if design.neighbourhoods:
        theta["sd_neighbourhood"] = rng.uniform(0.1, 0.3, outcomes)
        theta["z_neighbourhood"] = rng.normal(0, 0.7, (outcomes, len(design.neighbourhoods)))
    return theta | drawn_contrasts(spec, design, rng)


def drawn_contrasts(spec: ModelSpec, design: Design, rng: np.random.Generator) -> Parameters:
    authorities, outcomes, strata = design.cells
    theta: Parameters = {}
    for kind in kinds_of(spec):
        components = design.strata_components
        theta[f"sd_stratum_{kind}"] = rng.uniform(0.1, 0.3, (outcomes, len(components)))
        for c, component in enumerate(components):
            shape = (outcomes, component.basis.shape[1])
            theta[f"z_stratum_{kind}_{c}"] = rng.normal(0, 0.7, shape)
        if spec.years is not None or (spec.strata and spec.strata.authority_deviations):
            theta[f"sd_authority_stratum_{kind}"] = rng.uniform(0.05, 0.2, outcomes)
            shape = (outcomes, authorities, strata - 1)
            theta[f"z_authority_stratum_{kind}"] = rng.normal(0, 0.7, shape)
    return theta


def point_of(model: pm.Model, theta: Parameters) -> Parameters:
    """A point in the model's unconstrained values from parameters on their natural scale."""
    point = {}
    for variable in model.free_RVs:
        transform = model.rvs_to_transforms[variable]
        value = theta[variable.name]
        if transform is not None:
            value = transform.forward(value, *variable.owner.inputs).eval(mode=MODE)
        point[model.rvs_to_values[variable].name] = value
    return point


def density_of(model: pm.Model, theta: Parameters, *names: str) -> float:
    """Log density of variables (all by default) with respect to their natural scale."""
    chosen = [model[name] for name in names] or None
    return float(model.compile_logp(chosen, jacobian=False, mode=MODE)(point_of(model, theta)))


def densities_of(model: pm.Model, theta: Parameters, names: Iterable[str]) -> dict[str, float]:
    """Log density of each of the variables with respect to its natural scale."""
    chosen = list(names)
    terms = model.logp([model[name] for name in chosen], jacobian=False, sum=False)
    evaluate = model.compile_fn(
        [term.sum() for term in terms], inputs=model.value_vars, mode=MODE, on_unused_input="ignore"
    )
    return dict(zip(chosen, map(float, evaluate(point_of(model, theta))), strict=True))


def effect_means(design: Design, theta: Parameters) -> np.ndarray:
    """Means of authority effects, (authorities, outcomes, 2)."""
    basis, moderators = design.authorities.moderation, design.authorities.moderators.values
    means = np.tile(np.stack([theta["intercept"], theta["slope"]], axis=1), (len(basis), 1, 1))
    if "between" in theta:
        means += np.stack([basis @ theta["between"].T, basis @ theta["interaction"].T], axis=2)
    if "authority_moderator_level" in theta:
        level, gradient = (theta[f"authority_moderator_{name}"].T for name in ("level", "gradient"))
        means += np.stack([moderators @ level, moderators @ gradient], axis=2)
    return means


def correlations_of(spec: ModelSpec, theta: Parameters) -> np.ndarray:
    """Correlation matrices of the blocks of authority effects, (blocks, K, K)."""
    blocks, size = blocks_of(spec)
    if "z_loadings" in theta:
        loadings = np.zeros((size, spec.authority.rank))
        loadings[np.tril_indices(size, 0, spec.authority.rank)] = theta["z_loadings"]
        covariance = loadings @ loadings.T + np.eye(size)
        sd = np.sqrt(np.diag(covariance))
        return (covariance / np.outer(sd, sd))[None]
    found = np.tile(np.eye(size), (blocks, 1, 1))
    if "correlation_half" not in theta:
        return found
    rows, columns = np.tril_indices(size, -1)
    for b, partial in enumerate(2.0 * theta["correlation_half"].reshape(blocks, -1) - 1.0):
        r = np.zeros((size, size))
        r[rows, columns] = partial
        before = np.cumprod(np.hstack([np.ones((size, 1)), np.sqrt(1.0 - r**2)]), axis=1)
        lower = np.tril(r, -1) * before[:, :size] + np.diag(np.diag(before))
        found[b] = lower @ lower.T
    return found


def covariances_of(spec: ModelSpec, theta: Parameters) -> np.ndarray:
    """Covariances of the blocks of authority effects, (blocks, K, K)."""
    blocks, size = blocks_of(spec)
    sd = np.stack([theta["sd_intercept"], theta["sd_slope"]], axis=1).reshape(blocks, size)
    return correlations_of(spec, theta) * sd[:, :, None] * sd[:, None, :]


def in_blocks(spec: ModelSpec, by_effect: np.ndarray) -> np.ndarray:
    """Effects, (authorities, outcomes, 2) or as many in one dimension, by block."""
    return by_effect.reshape(len(by_effect), *blocks_of(spec))


def prior_of_effects(spec: ModelSpec, design: Design, theta: Parameters) -> float:
    """Multivariate normal log density of all authority effects, and of contrasts of strata."""
    left = in_blocks(spec, theta["authority_effects"]) - in_blocks(
        spec, effect_means(design, theta)
    )
    of_effects = sum(
        stats.multivariate_normal.logpdf(left[:, b], cov=covariance).sum()
        for b, covariance in enumerate(covariances_of(spec, theta))
    )
    standard = [f"z_{of}" for of in ("stratum", "authority_stratum", "neighbourhood")]
    contrasts = [v for name, v in theta.items() if name.startswith(tuple(standard))]
    return float(of_effects + sum(stats.norm.logpdf(values).sum() for values in contrasts))


def prior_of_parameters(spec: ModelSpec, design: Design, theta: Parameters) -> float:
    """Default priors of everything but the effects, written out once more."""
    crude = design.crude_level()
    # Of differences of 2 and 1 between authority deprivations of 0.05 and 0.25; half for a bend.
    per_term = {
        "none": np.empty(0),
        "linear": np.array([0.5]),
        "log": np.array([1.0 / np.log(5.0)]),
        "spline": np.array([0.5, 0.25, 0.25]),
    }[spec.authority.moderation][: len(design.basis.terms)]
    size = blocks_of(spec)[1]
    shape = np.array([2.0 + (size - 2 - k) / 2 for i in range(size) for k in range(i)])
    if not is_joint(spec):
        shape = np.tile(shape, len(spec.outcomes))
    known = {
        "intercept": stats.norm(crude, 1.0),
        "slope": stats.norm(0, 0.5),
        "between": stats.norm(0, 2.0 * per_term),
        "interaction": stats.norm(0, per_term),
        "authority_moderator_level": stats.norm(0, 0.5),
        "authority_moderator_gradient": stats.norm(0, 0.25),
        "covariate": stats.norm(0, 0.5),
        "gradient_moderator": stats.norm(0, 0.25),
        "curvature": stats.norm(0, 0.25),
        "sd_intercept": stats.halfnorm(scale=0.5),
        "sd_slope": stats.halfnorm(scale=0.2),
        "sd_stratum_intercept": stats.halfnorm(scale=1.0),
        "sd_stratum_slope": stats.halfnorm(scale=0.2),
        "sd_authority_stratum_intercept": stats.halfnorm(scale=0.3),
        "sd_authority_stratum_slope": stats.halfnorm(scale=0.1),
        "correlation_half": stats.beta(shape, shape),
        "z_loadings": stats.norm(),
        "overdispersion": stats.halfnorm(scale=2.0),
        "sd_neighbourhood": stats.halfnorm(scale=1.0),
    }
    return float(sum(known[name].logpdf(theta[name]).sum() for name in theta if name in known))


def deviations_of(design: Design, theta: Parameters, kind: str) -> dict[str, np.ndarray]:
    """Deviations of strata (outcomes, strata), and of authorities' (authorities, ...)."""
    authorities, outcomes, strata = design.cells
    nation = np.zeros((outcomes, strata))
    own = np.zeros((authorities, outcomes, strata))
    for c, component in enumerate(design.strata_components):
        if f"sd_stratum_{kind}" in theta:
            w = theta[f"z_stratum_{kind}_{c}"]
            nation += theta[f"sd_stratum_{kind}"][:, [c]] * (w @ component.basis.T)
    if f"sd_authority_stratum_{kind}" in theta:
        w, sd = theta[f"z_authority_stratum_{kind}"], theta[f"sd_authority_stratum_{kind}"]
        if design.strata == YEARS:
            for r, gap in enumerate(np.diff([int(year) for year in YEARS])):
                step = np.where(np.arange(strata) > r, np.sqrt(gap), 0.0)
                own += (sd[:, None] * w[:, :, r]).T[:, :, None] * (step - step.mean())
            return {"nation": nation, "authority": own}
        # The basis of unordered strata: orthonormal contrasts, each of the first against the next.
        for r in range(1, strata):
            contrast = np.zeros(strata)
            contrast[:r], contrast[r] = 1.0, -float(r)
            contrast /= np.sqrt(r * (r + 1.0))
            own += (sd[:, None] * w[:, :, r - 1]).T[:, :, None] * contrast
    return {"nation": nation, "authority": own}


def likelihood_of(design: Design, theta: Parameters) -> float:
    """Log likelihood row by row, from scipy."""
    authorities, outcomes, _ = design.cells
    by_effect = theta["authority_effects"].reshape(authorities, outcomes, 2)
    cells = []
    for place, kind in enumerate(KINDS):
        deviations = deviations_of(design, theta, kind)
        cells.append(by_effect[:, :, [place]] + deviations["nation"] + deviations["authority"])
    rows, outcome = design.rows, design.row_outcome
    eta = cells[0].ravel()[rows.cell] + cells[1].ravel()[rows.cell] * rows.x
    of_rows = {
        "covariate": rows.covariates.values,
        "gradient_moderator": rows.gradient_moderators,
        "curvature": rows.curve,
    }
    for name, columns in of_rows.items():
        if name in theta:
            eta = eta + (columns * theta[name][outcome]).sum(axis=1)
    if "sd_neighbourhood" in theta:
        effects = theta["sd_neighbourhood"][:, None] * theta["z_neighbourhood"]
        eta = eta + effects[outcome, rows.neighbourhood]
    alpha = np.full(outcomes, np.nan)
    if "overdispersion" in theta:
        alpha[dispersed_of(design)] = theta["overdispersion"] ** -2.0
    total = 0.0
    for s, form in enumerate(design.forms):
        own = outcome == s
        log_mass = MASSES[form.family, form.link]
        total += log_mass(rows.count[own], rows.exposure[own], np.exp(eta[own]), alpha[s]).sum()
    return float(total)


def _betabinom(y: np.ndarray, n: np.ndarray, p: np.ndarray, alpha: float) -> np.ndarray:
    return stats.betabinom.logpmf(y, n, p * alpha, (1.0 - p) * alpha)


MASSES: dict[tuple[str, str], Callable[..., np.ndarray]] = {
    ("poisson", "log"): lambda y, n, u, _: stats.poisson.logpmf(y, n * u),
    ("negative_binomial", "log"): lambda y, n, u, a: stats.nbinom.logpmf(y, a, a / (a + n * u)),
    ("binomial", "logit"): lambda y, n, u, _: stats.binom.logpmf(y, n, u / (1 + u)),
    ("binomial", "log"): lambda y, n, u, _: stats.binom.logpmf(y, n, u),
    ("beta_binomial", "logit"): lambda y, n, u, a: _betabinom(y, n, u / (1 + u), a),
    ("beta_binomial", "log"): _betabinom,
}
"""Log mass of counts, given exposures, the exponential of the predictor, and alpha."""


def joint_density(spec: ModelSpec, design: Design, theta: Parameters) -> float:
    """Log density of parameters as `drawn_parameters` has them."""
    return (
        prior_of_parameters(spec, design, theta)
        + prior_of_effects(spec, design, theta)
        + likelihood_of(design, theta)
    )
