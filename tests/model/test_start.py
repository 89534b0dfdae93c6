from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.design import Design, build_design
from bayesgrad.kernels.coordinates.correlation import partial_forward
from bayesgrad.model.arrays import count_rows
from bayesgrad.model.graph import build_model
from bayesgrad.model.information import effects_information
from bayesgrad.model.start import (
    LARGEST_CORRELATION,
    SHRINKAGE,
    Start,
    _partial_correlations,
    _regression,
)
from bayesgrad.spec import ModelSpec
from tests.model.forms import CENTRED, FORMS, MODE, NON_CENTRED, PARTIAL, spec_named
from tests.small import drawn_design, drawn_table, spec_of, table_of
from tests.tiers import quick

RISK = '[likelihood]\nfamily = "{}"\nlink = "log"\n'


def shapes_of(model) -> dict[str, tuple[int, ...]]:
    return {
        variable.name: tuple(
            len(model.coords[dim]) for dim in model.named_vars_to_dims[variable.name]
        )
        for variable in model.free_RVs
    }


def densities_of_starts(spec: ModelSpec, design: Design, seeds: int = 3) -> list[float]:
    model = build_model(spec, design)
    shapes = shapes_of(model)
    start = Start.of(spec, design)
    density = model.compile_logp(mode=MODE)
    found = []
    for seed in range(seeds):
        point, place, values = start.point(shapes, seed), 0, {}
        for variable in model.free_RVs:
            size = int(np.prod(shapes[variable.name]))
            part = point[place : place + size].reshape(shapes[variable.name])
            values[model.rvs_to_values[variable].name] = part
            place += size
        assert place == len(point)
        found.append(float(density(values)))
    return found


ALSO_QUICK = ("low rank", "years", "dispersed risk", "neighbourhoods in strata")


@pytest.mark.parametrize("form", quick(FORMS, "plain", "stages in strata", *ALSO_QUICK))
def test_every_form_starts_where_its_density_is_finite(form):
    spec = spec_named(form, PARTIAL)
    design = drawn_design(spec, authorities=8, areas=12)
    assert np.isfinite(densities_of_starts(spec, design)).all()


OTHER = ("full", "low rank", "stages in strata", "crossed strata")


@pytest.mark.parametrize(
    ("form", "more"),
    quick(
        product(OTHER, (CENTRED, NON_CENTRED)), ("full", CENTRED), ("crossed strata", NON_CENTRED)
    ),
)
def test_so_do_other_coordinates(form, more):
    spec = spec_named(form, more)
    design = drawn_design(spec, authorities=8, areas=12)
    assert np.isfinite(densities_of_starts(spec, design)).all()


def of_risks(spec: ModelSpec, risk: float, *, authorities: int = 60, areas: int = 20) -> Design:
    """A design of authorities that differ little in a risk of that size."""
    rng = np.random.default_rng(1)
    authority = np.repeat(np.arange(authorities), areas)
    p = risk * np.exp(rng.normal(0.0, (1.0 - risk) / 3.0, authorities))[authority]
    table = table_of(
        authority=[f"A{j:02d}" for j in authority],
        deprivation=rng.uniform(0.05, 0.35, len(authority)),
        exposure=np.full(len(authority), 60),
        count=rng.binomial(60, np.minimum(p, 0.995)),
    )
    return build_design(spec, table)


@pytest.mark.parametrize("family", ["binomial", "beta_binomial"])
@pytest.mark.parametrize("risk", [0.5, 0.8, 0.95])
def test_risks_near_one_start_below_it(risk, family):
    spec = spec_of(RISK.format(family) + PARTIAL)
    # The sampler tries 500 seeds for each chain: a tenth of them is plenty.
    found = np.isfinite(densities_of_starts(spec, of_risks(spec, risk), seeds=20))
    assert found.mean() > (0.1 if risk > 0.9 else 0.8)


def test_where_every_case_has_an_event_there_is_a_start_too():
    spec = spec_of(RISK.format("binomial") + PARTIAL)
    design = of_risks(spec, 0.9, authorities=3)
    rows = replace(design.rows, count=design.rows.exposure.astype(int))
    sure = replace(design, rows=rows)
    assert np.isfinite(densities_of_starts(spec, sure, seeds=20)).any()


def test_first_points_of_risks_lie_closer_together():
    plain, risk = spec_of(), spec_of(RISK.format("binomial"))
    assert Start.of(plain, drawn_design(plain)).spread == 1.0
    assert Start.of(risk, drawn_design(risk)).spread == 0.1
    shapes = {"slope": (1,), "z": (1, 2, 1000)}
    point = Start({"slope": np.array([3.0])}, 0.1).point(shapes, 1)
    assert_allclose(point[0], 3.0, atol=0.05)
    # The standard deviation of 2,000 numbers has a standard error of 1.6 %.
    assert_allclose(point[1:].std(), 0.1, rtol=0.1)


def test_a_start_reads_what_the_rows_say(england, england_spec, england_design):
    centre = Start.of(england_spec, england_design).centre
    truth = england.settings
    assert_allclose(np.exp(centre["overdispersion"]), truth.alpha**-0.5, atol=0.05)
    assert_allclose(centre["slope"], truth.slope, atol=0.1)
    assert_allclose(np.exp(centre["sd_intercept"]), truth.sd_intercept, rtol=0.5)


def test_only_dispersed_outcomes_start_with_an_overdispersion():
    spec = spec_named("stages")
    assert Start.of(spec, drawn_design(spec)).centre["overdispersion"].shape == (2,)
    poisson = spec_named("poisson")
    assert "overdispersion" not in Start.of(poisson, drawn_design(poisson)).centre


def test_strata_start_at_the_spread_of_their_modes():
    spec = spec_of('[strata]\ncolumn = "age"\n[likelihood]\nfamily = "poisson"\n')
    table = drawn_table(strata=("a", "b", "c"), areas=40, largest=400)
    factor = table.rows["stratum"].map({"a": 0.2, "b": 1.0, "c": 5.0})
    table.rows["count"] = (table.rows["count"] * factor).astype(int)
    design = build_design(spec, table)
    # Deviations of -ln 5, 0 and ln 5: two contrasts, whose squares add up to those of these.
    expected = np.sqrt(2.0 * np.log(5.0) ** 2 / 2.0)
    found = np.exp(Start.of(spec, design).centre["sd_stratum_intercept"])
    assert found.shape == (1, 1)
    assert_allclose(found, expected, rtol=0.1)


def test_first_partial_correlations_have_the_correlation_of_the_residuals():
    rng = np.random.default_rng(1)
    root = rng.normal(size=(4, 4))
    residuals = (rng.normal(size=(50, 4)) @ root.T).reshape(50, 2, 2).transpose(2, 0, 1)
    partial = _partial_correlations(residuals, joint=True)
    assert (np.abs(partial) < LARGEST_CORRELATION).all()  # None was cut off.
    factor, correlation = np.empty((10, 1)), np.empty((6, 1))
    partial_forward(partial[:, None], factor, correlation)
    by_effect = residuals.transpose(1, 2, 0).reshape(50, 4)
    expected = np.corrcoef(by_effect.T)[np.tril_indices(4, -1)]
    assert_allclose(correlation[:, 0], (1.0 - SHRINKAGE) * expected, atol=1e-7)


@pytest.mark.parametrize("form", ["two outcomes", "by outcome"])
def test_first_halves_of_correlations_are_on_the_sampler_s_scale(form):
    spec = spec_named(form, PARTIAL)
    design = drawn_design(spec, authorities=12)
    model = build_model(spec, design)
    centre = Start.of(spec, design).centre["correlation_half"]
    variable = model["correlation_half"]
    transform = model.rvs_to_transforms[variable]
    half = transform.backward(centre, *variable.owner.inputs).eval(mode=MODE)
    residuals = _regression(design, effects_information(design, count_rows(design)).mode)[1]
    expected = _partial_correlations(residuals, joint=form == "two outcomes")
    assert_allclose(2.0 * half - 1.0, expected, rtol=1e-8)


def test_first_correlations_by_outcome_are_those_of_its_own_effects():
    residuals = np.random.default_rng(2).normal(size=(2, 30, 3))
    found = _partial_correlations(residuals, joint=False)
    own = [np.corrcoef(residuals[0, :, s], residuals[1, :, s])[0, 1] for s in range(3)]
    assert_allclose(found, (1.0 - SHRINKAGE) * np.array(own), atol=1e-7)


@pytest.mark.parametrize("joint", [True, False])
def test_first_correlations_of_effects_that_are_one_or_do_not_vary_are_within_bounds(joint):
    same = np.tile(np.random.default_rng(2).normal(size=(1, 3, 1)), (2, 1, 2))
    for residuals in (same, np.zeros((2, 3, 2)), np.ones((2, 1, 2))):
        with np.errstate(all="raise"):
            found = _partial_correlations(residuals, joint=joint)
        assert (np.abs(found) <= LARGEST_CORRELATION).all()
    assert found.shape == ((6,) if joint else (2,))


def test_a_seed_gives_one_point_and_another_seed_another():
    spec = spec_named("stages in strata", PARTIAL)
    design = drawn_design(spec)
    shapes = shapes_of(build_model(spec, design))
    start = Start.of(spec, design)
    assert_allclose(start.point(shapes, 1), start.point(shapes, 1))
    assert not np.isin(start.point(shapes, 1), start.point(shapes, 2)).any()
