r"""Log likelihood of the counts, rewritten so that one exponential and one logarithm a row remain.

With :math:`\eta_i = \ln E_i + a_{c(i)} + b_{c(i)} x_i + r_i` for row i of cell c(i), the linear
part of both families needs only sums by cell, taken once:

.. math:: \sum_i y_i \eta_i = \sum_c (a_c S_c + b_c T_c) + \sum_i y_i r_i + \sum_i y_i \ln E_i,
          \qquad S_c = \sum_{i \in c} y_i, \quad T_c = \sum_{i \in c} y_i x_i.

Poisson: :math:`\sum_i y_i \eta_i - \sum_i e^{\eta_i} - \sum_i \ln y_i!`.

Negative binomial with mean :math:`\mu = e^\eta` and variance :math:`\mu + \mu^2 / \alpha`:

.. math:: \sum_i y_i \eta_i - \sum_i (y_i + \alpha) \ln(1 + \mu_i / \alpha)
          + \sum_{k \ge 0} N_k \ln(1 + k / \alpha) - \sum_i \ln y_i!,
          \qquad N_k = \#\{i : y_i > k\},

because :math:`\ln\Gamma(y + \alpha) - \ln\Gamma(\alpha) = \sum_{k < y} \ln(\alpha + k)`. No gamma
or digamma function is left, and the form tends to the Poisson's as :math:`\alpha \to \infty`
without cancellation between large terms. This module is the one seam between the model and the
arithmetic of its likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesgrad.model.arrays import LARGEST_ALPHA
from bayesgrad.spec.vocabulary import Family

Tensor = Any
"""A symbolic PyTensor variable."""


@dataclass(frozen=True)
class CellEffects:
    """What the linear predictor is made of, symbolically.

    Attributes
    ----------
    intercept, slope : tensor, shape (cells,)
    row : tensor, shape (rows,), or None
        Effects of covariates, area moderators and the common curve.
    """

    intercept: Tensor
    slope: Tensor
    row: Tensor | None


def log_likelihood(
    family: Family,
    data: dict[str, Tensor],
    effects: CellEffects,
    alpha: Tensor | None,
    *,
    outcomes: int,
) -> Tensor:
    """Log likelihood of all rows, a scalar tensor.

    Parameters
    ----------
    family : {"poisson", "negative_binomial"}
    data : dict of tensors
        As named by `bayesgrad.model.arrays.likelihood_arrays`.
    effects : CellEffects
    alpha : tensor, shape (outcomes,), or None
        Negative-binomial size; None for Poisson.
    outcomes : int
        Number of outcomes.
    """
    cell = data["row_cell"]
    eta = data["row_log_exposure"] + effects.intercept[cell] + effects.slope[cell] * data["row_x"]
    linear = (
        (effects.intercept * data["cell_count"]).sum()
        + (effects.slope * data["cell_count_x"]).sum()
        + data["log_constant"]
    )
    if effects.row is not None:
        eta = eta + effects.row
        linear = linear + (effects.row * data["row_count"]).sum()
    mean = pt.exp(eta)
    if family == "poisson":
        return linear - mean.sum()
    return linear + _overdispersed(data, mean, alpha, outcomes=outcomes)


def _overdispersed(
    data: dict[str, Tensor], mean: Tensor, alpha: Tensor, *, outcomes: int
) -> Tensor:
    # log(mean + alpha) - log(alpha) row by row: twice as fast as log1p(mean / alpha), and as exact
    # up to LARGEST_ALPHA.
    alpha = pt.minimum(alpha, LARGEST_ALPHA)
    of_row = 0 if outcomes == 1 else data["row_outcome"]
    row_alpha = alpha[of_row]
    excess = pt.log(mean + row_alpha) - pt.log(alpha)[of_row]
    steps = pt.arange(data["exceedance"].shape[1])
    return (data["exceedance"] * pt.log1p(steps / alpha[:, None])).sum() - (
        (data["row_count"] + row_alpha) * excess
    ).sum()


def as_data(arrays: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """Register arrays as `pm.Data` of the model in context, so that a refit needs no compiling."""
    return {name: pm.Data(name, values) for name, values in arrays.items()}
