"""GradientFit: draws, spec and provenance; made by `fit`, saved and loaded as one NetCDF file."""

from bayesgrad.fitting.gradient_fit import GradientFit, load
from bayesgrad.fitting.run import fit

__all__ = ["GradientFit", "fit", "load"]
