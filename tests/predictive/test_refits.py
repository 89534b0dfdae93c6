"""Leave-one-authority-out by importance sampling against fits that leave authorities out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose
from threadpoolctl import threadpool_limits

from bayesgrad.areas.rates import thinned
from bayesgrad.design import Design
from bayesgrad.design.design import Columns
from bayesgrad.fitting.run import with_sampling
from bayesgrad.inference.laplace import LaplaceApproximation
from bayesgrad.predictive.authorities import leave_one_authority_out
from bayesgrad.predictive.integrated import integrated_likelihood
from bayesgrad.predictive.scoring import DRAWS


def posterior_of(spec, design: Design) -> xr.Dataset:
    with threadpool_limits(limits=1, user_api="blas"):
        sampled = LaplaceApproximation.find(spec, design).sample(spec.sampling)
    return sampled["posterior"].to_dataset()


def only(design: Design, kept: np.ndarray) -> Design:
    """The design of some of the authorities, its columns as they were."""
    rows, known = design.rows, design.authorities
    here = kept[design.cell_authority[rows.cell]]

    def of(columns: Columns, chosen: np.ndarray) -> Columns:
        return replace(columns, values=columns.values[chosen])

    return replace(
        design,
        rows=replace(
            rows,
            cell=np.cumsum(kept)[rows.cell[here]] - 1,
            count=rows.count[here],
            exposure=rows.exposure[here],
            deprivation=rows.deprivation[here],
            x=rows.x[here],
            covariates=of(rows.covariates, here),
            gradient_moderators=rows.gradient_moderators[here],
            curve=rows.curve[here],
            suppressed=rows.suppressed[here],
        ),
        authorities=replace(
            known,
            codes=tuple(np.array(known.codes)[kept]),
            names=tuple(np.array(known.names)[kept]),
            deprivation=known.deprivation[kept],
            centre=known.centre[kept],
            moderation=known.moderation[kept],
            moderators=of(known.moderators, kept),
        ),
    )


@pytest.fixture(scope="module")
def spec(england_spec):
    settings = {"engine": "laplace", "draws": 500, "chains": 2, "seed": 3}
    return with_sampling(england_spec, settings)


@pytest.fixture(scope="module")
def posterior(spec, england_design) -> xr.Dataset:
    return posterior_of(spec, england_design)


@pytest.mark.full
@pytest.mark.parametrize("left_out", [7, 13])
def test_the_score_of_an_authority_is_its_density_under_a_fit_to_the_others(
    spec, england_design, posterior, left_out
):
    chosen = np.arange(len(england_design.authorities.codes)) == left_out
    refitted = thinned(posterior_of(spec, only(england_design, ~chosen)), size=DRAWS)
    # Quadrature starts from the authority's own effects, which a fit without it does not have.
    own = thinned(posterior, size=DRAWS).isel(authority=chosen)
    effects = {name: own[name] for name in ("authority_intercept", "authority_slope")}
    sample = refitted.drop_dims("authority").assign(effects)
    density = integrated_likelihood(only(england_design, chosen), sample)[0]
    exact = np.logaddexp.reduce(density) - np.log(len(density))

    score = leave_one_authority_out(england_design, posterior).isel(authority=left_out)
    assert float(score["authority_k_hat"]) < 0.7
    assert_allclose(float(score["authority_elpd"]), exact, atol=0.15)
