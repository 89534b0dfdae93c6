"""The log likelihood of a model: its arrays, and the one operation that evaluates it.

This module is the seam between the model and the arithmetic of its likelihood, which is in
`bayesgrad.model.kernels`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
from scipy.special import gammaln

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.model.operation import FusedLogLikelihood
from bayesgrad.spec.vocabulary import Family

Tensor = Any
"""A symbolic PyTensor variable."""


def likelihood_arrays(design: Design) -> dict[str, np.ndarray]:
    """Arrays that the likelihood reads, under the names of their `pm.Data`.

    Returns
    -------
    dict
        ``row_count``, ``row_x``, ``row_log_exposure`` (rows,); ``row_outcome`` (rows,) int;
        ``cell_start`` (cells + 1,) and ``cell_outcome`` (cells,) int; ``exceedance`` (outcomes,
        largest count): N_k; ``log_constant`` (): minus the sum of ln(count!).
    """
    rows = design.rows
    count = rows.count.astype(np.float64)
    return {
        "row_count": count,
        "row_x": rows.x,
        "row_log_exposure": np.log(rows.exposure),
        "row_outcome": design.row_outcome,
        "cell_start": design.cell_starts(),
        "cell_outcome": design.cell_outcome,
        "exceedance": _exceedance(design),
        "log_constant": np.asarray(-gammaln(count + 1.0).sum()),
    }


def _exceedance(design: Design) -> Floats:
    """N_k, the number of rows of each outcome with a count above k: (outcomes, largest count)."""
    largest = int(design.rows.count.max())
    outcomes = len(design.outcomes)
    index = design.row_outcome * (largest + 1) + design.rows.count
    frequency = np.bincount(index, minlength=outcomes * (largest + 1))
    up_to = frequency.reshape(outcomes, largest + 1).cumsum(axis=1)
    return (up_to[:, -1:] - up_to[:, :-1]).astype(np.float64)


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
    family: Family, data: dict[str, Tensor], effects: CellEffects, alpha: Tensor | None
) -> Tensor:
    """Log likelihood of all rows, a scalar tensor.

    Parameters
    ----------
    family : {"poisson", "negative_binomial"}
    data : dict of tensors
        As named by `likelihood_arrays`.
    effects : CellEffects
    alpha : tensor, shape (outcomes,), or None
        Negative-binomial size; None for Poisson.
    """
    offset = data["row_log_exposure"]
    if effects.row is not None:
        offset = offset + effects.row
    fused = FusedLogLikelihood(family, row_effects=effects.row is not None)
    value = fused(
        effects.intercept,
        effects.slope,
        offset,
        np.empty(0) if alpha is None else alpha,
        data["row_count"],
        data["row_x"],
        data["cell_start"],
        data["cell_outcome"],
        data["exceedance"],
    )[0]
    return value + data["log_constant"]


def as_data(arrays: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """Register arrays as `pm.Data` of the model in context, so that a refit needs no compiling."""
    return {name: pm.Data(name, values) for name, values in arrays.items()}
