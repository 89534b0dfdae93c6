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
from bayesgrad.model.operations.neighbourhoods import informed_neighbourhoods

__all__ = [
    "CellEffects",
    "Coefficients",
    "Covariance",
    "Data",
    "FactorOfLoadings",
    "FactorOfPartial",
    "FusedLogLikelihood",
    "informed_contrasts",
    "informed_neighbourhoods",
    "partial_effects",
]
