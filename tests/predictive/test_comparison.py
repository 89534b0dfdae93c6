from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import bayesgrad as bg
from bayesgrad.errors import FitError
from bayesgrad.fitting.gradient_fit import GradientFit
from tests.fabricate import fabricated_draws, with_group
from tests.small import spec_of


def fit_of(*, gain: float | np.ndarray = 0.0, **changes) -> GradientFit:
    """A made-up fit whose authorities are predicted better by `gain`, with other known things."""
    draws = fabricated_draws(draws=5, authorities=6)
    scores, known = draws["scores"].to_dataset(), draws["authorities"].to_dataset()
    scores["authority_elpd"] = scores["authority_elpd"] + gain
    scores["authority_k_hat"] = scores["authority_k_hat"] * 0 + changes.pop("k_hat", 0.1)
    draws = with_group(draws, scores=scores, authorities=known.assign(changes))
    return GradientFit(spec_of(), draws, {"engine": "nuts", "seed": 1})


def test_the_difference_and_its_error_are_over_authorities():
    gain = np.array([1.0, 3.0, -1.0, 0.5, 2.0, 0.5])
    found = bg.compare_scores(fit_of(gain=gain), fit_of())
    assert found.difference == pytest.approx(6.0)
    assert found.se == pytest.approx(np.sqrt(6 * gain.var(ddof=1)))
    assert (found.authorities, found.unreliable) == (6, 0)
    assert str(found).endswith("scores: 6.0 (SE 3.4, 6 authorities)")
    other = bg.compare_scores(fit_of(), fit_of(gain=gain))
    assert (other.difference, other.se) == (pytest.approx(-6.0), pytest.approx(found.se))


def test_a_fit_is_no_better_than_itself():
    found = bg.compare_scores(fit_of(), fit_of())
    assert (found.difference, found.se) == (0, 0)


def test_authorities_that_either_fit_cannot_judge_are_counted():
    shaky = np.array([0.1, 0.9, np.nan, 0.2, 0.3, 0.1])
    found = bg.compare_scores(fit_of(k_hat=shaky), fit_of(k_hat=0.5))
    assert found.unreliable == 2
    assert "; 2 unreliable" in str(found)


def test_the_order_of_authorities_does_not_matter():
    fit = fit_of(gain=np.arange(6.0))
    backwards = with_group(
        fit.draws,
        scores=fit.draws["scores"].to_dataset().isel(authority=slice(None, None, -1)),
        authorities=fit.draws["authorities"].to_dataset().isel(authority=slice(None, None, -1)),
    )
    other = GradientFit(fit.spec, backwards, fit.provenance)
    assert bg.compare_scores(fit, other).difference == 0
    assert bg.compare_scores(fit, other).se == 0


def test_other_authorities_are_refused_by_name():
    fit = fit_of()
    fewer = with_group(
        fit.draws,
        scores=fit.draws["scores"].to_dataset().isel(authority=slice(1, None)),
        authorities=fit.draws["authorities"].to_dataset().isel(authority=slice(1, None)),
    )
    other = GradientFit(fit.spec, fewer, fit.provenance)
    with pytest.raises(FitError, match=r"not of the same authorities.*'E09000001'"):
        bg.compare_scores(fit, other)


def test_other_counts_and_areas_are_refused():
    fit = fit_of()
    for name in ("events", "areas"):
        other = fit_of(**{name: fit.draws["authorities"][name] + 1})
        with pytest.raises(FitError, match=rf"not of the same data: {name} differ in 6"):
            bg.compare_scores(fit, other)


def stages(out_of: str, **changes) -> GradientFit:
    """A made-up fit of two thresholds, the later one out of children or of the earlier."""
    draws = fabricated_draws(
        draws=5,
        authorities=6,
        outcomes=("referrals", "plans"),
        family=("negative_binomial", "beta_binomial" if out_of else "negative_binomial"),
        out_of=("", out_of),
    )
    known = draws["authorities"].to_dataset()
    given = {name: known[name] + change for name, change in changes.items()}
    return GradientFit(spec_of(), with_group(draws, authorities=known.assign(given)), {})


def test_thresholds_are_compared_with_their_sequential_form_though_areas_without_cases_are_gone():
    fewer = xr.DataArray([0, -3], dims="outcome", coords={"outcome": ["referrals", "plans"]})
    joint, sequential = stages(""), stages("referrals", areas=fewer)
    found = bg.compare_scores(joint, sequential)
    own = [fit.draws["scores"]["authority_elpd"] for fit in (joint, sequential)]
    assert found.difference == pytest.approx(float((own[0] - own[1]).sum()))


def test_the_first_stage_and_all_events_have_to_be_the_same():
    fewer = xr.DataArray([-3, 0], dims="outcome", coords={"outcome": ["referrals", "plans"]})
    with pytest.raises(FitError, match="areas differ in 6"):
        bg.compare_scores(stages(""), stages("referrals", areas=fewer))
    events = xr.DataArray([0, 1], dims="outcome", coords={"outcome": ["referrals", "plans"]})
    with pytest.raises(FitError, match="events differ in 6"):
        bg.compare_scores(stages(""), stages("referrals", events=events))
    both = {"areas": xr.DataArray([0, 1], dims="outcome")}
    with pytest.raises(FitError, match="areas differ in 6"):
        bg.compare_scores(stages("referrals"), stages("referrals", **both))


def test_a_fit_that_does_not_say_what_its_outcomes_are_out_of_has_no_stages():
    fit = fit_of()
    older = with_group(fit.draws, reference=fit.draws["reference"].to_dataset().drop_vars("out_of"))
    assert bg.compare_scores(GradientFit(fit.spec, older, {}), fit).difference == 0


def test_other_outcomes_are_refused():
    other = fabricated_draws(draws=5, authorities=6, outcomes=("plans",))
    with pytest.raises(FitError, match=r"not of the same outcomes.*'plans', 'referrals'"):
        bg.compare_scores(fit_of(), GradientFit(spec_of(), other, {}))


def test_a_fit_without_scores_is_refused():
    fit = fit_of()
    groups = {name: node.to_dataset() for name, node in fit.draws.children.items()}
    del groups["scores"]
    bare = GradientFit(fit.spec, xr.DataTree.from_dict(groups), {})
    with pytest.raises(FitError, match="no group 'scores'"):
        bg.compare_scores(bare, fit)


def full_fit() -> GradientFit:
    """A made-up fit that also has suppressed counts and rates by twentieth."""
    fit = fit_of()
    known = fit.draws["authorities"].to_dataset()
    by_band = (("outcome", "band"), np.arange(20.0)[None])
    rates = xr.Dataset({"exposure": by_band, "deprivation": by_band}, {"outcome": known["outcome"]})
    known["suppressed"] = known["events"] * 0
    draws = with_group(fit.draws, authorities=known, rates=rates)
    return GradientFit(fit.spec, draws, fit.provenance)


@pytest.mark.parametrize(
    ("group", "name", "words"),
    [
        ("authorities", "exposure", "exposures of authorities"),
        ("authorities", "suppressed", "suppressed counts"),
        ("authorities", "deprivation_sd", "spread of deprivation"),
        ("rates", "exposure", "exposures by deprivation"),
        ("rates", "deprivation", "deprivation by twentieth"),
        ("predictive", "observed_by_band", "counts by deprivation"),
        ("predictive", "observed_statistic", "the spread of counts"),
    ],
)
def test_other_counts_exposures_and_deprivation_are_refused(group, name, words):
    fit = full_fit()
    changed = fit.draws[group].to_dataset()
    changed[name] = changed[name] + 1
    other = GradientFit(fit.spec, with_group(fit.draws, **{group: changed}), fit.provenance)
    with pytest.raises(FitError, match=f"not of the same data: .*{words}.* differ"):
        bg.compare_scores(fit, other)


def test_two_measures_of_deprivation_may_be_compared():
    fit = full_fit()
    rates = fit.draws["rates"].to_dataset()
    draws = with_group(fit.draws, rates=rates.assign(deprivation=rates["deprivation"] * 1.5))
    columns = fit.spec.columns.model_copy(update={"deprivation": "idaci"})
    other = GradientFit(fit.spec.model_copy(update={"columns": columns}), draws, fit.provenance)
    assert bg.compare_scores(fit, other).difference == 0
