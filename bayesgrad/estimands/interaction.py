"""What changes the gradient: authority deprivation and other moderators."""

from __future__ import annotations

import math
from typing import NamedTuple

import pandas as pd
import xarray as xr

from bayesgrad.estimands.frame import from_rows
from bayesgrad.estimands.layout import (
    AUTHORITY_DEPRIVATION,
    group,
    is_moderated,
    moderator_label,
    slope_contributions,
)
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, interval, mean, probability, sd

COLUMNS = (
    "outcome",
    "moderator",
    "form",
    "mean",
    "sd",
    "lower",
    "upper",
    "prob_negative",
    "slope_variance_explained",
    "slope_variance_explained_lower",
    "slope_variance_explained_upper",
)

CLEAR = 0.975
"""Probability of one sign from which a coefficient is clear enough for a share of variance: with
less, the share is mostly the square of the coefficient's own error."""


class Coefficient(NamedTuple):
    """Draws of one coefficient that changes the log gradient."""

    moderator: str
    form: str
    values: xr.DataArray
    """Dimensions chain, draw, outcome."""
    of_authorities: bool
    """Whether the moderator is a property of authorities (not of areas)."""


def interaction_coefficients(posterior: xr.Dataset) -> list[Coefficient]:
    """Coefficients of everything that changes the gradient, in the order of the table.

    Authority deprivation first, with one coefficient per term of its basis, whose name is its form
    (log, linear, spline 1, ...); then the other authority-level moderators, then the area-level
    ones. A moderator whose column is called `deprivation` stands as "deprivation (column)".
    """
    found: list[Coefficient] = []
    if is_moderated(posterior):
        for form in posterior["moderation_term"].values.tolist():
            term = posterior["interaction"].sel(moderation_term=form, drop=True)
            found.append(Coefficient(AUTHORITY_DEPRIVATION, str(form), term, True))
    for variable, dim, of_authorities in (
        ("authority_moderator_gradient", "authority_moderator", True),
        ("gradient_moderator", "area_moderator", False),
    ):
        if variable in posterior:
            for name in posterior[dim].values.tolist():
                values = posterior[variable].sel({dim: name}, drop=True)
                found.append(Coefficient(moderator_label(name), "linear", values, of_authorities))
    return found


def slope_variance_explained(
    posterior: xr.Dataset, authorities: xr.Dataset
) -> dict[str, xr.DataArray]:
    """Share of the variance of log gradients between authorities that a moderator carries.

    Var_j(contribution of the moderator) / (Var_j(all contributions) + sd_slope^2) in each draw,
    variances over authorities with divisor J. For deprivation the contribution is that of all
    terms of its basis. Shares of correlated moderators need not add up to the share of all of
    them. A share cannot be negative, so that of a moderator without any effect is above 0: the
    more so the fewer the data.

    Returns
    -------
    dict of str to DataArray
        By moderator, dimensions chain, draw, outcome.
    """
    by_outcome = [
        _shares(posterior.isel(outcome=s), authorities) for s in range(posterior.sizes["outcome"])
    ]
    return {name: xr.concat([one[name] for one in by_outcome], "outcome") for name in by_outcome[0]}


def _shares(posterior: xr.Dataset, authorities: xr.Dataset) -> dict[str, xr.DataArray]:
    """Shares of one outcome: all at once would hold draws by authority by outcome several times."""
    parts = slope_contributions(posterior, authorities)
    if not parts:
        return {}
    whole = sum(parts.values(), start=xr.zeros_like(posterior["slope"]))
    total = whole.var("authority") + posterior["sd_slope"] ** 2
    return {name: part.var("authority") / total for name, part in parts.items()}


def _explained(
    coefficients: list[Coefficient], shares: dict[str, xr.DataArray], *, outcome: str, level: float
) -> dict[str, tuple[float, float, float]]:
    """Mean share and its interval by moderator, of those of which some coefficient is clear."""
    found = {}
    for name, share in shares.items():
        signs = [
            float(probability(coefficient.values.sel(outcome=outcome) < 0))
            for coefficient in coefficients
            if coefficient.of_authorities and coefficient.moderator == name
        ]
        if max(max(below, 1.0 - below) for below in signs) >= CLEAR:
            values = share.sel(outcome=outcome)
            lower, upper = interval(values, level=level).values
            found[name] = (float(mean(values)), float(lower), float(upper))
    return found


def interaction_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Posterior of each coefficient that changes the log gradient, by outcome.

    It changes the gradients of all strata alike. `prob_negative` is P(coefficient < 0): for
    authority deprivation, the probability that more affluent authorities have steeper gradients.
    `slope_variance_explained` is a posterior mean with its interval; it is missing for area-level
    moderators, and where the sign of no coefficient of the moderator has a probability of 0.975;
    on the rows of a spline it is that of all terms together. Without any moderator the table is
    empty.

    Raises
    ------
    FitError
        If `level` is not strictly between 0 and 1.
    """
    posterior, authorities = group(draws, "posterior"), group(draws, "authorities")
    shares = slope_variance_explained(posterior, authorities)
    rows = []
    coefficients = interaction_coefficients(posterior)
    for outcome in posterior["outcome"].values.tolist():
        explained = _explained(coefficients, shares, outcome=outcome, level=level)
        for coefficient in coefficients:
            values = coefficient.values.sel(outcome=outcome)
            lower, upper = interval(values, level=level).values
            share = (math.nan,) * 3
            if coefficient.of_authorities:
                share = explained.get(coefficient.moderator, share)
            rows.append(
                {
                    "outcome": outcome,
                    "moderator": coefficient.moderator,
                    "form": coefficient.form,
                    "mean": float(mean(values)),
                    "sd": float(sd(values)),
                    "lower": lower,
                    "upper": upper,
                    "prob_negative": float(probability(values < 0)),
                    "slope_variance_explained": share[0],
                    "slope_variance_explained_lower": share[1],
                    "slope_variance_explained_upper": share[2],
                }
            )
    return from_rows(rows, columns=COLUMNS)
