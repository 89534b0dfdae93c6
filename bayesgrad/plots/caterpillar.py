"""Caterpillar: the gradient of every authority with its interval, in order."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.errors import DiagnosticsError, FitError
from bayesgrad.estimands.gradients import gradients_table
from bayesgrad.estimands.national import national_table
from bayesgrad.estimands.summaries import DEFAULT_LEVEL
from bayesgrad.plots.parts import (
    gradient_tooltips,
    inline,
    log_axis,
    log_scale,
    percent_interval,
)
from bayesgrad.plots.subject import Subject, subject_of
from bayesgrad.plots.theme import BLUE, GREY, INK, VERMILION, themed

WIDTH = 520
NAMED_STEP, THIN_STEP = 14, 5
"""Pixels per authority where all are named, and where only some are."""

NAMED_AT_MOST = 50
EXTREMES = 5
"""How many authorities are named at either end, beside those highlighted."""

NAME_WIDTH = 220
CONNECTOR = 16
"""Pixels, left of the axis, of the line that leads from a name to its row."""


def caterpillar(
    draws: xr.DataTree,
    *,
    outcome: str | None = None,
    stratum: str | None = None,
    level: float = DEFAULT_LEVEL,
    highlight: Sequence[str] = (),
    despite_failed_diagnostics: bool = False,
) -> alt.LayerChart:
    """Gradient of every authority, the steepest at the top, on a logarithmic axis.

    Each authority has a dot at the posterior median of its gradient, a rate ratio per unit of
    neighbourhood deprivation, and a line over its equal-tailed interval. The blue line and band
    are the gradient of an authority of mean deprivation. Up to 50 authorities are all named; of
    more, those highlighted and five at either end. The order is that of the medians, which
    is no ranking: see `bayesgrad.estimands.ranks.ranks_table` for what is known of ranks.

    Parameters
    ----------
    draws : DataTree
        Draws of a fit.
    outcome, stratum : str, optional
        Which to show; needed where the fit has several.
    level : float
        Probability inside the intervals.
    highlight : sequence of str
        Codes of the authorities to name and to colour.
    despite_failed_diagnostics : bool
        Make the figure even where the fit failed its diagnostics.

    Raises
    ------
    DiagnosticsError
        If the fit failed its diagnostics.
    FitError
        If the outcome, the stratum or a code is not in the fit, or `level` is not strictly
        between 0 and 1.
    """
    subject = subject_of(draws, outcome=outcome, stratum=stratum)
    if subject.failed and not despite_failed_diagnostics:
        raise DiagnosticsError(
            "the figure of all authorities in order is withheld: the fit failed its diagnostics "
            f"({', '.join(subject.failed)})",
            "Fit again with more draws or a simpler model; the figure is made with "
            "despite_failed_diagnostics=True.",
        )
    rows = _in_order(subject, highlight, level=level)
    national = _national(subject, level=level)
    names, height = _names(rows)
    scale = log_scale([*rows["lower"], *rows["upper"]], include=1)
    gradient_axis = log_axis(scale, title=subject.with_vintage(_capitalised(subject.gradient_unit)))
    x = alt.X("gradient", type="quantitative", scale=scale, axis=gradient_axis)
    layers = [
        *_national_layers(national, x),
        *_name_layers(names, start=float(scale.domain[0])),
        *_authority_layers(rows, x, level=level),
    ]
    title = subject.title(
        "Social gradient of each authority", _notes(level), width=WIDTH + NAME_WIDTH
    )
    return themed(alt.layer(*layers).properties(width=WIDTH, height=height, title=title))
