"""The engine's posterior against that of NUTS, on counts drawn from the model."""

from __future__ import annotations

import arviz_stats as az
import numpy as np
import pytest
import xarray as xr

from bayesgrad.inference.laplace import LaplaceApproximation, sampling
from bayesgrad.inference.nuts import Sampler
from bayesgrad.spec.parts import Sampling
from tests.inference.laplace.simulated import simulated_case
from tests.predictive.cases import with_suppressed

SETTINGS = Sampling(draws=1500, tune=500, chains=4, seed=11)
OTHER = 0.03
"""What the approximation itself may be away from the posterior, in its standard deviations."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "form", [pytest.param("two outcomes", marks=pytest.mark.ci), "strata", "odds"]
)
def test_the_posterior_is_that_of_nuts(form, monkeypatch):
    ages = ("0-4", "5-9", "10-14", "15-17")
    strata = {"strata": ages, "strata_levels": (ages,)} if form == "strata" else {}
    case = simulated_case(form, authorities=30, areas=30, **strata)
    assert_agrees(case.spec, case.design, monkeypatch)


def assert_agrees(spec, design, monkeypatch):
    spec = spec.model_copy(update={"sampling": SETTINGS})
    nuts = Sampler.compile(spec, design).sample(SETTINGS, progress=False)
    monkeypatch.setattr(sampling, "LOG2_PROPOSALS", 12)
    laplace = LaplaceApproximation.find(spec, design).sample(SETTINGS)
    ours, theirs = (draws["posterior"].to_dataset() for draws in (laplace, nuts))
    assert list(ours.data_vars) == list(theirs.data_vars)
    worth = float(laplace["sample_stats"]["importance_ess"])
    for name, values in theirs.data_vars.items():
        assert ours[name].dims == values.dims
        spread = values.std(("chain", "draw"))
        gap = (ours[name] - values).mean(("chain", "draw")) / spread
        ratio = np.log(ours[name].std(("chain", "draw")) / spread)
        # Some 150 quantities: one is beyond 5 standard errors in some 10,000 runs.
        error = np.sqrt(1.0 / _size(values) + 1.0 / worth)
        assert float(np.abs(gap).max()) < 5.0 * error + OTHER, name
        assert float(np.abs(ratio).max()) < 5.0 * error + OTHER, name


def _size(values: xr.DataArray) -> float:
    """Smallest effective sample size of a quantity of a variable."""
    return float(az.ess(values).min())


@pytest.mark.slow
def test_the_posterior_is_that_of_nuts_where_counts_are_suppressed(monkeypatch):
    case = simulated_case("default", authorities=30, areas=30)
    design = with_suppressed(case.design, lower=1, upper=15)
    assert design.rows.suppressed.mean() > 0.2
    assert_agrees(case.spec, design, monkeypatch)
