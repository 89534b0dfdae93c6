"""The kernels as PyTensor operations, so that the model stays one of PyMC."""

from bayesgrad.model.operations.correlation import FactorOfLoadings, FactorOfPartial
from bayesgrad.model.operations.effects import (
    Coefficients,
    Covariance,
    Data,
    partial_effects,
)
from bayesgrad.model.operations.informed import informed_contrasts
from bayesgrad.model.operations.likelihood import CellEffects, FusedLogLikelihood

__all__ = [
    "CellEffects",
    "Coefficients",
    "Covariance",
    "Data",
    "FactorOfLoadings",
    "FactorOfPartial",
    "FusedLogLikelihood",
    "informed_contrasts",
    "partial_effects",
]
