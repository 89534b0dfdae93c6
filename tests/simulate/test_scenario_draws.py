"""Draws against the tables of their truth, each statistic with its false-alarm rate.

What is expected of every row is rebuilt from the written tables alone: those of areas,
authorities and strata, and the parameters.
"""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from bayesgrad.simulate import SCENARIOS, simulate_scenario

Z_ONE_IN_A_MILLION = 4.9


@pytest.fixture(scope="module", params=list(SCENARIOS))
def scenario(request):
    return simulate_scenario(request.param, seed=5)


def exposure_of(scenario, outcome):
    if outcome.out_of:
        return outcome.out_of
    if "children" in scenario.areas:
        return "children"
    return "referrals" if "referrals" in scenario.areas else "time_at_risk"


def rows_of(scenario, outcome):
    """Mean, variance, count, x and w of each row with any exposure, by stratum."""
    truth = dict(scenario.truth.itertuples(index=False))
    authorities = scenario.authorities
    rows = scenario.areas.merge(
        authorities[authorities["outcome"] == outcome.column], on="authority", how="left"
    )
    x = (rows["income_score"] - rows["deprivation"]) / 0.10
    predictor = rows["intercept"] + rows["slope"] * x
    stratum = np.zeros(len(rows), dtype=int)
    if scenario.settings.strata is not None:
        strata = scenario.strata.set_index("stratum")
        stratum = strata.index.get_indexer(rows[scenario.settings.strata.column])
        level = strata["level"].to_numpy() - truth["intercept"]
        slope = np.log(strata["gradient"].to_numpy()) - truth["slope"]
        predictor += level[stratum] + slope[stratum] * x
        if scenario.deviation_values:
            own = scenario.deviation_values.isel(outcome=0)
            at = own["authority"].to_index().get_indexer(rows["authority"])
            predictor += own["authority_stratum_intercept"].values[at, stratum]
            predictor += own["authority_stratum_slope"].values[at, stratum] * x
    if "rural" in rows:
        rural = rows["rural"] - rows["rural"].mean()
        predictor += truth["rural"] * rural + truth["gradient x rural"] * rural * x
    if outcome.curve:
        # Slopes of a fine grid, added up: the curve is 0 at the mean authority deprivation.
        grid = np.linspace(0.0, 1.0, 20_001)
        mean = scenario.population.geography.deprivation.mean()
        steps = outcome.curve * np.log((grid + 0.05) / (mean + 0.05)) / 0.10 * (grid[1] - grid[0])
        curve = np.cumsum(steps) - steps / 2
        predictor += np.interp(rows["income_score"], grid, curve) - np.interp(mean, grid, curve)
    exposure = rows[exposure_of(scenario, outcome)].to_numpy(float)
    suffix = f"[{outcome.column}]" if len(scenario.settings.outcomes) > 1 else ""
    alpha = truth.get(f"alpha{suffix}", np.inf)
    if outcome.family in ("poisson", "negative_binomial"):
        mean = exposure * np.exp(predictor)
        variance = mean + mean**2 / alpha
    else:
        chance = expit(predictor) if outcome.link == "logit" else np.exp(predictor)
        mean = exposure * chance
        variance = mean * (1 - chance) * (1 + (exposure - 1) / (alpha + 1))
    kept = exposure > 0
    w = np.log(rows["deprivation"] / scenario.population.geography.deprivation.mean())
    count = scenario.draws.count[scenario.settings.outcomes.index(outcome)].ravel()
    columns = {"mean": mean, "variance": variance, "count": count, "x": x, "w": w}
    return {name: np.asarray(column)[kept] for name, column in columns.items()}, stratum[kept]


def test_counts_have_the_levels_and_gradients_of_the_truth(scenario):
    """Sums of residuals, weighted by 1, x, w and w x, of each stratum; 72 at most.

    Beyond 4.9 standard errors in any: about 1 in 10,000 over all scenarios.
    """
    for outcome in scenario.settings.outcomes:
        rows, stratum = rows_of(scenario, outcome)
        residual = (rows["count"] - rows["mean"]) / rows["variance"]
        weights = rows["mean"]
        for kind in (1.0, rows["x"], rows["w"], rows["w"] * rows["x"]):
            weight = weights * kind
            score = np.bincount(stratum, weight * residual)
            error = np.sqrt(np.bincount(stratum, weight**2 / rows["variance"]))
            assert (np.abs(score) < Z_ONE_IN_A_MILLION * error).all(), outcome.column


def test_a_gradient_that_is_off_by_two_percent_would_be_found():
    scenario = simulate_scenario("referrals", seed=5)
    rows, _ = rows_of(scenario, scenario.settings.outcomes[0])
    mean = rows["mean"] * np.exp(np.log(1.02) * rows["x"])
    weight = mean * rows["x"] / rows["variance"]
    score = (weight * (rows["count"] - mean)).sum()
    assert abs(score) > Z_ONE_IN_A_MILLION * np.sqrt((weight**2 * rows["variance"]).sum())


def test_counts_have_the_overdispersion_of_the_truth(scenario):
    """Squared residuals beyond 4.9 standard errors: about 1 in 50,000 over all scenarios.

    Their spread is taken from the residuals themselves, whose tails are long where counts are few.
    """
    if scenario.settings.durations is not None:
        pytest.skip("closures given time at risk are Poisson in their likelihood alone")
    if scenario.settings.areas_per_neighbourhood:
        pytest.skip("the effects of neighbourhoods are not among what is known of the rows")
    for outcome in scenario.settings.outcomes:
        rows, _ = rows_of(scenario, outcome)
        many = rows["mean"] > 0.5
        square = (rows["count"] - rows["mean"])[many] ** 2 / rows["variance"][many]
        z = (square - 1).mean() / (square.std() / np.sqrt(len(square)))
        assert abs(z) < Z_ONE_IN_A_MILLION, outcome.column


def test_authority_effects_have_the_stated_spread_and_correlation():
    """Ten variances and 45 correlations beyond 4.9: about 1 in 20,000."""
    count = 4_000
    scenario = simulate_scenario("thresholds", seed=2, authorities=count, areas=2 * count)
    truth = scenario.parameter_values
    w = scenario.population.w[:, None]
    effects = []
    for level, change, sd, drawn in (
        ("intercept", "between", "sd_intercept", scenario.draws.intercept),
        ("slope", "interaction", "sd_slope", scenario.draws.slope),
    ):
        centre = truth[level].values + w * truth[change].values[:, 0]
        effects.append((drawn - centre) / truth[sd].values)
    # In the order of the outcomes, each with its intercept and slope.
    z = np.stack(effects, axis=2).reshape(count, -1)
    lower = np.zeros((z.shape[1], z.shape[1]))
    lower[np.tril_indices(z.shape[1], -1)] = truth["effect_correlation"].values
    expected = lower + lower.T + np.eye(z.shape[1])
    error = np.sqrt((1 + expected**2) / count)
    assert (np.abs(z.T @ z / count - expected) < Z_ONE_IN_A_MILLION * error).all()


@pytest.mark.parametrize(
    ("name", "column", "total"),
    [
        ("referrals", "referrals", 650_930),
        ("thresholds", "assessments", 644_730),
        ("thresholds", "section_47", 201_170),
        ("thresholds", "plan_starts", 66_680),
        ("thresholds", "care_starts", 31_780),
        ("stages", "plan_starts", 66_680),
        ("age", "referrals", 650_930),
        ("ethnicity", "referrals", 650_930),
        ("plan-categories", "plan_starts", 66_680),
    ],
)
def test_totals_are_those_of_england(name, column, total):
    """Authority effects of sd 0.3 leave 4% at most, beside 1% of rounding; 4 sd of it."""
    drawn = simulate_scenario(name, seed=5).areas[column].sum()
    assert drawn == pytest.approx(total, rel=0.17)


@pytest.mark.ci
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "exposure"),
    [
        ("stages", "section_47"),
        ("plan-categories", "children"),
        ("ethnicity", "children"),
        ("rural", "children"),
        ("moderators", "children"),
        ("re-referral", "referrals"),
    ],
)
def test_rates_are_right_on_average_over_draws(name, exposure):
    """A mean of 150 replicates on one population, beyond 4.9: 1 in 150,000 over all."""
    settings = SCENARIOS[name]
    outcome = settings.outcomes[-1]
    excess = []
    for seed in range(150):
        areas = simulate_scenario(
            name, seed=seed, geography_seed=1, authorities=20, areas=400
        ).areas
        excess.append(areas[outcome.column].sum() - outcome.rate * areas[exposure].sum())
    assert abs(np.mean(excess)) < Z_ONE_IN_A_MILLION * np.std(excess) / np.sqrt(len(excess))


def test_strata_have_rates_in_the_order_of_their_ratios():
    areas = simulate_scenario("ethnicity", seed=5).areas.groupby("ethnicity").sum(numeric_only=True)
    rate = areas["referrals"] / areas["children"]
    assert rate["Mixed"] > rate["Black"] > rate["White"] > rate["Asian"]


@pytest.mark.ci
@pytest.mark.slow
def test_no_chance_of_a_stage_reaches_one():
    for seed in range(10):
        scenario = simulate_scenario("stages", seed=seed)
        for outcome in scenario.settings.outcomes[1:]:
            rows, _ = rows_of(scenario, outcome)
            cases = scenario.areas[outcome.out_of].to_numpy()
            assert (rows["mean"] / cases[cases > 0]).max() < 0.9


def test_neighbourhoods_have_the_stated_spread():
    """A variance beyond 4.9 standard errors: about 1 in a million.

    Events of a neighbourhood, given its expected ones, vary by its effect, by its areas'
    overdispersion and by chance.
    """
    scenario = simulate_scenario("neighbourhoods", seed=3)
    (outcome,) = scenario.settings.outcomes
    rows, _ = rows_of(scenario, outcome)
    alpha = float(scenario.parameter_values["alpha"].item())
    place = scenario.areas["neighbourhood"].to_numpy()
    columns = {"count": rows["count"], "mean": rows["mean"], "square": rows["mean"] ** 2}
    sums = pd.DataFrame(columns).groupby(place).sum()
    sd = float(scenario.parameter_values["sd_neighbourhood"].item())
    # E(e^v) is not 1, but the means of rows are of v = 0.
    mean = sums["mean"] * np.exp(sd**2 / 2)
    between = mean**2 * np.expm1(sd**2)
    within = mean + sums["square"] * np.exp(2 * sd**2) / alpha
    square = (sums["count"] - mean) ** 2 / (between + within)
    z = (square - 1).mean() / (square.std() / np.sqrt(len(square)))
    assert abs(z) < Z_ONE_IN_A_MILLION
    assert ((sums["count"] - mean) ** 2 / within).mean() > 1.2


def test_neighbourhoods_are_parts_of_authorities_of_five_areas():
    areas = simulate_scenario("neighbourhoods", seed=1, authorities=20, areas=301).areas
    pairs = areas.groupby("neighbourhood")["authority"].agg(["nunique", "size"])
    assert (pairs["nunique"] == 1).all()
    assert pairs["size"].max() == 5
    last = areas.groupby("authority")["neighbourhood"].max()
    assert (pairs["size"] == 5).drop(last).all()
