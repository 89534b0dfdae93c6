r"""Leave-one-area-out: the expected log predictive density of areas, each left out in turn.

For area i, :math:`p(y_i | y_{-i})` is the mean of :math:`p(y_i | \theta_s)` under weights
proportional to :math:`1 / p(y_i | \theta_s)`, truncated at their mean times the square root of the
number of draws (Ionides 2008; Vehtari, Gelman and Gabry 2017). The draws have the effects of the
area's authority, and of its larger neighbourhood where the model has any, which their other areas
go on informing: the score says how well a model predicts another area of a known authority and
neighbourhood. A suppressed count is predicted as what is known of it: its density is the
probability of the bounds that it lies within. How the model predicts a new authority is said by
`bayesgrad.predictive.authorities`.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayesgrad.areas.rates import affordable, thinned
from bayesgrad.design.design import Design
from bayesgrad.kernels.scores.pointwise import leave_one_out
from bayesgrad.predictive.predictor import (
    BLOCK_ROWS,
    blocks,
    family_numbers,
    row_bounds,
    row_cases,
    row_counts,
    sizes,
)
from bayesgrad.predictive.scoring import DRAWS, standard_error
from bayesgrad.predictive.totals import total_terms

SMALLEST_EFFECTIVE = 100.0
"""Effective number of draws below which the score of an area is not relied on."""


def leave_one_area_out(
    design: Design, posterior: xr.Dataset, *, block_rows: int = BLOCK_ROWS
) -> xr.Dataset:
    """Score of each outcome's areas, given the effects of authorities.

    Parameters
    ----------
    design : Design
    posterior : Dataset
        Dimensions chain, draw and those of the model.
    block_rows : int
        Rows at a time; the result does not depend on it.

    Returns
    -------
    Dataset
        By outcome: ``area_elpd``, the sum over areas of the expected log predictive density, with
        its standard error ``area_se`` and ``area_p_loo``, the effective number of parameters;
        ``area_terms``, the number of areas, and ``area_unreliable``, how many of them have weights
        of an effective number of draws below `SMALLEST_EFFECTIVE`.
    """
    sample = thinned(posterior, size=affordable(DRAWS, rows=len(design.rows.count)))
    rows = len(design.rows.count)
    elpd, lpd, effective = np.empty(rows), np.empty(rows), np.empty(rows)
    size = np.asfortranarray(sizes(design, sample))
    terms, families, cases = total_terms(design, size), family_numbers(design), row_cases(design)
    count, bounds = row_counts(design), row_bounds(design)
    for block in blocks(design, sample, size=block_rows):
        here, of_totals = block.rows, terms[block.outcome]
        leave_one_out(
            families[block.outcome],
            block.predictor,
            size[:, block.outcome],
            count[here],
            cases[here],
            of_totals.constant[here],
            of_totals.rising,
            of_totals.value[here],
            bounds,
            elpd[here],
            lpd[here],
            effective[here],
        )
    of_outcome = [design.row_outcome == s for s in range(len(design.outcomes))]
    unreliable = effective < SMALLEST_EFFECTIVE
    quantities = {
        "area_elpd": [elpd[own].sum() for own in of_outcome],
        "area_se": [standard_error(elpd[own]) for own in of_outcome],
        "area_p_loo": [(lpd - elpd)[own].sum() for own in of_outcome],
        "area_terms": [int(own.sum()) for own in of_outcome],
        "area_unreliable": [int(unreliable[own].sum()) for own in of_outcome],
    }
    return xr.Dataset(
        {name: ("outcome", values) for name, values in quantities.items()},
        coords={"outcome": list(design.outcomes)},
    )
