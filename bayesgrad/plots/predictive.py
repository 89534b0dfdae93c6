"""Predictive checks: whether counts drawn by the model look like those observed."""

from __future__ import annotations

from dataclasses import replace

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.estimands.layout import group
from bayesgrad.estimands.misfit import smallest_p_value
from bayesgrad.estimands.predictive import p_value_words
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, checked_level, tails, with_interval
from bayesgrad.plots.parts import inline
from bayesgrad.plots.subject import Subject, subject_of
from bayesgrad.plots.theme import BLUE, GREY, INK

ROOTOGRAM_WIDTH, PIT_WIDTH, HEIGHT = 430, 300, 300
BETWEEN = 24
AXIS = 50
"""Pixels that the vertical axis of the second panel takes."""


def predictive(
    draws: xr.DataTree, *, outcome: str | None = None, level: float = DEFAULT_LEVEL
) -> alt.HConcatChart:
    """Rootogram of the counts and histogram of their PIT values, side by side.

    Left: how many areas have each count, observed (bars) and predicted (dots with intervals), on a
    square-root scale, on which deviations are about as large for frequent counts as for rare ones
    (Kleiber and Zeileis 2016). Right: where the observed count of each area lies among its
    replicates; where the model holds the histogram is flat, within the band. Strata are taken
    together.

    Parameters
    ----------
    draws : DataTree
        Draws of a fit.
    outcome : str, optional
        Which to show; needed where the fit has several.
    level : float
        Probability inside the intervals.

    Raises
    ------
    FitError
        If the outcome is not in the fit, the fit holds no predictive checks, or `level` is not
        strictly between 0 and 1.
    """
    checked_level(level)
    # The checks are over all rows of the outcome, so the figure names no stratum.
    subject = replace(subject_of(draws, outcome=outcome, stratum=None, or_mean=True), stratum="")
    checks = group(subject.draws, "predictive").isel(outcome=0, drop=True)
    return subject.panels(
        [_rootogram(checks, level=level), _histogram(checks, level=level)],
        words="Counts observed and predicted",
        notes=_notes(subject, checks, level),
        width=ROOTOGRAM_WIDTH + BETWEEN + AXIS + PIT_WIDTH,
        spacing=BETWEEN,
    )


def _notes(subject: Subject, checks: xr.Dataset, level: float) -> list[str]:
    p_value = float(checks["pit_p_value"])
    verdict = ": not uniform" if p_value < smallest_p_value(checks) else ""
    strata = "" if subject.only_stratum else " All strata together."
    return [
        f"Left: areas by their number of events; bars observed, dots predicted with "
        f"{100 * level:g}% intervals; counts of one bin are averaged, and bins of fewer than ten "
        f"areas joined to the next.{strata}",
        "Right: rank of each area's count among those predicted without it (PIT, not randomised); "
        f"the band holds {100 * level:g}% of the bars of a model that describes the counts. "
        f"Uniformity: {p_value_words(p_value)}{verdict}.",
    ]


def _rootogram(checks: xr.Dataset, *, level: float) -> alt.LayerChart:
    rows = _frequencies(checks, level=level)
    tooltip = [
        alt.Tooltip("label", type="nominal", title="Events in an area"),
        _number("observed", "Areas per count, observed"),
        _number("expected", "Predicted (median)"),
        _number("lower", f"{100 * level:g}% interval, lower"),
        _number("upper", f"{100 * level:g}% interval, upper"),
    ]
    axis = alt.Axis(title="Events in an area", labelAngle=-60, labelOverlap=False, grid=False)
    x = alt.X("label", type="ordinal", sort=None, axis=axis)

    def y(field: str) -> alt.Y:
        return alt.Y(
            field,
            type="quantitative",
            scale=alt.Scale(type="sqrt", zero=True),
            axis=alt.Axis(title="Areas per count (square-root scale)", tickCount=6),
        )

    base = alt.Chart(inline(rows)).encode(x=x, tooltip=tooltip)
    return alt.layer(
        base.mark_bar(color=GREY, opacity=0.55).encode(y=y("observed")),
        base.mark_rule(color=BLUE, strokeWidth=2).encode(y=y("lower"), y2=alt.Y2("upper")),
        base.mark_circle(color=BLUE, size=30, opacity=1).encode(y=y("expected")),
    ).properties(width=ROOTOGRAM_WIDTH, height=HEIGHT)


def _frequencies(checks: xr.Dataset, *, level: float) -> pd.DataFrame:
    """Areas per count in each bin, from the first to the last that has any.

    The last bin has no upper end, and is taken to be as wide as the one before.
    """
    filled = checks.isel(bin=np.flatnonzero(checks["bin_upper"].notnull().values))
    lowest, highest = filled["bin"].values, filled["bin_upper"].values
    width = highest - lowest + 1
    width[np.isinf(width)] = width[-2] if len(width) > 1 else 1.0
    size = xr.DataArray(width, dims="bin")
    rates = {
        "observed": filled["observed_areas"] / size,
        **with_interval(filled["predicted_areas"] / size, point="expected", level=level),
    }
    rows = pd.DataFrame({name: values.values for name, values in rates.items()})
    rows.insert(0, "label", [_label(*ends) for ends in zip(lowest, highest, strict=True)])
    seen = np.flatnonzero((rows[["observed", "upper"]] > 0).any(axis=1))
    return rows.iloc[seen[0] : seen[-1] + 1] if len(seen) else rows


def _label(lowest: int, highest: float) -> str:
    if np.isinf(highest):
        return f"{lowest:,} or more"
    return f"{lowest:,}" if lowest == highest else f"{lowest:,}–{highest:,.0f}"


def _histogram(checks: xr.Dataset, *, level: float) -> alt.LayerChart:
    from scipy.stats import binom, norm

    areas = checks["pit"].values
    bins, total = len(areas), round(float(areas.sum()))
    # A file of an earlier version has ranks that were drawn at random.
    sd = checks["pit_sd"].values if "pit_sd" in checks else binom(total, 1 / bins).std()
    lower, upper = total / bins + np.multiply.outer(norm.ppf(tails(level)), sd)
    edges = np.arange(bins + 1) / bins
    rows = pd.DataFrame({"start": edges[:-1], "end": edges[1:], "areas": areas})
    flat = rows.drop(columns="areas").assign(
        lower=np.maximum(lower, 0.0), upper=upper, expected=total / bins
    )

    def x(field: str) -> alt.X:
        return alt.X(
            field,
            type="quantitative",
            scale=alt.Scale(domain=[0, 1], nice=False),
            axis=alt.Axis(title="PIT of the observed count", grid=False, tickCount=5),
        )

    def y(field: str) -> alt.Y:
        axis = alt.Axis(title="Areas", tickCount=6)
        return alt.Y(field, type="quantitative", scale=alt.Scale(zero=True), axis=axis)

    tooltip = [
        _number("start", "PIT from", ".2f"),
        _number("end", "to", ".2f"),
        _number("areas", "Areas"),
    ]
    bars = alt.Chart(inline(rows)).mark_rect(color=GREY, opacity=0.55, stroke="white")
    base = alt.Chart(inline(flat)).encode(x=x("start"), x2=alt.X2("end"))
    return alt.layer(
        bars.encode(
            x=x("start"), x2=alt.X2("end"), y=y("areas"), y2=alt.Y2Datum(0), tooltip=tooltip
        ),
        base.mark_rect(color=BLUE, opacity=0.25).encode(y=y("lower"), y2=alt.Y2("upper")),
        base.mark_rule(color=INK).encode(y=y("expected")),
    ).properties(width=PIT_WIDTH, height=HEIGHT)


def _number(field: str, title: str, form: str = ",.1f") -> alt.Tooltip:
    return alt.Tooltip(field, type="quantitative", title=title, format=form)
