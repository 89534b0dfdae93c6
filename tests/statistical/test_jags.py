"""Posterior of the epilepsy example beside that of JAGS (model epil2: Poisson, one intercept each).

Our model is theirs with the slope's standard deviation held at nearly 0 by its prior. Theirs has a
Gamma prior on the precision of intercepts where ours has a half-normal on the standard deviation.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayesgrad as bg
from tests.statistical.reference import EPIL, EPIL_EXTRA, epil_table, spec_of


@pytest.fixture(scope="module")
def fit(shared_data):
    spec = spec_of(EPIL, family="poisson", extra=EPIL_EXTRA)
    return bg.fit(spec, epil_table(shared_data), seed=1, progress=False)


@pytest.fixture(scope="module")
def jags(shared_data):
    table = pd.read_csv(shared_data / "reference" / "jags_benchmark_posteriors.csv")
    return table[table["model"] == "epil2.bug"].set_index("param")


@pytest.mark.slow
def test_epilepsy_agrees_with_jags(fit, jags):
    assert fit.passed
    posterior = fit.draws["posterior"].to_dataset()
    scale = fit.draws["reference"]["covariate_scale"]
    ours = {
        f"alpha.{name}": posterior["covariate"].sel(area_covariate=name)
        / scale.sel(area_covariate=name)
        for name in ("Base", "Trt", "BT", "Age")
    }
    ours["alpha.V4"] = posterior["slope"]
    ours["sigma.b1"] = posterior["sd_intercept"]
    for name, draws in ours.items():
        expected = jags.loc[name]
        # Both are means of correlated draws: allow a fifth of a posterior standard deviation.
        assert abs(float(draws.mean()) - expected["mean"]) < 0.2 * expected["sd"], name
        assert np.isclose(float(draws.std()), expected["sd"], rtol=0.15), name
