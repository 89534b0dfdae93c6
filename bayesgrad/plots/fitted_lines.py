"""Fitted lines: rates over neighbourhood deprivation, authority by authority."""

from __future__ import annotations

from collections.abc import Callable

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.areas.effects import EFFECTS
from bayesgrad.estimands.frame import to_frame
from bayesgrad.estimands.layout import group, links
from bayesgrad.estimands.levels import like_for_like_rate
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, checked_level, median, with_interval
from bayesgrad.plots.parts import PERCENT, inline, log_axis, log_scale, percent_interval
from bayesgrad.plots.subject import Subject, subject_of
from bayesgrad.plots.theme import INK, SEQUENTIAL

WIDTH, HEIGHT = 560, 420
LEGEND_WIDTH = 80

STRAIGHT_POINTS, CURVED_POINTS = 2, 21
"""Points of an authority's line: on a logarithmic axis a common curve or a logit link bends it."""

NATIONAL_POINTS = 61


def fitted_lines(
    draws: xr.DataTree,
    *,
    outcome: str | None = None,
    stratum: str | None = None,
    level: float = DEFAULT_LEVEL,
) -> alt.LayerChart:
    """Rate per 10,000 over neighbourhood deprivation, a line for each authority.

    Each line is the posterior median of the authority's like-for-like rate, over the range of
    deprivation of its own areas and no further, coloured by the authority's deprivation. The
    black line and band are those of an authority of mean deprivation. Circles are observed rates
    in twentieths of the population by deprivation (fewer, where a twentieth has less than ten areas
    or events), all authorities together, with a vertical line
    over the interval of the fitted rate; a fit of several strata has no circles, since they are
    of all strata together.

    Parameters
    ----------
    draws : DataTree
        Draws of a fit.
    outcome, stratum : str, optional
        Which to show; needed where the fit has several.
    level : float
        Probability inside the intervals.

    Raises
    ------
    FitError
        If the outcome or the stratum is not in the fit, or `level` is not strictly between 0
        and 1.
    """
    checked_level(level)
    subject = subject_of(draws, outcome=outcome, stratum=stratum)
    lines = _authority_lines(subject)
    national = _national_line(subject, level=level)
    bands = _bands(subject, level=level) if subject.only_stratum else None
    rates = [lines["rate"], national["lower"], national["upper"]]
    if bands is not None:
        rates += [bands["observed"], bands["lower"], bands["upper"]]
    scale = log_scale(np.concatenate(rates))
    axis = log_axis(scale, title=f"{subject.rate_words} (logarithmic scale)")

    def y(field: str) -> alt.Y:
        return alt.Y(field, type="quantitative", scale=scale, axis=axis)

    layers = [*_line_layers(subject, lines, y), *_national_layers(subject, national, y)]
    if bands is not None:
        layers += _band_layers(subject, bands, y, level=level)
    return subject.figure(
        layers,
        words="Rates by neighbourhood deprivation",
        notes=_notes(subject, level, with_bands=bands is not None),
        size=(WIDTH, HEIGHT),
        margin=LEGEND_WIDTH,
    )


def _notes(subject: Subject, level: float, *, with_bands: bool) -> list[str]:
    notes = [
        f"{subject.rate_words} over {subject.with_vintage('neighbourhood deprivation')}.",
        "Coloured lines: authorities (posterior medians), each over the deprivation of its own "
        f"areas. Black: an authority of mean deprivation, with {percent_interval(level)}.",
    ]
    if with_bands:
        notes.append(
            "Circles: observed rates by twentieth of the population (ten areas and ten events or "
            "more together); vertical lines: "
            f"fitted, {100 * level:g}% interval. They mix authorities, and need not follow the "
            "black line."
        )
    return notes


def _rates_along(
    posterior: xr.Dataset,
    authorities: xr.Dataset,
    reference: xr.Dataset,
    deprivation: xr.DataArray,
    summarise: Callable[[xr.DataArray], xr.Dataset],
) -> xr.Dataset:
    """Like-for-like rates of the subject at any deprivation of areas, summarised over the draws.

    Parameters
    ----------
    deprivation : DataArray
        Neighbourhood deprivation, with the dimension `point` and perhaps `authority`.
    summarise : callable
        From the draws at one point to what is kept of them: all points at once would not fit
        in memory.
    """
    here = reference[["unit", "link"]].assign(level_deprivation=deprivation.rename(point="level"))
    if "curvature" in posterior:
        curve = reference["area_grid_curve"].interp(area_grid=here["level_deprivation"])
        here["level_curve"] = curve.drop_vars("area_grid")
    here = here.assign_coords(level=[str(k) for k in range(here.sizes["level"])])
    summaries = [
        summarise(
            like_for_like_rate(posterior, authorities, here, outcome=0, stratum=0, level=name)
        )
        for name in here["level"].values.tolist()
    ]
    return xr.concat(summaries, dim="point").assign(deprivation=deprivation)


def _authority_lines(subject: Subject) -> pd.DataFrame:
    """Points of each authority's line: deprivation and median rate."""
    posterior, authorities = group(subject.draws, "posterior"), group(subject.draws, "authorities")
    (link,) = links(group(subject.draws, "reference"), [subject.outcome])
    straight = link == "log" and "curvature" not in posterior
    points = STRAIGHT_POINTS if straight else CURVED_POINTS
    share = xr.DataArray(np.linspace(0, 1, points), dims="point")
    lowest, highest = authorities["deprivation_min"], authorities["deprivation_max"]
    along = _rates_along(
        posterior,
        authorities,
        group(subject.draws, "reference"),
        lowest + (highest - lowest) * share,
        lambda rates: xr.Dataset({"rate": median(rates)}),
    )
    quantities = {
        "name": authorities["name"],
        "authority_deprivation": authorities["deprivation"],
        "deprivation": along["deprivation"],
        "rate": along["rate"],
    }
    return to_frame(quantities, by=("authority", "point"), columns=("authority", *quantities))


def _national_line(subject: Subject, *, level: float) -> pd.DataFrame:
    """Points of the line of an authority of mean deprivation, whose effects are all zero."""
    posterior, authorities = group(subject.draws, "posterior"), group(subject.draws, "authorities")
    reference = group(subject.draws, "reference")
    mean = reference["mean_authority_deprivation"]
    centred = bool(reference["centre_is_authority"])
    centre = mean if centred else authorities["centre"].isel(authority=0, drop=True)
    own = [f"authority_stratum_{effect}" for effect in EFFECTS]
    average = posterior.drop_vars(own, errors="ignore").assign(
        {f"authority_{effect}": posterior[effect] for effect in EFFECTS}
    )
    ends = float(authorities["deprivation_min"].min()), float(authorities["deprivation_max"].max())
    along = _rates_along(
        average,
        xr.Dataset({"centre": centre}),
        reference,
        xr.DataArray(np.linspace(*ends, NATIONAL_POINTS), dims="point"),
        lambda rates: xr.Dataset(with_interval(rates, point="rate", level=level)),
    )
    return along.to_dataframe().reset_index(drop=True)


def _bands(subject: Subject, *, level: float) -> pd.DataFrame:
    """Observed and fitted rates per 10,000 by twentieth of the population."""
    bands = group(subject.draws, "rates").isel(outcome=0, drop=True)
    exposure = bands["exposure"].where(bands["exposure"] > 0)
    rates = xr.Dataset(
        {
            "deprivation": bands["deprivation"],
            "observed": 10_000 * bands["observed"] / exposure,
            **with_interval(10_000 * bands["fitted"] / exposure, point="fitted", level=level),
        }
    )
    return rates.to_dataframe().reset_index().dropna()


def _x(subject: Subject) -> alt.X:
    axis = alt.Axis(title=subject.with_vintage("Neighbourhood deprivation"), format=PERCENT)
    return alt.X("deprivation", type="quantitative", axis=axis)


def _line_layers(
    subject: Subject, lines: pd.DataFrame, y: Callable[[str], alt.Y]
) -> list[alt.Chart]:
    colour = alt.Color(
        "authority_deprivation",
        type="quantitative",
        scale=alt.Scale(type="sqrt", scheme=SEQUENTIAL, reverse=True),
        legend=alt.Legend(title=["Authority", "deprivation"], format=PERCENT, gradientLength=160),
    )
    tooltip = [
        alt.Tooltip("name", type="nominal", title="Authority"),
        alt.Tooltip("authority", type="nominal", title="Code"),
        alt.Tooltip(
            "authority_deprivation",
            type="quantitative",
            title=subject.with_vintage("Authority deprivation"),
            format=".1%",
        ),
    ]
    return [
        alt.Chart(inline(lines))
        .mark_line(strokeWidth=1.1, opacity=0.6)
        .encode(
            x=_x(subject),
            y=y("rate"),
            detail=alt.Detail("authority", type="nominal"),
            color=colour,
            tooltip=tooltip,
        )
    ]


def _national_layers(
    subject: Subject, national: pd.DataFrame, y: Callable[[str], alt.Y]
) -> list[alt.Chart]:
    base = alt.Chart(inline(national)).encode(x=_x(subject))
    return [
        base.mark_area(color=INK, opacity=0.22).encode(y=y("lower"), y2=alt.Y2("upper")),
        base.mark_line(color=INK, strokeWidth=1.8).encode(y=y("rate")),
    ]


def _band_layers(
    subject: Subject, bands: pd.DataFrame, y: Callable[[str], alt.Y], *, level: float
) -> list[alt.Chart]:
    def number(field: str, title: str) -> alt.Tooltip:
        return alt.Tooltip(field, type="quantitative", title=title, format=",.1f")

    tooltip = [
        alt.Tooltip("band", type="ordinal", title="Twentieth of the population"),
        alt.Tooltip("deprivation", type="quantitative", title="Mean deprivation", format=".1%"),
        number("observed", "Observed per 10,000"),
        number("fitted", "Fitted per 10,000"),
        number("lower", f"{100 * level:g}% interval, lower"),
        number("upper", f"{100 * level:g}% interval, upper"),
    ]
    base = alt.Chart(inline(bands)).encode(x=_x(subject), tooltip=tooltip)
    circle = base.mark_point(color=INK, fill="white", opacity=1, size=44, strokeWidth=1.2)
    # The interval comes last: it is often shorter than the circle is wide.
    return [
        circle.encode(y=y("observed")),
        base.mark_rule(color=INK, strokeWidth=2).encode(y=y("lower"), y2=alt.Y2("upper")),
    ]
