"""How much a fit depends on its priors, and what its summary says of that."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bayesgrad.errors import FitError
from bayesgrad.estimands import table, tables_of
from bayesgrad.fitting.gradient_fit import GradientFit
from bayesgrad.fitting.sensitivity import _below, _data_share, sensitivity_of
from bayesgrad.fitting.summary.priors import priors_that_decide
from bayesgrad.inference.laplace import LaplaceApproximation
from bayesgrad.inference.log_prior import Known
from bayesgrad.spec.priors import LocationPrior
from tests.fabricate import fabricated_draws, sensitivity_group, with_group
from tests.small import drawn_design, spec_of

SAMPLING = '[sampling]\nengine = "laplace"\ndraws = 200\nchains = 2\n'


def found(text: str = ""):
    spec = spec_of(SAMPLING + text)
    design = drawn_design(spec, authorities=8, areas=20)
    posterior = LaplaceApproximation.find(spec, design).sample(spec.sampling)["posterior"]
    return sensitivity_of(spec, design, posterior.to_dataset()).to_dataframe()


def test_a_prior_against_the_data_is_a_conflict_and_the_default_is_not():
    plain = found()
    assert list(plain.index) == [
        *("intercept", "slope", "between", "interaction"),
        *("sd_intercept", "sd_slope", "overdispersion"),
    ]
    assert "conflict" not in set(plain["diagnosis"])
    assert plain.loc["slope", "data_share"] > 0.9
    tight = found("[priors]\nslope = { mu = -1.5, sigma = 0.3 }\n").loc["slope"]
    assert tight["prior"] == "slope"
    assert tight["distribution"] == "Normal(-1.5, 0.3)"
    assert tight["diagnosis"] == "conflict"
    assert tight["sensitivity"] > 0.05
    assert tight["prior_below"] > 0.995


def test_what_the_data_say_is_told_apart_from_the_prior_that_holds_the_posterior():
    # Data of 1.5 +- 0.2 beside a prior of 0 +- 0.1: a posterior of 0.3 +- 0.09.
    draws = np.random.default_rng(2).normal(0.3, 0.2 / np.sqrt(5.0), 100_000)
    one = Known("slope", (0,), "slope", LocationPrior(mu=0.0, sigma=0.1))
    foretold = stats.norm(0.0, np.hypot(0.1, 0.2)).cdf(1.5)
    assert _below(one, draws) == pytest.approx(foretold, abs=1e-4)
    assert _data_share(one, draws) == pytest.approx(0.2, abs=0.01)


def words(**changed):
    spec = spec_of()
    draws = with_group(fabricated_draws(draws=5), sensitivity=sensitivity_group(**changed))
    return priors_that_decide(GradientFit(spec, draws, {}))


def test_a_summary_is_silent_where_no_prior_decides():
    assert words() == []
    # Of a standard deviation the data often say little; the table tells it.
    assert words(diagnosis=["", "weak data"], sensitivity=[0.01, 0.2]) == []


def test_a_summary_names_the_prior_that_pulls_against_the_data_and_what_depends_on_it():
    (line,) = words(
        prior=["between", "between"],
        distribution=["Normal(0, 0.5)", "Normal(0, 0.5)"],
        diagnosis=["conflict", "conflict"],
    )
    assert line.startswith(
        "the prior of between, Normal(0, 0.5), pulls against the data: slope, interaction would "
    )
    assert "set [priors] between twice as wide" in line


def test_a_summary_says_where_a_gradient_is_that_of_its_prior():
    (line,) = words(diagnosis=["weak data", ""], data_share=[0.2, 0.9])
    assert line.startswith("slope rests on its prior, Normal(0, 0.5), more than on the data")


def test_a_fit_with_a_prior_pack_has_no_such_table():
    draws = fabricated_draws(draws=5)
    assert "sensitivity" in tables_of(draws)
    groups = [name for name in draws.children if name != "sensitivity"]
    draws = draws.filter(lambda node: node.name != "sensitivity")
    assert set(draws.children) == set(groups)
    assert "sensitivity" not in tables_of(draws)
    assert priors_that_decide(GradientFit(spec_of(), draws, {})) == []
    with pytest.raises(FitError, match="sensitivity"):
        table(draws, "sensitivity")


@pytest.mark.full
def test_every_term_of_a_spline_is_told_of():
    rows = found('[authority]\nmoderation = "spline"\n')
    assert np.isfinite(rows["sensitivity"]).all()
    assert [name for name in rows.index if name.startswith("between")] == [
        *("between[1]", "between[2]", "between[3]"),
    ]
