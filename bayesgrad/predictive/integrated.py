r"""Likelihood of each authority with its own effects integrated out.

For authority j, outcome o and draw s of all that authorities share,

.. math:: m_{jo}(s) = \ln \int \prod_{i \in j, o} p(y_i \mid a, b, s) \,
          N((a, b); \mu_{jo}(s), \Sigma_o(s)) \, d(a, b),

over the rows of all strata, which share an outcome's effects. The integral is by adaptive
Gauss-Hermite quadrature (Pinheiro and Bates 1995), centred and scaled by the effects' conditional
posterior.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.predictive import kernels
from bayesgrad.predictive.counts import count_terms
from bayesgrad.predictive.predictor import inverse_size, row_effects

NODES = 3
"""Nodes of the rule for each effect of an authority: right to 0.001 where there is information.
"""
MORE_NODES = 7
LITTLE_INFORMATION = 200.0
"""Information on its intercept below which an authority takes `MORE_NODES`, since the conditional
posterior is then less like a normal one: the precision that its counts give to its log rate, which
is its number of events for the Poisson."""

LARGEST_OFFSETS = 2**18
"""Numbers in an array of rows by draws: one authority's draws are taken a few at a time."""


class Effects(NamedTuple):
    """Normal distribution of authority effects, m + C w, in each draw.

    Attributes
    ----------
    mean : ndarray, shape (authorities, outcomes, sample, 2)
        Of intercept and slope.
    factor : ndarray, shape (outcomes, sample, 3)
        C, lower triangular: its three entries by row.
    """

    mean: Floats
    factor: Floats


def effects_distribution(design: Design, sample: xr.Dataset) -> Effects:
    """Distribution of authority effects under thinned draws, from `thinned`."""
    authorities, outcomes, _ = design.cells
    size = sample.sizes["sample"]
    mean = np.empty((authorities, outcomes, size, 2))
    parts = (
        ("intercept", "between", "authority_moderator_level"),
        ("slope", "interaction", "authority_moderator_gradient"),
    )
    columns = (design.authorities.moderation, design.authorities.moderators.values)
    for position, (fixed, *names) in enumerate(parts):
        mean[..., position] = sample[fixed].transpose("outcome", "sample").values
        for name, values in zip(names, columns, strict=True):
            if name in sample:
                coefficients = sample[name].transpose("outcome", "sample", ...).values
                mean[..., position] += np.moveaxis(coefficients @ values.T, -1, 0)
    sd_intercept, sd_slope = (
        sample[name].transpose("outcome", "sample").values for name in ("sd_intercept", "sd_slope")
    )
    correlation = np.zeros_like(sd_slope)
    if "correlation" in sample:
        correlation = sample["correlation"].transpose("outcome", "sample").values
    alone = sd_slope * np.sqrt(1.0 - correlation**2)
    return Effects(mean, np.stack([sd_intercept, correlation * sd_slope, alone], axis=-1))


def integrated_likelihood(design: Design, sample: xr.Dataset) -> Floats:
    """Log likelihood of every authority's rows, of all outcomes, in each draw.

    Given what authorities share, the effects of one outcome are independent of another's, so the
    integral is a product over outcomes.

    Parameters
    ----------
    design : Design
    sample : Dataset
        From `bayesgrad.areas.rates.thinned`.

    Returns
    -------
    ndarray, shape (authorities, sample)
    """
    authorities, outcomes, strata = design.cells
    effects, inverse = effects_distribution(design, sample), inverse_size(sample)
    own = [
        sample[name].mean(("sample", "stratum")).transpose("authority", "outcome").values
        for name in ("authority_intercept", "authority_slope")
    ]
    starts = design.cell_starts()[::strata].reshape(-1)
    total = np.zeros((authorities, sample.sizes["sample"]))
    for outcome in range(outcomes):
        terms = count_terms(design.rows.count, inverse[:, outcome])
        for authority in range(authorities):
            place = authority * outcomes + outcome
            rows = slice(int(starts[place]), int(starts[place + 1]))
            if rows.start == rows.stop:
                continue
            centre = (float(own[0][authority, outcome]), float(own[1][authority, outcome]))
            total[authority] += terms.total(rows) + _of_one(
                design,
                sample,
                rows=rows,
                outcome=outcome,
                centre=centre,
                inverse=inverse[:, outcome],
                mean=effects.mean[authority, outcome],
                factor=effects.factor[outcome],
            )
    return total


def _of_one(
    design: Design,
    sample: xr.Dataset,
    *,
    rows: slice,
    outcome: int,
    centre: tuple[float, float],
    inverse: Floats,
    mean: Floats,
    factor: Floats,
) -> Floats:
    """Log likelihood of one authority and outcome, without the terms of its counts: (sample,)."""
    count, x = design.rows.count[rows].astype(np.float64), design.rows.x[rows]
    log_exposure = np.log(design.rows.exposure[rows])
    found = np.empty(len(inverse))
    curvature, pull = np.empty(3), np.empty(2)
    for draws in _chunks(len(inverse), len(count)):
        effects = row_effects(design, sample, outcome=outcome, rows=rows, draws=draws)
        offset = log_exposure[None, :] if effects is None else effects + log_exposure
        if draws.start == 0:
            here = offset.mean(axis=0), count, x, float(inverse.mean()), *centre
            gradient0, gradient1, *curve = kernels.quadratic(*here)
            curvature[:] = curve
            pull[0] = curve[0] * centre[0] + curve[1] * centre[1] + gradient0
            pull[1] = curve[1] * centre[0] + curve[2] * centre[1] + gradient1
            rule = gauss_hermite(NODES if curve[0] >= LITTLE_INFORMATION else MORE_NODES)
        kernels.integrated(
            offset,
            count,
            x,
            inverse[draws],
            mean[draws],
            factor[draws],
            curvature,
            pull,
            *rule,
            found[draws],
        )
    return found


def _chunks(draws: int, rows: int) -> list[slice]:
    size = max(1, LARGEST_OFFSETS // rows)
    return [slice(first, min(first + size, draws)) for first in range(0, draws, size)]


def gauss_hermite(nodes: int) -> tuple[Floats, Floats]:
    """Nodes, and logs of weights that sum to 1, of the rule for the standard normal density."""
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    return points, np.log(weights / weights.sum())
