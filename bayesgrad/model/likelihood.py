"""The log likelihood of a model: its arrays, and the one operation that evaluates it.

This module is the seam between the model and the arithmetic of its likelihood, which is in
`bayesgrad.model.kernels`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm

from bayesgrad.model.kernels import CountRows, Parameters
from bayesgrad.model.operations import FusedLogLikelihood
from bayesgrad.spec.vocabulary import Family

Tensor = Any
"""A symbolic PyTensor variable."""


@dataclass(frozen=True)
class CellEffects:
    """What the linear predictor is made of, symbolically.

    Attributes
    ----------
    intercept, slope : tensor
        Of any shape that has the cells in order.
    coefficient : tensor, shape (outcomes, row terms)
        Effects of covariates, area moderators and the common curve.
    """

    intercept: Tensor
    slope: Tensor
    coefficient: Tensor


def log_likelihood(
    family: Family, data: dict[str, Tensor], effects: CellEffects, alpha: Tensor | None
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
    """
    at = Parameters(
        effects.intercept,
        effects.slope,
        effects.coefficient,
        np.empty(0) if alpha is None else alpha,
    )
    rows = (data[f"rows_{field}"] for field in CountRows._fields)
    return FusedLogLikelihood(family)(*at, *rows)[0] + data["log_constant"]


def as_data(arrays: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """Register arrays as `pm.Data` of the model in context, so that a refit needs no compiling."""
    return {name: pm.Data(name, values) for name, values in arrays.items()}
