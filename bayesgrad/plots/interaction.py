"""Interaction: authorities' gradients over their own deprivation, with the fitted curve."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import altair as alt
import pandas as pd
import xarray as xr

from bayesgrad.errors import FitError
from bayesgrad.estimands.gradients import gradients_table
from bayesgrad.estimands.layout import group, is_moderated
from bayesgrad.estimands.national import national_gradient
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, with_interval
from bayesgrad.plots.parts import (
    PERCENT,
    gradient_tooltips,
    inline,
    log_axis,
    log_scale,
    percent_interval,
)
from bayesgrad.plots.subject import Subject, subject_of
from bayesgrad.plots.theme import BLUE, GREY, INK, VERMILION

WIDTH, HEIGHT = 560, 400

_LABEL = {"align": "left", "dx": 10, "dy": -8, "fontSize": 12, "fontWeight": "bold"}


def interaction(
    draws: xr.DataTree,
    *,
    outcome: str | None = None,
    stratum: str | None = None,
    level: float = DEFAULT_LEVEL,
    published: Sequence[tuple[float, float]] = (),
    published_label: str = "published",
) -> alt.LayerChart:
    """Gradient of each authority over its deprivation, with the curve of the interaction.

    Dots are posterior medians of authorities' gradients, faint lines their equal-tailed
    intervals. The blue curve and band are the posterior median and interval of
    exp(slope + interaction . W(D)) over the range of authority deprivation D in the fit, other
    moderators at their mean.

    Parameters
    ----------
    draws : DataTree
        Draws of a fit with moderation by authority deprivation.
    outcome : str, optional
        Which to show; needed where the fit has several.
    stratum : str, optional
        Which to show; the mean over strata if left out.
    level : float
        Probability inside the intervals.
    published : sequence of (float, float)
        Authority deprivation (a proportion) and gradient (a ratio per unit) of published
        contrasts, shown as labelled diamonds.
    published_label : str
        What to call them.

    Raises
    ------
    FitError
        If the model has no moderation by authority deprivation, the outcome or the stratum is not
        in the fit, a published contrast is not a deprivation from 0 to 1 with a positive
        gradient, or `level` is not strictly between 0 and 1.
    """
    subject = subject_of(draws, outcome=outcome, stratum=stratum, or_mean=True)
    _refuse_unmoderated(subject)
    contrasts = _contrasts(published, published_label)
    rows = _authorities(subject, level=level)
    curve = _curve(subject, level=level)
    scale = log_scale(
        [*rows["lower"], *rows["upper"], *curve["lower"], *curve["upper"], *contrasts["gradient"]],
        include=1,
    )
    axis = log_axis(scale, title=subject.gradient_axis)

    def y(field: str) -> alt.Y:
        return alt.Y(field, type="quantitative", scale=scale, axis=axis)

    layers = [
        *_authority_layers(subject, rows, y, level=level),
        *_curve_layers(subject, curve, y),
        *(_contrast_layers(subject, contrasts, y) if published else []),
    ]
    return subject.figure(
        layers,
        words="Social gradient by authority deprivation",
        notes=_notes(subject, level, published_label if published else ""),
        size=(WIDTH, HEIGHT),
    )


def _notes(subject: Subject, level: float, published_label: str) -> list[str]:
    notes = [
        f"{subject.with_vintage(subject.gradient_words)}.",
        f"Dots: authorities (posterior medians); faint lines: {percent_interval(level)}s. "
        "Blue: gradient expected at each authority deprivation, median and interval.",
    ]
    return [*notes, f"Diamonds: {published_label}."] if published_label else notes


def _refuse_unmoderated(subject: Subject) -> None:
    if not is_moderated(group(subject.draws, "posterior")):
        raise FitError(
            "this model has no interaction: authority deprivation does not moderate the gradient",
            'Fit with [authority] moderation = "log" (or linear, or spline).',
        )


def _contrasts(published: Sequence[tuple[float, float]], label: str) -> pd.DataFrame:
    for deprivation, gradient in published:
        if not (0 <= deprivation <= 1 and 0 < gradient < math.inf):
            raise FitError(
                f"published contrast ({deprivation}, {gradient}) is no authority deprivation "
                "from 0 to 1 with a positive gradient",
                "Give pairs such as (0.137, 1.62).",
            )
    contrasts = pd.DataFrame(list(published), columns=["deprivation", "gradient"], dtype=float)
    words = [f"{gradient:.2f}" for gradient in contrasts["gradient"]]
    return contrasts.assign(words=pd.Series(words, dtype=str), label=label)


def _authorities(subject: Subject, *, level: float) -> pd.DataFrame:
    deprivation = group(subject.draws, "authorities")["deprivation"].to_series()
    table = gradients_table(subject.draws, level=level)
    return table.assign(deprivation=table["authority"].map(deprivation))


def _curve(subject: Subject, *, level: float) -> pd.DataFrame:
    """Points of the fitted curve: authority deprivation, median gradient and interval."""
    basis = group(subject.draws, "reference")["authority_grid_basis"]
    grid = basis.rename(authority_grid="shift").to_dataset(name="shift_basis")
    posterior, authorities = group(subject.draws, "posterior"), group(subject.draws, "authorities")
    gradients = national_gradient(posterior, authorities, grid)
    curve = xr.Dataset(with_interval(gradients, point="gradient", level=level))
    frame = curve.isel(outcome=0, stratum=0, drop=True).to_dataframe().reset_index()
    return frame.rename(columns={"shift": "deprivation"})


def _x(subject: Subject) -> alt.X:
    axis = alt.Axis(title=subject.with_vintage("Authority deprivation"), format=PERCENT)
    return alt.X("deprivation", type="quantitative", axis=axis, scale=alt.Scale(zero=False))


def _authority_layers(
    subject: Subject, rows: pd.DataFrame, y: Callable[[str], alt.Y], *, level: float
) -> list[alt.Chart]:
    deprivation = alt.Tooltip(
        "deprivation", type="quantitative", title="Authority deprivation", format=".1%"
    )
    base = alt.Chart(inline(rows)).encode(
        x=_x(subject), tooltip=[*gradient_tooltips(level=level), deprivation]
    )
    return [
        base.mark_rule(color=GREY, opacity=0.35).encode(y=y("lower"), y2=alt.Y2("upper")),
        base.mark_circle(color=INK, opacity=0.8, size=26).encode(y=y("gradient")),
    ]


def _curve_layers(
    subject: Subject, curve: pd.DataFrame, y: Callable[[str], alt.Y]
) -> list[alt.Chart]:
    base = alt.Chart(inline(curve)).encode(x=_x(subject))
    return [
        base.mark_area(color=BLUE, opacity=0.22).encode(y=y("lower"), y2=alt.Y2("upper")),
        base.mark_line(color=BLUE, strokeWidth=2.2).encode(y=y("gradient")),
    ]


def _contrast_layers(
    subject: Subject, contrasts: pd.DataFrame, y: Callable[[str], alt.Y]
) -> list[alt.Chart]:
    tooltip = [
        alt.Tooltip("label", type="nominal", title="Source"),
        alt.Tooltip(
            "deprivation", type="quantitative", title="Authority deprivation", format=".1%"
        ),
        alt.Tooltip("gradient", type="quantitative", title="Gradient", format=".2f"),
    ]
    base = alt.Chart(inline(contrasts)).encode(x=_x(subject), y=y("gradient"))
    words = alt.Text("words", type="nominal")
    return [
        base.mark_point(
            shape="diamond", fill=VERMILION, color="white", opacity=1, size=130, strokeWidth=1.2
        ).encode(tooltip=tooltip),
        base.mark_text(stroke="white", strokeWidth=4, aria=False, **_LABEL).encode(text=words),
        base.mark_text(color=VERMILION, **_LABEL).encode(text=words),
    ]
