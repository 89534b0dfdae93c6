"""The kernels as PyTensor operations, so that the model stays one of PyMC."""

from bayesgrad.model.operations.effects import (
    Coefficients,
    Covariance,
    Data,
    partial_effects,
)
from bayesgrad.model.operations.likelihood import FusedLogLikelihood

__all__ = ["Coefficients", "Covariance", "Data", "FusedLogLikelihood", "partial_effects"]
