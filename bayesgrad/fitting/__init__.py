"""GradientFit: draws, spec and provenance; made by `fit`, saved and loaded as one NetCDF file."""

from bayesgrad.fitting.gradient_fit import GradientFit
from bayesgrad.fitting.run import fit
from bayesgrad.fitting.store import load

__all__ = ["GradientFit", "fit", "load"]
