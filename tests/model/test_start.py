from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.design import Design, build_design
from bayesgrad.model.graph import build_model
from bayesgrad.model.kernels.correlation import partial_forward
from bayesgrad.model.start import LARGEST_CORRELATION, SHRINKAGE, Start, _partial_correlations
from bayesgrad.spec import ModelSpec
from tests.model.forms import CENTRED, FORMS, MODE, NON_CENTRED, PARTIAL, spec_named
from tests.small import drawn_design, drawn_table, spec_of, table_of

HIGH_RISK = '[likelihood]\nfamily = "binomial"\nlink = "log"\n'


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


@pytest.mark.parametrize("form", FORMS)
def test_every_form_starts_where_its_density_is_finite(form):
    spec = spec_named(form, PARTIAL)
    design = drawn_design(spec, authorities=8, areas=12)
    assert np.isfinite(densities_of_starts(spec, design)).all()


@pytest.mark.parametrize("more", [CENTRED, NON_CENTRED])
@pytest.mark.parametrize("form", ["full", "low rank", "stages in strata", "crossed strata"])
def test_so_do_other_coordinates(form, more):
    spec = spec_named(form, more)
    design = drawn_design(spec, authorities=8, areas=12)
    assert np.isfinite(densities_of_starts(spec, design)).all()


def of_shares(share: np.ndarray, spec: ModelSpec, cases: int = 200) -> Design:
    """A design of four authorities in whose areas the share of cases has events."""
    areas = len(share)
    table = table_of(
        authority=[f"A{j}" for j in range(4) for _ in range(areas)],
        deprivation=np.tile(np.linspace(0.05, 0.35, areas), 4),
        exposure=np.full(4 * areas, cases),
        count=np.tile(np.round(cases * share).astype(int), 4),
    )
    return build_design(spec, table)


@pytest.mark.parametrize("parameterisation", [PARTIAL, CENTRED, NON_CENTRED])
@pytest.mark.parametrize("highest", [0.5, 0.9, 0.98])
def test_risks_near_one_start_below_it(highest, parameterisation):
    spec = spec_of(HIGH_RISK + parameterisation)
    design = of_shares(np.geomspace(highest / 2.0, highest, 12), spec)
    assert np.isfinite(densities_of_starts(spec, design, seeds=8)).all()


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


def test_first_correlations_by_outcome_are_those_of_its_own_effects():
    residuals = np.random.default_rng(2).normal(size=(2, 30, 3))
    found = _partial_correlations(residuals, joint=False)
    own = [np.corrcoef(residuals[0, :, s], residuals[1, :, s])[0, 1] for s in range(3)]
    assert_allclose(found, (1.0 - SHRINKAGE) * np.array(own), atol=1e-7)


@pytest.mark.parametrize("joint", [True, False])
def test_first_correlations_of_effects_that_are_one_or_do_not_vary_are_within_bounds(joint):
    same = np.tile(np.random.default_rng(2).normal(size=(1, 3, 1)), (2, 1, 2))
    for residuals in (same, np.zeros((2, 3, 2))):
        with np.errstate(invalid="ignore", divide="ignore"):
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
