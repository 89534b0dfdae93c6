"""The contract of all tables: names, columns, options and files."""

from pathlib import Path

import pandas as pd
import pytest
import xarray as xr

from bayesgrad.errors import DiagnosticsError, FitError
from bayesgrad.estimands import TABLES, table, tables_of
from tests.fabricate import fabricated_draws
from tests.tiers import quick

CONTRACT = {
    "gradients": "authority name outcome stratum gradient lower upper log_mean log_sd "
    "prob_above_national reliability events areas prob_above_average reliability_error "
    "gradient_per_sd gradient_per_sd_lower gradient_per_sd_upper",
    "national": "outcome stratum deprivation_shift gradient lower upper extrapolated "
    "average_gradient average_lower average_upper",
    "interaction": "outcome moderator form mean sd lower upper prob_negative "
    "slope_variance_explained slope_variance_explained_lower slope_variance_explained_upper",
    "levels": "authority name outcome stratum deprivation rate_per_10000 lower upper",
    "contextual": "outcome within_mean within_lower within_upper between_mean between_lower "
    "between_upper contextual_mean contextual_lower contextual_upper prob_contextual_negative "
    "crossover crossover_lower crossover_upper",
    "ranks": "authority name outcome stratum expected_rank lower upper simultaneous_lower "
    "simultaneous_upper prob_top_decile prob_bottom_decile tier not_told_apart",
    "pairs": "authority_a authority_b outcome stratum prob_a_steeper ratio lower upper",
    "thresholds": "from_outcome to_outcome transition lower upper prob_rises",
    "transitions": "authority name from_outcome to_outcome transition lower upper prob_rises",
    "strata": "outcome stratum gradient lower upper log_mean log_sd prob_above_mean reliability "
    "rate_per_10000 rate_lower rate_upper events areas",
    "contrasts": "outcome stratum_a stratum_b ratio lower upper prob_a_steeper region_lower "
    "region_upper prob_beyond",
    "years": "outcome year gradient lower upper prob_steeper_than_previous rate_per_10000 "
    "rate_lower rate_upper events areas",
    "trends": "outcome authority name annual_ratio lower upper prob_rising annual_rate_ratio "
    "rate_lower rate_upper",
    "correlations": "outcome_a effect_a outcome_b effect_b mean sd lower upper prob_positive",
    "inequality": "outcome authority rii rii_lower rii_upper sii_per_10000 sii_per_10000_lower "
    "sii_per_10000_upper concentration_index concentration_index_lower concentration_index_upper "
    "paf paf_lower paf_upper excess_events excess_events_lower excess_events_upper rii_observed "
    "sii_observed_per_10000 paf_observed rii_phe sii_phe_per_10000",
    "heterogeneity": "outcome median_rate_ratio median_rate_ratio_lower median_rate_ratio_upper "
    "median_gradient_ratio median_gradient_ratio_lower median_gradient_ratio_upper vpc vpc_lower "
    "vpc_upper vpc_reference vpc_reference_lower vpc_reference_upper intercept_variance_explained "
    "intercept_variance_explained_lower intercept_variance_explained_upper "
    "gradient_variance_explained gradient_variance_explained_lower "
    "gradient_variance_explained_upper",
    "predictive": "outcome check observed expected lower upper prob misfit where",
    "scores": "score outcome authority elpd se p_loo terms unreliable k_hat",
    "parameters": "parameter mean sd lower upper ess_bulk ess_tail r_hat",
    "sensitivity": "parameter prior distribution sensitivity prior_below data_share diagnosis",
    "diagnostics": "check value threshold passed quantity",
    "standing": "authority name outcome gradient lower upper reliability prior_share "
    "prior_gradient prior_lower prior_upper share_of_nation_below share_of_nation_below_lower "
    "share_of_nation_below_upper share_of_alike_below share_of_alike_below_lower "
    "share_of_alike_below_upper prior_conflict",
}

FULL = {
    "outcomes": ("referral", "plan"),
    "moderation": "spline",
    "curvature": "quadratic",
    "covariates": ["density"],
    "authority_moderators": ["spending"],
    "area_moderators": ["rural"],
    "strata": ("girls", "boys"),
}
DEVIATING = FULL | {"authority_deviations": True, "family": ("negative_binomial", "poisson")}
PANEL = FULL | {"strata": ("2018", "2019", "2021"), "authority_deviations": True, "years": True}
BARE = {"moderation": "none", "family": "poisson", "correlated": False}
OF_YEARS = ("years", "trends")
NEED_MORE = (*OF_YEARS, "thresholds", "transitions", "strata", "contrasts", "correlations")
"""Tables of what the barest model does not have."""


def test_every_table_of_the_contract_is_there_and_no_other() -> None:
    # That of suppressed counts has tests of its own.
    assert [name for name in TABLES if name != "suppressed"] == list(CONTRACT)


NATIONAL = [name for name in CONTRACT if name != "standing"]
"""Those of a fit without a prior pack."""

MODELS = [
    (FULL, [name for name in NATIONAL if name not in OF_YEARS]),
    (DEVIATING, [name for name in NATIONAL if name not in OF_YEARS]),
    (PANEL, NATIONAL),
    (BARE, [name for name in NATIONAL if name not in NEED_MORE]),
]
IDS = ["full", "deviating", "panel", "bare"]


@pytest.mark.parametrize(("model", "names"), MODELS, ids=IDS)
def test_columns_are_exactly_those_of_the_contract(model: dict, names: list[str]) -> None:
    draws = fabricated_draws(draws=50, **model)
    for name in names:
        found = table(draws, name)
        assert found.columns.tolist() == CONTRACT[name].split()
        assert found.index.equals(pd.RangeIndex(len(found)))
        if "stratum" in found:
            alike = name in ("ranks", "pairs") and "authority_deviations" not in model
            strata = {""} if alike else set(model.get("strata", [""]))
            assert set(found["stratum"]) == strata


@pytest.mark.parametrize("name", NATIONAL)
def test_a_wider_level_gives_wider_intervals(name: str) -> None:
    panel = {"strata": ("2018", "2019"), "authority_deviations": True, "years": True}
    draws = fabricated_draws(outcomes=("referral", "plan"), **panel)
    narrow, wide = table(draws, name, level=0.5), table(draws, name, level=0.99)
    if name == "ranks":
        narrow, wide = (
            one.sort_values(["outcome", "stratum", "authority"]) for one in (narrow, wide)
        )
    # The region of equivalence is that of the spec, whatever the level.
    lowers = [name for name in narrow if name.endswith("lower") and name != "region_lower"]
    assert lowers or name in ("scores", "sensitivity", "diagnostics")
    for lower in lowers:
        upper = lower.removesuffix("lower") + "upper"
        known = narrow[lower].notna().to_numpy()
        narrow_width = (narrow[upper] - narrow[lower]).to_numpy()[known]
        wide_width = (wide[upper] - wide[lower]).to_numpy()[known]
        assert (wide_width >= narrow_width).all()
        assert wide_width.sum() > narrow_width.sum()


def test_only_ranks_make_statements_to_be_sure_of() -> None:
    draws = fabricated_draws(draws=10)
    assert table(draws, "ranks", sure=0.9)["tier"].ge(1).all()
    with pytest.raises(FitError, match="gradients makes no statement"):
        table(draws, "gradients", sure=0.9)


@pytest.mark.parametrize("name", list(CONTRACT))
@pytest.mark.parametrize("level", [0, 1, 95])
def test_no_table_takes_a_percentage(name: str, level: float) -> None:
    with pytest.raises(FitError, match="strictly between 0 and 1"):
        table(fabricated_draws(moderation="log", draws=10), name, level=level)


def test_a_wrong_name_is_answered_with_the_right_ones() -> None:
    with pytest.raises(FitError, match="'gradient'") as caught:
        table(fabricated_draws(draws=5), "gradient")
    assert caught.value.do.startswith("Did you mean gradients?")
    assert all(name in caught.value.do for name in CONTRACT)


def test_only_ranks_are_withheld_when_diagnostics_fail() -> None:
    draws = fabricated_draws(draws=50, **PANEL, failed_checks=["divergences"])
    for name in NATIONAL:
        if name == "ranks":
            with pytest.raises(DiagnosticsError):
                table(draws, name)
        assert len(table(draws, name, despite_failed_diagnostics=True))


@pytest.mark.parametrize(("model", "names"), quick(MODELS, MODELS[0]), ids=IDS)
def test_draws_read_from_a_file_give_the_same_bytes(
    tmp_path: Path, model: dict, names: list[str]
) -> None:
    draws = fabricated_draws(draws=50, **model)
    draws.to_netcdf(tmp_path / "fit.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "fit.nc", engine="h5netcdf") as opened:
        read = opened.load()
    for name in names:
        before, after = table(draws, name), table(read, name)
        pd.testing.assert_frame_equal(after, before, check_exact=True)
        assert after.to_csv(index=False) == before.to_csv(index=False)


@pytest.mark.parametrize(
    ("form", "present", "absent"),
    [
        ({}, {"gradients", "correlations"}, {"thresholds", "transitions", "strata", "contrasts"}),
        ({"correlated": False}, {"pairs"}, {"correlations"}),
        ({"outcomes": ("referrals", "plans")}, {"thresholds", "transitions"}, {"strata"}),
        ({"strata": ("boys", "girls")}, {"strata", "contrasts"}, {"thresholds", *OF_YEARS}),
        (
            {"strata": ("2018", "2019"), "authority_deviations": True, "years": True},
            {"years", "trends", "strata", "contrasts"},
            {"thresholds"},
        ),
        ({"strata": ("1", "2"), "common_gradients": True}, {"strata"}, {"contrasts"}),
    ],
)
def test_a_fit_has_the_tables_that_say_something_of_it(form, present, absent):
    draws = fabricated_draws(**form)
    names = tables_of(draws)
    assert set(names) >= present
    assert not set(names) & absent
    for name in names:
        assert len(table(draws, name)) > 0, name
