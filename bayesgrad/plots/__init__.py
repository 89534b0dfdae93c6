"""Figures of a fit, one file each: functions from its draws to Altair charts, and how to save them.

A figure is complete: title, subtitle (what it shows, unit, interval level, vintage, and whether
the diagnostics failed), axes with units, tooltips. It carries its own data and theme, so nothing
global is changed, and nothing is drawn before it is shown or saved.
"""

from bayesgrad.plots.audit import audit
from bayesgrad.plots.caterpillar import caterpillar
from bayesgrad.plots.fitted_lines import fitted_lines
from bayesgrad.plots.interaction import interaction
from bayesgrad.plots.predictive import predictive
from bayesgrad.plots.saving import SUFFIXES, save_figure
from bayesgrad.plots.strata import strata
from bayesgrad.plots.theme import themed
from bayesgrad.plots.thresholds import thresholds
from bayesgrad.plots.years import years

__all__ = [
    "SUFFIXES",
    "audit",
    "caterpillar",
    "fitted_lines",
    "interaction",
    "predictive",
    "save_figure",
    "strata",
    "themed",
    "thresholds",
    "years",
]
