from __future__ import annotations

import arviz_stats as az
import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from bayesgrad.inference.power_scaling import sensitivities


def normal_posterior(data_mean, *, prior_sd, data_sd=0.1, draws=4000):
    """Draws of a normal mean, and the log densities of its prior, N(0, prior_sd), and its data."""
    precision = prior_sd**-2 + data_sd**-2
    mean = data_mean * data_sd**-2 / precision
    theta = np.random.default_rng(3).normal(mean, precision**-0.5, draws)
    return theta, -0.5 * (theta / prior_sd) ** 2, -0.5 * ((theta - data_mean) / data_sd) ** 2


@pytest.mark.parametrize(("data_mean", "prior_sd"), [(0.3, 1.0), (1.2, 0.4), (0.05, 0.05)])
def test_sensitivities_are_those_of_arviz(data_mean, prior_sd):
    theta, prior, likelihood = normal_posterior(data_mean, prior_sd=prior_sd)
    groups = {
        "posterior": {"theta": theta},
        "log_prior": {"theta": prior},
        "log_likelihood": {"y": likelihood},
    }
    dims = ("chain", "draw")
    tree = xr.DataTree.from_dict(
        {
            group: xr.Dataset({name: (dims, v.reshape(4, -1)) for name, v in values.items()})
            for group, values in groups.items()
        }
    )
    theirs = [float(az.psense(tree, group=group)["theta"]) for group in ("prior", "likelihood")]
    found = sensitivities(theta, np.stack([prior, likelihood]))
    assert_allclose(found, theirs, rtol=0.05, atol=0.002)


def test_a_prior_far_from_the_data_is_felt_and_a_wide_one_is_not():
    theta, prior, _ = normal_posterior(1.2, prior_sd=0.4)
    assert sensitivities(theta, prior[None])[0] > 0.05
    theta, prior, _ = normal_posterior(1.2, prior_sd=4.0)
    assert sensitivities(theta, prior[None])[0] < 0.01


def test_what_does_not_vary_depends_on_nothing():
    assert sensitivities(np.full(10, 0.3), np.arange(10.0)[None]).tolist() == [0.0]
