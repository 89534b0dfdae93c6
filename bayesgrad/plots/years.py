"""Years: the national gradient of each, and every authority's course as a faint line."""

from __future__ import annotations

from dataclasses import replace

import altair as alt
import xarray as xr

from bayesgrad.estimands.gradients import gradients_table
from bayesgrad.estimands.summaries import DEFAULT_LEVEL
from bayesgrad.estimands.years import years_of, years_table
from bayesgrad.plots.parts import inline, log_axis, log_scale, percent_interval
from bayesgrad.plots.subject import subject_of
from bayesgrad.plots.theme import BLUE, GREY

WIDTH, HEIGHT = 560, 340
FAINT = 0.35


def years(
    draws: xr.DataTree, *, outcome: str | None = None, level: float = DEFAULT_LEVEL
) -> alt.LayerChart:
    """National gradient of each year, with a band over its equal-tailed interval.

    A faint line for each authority joins the posterior medians of its gradients. The axis of
    gradients is logarithmic; that of years is in proportion, gaps included.

    Parameters
    ----------
    draws : DataTree
        Draws of a fit of a panel.
    outcome : str, optional
        Which to show; needed where the fit has several.
    level : float
        Probability inside the intervals.

    Raises
    ------
    FitError
        If the fit has no years, the outcome is not in the fit, or `level` is not strictly between
        0 and 1.
    """
    every = years_of(draws)
    subject = replace(subject_of(draws, outcome=outcome, stratum=None, or_mean=True), stratum="")
    table = years_table(draws, level=level)
    national = table[table["outcome"] == subject.outcome]
    gradients = gradients_table(draws, level=level)
    own = gradients[gradients["outcome"] == subject.outcome]
    own = own.assign(year=own["stratum"].astype(int))[["authority", "name", "year", "gradient"]]
    scale = log_scale([*national["lower"], *national["upper"], *own["gradient"]], include=1)
    y = alt.Y(
        "gradient",
        type="quantitative",
        scale=scale,
        axis=log_axis(scale, title=subject.gradient_axis),
    )
    axis = alt.Axis(title="Year", values=every, format="d", labelOverlap=True)
    domain = alt.Scale(domain=[every[0], every[-1]], nice=False)
    x = alt.X("year", type="quantitative", axis=axis, scale=domain)
    lines = alt.Chart(inline(own)).encode(x=x, y=y, detail="authority:N", tooltip=["name:N"])
    base = alt.Chart(inline(national)).encode(x=x)
    return subject.figure(
        [
            lines.mark_line(color=GREY, strokeWidth=0.8, opacity=FAINT),
            base.mark_area(color=BLUE, opacity=0.22).encode(
                y=alt.Y("lower", type="quantitative", scale=scale), y2=alt.Y2("upper")
            ),
            base.mark_line(color=BLUE, strokeWidth=2.2).encode(y=y),
            base.mark_circle(color=BLUE, size=40, opacity=1).encode(y=y, tooltip=_tooltip(level)),
        ],
        words="Social gradient over years",
        notes=[
            f"{subject.with_vintage(subject.gradient_words)}, in an authority of mean deprivation.",
            f"Line and band: posterior medians and {percent_interval(level)}s of the nation. "
            "Grey: medians of authorities.",
        ],
        size=(WIDTH, HEIGHT),
    )


def _tooltip(level: float) -> list[alt.Tooltip]:
    bounds = f"{100 * level:g}% interval"
    columns = {
        "gradient": "Gradient",
        "lower": f"{bounds}, lower",
        "upper": f"{bounds}, upper",
        "prob_steeper_than_previous": "P(steeper than the year before)",
    }
    return [
        alt.Tooltip("year", type="quantitative", title="Year", format="d"),
        *(
            alt.Tooltip(field, type="quantitative", title=title, format=".2f")
            for field, title in columns.items()
        ),
        alt.Tooltip("events", type="quantitative", title="Events", format=","),
    ]
