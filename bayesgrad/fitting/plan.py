"""What a fit would be: the model in words, and its expected cost."""

from __future__ import annotations

import os

from bayesgrad.design.design import Design
from bayesgrad.spec.model_spec import ModelSpec

SECONDS_PER_ROW = 2.5e-9
"""Of one gradient of the log density, for each row; measured on an AMD EPYC server with AVX-512."""
SECONDS_PER_GRADIENT = 3e-5
"""Of one gradient, whatever the number of rows."""
GRADIENTS_PER_DRAW = 8
START_SECONDS = 4
FIRST_COMPILE_SECONDS = 30
"""More, the first time that a form of model is fitted on a machine."""
LAPLACE_SECONDS = 2
LAPLACE_PASSES = 2000
LAPLACE_SECONDS_PER_ROW = 3.5e-9
"""Of one pass with second derivatives, for each row; all rest is in `LAPLACE_SECONDS`."""
CHECK_SECONDS_PER_ROW = 2.5e-5
"""Of the predictive checks and scores, whatever the engine and the number of draws."""
BASE_MEMORY_MB = 500
BYTES_PER_ROW = 400


def describe_plan(spec: ModelSpec, design: Design) -> str:
    """Say what would be fitted, with which priors, and the time and memory to expect."""
    authorities, _, _ = design.cells
    outcome = spec.outcomes[0]
    events = int(design.rows.count.sum())
    lines = [
        f"would fit: {spec.title}",
        f"  {outcome.title}: {events:,} events, {spec.likelihood.family.replace('_', ' ')}",
        f"  gradient per +{spec.gradient.unit:g} of {spec.columns.deprivation} "
        f"({spec.columns.vintage}), {spec.gradient.centre} centring, "
        f"curvature {spec.gradient.curvature}",
        f"  {authorities:,} authorities: "
        f"{'independent' if spec.authority.covariance == 'diagonal' else 'correlated'} intercepts and slopes, "
        f"{spec.authority.moderation} moderation by authority deprivation "
        f"({design.authorities.deprivation.min():.3f} to "
        f"{design.authorities.deprivation.max():.3f}, mean {design.basis.mean:.3f})",
        *_named("  area covariates", design.rows.covariates.names),
        *_named("  of these, moderators of the gradient", design.area_moderators),
        *_named("  authority moderators", design.authorities.moderators.names),
        "priors",
        *(f"  {name}: {prior}" for name, prior in _priors(spec).items()),
        _sampling(spec),
        f"expect about {_seconds(spec, design):.0f} s{_first_time(spec)} and "
        f"{_memory_mb(spec, design):.0f} MB",
    ]
    return "\n".join(lines)


def _sampling(spec: ModelSpec) -> str:
    sampling = spec.sampling
    if sampling.fitting_engine == "laplace":
        size = sampling.chains * sampling.draws
        return f"sampling: nested Laplace, {size:,} draws, seed {sampling.seed}"
    return (
        f"sampling: {sampling.chains} chains of {sampling.tune:,} + {sampling.draws:,} draws, "
        f"{sampling.parameterisation.replace('_', '-')}, seed {sampling.seed}"
    )


def _named(title: str, names: tuple[str, ...]) -> list[str]:
    return [f"{title}: {', '.join(names)}"] if names else []


def _priors(spec: ModelSpec) -> dict[str, object]:
    """Priors of the parameters that the model has, by name."""
    priors = spec.priors
    return {
        name: prior
        for name, prior, used in (
            ("intercept", priors.intercept, True),
            ("slope", priors.slope, True),
            ("between", priors.between, spec.authority.moderation != "none"),
            (
                "interaction",
                priors.interaction_for(spec.authority.moderation),
                spec.authority.moderation != "none",
            ),
            (
                "covariates",
                priors.covariates,
                bool(spec.area.covariates or spec.area.moderators or spec.authority.moderators),
            ),
            (
                "moderators",
                priors.moderators,
                bool(spec.area.moderators or spec.authority.moderators),
            ),
            ("curvature", priors.curvature, spec.gradient.curvature != "none"),
            ("sd_intercept", priors.sd_intercept, True),
            ("sd_slope", priors.sd_slope, True),
            ("correlation", priors.correlation, spec.authority.covariance != "diagonal"),
            (
                "overdispersion (1/sqrt(alpha))",
                priors.overdispersion,
                spec.likelihood.family == "negative_binomial",
            ),
        )
        if used
    }


def _seconds(spec: ModelSpec, design: Design) -> float:
    sampling, rows = spec.sampling, len(design.rows.count)
    checks = CHECK_SECONDS_PER_ROW * rows
    if sampling.fitting_engine == "laplace":
        return LAPLACE_SECONDS + LAPLACE_PASSES * LAPLACE_SECONDS_PER_ROW * rows + checks
    gradient = SECONDS_PER_GRADIENT + SECONDS_PER_ROW * rows
    rounds = -(-sampling.chains // min(os.cpu_count() or 1, sampling.chains))
    draws = rounds * (sampling.tune + sampling.draws)
    return START_SECONDS + gradient * GRADIENTS_PER_DRAW * draws + checks


def _first_time(spec: ModelSpec) -> str:
    if spec.sampling.fitting_engine == "laplace":
        return ""
    return f" (the first time, {FIRST_COMPILE_SECONDS} s more)"


def _memory_mb(spec: ModelSpec, design: Design) -> float:
    authorities, outcomes, _ = design.cells
    draws = spec.sampling.chains * spec.sampling.draws
    kept = 4 * 8 * draws * authorities * outcomes * 2
    return BASE_MEMORY_MB + (kept + BYTES_PER_ROW * len(design.rows.count)) / 1e6
