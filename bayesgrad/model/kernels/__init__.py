"""Fused count kernels, compiled by numba and cached on disk: one pass over the rows gives all."""

from bayesgrad.model.kernels.effects import effects_backward, effects_forward
from bayesgrad.model.kernels.families import FAMILIES
from bayesgrad.model.kernels.passes import log_likelihood, third_order
from bayesgrad.model.kernels.rising import LARGEST_ALPHA, SMALL_COUNTS
from bayesgrad.model.kernels.rows import SUPPRESSED, CountRows, Curvature, Parameters
from bayesgrad.model.kernels.standardised import Systematic

__all__ = [
    "FAMILIES",
    "LARGEST_ALPHA",
    "SMALL_COUNTS",
    "SUPPRESSED",
    "CountRows",
    "Curvature",
    "Parameters",
    "Systematic",
    "effects_backward",
    "effects_forward",
    "log_likelihood",
    "third_order",
]
