"""Strata: the national gradient of each, with its interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import altair as alt
import pandas as pd
import xarray as xr

from bayesgrad.estimands.layout import group
from bayesgrad.estimands.national import national_table
from bayesgrad.estimands.strata import strata_table
from bayesgrad.estimands.strata_effects import refuse_common_gradients, refuse_without_strata
from bayesgrad.estimands.summaries import DEFAULT_LEVEL
from bayesgrad.plots.parts import inline, log_axis, log_scale, percent_interval
from bayesgrad.plots.subject import Subject, subject_of
from bayesgrad.plots.theme import BLUE, GREY, INK

WIDTH, ORDERED_HEIGHT = 560, 340
ROW = 22
"""Pixels per stratum where they have no order."""
NAMES = 130
"""Pixels beside the axes for the names of strata."""


def strata(
    draws: xr.DataTree, *, outcome: str | None = None, level: float = DEFAULT_LEVEL
) -> alt.LayerChart:
    """National gradient of each stratum, on a logarithmic axis.

    Ordered strata have a line over the posterior medians, in their order, with a band over the
    equal-tailed intervals; other strata have a dot and a line each, from the first at the top to
    the last. The grey line is the mean over strata.

    Parameters
    ----------
    draws : DataTree
        Draws of a fit with strata.
    outcome : str, optional
        Which to show; needed where the fit has several.
    level : float
        Probability inside the intervals.

    Raises
    ------
    FitError
        If the fit has no strata, or gives them one gradient, the outcome is not in the fit, or
        `level` is not strictly between 0 and 1.
    """
    refuse_without_strata(group(draws, "authorities"))
    refuse_common_gradients(group(draws, "posterior"))
    averaged = subject_of(draws, outcome=outcome, stratum=None, or_mean=True)
    subject = replace(averaged, stratum="")
    table = strata_table(draws, level=level)
    rows = table[table["outcome"] == subject.outcome]
    middle = national_table(averaged.draws, level=level).query("deprivation_shift == 0")
    reference = group(draws, "reference").attrs
    ordered = bool(reference["strata_ordered"])
    scale = log_scale([*rows["lower"], *rows["upper"], *middle["gradient"]], include=1)
    draw = _ordered_layers if ordered else _unordered_layers
    return subject.figure(
        draw(subject, rows, middle, scale, column=str(reference["strata_column"]), level=level),
        words="Social gradient of each stratum",
        notes=_notes(subject, level, ordered=ordered),
        size=(WIDTH, ORDERED_HEIGHT if ordered else ROW * len(rows)),
        margin=0 if ordered else NAMES,
    )


def _notes(subject: Subject, level: float, *, ordered: bool) -> list[str]:
    marks = "Line and band" if ordered else "Dots and lines"
    return [
        f"{subject.with_vintage(subject.gradient_words)}, in an authority of mean deprivation.",
        f"{marks}: posterior medians and {percent_interval(level)}s. Grey: mean over strata.",
    ]


def _tooltip(column: str, level: float) -> list[alt.Tooltip]:
    def number(field: str, title: str, form: str = ".2f") -> alt.Tooltip:
        return alt.Tooltip(field, type="quantitative", title=title, format=form)

    bounds = f"{100 * level:g}% interval"
    return [
        alt.Tooltip("stratum", type="nominal", title=column),
        number("gradient", "Gradient"),
        number("lower", f"{bounds}, lower"),
        number("upper", f"{bounds}, upper"),
        number("prob_above_mean", "P(above the mean)"),
        number("reliability", "Reliability"),
        number("events", "Events", ","),
    ]


def _gradients(
    subject: Subject, scale: alt.Scale, channel: type[alt.X] | type[alt.Y]
) -> Callable[[str], alt.X | alt.Y]:
    axis = log_axis(scale, title=subject.gradient_axis)

    def of(field: str) -> alt.X | alt.Y:
        return channel(field, type="quantitative", scale=scale, axis=axis)

    return of


def _ordered_layers(
    subject: Subject,
    rows: pd.DataFrame,
    middle: pd.DataFrame,
    scale: alt.Scale,
    *,
    column: str,
    level: float,
) -> list[alt.Chart]:
    y = _gradients(subject, scale, alt.Y)
    axis = alt.Axis(title=column, labelAngle=0, labelOverlap=True)
    x = alt.X("stratum", type="ordinal", sort=None, axis=axis, scale=alt.Scale(type="point"))
    base = alt.Chart(inline(rows)).encode(x=x)
    return [
        alt.Chart(inline(middle)).mark_rule(color=GREY).encode(y=y("gradient")),
        base.mark_area(color=BLUE, opacity=0.22).encode(y=y("lower"), y2=alt.Y2("upper")),
        base.mark_line(color=BLUE, strokeWidth=2.2).encode(y=y("gradient")),
        base.mark_circle(color=BLUE, size=40, opacity=1).encode(
            y=y("gradient"), tooltip=_tooltip(column, level)
        ),
    ]


def _unordered_layers(
    subject: Subject,
    rows: pd.DataFrame,
    middle: pd.DataFrame,
    scale: alt.Scale,
    *,
    column: str,
    level: float,
) -> list[alt.Chart]:
    x = _gradients(subject, scale, alt.X)
    y = alt.Y("stratum", type="nominal", sort=None, axis=alt.Axis(title=column, labelLimit=NAMES))
    base = alt.Chart(inline(rows)).encode(y=y, tooltip=_tooltip(column, level))
    return [
        alt.Chart(inline(middle)).mark_rule(color=GREY).encode(x=x("gradient")),
        base.mark_rule(color=BLUE, strokeWidth=2).encode(x=x("lower"), x2=alt.X2("upper")),
        base.mark_circle(color=INK, size=46, opacity=1).encode(x=x("gradient")),
    ]
