"""GradientFit: draws, spec and provenance; made by `fit`, saved and loaded as one NetCDF file."""

from bayesgrad.fit.gradient_fit import GradientFit
from bayesgrad.fit.run import fit
from bayesgrad.fit.store import load

__all__ = ["GradientFit", "fit", "load"]
