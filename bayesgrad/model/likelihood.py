"""The log likelihood of a model: its arrays, and the one operation that evaluates it.

This module is the seam between the model and the arithmetic of its likelihood, which is in
`bayesgrad.model.kernels`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm

from bayesgrad.model.kernels import CountRows
from bayesgrad.model.operations import CellEffects, FusedLogLikelihood

Tensor = Any
"""A symbolic PyTensor variable."""


def log_likelihood(data: dict[str, Tensor], effects: CellEffects) -> Tensor:
    """Log likelihood of all rows, a scalar tensor.

    Parameters
    ----------
    data : dict of tensors
        As named by `bayesgrad.model.arrays.likelihood_arrays`.
    effects : CellEffects
    """
    rows = (data[f"rows_{field}"] for field in CountRows._fields)
    return FusedLogLikelihood()(*effects, *rows)[0] + data["log_constant"]


def as_data(arrays: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """Register arrays as `pm.Data` of the model in context, so that a refit needs no compiling."""
    return {name: pm.Data(name, values) for name, values in arrays.items()}
