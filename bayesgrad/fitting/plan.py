"""What a fit would be: the model in words, and its expected cost."""

from __future__ import annotations

import os

from bayesgrad.design.design import Design, OutcomeForm
from bayesgrad.design.neighbours import Neighbours
from bayesgrad.fitting.compiled_forms import any_compiled_before, compiled_before
from bayesgrad.fitting.plan_priors import priors_used
from bayesgrad.kernels.cache import place
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.naming import ratio_name
from bayesgrad.spec.parts import Strata

SECONDS_PER_ROW = 2.5e-9
"""Of one gradient of the log density, for each row; measured on an AMD EPYC server with AVX-512."""
SECONDS_PER_GRADIENT = 3e-5
"""Of one gradient, whatever the number of rows."""
SECONDS_PER_SQUARED_OUTCOME = 2e-6
"""Of one gradient, for the covariance of the effects of an authority; rough."""
GRADIENTS_PER_DRAW = 8
SECONDS_PER_NEIGHBOURHOOD = 1e-8
"""Of one gradient, for each neighbourhood and outcome."""
NEIGHBOURHOOD_STEPS, NEIGHBOURHOOD_CHECKS = 2, 10
"""Factors of the gradients of a draw, and of the checks, where there are neighbourhoods."""
START_SECONDS = 4
FIRST_COMPILE_SECONDS, MORE_COMPILE_SECONDS = 20, 10
"""Of compiling the first form of model on a machine, and another one, for NUTS."""
LAPLACE_COMPILE_SECONDS = 6
"""The same, for Laplace, which compiles no graph."""
LAPLACE_SECONDS = 3
LAPLACE_PASSES = 2000
LAPLACE_SECONDS_PER_ROW = 3.5e-9
"""Of one pass with second derivatives, for each row; all rest is in `LAPLACE_SECONDS`."""
LAPLACE_SECONDS_PER_CUBE = 4e-10
"""The same, for the third power of the number of fixed effects, contrasts of strata among them."""
CHECK_SECONDS_PER_ROW = 2.5e-5
"""Of the predictive checks and scores, whatever the engine and the number of draws."""
BASE_MEMORY_MB = 500
BYTES_PER_ROW = 400


def describe_plan(spec: ModelSpec, design: Design) -> str:
    """Say what would be fitted, with which priors, and the time and memory to expect."""
    deprivation = design.authorities.deprivation
    mean = "national mean" if spec.prior_pack else "mean"
    lines = [
        f"would fit: {spec.title}",
        *_outcomes(spec, design),
        *_suppressed(spec, design),
        f"  gradient per +{spec.gradient.unit:g} of {spec.columns.deprivation} "
        f"({spec.columns.vintage}), {spec.gradient.centre} centring, "
        f"curvature {spec.gradient.curvature}",
        f"  {design.cells[0]:,} {'authority' if design.cells[0] == 1 else 'authorities'}: "
        f"{_covariance(spec)}, "
        f"{spec.authority.moderation} moderation by authority deprivation "
        f"({deprivation.min():.3f} to {deprivation.max():.3f}, {mean} {design.basis.mean:.3f})",
        *_named("  area covariates", design.rows.covariates.names),
        *_named("  of these, moderators of the gradient", design.area_moderators),
        *_named("  authority moderators", design.authorities.moderators.names),
        *(_strata(spec.strata, design) if spec.strata else []),
        *(_years(design) if spec.years else []),
        *_neighbourhoods(spec, design),
        *(_spatial(design.neighbours) if design.neighbours else []),
        _priors_heading(spec),
        *(f"  {name}: {prior}" for name, prior in priors_used(spec, design).items()),
        _sampling(spec),
        _expected(spec, design),
    ]
    return "\n".join(lines)


def _priors_heading(spec: ModelSpec) -> str:
    pack = spec.prior_pack
    if pack is None:
        return "priors, and what each implies (in 95 of 100 draws of it)"
    return (
        f"priors: of the national prior pack of {pack.nation.authorities:,} authorities "
        f"({pack.source.title}), jointly normal"
    )


def _outcomes(spec: ModelSpec, design: Design) -> list[str]:
    events = design.cell_sum(design.rows.count).sum(axis=(0, 2))
    cases = design.cell_sum(design.rows.exposure).sum(axis=(0, 2))
    return [
        f"  {outcome.title}: {int(events[at]):,} events{_out_of(spec, form, cases[at])}, "
        f"{form.family.replace('_', ' ')} with {form.link} link: "
        f"{ratio_name(form.link, form.family, spec.columns.at_risk)}s"
        for at, (outcome, form) in enumerate(zip(spec.outcomes, design.forms, strict=True))
    ]


def _suppressed(spec: ModelSpec, design: Design) -> list[str]:
    """Say how many counts are suppressed, and what that leaves open."""
    counts = design.cell_sum(design.rows.suppressed).sum(axis=2).astype(int)
    rows = design.cell_sum(design.rows.x * 0.0 + 1.0).sum(axis=(0, 2))
    lower, upper = design.bounds
    lines = []
    for at, outcome in enumerate(spec.outcomes):
        total = counts[:, at].sum()
        if total:
            most = int(counts[:, at].argmax())
            lines.append(
                f"  {outcome.title}: {total:,} of {int(rows[at]):,} counts are suppressed, each "
                f"{lower} to {upper}, in {(counts[:, at] > 0).sum():,} authorities (most in "
                f"{design.authorities.codes[most]}: {counts[most, at]:,}); together "
                f"{total * lower:,} to {total * upper:,} events"
            )
    return lines


def _out_of(spec: ModelSpec, form: OutcomeForm, cases: float) -> str:
    """Say out of how many cases, and of which earlier outcome."""
    if not form.of_cases:
        return ""
    titles = {outcome.column: outcome.title for outcome in spec.outcomes}
    return f" out of {cases:,.0f} {f'of {titles[form.out_of]}' if form.out_of else 'cases'}"


def _covariance(spec: ModelSpec) -> str:
    outcomes, authority = len(spec.outcomes), spec.authority
    if authority.covariance == "diagonal":
        return "independent intercepts and slopes"
    if outcomes == 1:
        return "correlated intercepts and slopes"
    if authority.covariance == "by_outcome":
        return "intercepts and slopes correlated within each outcome"
    if authority.covariance == "low_rank":
        factors = f"{authority.rank} factor{'s' if authority.rank > 1 else ''}"
        return f"{2 * outcomes} intercepts and slopes correlated through {factors}"
    return f"{2 * outcomes} intercepts and slopes, all correlated"


def _strata(strata: Strata, design: Design) -> list[str]:
    crossed = strata.crossed_with
    columns = [
        f"{one.column}{' (ordered)' if one.ordered else ''}"
        for one in (strata, crossed)
        if one is not None
    ]
    pooled = strata.gradients == "pooled"
    lines = [
        f"  {len(design.strata):,} strata of {' x '.join(columns)}: "
        f"{'a gradient for each, pooled' if pooled else 'one gradient common to all'}"
    ]
    if strata.authority_deviations:
        what = "levels and gradients" if pooled else "levels"
        lines.append(f"  each authority's strata deviate by {what} of its own")
    return lines


def _years(design: Design) -> list[str]:
    years = design.strata
    return [
        f"  {len(years)} years, {years[0]} to {years[-1]}: a level and a gradient for each, by a "
        "random walk",
        "  each authority departs from them by random walks of its own",
    ]


def _neighbourhoods(spec: ModelSpec, design: Design) -> list[str]:
    if not design.neighbourhoods:
        return []
    return [
        f"  {len(design.neighbourhoods):,} neighbourhoods of {spec.columns.neighbourhood} in "
        "authorities: an effect of each on every outcome, the same in all its areas"
    ]


def _spatial(neighbours: Neighbours) -> list[str]:
    parts = f"{neighbours.parts} connected part{'s' if neighbours.parts > 1 else ''}"
    return [
        f"  a share of the spread of authorities is common to neighbours, in {parts} of the map; "
        f"{len(neighbours.alone)} without neighbours"
    ]


def _sampling(spec: ModelSpec) -> str:
    sampling = spec.sampling
    if sampling.fitting_engine == "laplace":
        size = sampling.chains * sampling.draws
        return f"sampling: nested Laplace, {size:,} draws, seed {sampling.seed}"
    again = ""
    if sampling.retries:
        times = "once" if sampling.retries == 1 else "twice"
        again = (
            f"; if checks fail, with smaller steps or as many chains again, each at most {times}"
        )
    return (
        f"sampling: {sampling.chains} chains of {sampling.tune:,} + {sampling.draws:,} draws, "
        f"{sampling.parameterisation.replace('_', '-')}, seed {sampling.seed}{again}"
    )


def _named(title: str, names: tuple[str, ...]) -> list[str]:
    return [f"{title}: {', '.join(names)}"] if names else []


def _seconds(spec: ModelSpec, design: Design) -> float:
    sampling, rows = spec.sampling, len(design.rows.count)
    checks = CHECK_SECONDS_PER_ROW * rows
    if sampling.fitting_engine == "laplace":
        from bayesgrad.inference.laplace.cost import cost_of

        # More standard deviations and correlations take more proposals.
        passes = LAPLACE_PASSES * (len(spec.outcomes) + (spec.strata_or_years is not None))
        each = LAPLACE_SECONDS_PER_ROW * rows
        each += LAPLACE_SECONDS_PER_CUBE * cost_of(spec, design).border_cubed
        return LAPLACE_SECONDS + passes * each + checks
    covariance = SECONDS_PER_SQUARED_OUTCOME * len(spec.outcomes) ** 2
    effects = len(spec.outcomes) * len(design.neighbourhoods)
    gradient = SECONDS_PER_GRADIENT + SECONDS_PER_ROW * rows + covariance
    if effects:
        # More dimensions take shorter steps, and scores an integral for each neighbourhood.
        gradient += SECONDS_PER_NEIGHBOURHOOD * effects
        gradient *= NEIGHBOURHOOD_STEPS
        checks *= NEIGHBOURHOOD_CHECKS
    rounds = -(-sampling.chains // min(os.cpu_count() or 1, sampling.chains))
    draws = rounds * (sampling.tune + sampling.draws)
    return START_SECONDS + gradient * GRADIENTS_PER_DRAW * draws + checks


def _expected(spec: ModelSpec, design: Design) -> str:
    """Time and memory to expect, the time with what has to be compiled on this machine."""
    seconds, compiling = _seconds(spec, design), _compile_seconds(spec, design)
    with_compiling = f", {compiling} s of it to compile this form of model" if compiling else ""
    if compiling and place().lasting:
        with_compiling += ", once on this machine"
    memory = _memory_mb(spec, design)
    return f"expect about {seconds + compiling:.0f} s{with_compiling}, and {memory:.0f} MB"


def _compile_seconds(spec: ModelSpec, design: Design) -> int:
    """Seconds to compile this form of model; 0 if that has been done on this machine."""
    if compiled_before(spec, design):
        return 0
    if spec.sampling.fitting_engine == "laplace":
        return LAPLACE_COMPILE_SECONDS
    return MORE_COMPILE_SECONDS if any_compiled_before() else FIRST_COMPILE_SECONDS


def _memory_mb(spec: ModelSpec, design: Design) -> float:
    authorities, outcomes, strata = design.cells
    draws = spec.sampling.chains * spec.sampling.draws
    each = strata + 1 if spec.strata_or_years and spec.strata_or_years.authority_deviations else 1
    kept = 4.0 * 8 * draws * authorities * outcomes * 2 * each
    # The sampler's own draws and a copy of them, and what the checks read.
    kept += 3 * 8 * draws * outcomes * len(design.neighbourhoods)
    if spec.sampling.fitting_engine == "laplace":
        from bayesgrad.inference.laplace.cost import cost_of

        kept += cost_of(spec, design).proposals_bytes
    return BASE_MEMORY_MB + (kept + BYTES_PER_ROW * len(design.rows.count)) / 1e6
