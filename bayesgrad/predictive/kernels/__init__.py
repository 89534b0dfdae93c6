"""Kernels of the checks: passes over rows and draws that the interpreter would be too slow for.

They release the interpreter's lock and are cached on disk.
"""

from bayesgrad.predictive.kernels.authority_rows import AuthorityRows, Quadratic
from bayesgrad.predictive.kernels.factored_prior import Prior
from bayesgrad.predictive.kernels.laplace import laplace
from bayesgrad.predictive.kernels.neighbourhoods import Segments, cell_derivatives
from bayesgrad.predictive.kernels.passes import effects_derivatives, workspace
from bayesgrad.predictive.kernels.pointwise import leave_one_out, log_rising, tally
from bayesgrad.predictive.kernels.quadrature import gauss_hermite, quadrature
from bayesgrad.predictive.kernels.suppressed import draw_within, suppress

__all__ = [
    "AuthorityRows",
    "Prior",
    "Quadratic",
    "Segments",
    "cell_derivatives",
    "draw_within",
    "effects_derivatives",
    "gauss_hermite",
    "laplace",
    "leave_one_out",
    "log_rising",
    "quadrature",
    "suppress",
    "tally",
    "workspace",
]
