"""A fit in words, as `GradientFit.summary` and the command line show it."""

from bayesgrad.fitting.summary.misfit import misfit_in_short
from bayesgrad.fitting.summary.text import summary_html, summary_text

__all__ = ["misfit_in_short", "summary_html", "summary_text"]
