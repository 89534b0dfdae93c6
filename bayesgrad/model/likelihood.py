"""The log likelihood of a model: its arrays, and the one operation that evaluates it.

This module is the seam between the model and the arithmetic of its likelihood, which is in
`bayesgrad.kernels`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm

from bayesgrad.kernels.likelihood.by_effects import Effects
from bayesgrad.kernels.likelihood.rows import CountRows
from bayesgrad.model.operations import log_likelihood_of

Tensor = Any
"""A symbolic PyTensor variable."""


def log_likelihood(data: dict[str, Tensor], effects: Effects) -> Tensor:
    """Log likelihood of all rows, a scalar tensor.

    Parameters
    ----------
    data : dict of tensors
        As named by `bayesgrad.model.arrays.likelihood_arrays`.
    effects : Effects of tensors
    """
    rows = CountRows(*(data[f"rows_{field}"] for field in CountRows._fields))
    return log_likelihood_of(effects, rows) + data["log_constant"]


def as_data(arrays: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """Register arrays as `pm.Data` of the model in context, so that a refit needs no compiling."""
    return {name: pm.Data(name, values) for name, values in arrays.items()}
