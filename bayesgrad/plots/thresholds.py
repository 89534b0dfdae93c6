"""Thresholds: the national gradient from outcome to outcome, over those of authorities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import wrap

import altair as alt
import pandas as pd
import xarray as xr

from bayesgrad.estimands.diagnostics_table import failed_checks
from bayesgrad.estimands.gradients import gradient
from bayesgrad.estimands.layout import group, outcome_names, outcome_title
from bayesgrad.estimands.predictive import misfits
from bayesgrad.estimands.strata_effects import MEAN_OVER_STRATA, has_strata
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, checked_level, median, with_interval
from bayesgrad.estimands.thresholds import checked_thresholds, first_ratio, whole_slope
from bayesgrad.plots.parts import (
    highlighted,
    highlighting,
    inline,
    log_axis,
    log_scale,
    percent_interval,
)
from bayesgrad.plots.subject import Subject
from bayesgrad.plots.theme import BLUE, GREY

WIDTH, HEIGHT = 560, 400
LINE = 16
"""Characters in a line of an outcome's title, about."""


def thresholds(
    draws: xr.DataTree, *, level: float = DEFAULT_LEVEL, highlight: Sequence[str] = ()
) -> alt.LayerChart:
    """Gradient at each threshold, in the order of the outcomes, on a logarithmic axis.

    Dots and vertical lines are the national gradient, that of an authority of mean deprivation:
    posterior medians and equal-tailed intervals. Faint lines are authorities (posterior medians).
    Gradients are means over strata, and those of an outcome out of another are taken along the
    whole chain (`bayesgrad.estimands.thresholds.whole_slope`).

    Parameters
    ----------
    draws : DataTree
        Draws of a fit with several outcomes.
    level : float
        Probability inside the intervals.
    highlight : sequence of str
        Codes of the authorities to colour.

    Raises
    ------
    FitError
        If the fit has one outcome, its gradients are not ratios of one kind, a code is not in the
        fit, or `level` is not strictly between 0 and 1.
    """
    checked_level(level)
    checked_thresholds(group(draws, "posterior"))
    subject = _subject(draws)
    national = _national(draws, level=level)
    lines = _authorities(draws)
    lines = lines.assign(highlighted=highlighted(lines, highlight))
    scale = log_scale([*lines["gradient"], *national["lower"], *national["upper"]], include=1)
    ratio = first_ratio(draws)
    axis = log_axis(scale, title=f"Gradient ({ratio}, logarithmic scale)")

    def y(field: str) -> alt.Y:
        return alt.Y(field, type="quantitative", scale=scale, axis=axis)

    return subject.figure(
        [*_authority_layers(lines, y), *_national_layers(national, y, level=level)],
        words="Social gradient at each threshold",
        notes=_notes(subject, ratio, level),
        size=(WIDTH, HEIGHT),
    )


def _subject(draws: xr.DataTree) -> Subject:
    """All outcomes of the fit, strata averaged."""
    reference, strata = group(draws, "reference"), has_strata(group(draws, "authorities"))
    return Subject(
        draws=draws,
        outcome="",
        stratum=MEAN_OVER_STRATA if strata else "",
        unit=float(reference["unit"]),
        vintage=str(reference.attrs.get("vintage", "")),
        only_stratum=not strata,
        failed=tuple(failed_checks(draws)),
        misfits=tuple(dict.fromkeys(misfits(draws)["check"])),
    )


def _notes(subject: Subject, ratio: str, level: float) -> list[str]:
    step = f"per +{100 * subject.unit:g} percentage points of neighbourhood deprivation"
    return [
        f"{subject.with_vintage(f'{ratio.capitalize()} {step}')}.",
        "Blue: an authority of mean deprivation (posterior medians and "
        f"{percent_interval(level)}s). Faint lines: authorities (posterior medians).",
    ]


def _national(draws: xr.DataTree, *, level: float) -> pd.DataFrame:
    slopes = whole_slope(group(draws, "posterior")["slope"], group(draws, "reference"))
    summary = xr.Dataset(with_interval(gradient(slopes), point="gradient", level=level))
    return _titled(draws, summary.to_dataframe().reset_index())


def _authorities(draws: xr.DataTree) -> pd.DataFrame:
    """Median gradient of every authority at every threshold, one outcome's draws at a time."""
    posterior, reference = group(draws, "posterior"), group(draws, "reference")
    medians = [
        median(gradient(whole_slope(posterior["authority_slope"], reference, of=[outcome])))
        for outcome in outcome_names(posterior)
    ]
    found = xr.concat(medians, dim="outcome").to_dataset(name="gradient")
    table = found.assign(name=group(draws, "authorities")["name"]).to_dataframe().reset_index()
    return _titled(draws, table)


def _titled(draws: xr.DataTree, table: pd.DataFrame) -> pd.DataFrame:
    # Titles of a few words stand on several lines, or neighbours would run into one another.
    titles = {
        outcome: "\n".join(wrap(outcome_title(draws, outcome), LINE))
        for outcome in table["outcome"].unique()
    }
    return table.assign(threshold=table["outcome"].map(titles))


def _x() -> alt.X:
    lines = r"split(datum.label, '\n')"
    axis = alt.Axis(title=None, labelAngle=0, grid=False, labelExpr=lines)
    return alt.X("threshold", type="ordinal", sort=None, axis=axis, scale=alt.Scale(type="point"))


def _authority_layers(lines: pd.DataFrame, y: Callable[[str], alt.Y]) -> list[alt.Chart]:
    tooltip = [
        alt.Tooltip("name", type="nominal", title="Authority"),
        alt.Tooltip("authority", type="nominal", title="Code"),
        alt.Tooltip("threshold", type="nominal", title="Outcome"),
        alt.Tooltip("gradient", type="quantitative", title="Gradient", format=".2f"),
    ]
    opacity = alt.when("datum.highlighted").then(alt.value(1)).otherwise(alt.value(0.3))
    return [
        alt.Chart(inline(lines))
        .mark_line(strokeWidth=1)
        .encode(
            x=_x(),
            y=y("gradient"),
            detail=alt.Detail("authority", type="nominal"),
            color=highlighting(GREY),
            opacity=opacity,
            tooltip=tooltip,
        )
    ]


def _national_layers(
    national: pd.DataFrame, y: Callable[[str], alt.Y], *, level: float
) -> list[alt.Chart]:
    bounds = f"{100 * level:g}% interval"
    tooltip = [
        alt.Tooltip("threshold", type="nominal", title="Outcome"),
        alt.Tooltip("gradient", type="quantitative", title="Gradient", format=".2f"),
        alt.Tooltip("lower", type="quantitative", title=f"{bounds}, lower", format=".2f"),
        alt.Tooltip("upper", type="quantitative", title=f"{bounds}, upper", format=".2f"),
    ]
    base = alt.Chart(inline(national)).encode(x=_x(), tooltip=tooltip)
    return [
        base.mark_line(color=BLUE, strokeWidth=1.2).encode(y=y("gradient")),
        base.mark_rule(color=BLUE, strokeWidth=2.4).encode(y=y("lower"), y2=alt.Y2("upper")),
        base.mark_circle(color=BLUE, size=70, opacity=1).encode(y=y("gradient")),
    ]
