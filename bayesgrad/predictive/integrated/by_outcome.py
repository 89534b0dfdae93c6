"""Integrals over the two effects of one authority and outcome: a product over outcomes."""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.kernels.scores.authority_rows import AuthorityRows, Quadratic
from bayesgrad.kernels.scores.factored_prior import Prior
from bayesgrad.kernels.scores.laplace import laplace
from bayesgrad.kernels.scores.quadrature import gauss_hermite, quadrature
from bayesgrad.predictive.effects_prior import effects_distribution, factor_of
from bayesgrad.predictive.integrated.integrand import Integrand, centres_of, chunks, first_rows

NODES = 3
"""Nodes of the rule for each effect of an authority: right to 0.001 where there is information.
"""
MORE_NODES = 7
LITTLE_INFORMATION = 200.0
"""Information on its intercept below which an authority takes `MORE_NODES`, since the conditional
posterior is then less like a normal one: the precision that its counts give to its intercept, which
is its number of events for the Poisson."""
MUCH_INFORMATION = 1000.0
"""From here on Laplace's method, a sixth of the work, is right to 0.001 as well."""


def by_outcome(design: Design, sample: xr.Dataset, integrand: Integrand) -> Floats:
    """Product over outcomes, without the terms of totals: (authorities, sample)."""
    authorities, outcomes, _ = design.cells
    effects, centres = effects_distribution(design, sample), centres_of(sample)
    first = first_rows(design, apart=False)
    total = np.zeros((authorities, sample.sizes["sample"]))
    for authority, outcome in np.ndindex(authorities, outcomes):
        place = authority * outcomes + outcome
        total[authority] += _of_one(
            integrand,
            slice(int(first[place]), int(first[place + 1])),
            outcome,
            mean=effects.mean[authority, outcome],
            covariance=effects.of_outcome(authority, outcome),
            centre=centres[authority, outcome, 0],
        )
    return total


def _of_one(
    integrand: Integrand,
    rows: slice,
    outcome: int,
    *,
    mean: Floats,
    covariance: Floats,
    centre: Floats,
) -> Floats:
    """Integral over the two effects of one authority and outcome, (sample,)."""
    found, own = np.empty(len(mean)), slice(outcome, outcome + 1)
    alone = integrand.authority_rows(
        np.array([rows.start, rows.stop]),
        outcome=np.array([0]),
        family=np.array(integrand.family[own]),
        load=np.ones((1, 1)),
    )
    for draws in chunks(len(mean), rows.stop - rows.start):
        offset = integrand.offset(rows, outcome, draws)
        if draws.start == 0:
            quadratic = integrand.quadratic(rows, outcome, offset, centre)
            near = Quadratic(*(part[None] for part in quadratic))
            much = near.curvature[0, 0] >= MUCH_INFORMATION
        (_by_laplace if much else _by_quadrature)(
            alone,
            offset,
            np.ascontiguousarray(integrand.size[draws, own]),
            np.ascontiguousarray(integrand.sd[draws, own]),
            mean=mean[draws],
            covariance=covariance[draws],
            near=near,
            out=found[draws],
        )
    return found


def _by_laplace(
    rows: AuthorityRows,
    offset: Floats,
    alpha: Floats,
    sd: Floats,
    *,
    mean: Floats,
    covariance: Floats,
    near: Quadratic,
    out: Floats,
) -> None:
    """Fill the integral of some draws, over two effects of this mean and covariance."""
    prior = Prior(*map(np.ascontiguousarray, (mean, covariance, np.zeros(mean.shape))))
    laplace(rows, offset, alpha, sd, prior, near, out)


def _by_quadrature(
    rows: AuthorityRows,
    offset: Floats,
    alpha: Floats,
    sd: Floats,
    *,
    mean: Floats,
    covariance: Floats,
    near: Quadratic,
    out: Floats,
) -> None:
    """As `_by_laplace`."""
    little = near.curvature[0, 0] < LITTLE_INFORMATION
    rule = gauss_hermite(MORE_NODES if little else NODES)
    mean, factor = np.ascontiguousarray(mean), np.ascontiguousarray(factor_of(covariance))
    quadrature(rows, offset, alpha, sd, mean, factor, near, rule, out)
