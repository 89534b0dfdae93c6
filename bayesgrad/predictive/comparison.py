"""Which of two models predicts an unseen authority better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bayesgrad.errors import FitError
from bayesgrad.estimands.layout import group
from bayesgrad.estimands.scores import reliable
from bayesgrad.predictive.same_data import refuse_other_data
from bayesgrad.predictive.scoring import standard_error

if TYPE_CHECKING:
    from bayesgrad.fitting import GradientFit

SAME_TABLE = "Compare fits of the same table, which differ in their model alone."
SHOWN = 5
"""Codes that a message names, at most."""


@dataclass(frozen=True)
class ScoreComparison:
    """Difference of two leave-one-authority-out scores; above 0 the first fit predicts better.

    Attributes
    ----------
    difference : float
        Of the expected log predictive densities, summed over authorities, in natural logarithms.
    se : float
        Its standard error over authorities.
    authorities : int
        How many there are.
    unreliable : int
        Authorities whose importance weights cannot be relied on in either fit.
    """

    difference: float
    se: float
    authorities: int
    unreliable: int

    def __str__(self) -> str:
        doubt = f"; {self.unreliable} unreliable" if self.unreliable else ""
        return (
            f"difference of leave-one-authority-out scores: {self.difference:.1f} "
            f"(SE {self.se:.1f}, {self.authorities} authorities{doubt})"
        )


def compare_scores(fit_a: GradientFit, fit_b: GradientFit) -> ScoreComparison:
    """Compare how well two models of the same data predict an unseen authority.

    They may differ in how their outcomes are counted: scores are log probabilities of the same
    counts, all constants included. So a joint fit of several thresholds, each out of children, can
    be compared with its sequential form, in which later ones are out of earlier ones; an area
    without such cases, which has no row there, adds the logarithm of 1.

    The difference is taken authority by authority, so what both find hard to predict cancels. A
    difference of less than some 4, or of less than twice its standard error, does not tell the
    models apart (Sivula, Magnusson, Matamoros and Vehtari 2020); the standard error is too small
    where few authorities make the difference.

    Parameters
    ----------
    fit_a, fit_b : GradientFit
        Of the same areas, outcomes and counts.

    Raises
    ------
    FitError
        If their authorities, outcomes, events or numbers of areas differ (of outcomes that are
        out of the same cases), or one has no scores; or if counts, exposures or deprivation do,
        as far as a fit tells without giving an area away (`bayesgrad.predictive.same_data`).
    """
    scores = [_scores(fit) for fit in (fit_a, fit_b)]
    _require_same_data(*scores)
    refuse_other_data(fit_a, fit_b)
    first, second = (score["authority_elpd"].values for score in scores)
    trusted = reliable(scores[0]["authority_k_hat"]) & reliable(scores[1]["authority_k_hat"])
    return ScoreComparison(
        difference=float((first - second).sum()),
        se=standard_error(first - second),
        authorities=len(first),
        unreliable=int((~trusted).sum()),
    )


def _scores(fit: GradientFit) -> xr.Dataset:
    """Scores of a fit with the events and areas that they are of, and what outcomes are out of."""
    score, known = group(fit.draws, "scores"), group(fit.draws, "authorities")
    totals = known[["events", "areas"]].sum("stratum", skipna=False)
    nothing = xr.DataArray([""] * known.sizes["outcome"], dims="outcome").assign_coords(
        outcome=known["outcome"]
    )
    out_of = group(fit.draws, "reference").get("out_of", nothing).rename("out_of")
    return xr.merge([score, totals, out_of]).sortby("authority").sortby("outcome")


def _require_same_data(first: xr.Dataset, second: xr.Dataset) -> None:
    for dim, plural in (("authority", "authorities"), ("outcome", "outcomes")):
        codes = [set(scores[dim].values.tolist()) for scores in (first, second)]
        if codes[0] != codes[1]:
            apart = sorted(codes[0] ^ codes[1])
            more = f" and {len(apart) - SHOWN} more" if len(apart) > SHOWN else ""
            raise FitError(
                f"the fits are not of the same {plural}; in one alone: "
                f"{', '.join(map(repr, apart[:SHOWN]))}{more}",
                SAME_TABLE,
            )
    same_cases = first["out_of"] == second["out_of"]
    for name, comparable in (("events", True), ("areas", same_cases)):
        # A fit file does not hold the events of a few areas.
        both = first[name].notnull() & second[name].notnull()
        differ = ((first[name] != second[name]) & both & comparable).any("outcome").values
        if differ.any():
            codes = first["authority"].values[np.flatnonzero(differ)[:SHOWN]].tolist()
            raise FitError(
                f"the fits are not of the same data: {name} differ in {int(differ.sum())} "
                f"authorities, such as {', '.join(map(repr, codes))}",
                SAME_TABLE,
            )
