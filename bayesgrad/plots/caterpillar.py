"""Caterpillar: the gradient of every authority with its interval, in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.errors import DiagnosticsError
from bayesgrad.estimands.gradients import gradients_table
from bayesgrad.estimands.national import national_table
from bayesgrad.estimands.summaries import DEFAULT_LEVEL
from bayesgrad.plots import naming
from bayesgrad.plots.parts import (
    gradient_tooltips,
    highlighted,
    highlighting,
    inline,
    log_axis,
    log_scale,
    percent_interval,
)
from bayesgrad.plots.subject import Subject, subject_of
from bayesgrad.plots.theme import BLUE, GREY, INK

WIDTH = 520
THIN_ROW = 5
"""Pixels per authority where only some are named."""

NAMED_AT_MOST = 50
EXTREMES = 5
"""How many authorities are named at either end, beside those highlighted, where not all are."""


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

    Each authority has a dot at the posterior median of its gradient, a ratio per unit of
    neighbourhood deprivation, and a line over its equal-tailed interval. The blue line and band
    are the gradient of an authority of mean deprivation. Up to 50 authorities are all named; of
    more, those highlighted and five at either end. The order is that of the medians, which
    is no ranking: see `bayesgrad.estimands.ranks.ranks_table` for what is known of ranks.

    Parameters
    ----------
    draws : DataTree
        Draws of a fit.
    outcome : str, optional
        Which to show; needed where the fit has several.
    stratum : str, optional
        Which to show; the mean over strata if left out.
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
    subject = subject_of(draws, outcome=outcome, stratum=stratum, or_mean=True)
    if subject.failed and not despite_failed_diagnostics:
        raise DiagnosticsError(
            "the figure of all authorities in order is withheld: the fit failed its diagnostics "
            f"({', '.join(subject.failed)})",
            "Fit again with more draws or a simpler model; the figure is made with "
            "despite_failed_diagnostics=True.",
        )
    rows = _in_order(subject, highlight, level=level)
    named = _named(rows)
    row_height = naming.LINE_HEIGHT if named.all() else THIN_ROW
    height = max(row_height * len(rows), naming.LINE_HEIGHT * int(named.sum()))
    placed = naming.place_names(rows, named, height=height)
    return subject.figure(
        _layers(subject, rows, placed, level=level),
        words="Social gradient of each authority",
        notes=_notes(subject, level),
        size=(WIDTH, height),
        margin=naming.WIDTH,
    )


def _notes(subject: Subject, level: float) -> list[str]:
    return [
        f"{subject.with_vintage(subject.gradient_words)}.",
        f"Dots: posterior medians. Lines: {percent_interval(level)}s. "
        "Blue: the same of an authority of mean deprivation.",
        "The order is not a ranking: authorities far apart in it may still not be told apart.",
    ]


def _in_order(subject: Subject, highlight: Sequence[str], *, level: float) -> pd.DataFrame:
    """Rows of the table of gradients, the steepest first, with their position from 1."""
    table = gradients_table(subject.draws, level=level)
    table = table.assign(highlighted=highlighted(table, highlight))
    rows = table.sort_values("gradient", ascending=False, kind="stable", ignore_index=True)
    return rows.assign(position=np.arange(1, len(rows) + 1))


def _named(rows: pd.DataFrame) -> pd.Series[bool]:
    if len(rows) <= NAMED_AT_MOST:
        return rows["position"] > 0
    at_an_end = (rows["position"] <= EXTREMES) | (rows["position"] > len(rows) - EXTREMES)
    return rows["highlighted"] | at_an_end


def _layers(
    subject: Subject, rows: pd.DataFrame, placed: pd.DataFrame, *, level: float
) -> list[alt.Chart]:
    national = _national(subject, level=level)
    bounds = [*rows["lower"], *rows["upper"], *national["lower"], *national["upper"]]
    scale = log_scale(bounds, include=1)
    axis = log_axis(scale, title=subject.gradient_axis)
    y_scale = alt.Scale(domain=[len(rows) + 0.5, 0.5], nice=False)

    def x(field: str) -> alt.X:
        return alt.X(field, type="quantitative", scale=scale, axis=axis)

    placed = placed.assign(start=float(scale.domain[0]))
    return [
        *naming.name_layers(placed, y_scale=y_scale, start=x("start"), end=alt.X2("lower")),
        *_national_layers(national, x),
        *_authority_layers(rows, x, y_scale, level=level),
    ]


def _national(subject: Subject, *, level: float) -> pd.DataFrame:
    """One row: the gradient at mean authority deprivation, its interval, and both in words."""
    table = national_table(subject.draws, level=level)
    row = table[table["deprivation_shift"] == 0][["gradient", "lower", "upper"]]
    median, lower, upper = row.iloc[0]
    words = f"Authority of mean deprivation: {median:.2f} ({lower:.2f} to {upper:.2f})"
    return row.assign(words=words)


def _national_layers(national: pd.DataFrame, x: Callable[[str], alt.X]) -> list[alt.Chart]:
    base = alt.Chart(inline(national))
    return [
        base.mark_rect(color=BLUE, opacity=0.18).encode(x=x("lower"), x2=alt.X2("upper")),
        base.mark_rule(color=BLUE).encode(x=x("gradient")),
        base.mark_text(color=BLUE, fontSize=11, baseline="bottom", y=-4).encode(
            x=x("gradient"), text=alt.Text("words", type="nominal")
        ),
    ]


def _authority_layers(
    rows: pd.DataFrame, x: Callable[[str], alt.X], y_scale: alt.Scale, *, level: float
) -> list[alt.Chart]:
    roomy = len(rows) <= NAMED_AT_MOST
    base = alt.Chart(inline(rows)).encode(
        y=alt.Y("position", type="quantitative", scale=y_scale, axis=None),
        tooltip=list(gradient_tooltips(level=level)),
    )
    return [
        base.mark_rule(strokeWidth=2 if roomy else 1.3).encode(
            x=x("lower"), x2=alt.X2("upper"), color=highlighting(GREY)
        ),
        base.mark_circle(size=40 if roomy else 16, opacity=1).encode(
            x=x("gradient"), color=highlighting(INK)
        ),
    ]
