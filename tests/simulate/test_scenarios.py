"""What every scenario promises: a table that its spec takes, and the whole of its truth."""

import numpy as np
import pandas as pd
import pytest

from bayesgrad.data import prepare_table
from bayesgrad.design import build_design
from bayesgrad.errors import SpecError
from bayesgrad.model.strata import strata_kinds
from bayesgrad.simulate import SCENARIOS, EnglandSettings, simulate_england, simulate_scenario
from bayesgrad.simulate.scenario_settings import SYMBOL
from bayesgrad.spec import ModelSpec

SIZE = {"authorities": 30, "areas": 1_500}


@pytest.fixture(scope="module", params=list(SCENARIOS))
def scenario(request):
    return simulate_scenario(request.param, seed=1, **SIZE)


@pytest.fixture(scope="module")
def fitted(scenario):
    spec = scenario.model
    table = prepare_table(spec, scenario.areas)
    return spec, table, build_design(spec, table)


def values(scenario):
    return dict(scenario.truth.itertuples(index=False))


def test_the_shipped_spec_takes_the_table(scenario, models):
    if scenario.settings.name == "referrals":
        pytest.skip("the shipped spec of referrals has the column names of real tables")
    shipped = ModelSpec.read(models / f"{scenario.settings.spec_name}.toml")
    rows = prepare_table(shipped, scenario.areas)
    assert build_design(shipped, rows).outcomes == tuple(
        outcome.column for outcome in scenario.settings.outcomes
    )


def test_the_spec_says_it_is_synthetic_and_is_the_shipped_one(scenario, fitted, models):
    spec, _, _ = fitted
    assert spec.columns.vintage == "Synthetic"
    assert "simulated, not real data" in spec.title
    shipped = ModelSpec.read(models / f"{scenario.settings.spec_name}.toml")
    for part in (
        "outcomes",
        "gradient",
        "authority",
        "area",
        "strata",
        "years",
        "likelihood",
        "sampling",
    ):
        assert getattr(spec, part) == getattr(shipped, part)


def test_every_column_of_the_table_is_in_the_spec(scenario, fitted):
    spec, _, _ = fitted
    columns = spec.columns
    used = {columns.area, columns.authority, columns.authority_name, columns.deprivation}
    used |= {outcome.column for outcome in spec.outcomes} | set(spec.authority.moderators)
    used |= {spec.exposure_of(outcome) for outcome in spec.outcomes} | set(spec.area.moderators)
    used |= {spec.strata_or_years.column} if spec.strata_or_years else set()
    used |= {spec.authority.deprivation} - {"mean"}
    used |= {columns.neighbourhood} - {None}
    assert used == set(scenario.areas.columns)


def test_only_rows_without_exposure_are_left_out(scenario, fitted):
    _, table, _ = fitted
    assert {dropped.reason for dropped in table.report.dropped} <= {
        "exposure of zero",
        "no cases",
        "no time at risk",
    }
    assert table.report.authorities == SIZE["authorities"]


def test_the_design_is_that_of_the_truth(scenario, fitted):
    spec, _, design = fitted
    settings, population = scenario.settings, scenario.population
    for form, outcome in zip(design.forms, settings.outcomes, strict=True):
        assert (form.column, form.family) == (outcome.column, outcome.family)
        assert (form.link, form.out_of) == (outcome.link, outcome.out_of)
        assert form.dispersed == (outcome.alpha is not None)
    assert design.strata == tuple(stratum.name for stratum in settings.all_strata)
    deprivation = population.geography.deprivation
    np.testing.assert_allclose(design.authorities.deprivation, deprivation, rtol=1e-12)
    # The audit's spec is of log moderation, whatever the world; its linear one has no fit of it.
    assert spec.authority.moderation == "log"
    np.testing.assert_allclose(design.authorities.moderation[:, 0], population.w, atol=1e-12)
    np.testing.assert_allclose(
        design.authorities.moderators.values,
        population.standard_authority_moderators,
        atol=1e-10,
    )
    if settings.area_moderators:
        covariates = design.rows.covariates.values
        np.testing.assert_allclose(covariates, population.centred_area_moderators, atol=1e-12)


def test_truth_has_every_variable_of_a_posterior_and_no_other(scenario, fitted):
    spec, _, design = fitted
    outcome = ("outcome",)
    expected = {
        **dict.fromkeys(("intercept", "slope", "sd_intercept", "sd_slope", "correlation"), outcome),
        **dict.fromkeys(("between", "interaction"), ("outcome", "moderation_term")),
    }
    if any(form.dispersed for form in design.forms):
        expected |= dict.fromkeys(("alpha", "overdispersion"), outcome)
    if spec.columns.neighbourhood:
        expected["sd_neighbourhood"] = outcome
    if spec.authority.moderators:
        names = ("authority_moderator_level", "authority_moderator_gradient")
        expected |= dict.fromkeys(names, ("outcome", "authority_moderator"))
    if spec.area.moderators:
        expected["covariate"] = ("outcome", "area_covariate")
        expected["gradient_moderator"] = ("outcome", "area_moderator")
    for effect in strata_kinds(spec):
        expected[f"stratum_{effect}"] = ("outcome", "stratum")
        expected[f"sd_stratum_{effect}"] = ("outcome", "stratum_component")
        if spec.years:
            expected[f"sd_authority_stratum_{effect}"] = outcome
    if spec.spatial:
        expected |= dict.fromkeys(("phi_intercept", "phi_slope"), outcome)
    if len(design.outcomes) > 1:
        expected["effect_correlation"] = ("effect_pair",)
    truth = scenario.parameter_values
    assert {str(name): truth[name].dims for name in truth.data_vars} == expected
    assert all(np.isfinite(truth[name]).all() for name in truth.data_vars)
    if spec.strata_or_years:
        names = tuple(component.name for component in design.strata_components)
        assert tuple(truth["stratum_component"].values) == names


def test_the_table_of_truth_has_every_scalar_once(scenario):
    truth = scenario.parameter_values
    outcomes = truth.sizes["outcome"]
    # An outcome's own correlation is among the pairs of effects too.
    twice = outcomes if outcomes > 1 else 0
    assert len(scenario.truth) == sum(truth[name].size for name in truth.data_vars) - twice
    assert scenario.truth["parameter"].is_unique


def test_strata_deviate_around_the_mean(scenario):
    truth = scenario.parameter_values
    for name in ("stratum_intercept", "stratum_slope"):
        if name in truth:
            np.testing.assert_allclose(truth[name].sum("stratum"), 0.0, atol=1e-12)
    strata = scenario.strata
    assert strata.empty == (scenario.settings.strata is None)
    if len(strata):
        log_gradient = np.log(strata["gradient"].to_numpy())
        assert log_gradient.mean() == pytest.approx(values(scenario)["slope"])
        assert strata["level"].mean() == pytest.approx(values(scenario)["intercept"])


def test_the_same_seed_gives_the_same_tables(scenario):
    again = simulate_scenario(scenario.settings.name, seed=1, **SIZE)
    for name in ("areas", "authorities", "truth", "strata", "findings"):
        pd.testing.assert_frame_equal(
            getattr(scenario, name), getattr(again, name), check_exact=True
        )


def test_replicates_share_the_population_and_the_truth_alone(scenario):
    other = simulate_scenario(scenario.settings.name, seed=2, geography_seed=1, **SIZE)
    pd.testing.assert_frame_equal(scenario.truth, other.truth, check_exact=True)
    np.testing.assert_array_equal(scenario.population.exposure, other.population.exposure)
    np.testing.assert_array_equal(
        scenario.population.area_moderators, other.population.area_moderators
    )
    assert (scenario.authorities["slope"] != other.authorities["slope"]).all()
    assert not np.array_equal(scenario.draws.count, other.draws.count)


def test_codes_are_synthetic_and_counts_whole(scenario):
    areas = scenario.areas
    assert areas["area"].str.fullmatch(r"S-A\d{3}-\d{4}").all()
    keys = ["area", *([scenario.settings.strata.column] if scenario.settings.strata else [])]
    assert not areas.duplicated(keys).any()
    for outcome in scenario.settings.outcomes:
        counts = areas[outcome.column]
        if scenario.settings.suppressed is not None:
            counts = counts[counts != SYMBOL].astype(np.int64)
        assert counts.dtype == np.int64
        assert counts.min() >= 0
        assert counts.sum() > 0


def test_referrals_are_those_of_the_plain_england():
    settings = EnglandSettings(**SIZE)
    england = simulate_england(settings, seed=3, geography_seed=4)
    scenario = simulate_scenario("referrals", seed=3, geography_seed=4, **SIZE)
    pd.testing.assert_frame_equal(scenario.areas, england.areas, check_exact=True)
    pd.testing.assert_frame_equal(scenario.truth, england.truth, check_exact=True)
    same = [column for column in scenario.authorities if column != "outcome"]
    pd.testing.assert_frame_equal(scenario.authorities[same], england.authorities, check_exact=True)


def test_a_wrong_name_lists_the_scenarios():
    with pytest.raises(SpecError, match="no scenario 'wales'") as caught:
        simulate_scenario("wales", seed=1)
    assert all(name in caught.value.do for name in SCENARIOS)


@pytest.mark.parametrize(("seed", "geography_seed"), [(-1, None), (1, "two")])
def test_what_is_not_a_seed_is_refused(seed, geography_seed):
    with pytest.raises(SpecError, match="is not a seed"):
        simulate_scenario("sex", seed=seed, geography_seed=geography_seed, **SIZE)


def test_an_impossible_size_is_refused():
    with pytest.raises(SpecError, match="areas = 3"):
        simulate_scenario("sex", seed=1, authorities=5, areas=3)


@pytest.mark.parametrize("name", ["age", "sex", "ethnicity"])
def test_strata_of_children_divide_them(name):
    scenario = simulate_scenario(name, seed=1, **SIZE)
    divided = scenario.areas.groupby("area", sort=False)["children"].sum()
    np.testing.assert_array_equal(divided, scenario.population.geography.children)


@pytest.mark.parametrize("name", ["factors", "plan-categories"])
def test_strata_of_cases_share_the_children(name):
    scenario = simulate_scenario(name, seed=1, **SIZE)
    shared = scenario.areas.groupby("area", sort=False)["children"]
    np.testing.assert_array_equal(shared.min(), scenario.population.geography.children)
    np.testing.assert_array_equal(shared.max(), scenario.population.geography.children)


def test_events_of_a_stage_are_no_more_than_its_cases():
    areas = simulate_scenario("stages", seed=1, **SIZE).areas
    assert (areas["section_47"] <= areas["referrals"]).all()
    assert (areas["plan_starts"] <= areas["section_47"]).all()
    again = simulate_scenario("re-referral", seed=1, **SIZE).areas
    assert (again["re_referrals"] <= again["referrals"]).all()


def test_minorities_are_unevenly_spread_and_absent_somewhere():
    scenario = simulate_scenario("ethnicity", seed=1, **SIZE)
    areas = scenario.areas
    assert (areas["children"] == 0).any()
    black = areas[areas["ethnicity"] == "Black"].groupby("authority")["children"].sum()
    share = black / areas.groupby("authority")["children"].sum()
    assert share.max() > 4 * share.min()


def test_correlations_across_thresholds_are_named_by_pair():
    scenario = simulate_scenario("thresholds", seed=1, **SIZE)
    pairs = scenario.parameter_values["effect_correlation"]
    assert pairs.size == 45
    first = [str(label) for label in pairs["effect_pair"].values[:4]]
    assert first == [
        "referrals intercept, referrals slope",
        "referrals intercept, assessments intercept",
        "referrals slope, assessments intercept",
        "referrals intercept, assessments slope",
    ]
    assert pairs["outcome_b"].values[1] == "assessments"
    assert pairs["effect_a"].values[2] == "slope"
    np.testing.assert_allclose(pairs[:4], [-0.3, 0.8, -0.24, -0.18])
    own = scenario.parameter_values["correlation"]
    assert own[0] == pytest.approx(-0.3)
    assert own[1] == pytest.approx(-0.3 * (0.8 * 0.6 + 0.6 * 0.8))
    table = values(scenario)
    assert table["slope[plan_starts]"] == pytest.approx(np.log(1.80))
    assert table["correlation[referrals]"] == pytest.approx(-0.3)
    assert table["correlation[referrals intercept, assessments slope]"] == pytest.approx(-0.18)


def test_standard_deviations_of_strata_are_those_of_their_weights():
    age = simulate_scenario("age", seed=1, **SIZE).parameter_values
    # Even steps of the log gradient, from 1.80 to 1.45 in 17 of them.
    assert float(age["sd_stratum_slope"].item()) == pytest.approx(np.log(1.80 / 1.45) / 17)
    ethnicity = simulate_scenario("ethnicity", seed=1, **SIZE).parameter_values
    slopes = np.log([1.45, 1.27, 1.60, 1.50, 1.91])
    assert float(ethnicity["sd_stratum_slope"].item()) == pytest.approx(slopes.std(ddof=1))
    table = values(simulate_scenario("ethnicity", seed=1, **SIZE))
    assert table["stratum_slope[White]"] == pytest.approx(np.log(1.91) - slopes.mean())
    sex = simulate_scenario("sex", seed=1, **SIZE).parameter_values
    assert float(sex["sd_stratum_slope"].item()) == pytest.approx(0.0, abs=1e-12)


def test_rural_areas_are_in_larger_and_less_deprived_authorities():
    scenario = simulate_scenario("rural", seed=1)
    authorities = scenario.areas.groupby("authority").agg(
        rural=("rural", "mean"), areas=("rural", "size")
    )
    authorities["deprivation"] = scenario.population.geography.deprivation
    assert scenario.areas["rural"].mean() == pytest.approx(0.17, abs=0.02)
    related = authorities.corr(method="spearman")["rural"]
    assert related["areas"] > 0.4
    assert related["deprivation"] < -0.4


def test_moderators_of_authorities_are_correlated_with_deprivation():
    population = simulate_scenario("moderators", seed=1).population
    related = np.corrcoef(population.w, population.authority_moderators.T)[0, 1:]
    # 152 authorities: standard errors of about 0.05 and 0.07.
    assert related == pytest.approx([0.6, 0.3], abs=0.3)


def test_authorities_walk_over_years_and_have_the_trends_of_their_walks():
    scenario = simulate_scenario("years", seed=2, **SIZE)
    own, truth = scenario.deviation_values, scenario.parameter_values
    for effect, step in (("intercept", 0.05), ("slope", 0.015)):
        walk = own[f"authority_stratum_{effect}"]
        np.testing.assert_allclose(walk.sum("stratum"), 0.0, atol=1e-12)
        # Of 270 steps; 4.9 standard errors: a false alarm in a million.
        found = walk.diff("stratum").values.std()
        assert abs(found / step - 1.0) < 4.9 / np.sqrt(2 * 270)
    trends = scenario.trends.set_index("authority")
    years = own["stratum"].values.astype(int)
    nation = truth["stratum_slope"].values[0]
    np.testing.assert_allclose(
        np.log(trends.loc["", "annual_ratio"]), np.polyfit(years, nation, 1)[0]
    )
    code = str(own["authority"].values[7])
    course = truth["stratum_intercept"].values[0] + own["authority_stratum_intercept"].values[7, 0]
    found = np.log(trends.loc[code, "annual_rate_ratio"])
    np.testing.assert_allclose(found, np.polyfit(years, course, 1)[0])
    assert simulate_scenario("age", seed=2, **SIZE).trends.empty
