from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
import xarray as xr

from bayesgrad.fitting.gradient_fit import GradientFit
from bayesgrad.inference.rounds import Run
from tests.fabricate import fabricated_draws, with_group
from tests.small import spec_of

PROVENANCE = {"engine": "nuts", "seed": 7}


def fit_of(*, moderation: str = "log", **settings) -> GradientFit:
    spec = spec_of(f'[authority]\nmoderation = "{moderation}"')
    return GradientFit(spec, fabricated_draws(moderation=moderation, **settings), PROVENANCE)


def test_the_numbers_of_a_summary_are_those_of_the_tables():
    fit = fit_of()
    text = str(fit)
    middle = fit.national().set_index("deprivation_shift").loc[0.0]
    expected = f"{middle['gradient']:.2f} ({middle['lower']:.2f} to {middle['upper']:.2f})"
    assert f"national gradient per +0.1 of deprivation: {expected}" in text
    gradients = fit.gradients()
    low, high = gradients["gradient"].min(), gradients["gradient"].max()
    assert f"authorities' gradients: {low:.2f} to {high:.2f} (medians)" in text
    interaction = fit.interaction().iloc[0]
    assert f"interaction with {interaction['moderator']} (log): {interaction['mean']:.3f}" in text
    contextual = fit.contextual().iloc[0]
    assert f"log scale): {contextual['contextual_mean']:.3f}" in text
    authorities = fit.draws["authorities"]
    assert f"{int(authorities['events'].sum()):,} events" in text
    assert "of 12 authorities" in text
    assert "2 chains of 200 draws by NUTS, seed 7; intervals hold 95%" in text


def test_a_summary_says_that_the_diagnostics_passed():
    assert "diagnostics: passed" in str(fit_of())
    assert "FAILED" not in str(fit_of())


def test_a_summary_says_which_checks_failed_and_what_to_do():
    fit = fit_of(failed_checks=("max_r_hat", "min_ess_bulk"))
    text = str(fit)
    assert not fit.passed
    assert "DIAGNOSTICS FAILED: do not rely on this fit; ranks are withheld" in text
    assert "max_r_hat is" in text
    assert "it should be no more than 1.01" in text
    assert "min_ess_bulk is" in text
    assert "it should be no less than 400" in text
    assert "run longer" in text
    assert "diagnostics: passed" not in text


def with_diagnostics(fit: GradientFit, check: str, *, runs=(), **changes: object) -> GradientFit:
    """The fit with other contents of one of its checks, after these runs."""
    checks = fit.draws["diagnostics"].to_dataset()
    here = checks["check"] == check
    checks = checks.assign(quantity=xr.full_like(checks["check"], ""))
    checks = checks.assign(
        {name: xr.where(here, value, checks[name]) for name, value in changes.items()}
    )
    draws = with_group(fit.draws, diagnostics=checks)
    return GradientFit(fit.spec, draws, fit.provenance | {"runs": list(runs)})


def a_run(**changes: object) -> dict[str, object]:
    return asdict(Run(4, 300, 1500, 1, 0.65, 0)) | changes


def test_a_value_is_told_apart_from_its_limit_and_the_quantity_is_named():
    quantity = "authority_slope[authority=E06000001, outcome=referrals]"
    fit = with_diagnostics(
        fit_of(failed_checks=("max_r_hat",)),
        "max_r_hat",
        value=1.0100004,
        threshold=1.01,
        quantity=quantity,
    )
    line = f"max_r_hat is 1.0100004 (of {quantity}); it should be no more than 1.01\n"
    assert line in str(fit)


@pytest.mark.parametrize(("tried", "next_one"), [((0.65,), "0.9"), ((0.65, 0.9, 0.98), "0.995")])
def test_smaller_steps_are_the_remedy_of_divergences(tried, next_one):
    runs = [a_run(target_accept=target, divergences=1) for target in tried]
    fit = with_diagnostics(fit_of(failed_checks=("divergences",)), "divergences", runs=runs)
    assert f"take smaller steps: [sampling] target_accept = {next_one}" in str(fit)
    assert "run longer" not in str(fit)


def test_what_was_done_so_that_a_fit_passes_is_said():
    runs = [
        a_run(divergences=2, kept=False),
        a_run(target_accept=0.9),
        a_run(target_accept=0.9, seed=77),
    ]
    text = str(with_diagnostics(fit_of(), "divergences", runs=runs))
    assert "diagnostics: passed" in text
    assert (
        "sampled again with smaller steps (target_accept 0.9), since there were 2 divergences "
        "with 0.65"
    ) in text
    assert "4 more chains of 1,500 draws were added, since 4 chains did not tell enough" in text


def with_checks(fit: GradientFit, *, p_value: float, k_hat: float = 0.2) -> GradientFit:
    checks, scores = (fit.draws[name].to_dataset() for name in ("predictive", "scores"))
    checks["pit_p_value"] = checks["pit_p_value"] * 0 + p_value
    scores["authority_k_hat"] = scores["authority_k_hat"] * 0 + k_hat
    draws = with_group(fit.draws, predictive=checks, scores=scores)
    return GradientFit(fit.spec, draws, fit.provenance)


def test_a_summary_has_the_score_of_unseen_authorities():
    fit = fit_of()
    total = fit.scores().query("terms == 12").iloc[0]
    assert f"leave-one-authority-out score (elpd): {total['elpd']:,.1f}" in str(fit)
    assert "over 12 authorities; unreliable for 1" in str(fit)
    assert "; unreliable" not in str(with_checks(fit, p_value=0.5))


def test_a_summary_says_where_the_model_does_not_describe_the_counts():
    right = with_checks(fit_of(), p_value=0.0006)
    assert "DOES NOT DESCRIBE" not in str(right)
    assert right.misfit == ""
    fit = with_checks(fit_of(), p_value=0.0002)
    text = str(fit)
    assert "THE MODEL DOES NOT DESCRIBE THE DATA" in text
    assert "does not describe the counts of referrals: their PIT values are not uniform" in text
    assert "(p = 0.0002)" in text
    assert "look for areas that report nothing" in text
    assert "diagnostics: passed" in text
    assert fit.misfit == "the model does not describe the data: pit_uniformity"


def found_by(fit: GradientFit, **values) -> GradientFit:
    checks = fit.draws["predictive"].to_dataset().assign(values)
    return GradientFit(fit.spec, with_group(fit.draws, predictive=checks), fit.provenance)


def bent(fit: GradientFit) -> GradientFit:
    events = fit.draws["predictive"]["predicted_by_band"].mean("sample")
    shape = 0.4 * np.linspace(-1, 1, 20) ** 2
    return found_by(fit, observed_by_band=events * (1 + shape))


@pytest.mark.parametrize("moderation", ["log", "none"])
def test_a_claim_that_a_bent_curve_may_have_made_is_said_to_depend_on_it(moderation):
    fit = fit_of(moderation=moderation)
    curved = bent(fit)
    text = str(curved)
    assert "a straight line does not describe how events change with deprivation" in text
    assert "of 20 twentieths lie outside, 1 expected" in text
    assert "observed over fitted 1.00 in twentieth" in text
    assert '[gradient] curvature = "spline"' in text
    claimed = moderation == "log" and abs(fit.interaction()["prob_negative"].iloc[0] - 0.5) > 0.45
    assert claimed == (moderation == "log")
    assert ("bayesgrad audit" in text) == claimed
    assert "wrong shape of the curve" not in str(fit)


CHECKS_TOLD = [
    ("dispersion_by_deprivation", "counts vary more in deprived areas"),
    ("rows_of_one_area", "rows of one area are more alike"),
    ("dispersion_by_authority", "counts vary more in some authorities"),
    ("authority_levels", "authorities' levels are not normally distributed"),
    ("authority_gradients", "authorities' gradients are not normally distributed"),
    ("areas_beyond", "all but impossible"),
    ("outcomes_of_one_area", "outcomes of one area are more alike"),
    ("dispersion_by_exposure", "areas of large exposure"),
]


@pytest.mark.parametrize(("check", "words"), CHECKS_TOLD)
def test_each_finding_names_what_is_wrong_where_and_what_to_do(check, words):
    fit = fit_of()
    checks = fit.draws["predictive"].to_dataset()
    p_value = checks["check_p_value"] * 0 + np.array([1e-6, 1.0])
    where = ("outcome", "fit_check"), np.array([["A07", ""]])
    named = checks.assign(check_p_value=p_value, check_where=where)
    named = named.assign_coords(fit_check=[check, "other"])
    draws = with_group(fit.draws, predictive=named)
    lines = str(GradientFit(fit.spec, draws, fit.provenance)).splitlines()
    at = next(k for k, line in enumerate(lines) if words in line)
    assert "(A07)" in lines[at]
    assert len(lines[at + 1].strip()) > 20


def test_a_fit_of_an_earlier_version_has_a_summary_without_checks():
    fit = fit_of()
    for name in ("predictive", "scores"):
        del fit.draws[name]
    assert "leave-one-authority-out" not in str(fit)
    assert "diagnostics: passed" in str(fit)


def test_a_model_without_moderation_has_no_word_on_it():
    text = str(fit_of(moderation="none"))
    assert "national gradient" in text
    assert "interaction" not in text
    assert "contextual" not in text
    assert "less deprived" not in text


@pytest.mark.parametrize("moderation", ["linear", "log", "spline"])
def test_every_form_of_moderation_has_a_summary(moderation):
    text = str(fit_of(moderation=moderation))
    assert "in an authority 0.10 less deprived:" in text
    assert "in an authority 0.10 more deprived:" in text


def test_a_gradient_beyond_the_authorities_observed_says_so(england_fit):
    beyond = int(england_fit.national()["extrapolated"].sum())
    assert beyond > 0
    assert str(england_fit).count("beyond the authorities observed") == beyond
    assert "beyond the authorities observed" not in str(fit_of())


def test_the_summary_for_notebooks_is_the_same_text_escaped():
    fit = fit_of()
    escaped = fit_of()
    object.__setattr__(escaped, "spec", fit.spec.model_copy(update={"title": "<b>Referrals</b>"}))
    page = escaped._repr_html_()
    assert "&lt;b&gt;Referrals&lt;/b&gt;" in page
    assert "<b>" not in page
    assert fit._repr_html_() == f"<pre>{str(fit).replace(chr(39), '&#x27;')}</pre>"


def several(text: str = "", **settings) -> GradientFit:
    outcomes = ("referrals", "plans")
    spec = spec_of(text, outcomes=outcomes)
    return GradientFit(spec, fabricated_draws(outcomes=outcomes, **settings), PROVENANCE)


def test_several_outcomes_have_a_line_each_and_whether_gradients_rise():
    fit = several(family=("negative_binomial", "poisson"))
    text = str(fit)
    national = fit.national().query("deprivation_shift == 0").set_index("outcome")
    gradients = fit.gradients().groupby("outcome")["gradient"]
    for outcome in ("referrals", "plans"):
        row = national.loc[outcome]
        low, high = gradients.min()[outcome], gradients.max()[outcome]
        assert (
            f"    {outcome}: rate ratio {row['gradient']:.2f} ({row['lower']:.2f} to "
            f"{row['upper']:.2f}); authorities {low:.2f} to {high:.2f} (medians)"
        ) in text
        events = int(fit.draws["authorities"]["events"].sel(outcome=outcome).sum())
        assert f"{events:,} events in" in text
    rises = fit.thresholds()["prob_rises"].iloc[-1]
    assert f"P(the gradient rises at every threshold) = {rises:.3f}" in text
    assert "contextual" not in text
    assert len(text.splitlines()) <= 20


def test_gradients_of_different_kinds_are_named_and_not_said_to_rise():
    text = str(several(family=("poisson", "binomial")))
    assert "referrals: rate ratio" in text
    assert "plans: odds ratio" in text
    assert "threshold" not in text


def test_a_stage_says_what_it_is_out_of():
    spec = spec_of('family = "binomial"\nout_of = "referrals"', outcomes=("referrals", "plans"))
    draws = fabricated_draws(
        outcomes=("referrals", "plans"),
        family=("poisson", "binomial"),
        link="log",
        out_of=("", "referrals"),
    )
    text = str(GradientFit(spec, draws, PROVENANCE))
    assert "plans out of referrals: risk ratio" in text
    assert "plans (binomial): " in text


STRATA = '[strata]\ncolumn = "age"\nordered = true'


def test_strata_have_their_largest_contrast_steeper_first():
    strata = tuple("abcde")
    fit = GradientFit(spec_of(STRATA), fabricated_draws(strata=strata, ordered=True), PROVENANCE)
    contrasts = fit.contrasts()
    one = contrasts.loc[contrasts["ratio"].idxmax()]
    other = contrasts.loc[contrasts["ratio"].idxmin()]
    if one["ratio"] > 1 / other["ratio"]:
        words = f"{one['stratum_a']} over {one['stratum_b']} {one['ratio']:.2f}"
    else:
        words = f"{other['stratum_b']} over {other['stratum_a']} {1 / other['ratio']:.2f}"
    text = str(fit)
    assert f"strata: largest contrast {words} (" in text
    beyond = (contrasts["prob_beyond"] >= 0.95).sum()
    assert f"{beyond} of 10 pairs surely beyond 0.95 to 1.05" in text
    assert "of deprivation, mean over strata: " in text
    areas = int(fit.draws["authorities"]["areas"].max("stratum").sum())
    assert f"in {areas:,} areas of 12 authorities in 5 strata" in text


def test_strata_of_one_gradient_have_no_contrast():
    draws = fabricated_draws(strata=("0", "1"), common_gradients=True, at_risk="time")
    text = str(GradientFit(spec_of(STRATA), draws, PROVENANCE))
    assert "contrast" not in text
    assert "national gradient (hazard ratio) per +0.1 of deprivation" in text


def test_years_are_told_by_their_ends_and_their_trend():
    years = ("2018", "2019", "2022")
    draws = fabricated_draws(strata=years, years=True, authority_deviations=True)
    fit = GradientFit(spec_of('[years]\ncolumn = "year"'), draws, PROVENANCE)
    text, table, trends = str(fit), fit.years(), fit.trends()
    first, last = table.iloc[0], table.iloc[-1]
    for row, year in ((first, 2018), (last, 2022)):
        words = f"{row['gradient']:.2f} ({row['lower']:.2f} to {row['upper']:.2f}) in {year}"
        assert words in text
    nation, authorities = trends.iloc[0], trends.iloc[1:]["annual_ratio"]
    assert f"the gradient is multiplied by {nation['annual_ratio']:.3f} (" in text
    assert f"in authorities by {authorities.min():.3f} to {authorities.max():.3f}" in text
    assert f"and the rate by {nation['annual_rate_ratio']:.3f} (" in text
    assert "of deprivation, mean over years: " in text
    assert "of 12 authorities in 3 years" in text
    assert "strata" not in text
