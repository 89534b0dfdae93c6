"""The integrated likelihood of every authority, by the method that suits the model."""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.errors import FitError
from bayesgrad.predictive.integrated.by_outcome import by_outcome
from bayesgrad.predictive.integrated.integrand import first_rows, integrand_of
from bayesgrad.predictive.integrated.jointly import jointly
from bayesgrad.predictive.totals import total_terms


def integrated_likelihood(design: Design, sample: xr.Dataset) -> Floats:
    """Log likelihood of every authority's rows, of all outcomes, in each draw.

    Parameters
    ----------
    design : Design
    sample : Dataset
        From `bayesgrad.areas.rates.thinned`.

    Returns
    -------
    ndarray, shape (authorities, sample)

    Raises
    ------
    FitError
        For neighbourhoods together with strata of an authority's own.
    """
    if design.neighbourhoods and "authority_stratum_intercept" in sample:
        raise FitError(
            "effects of neighbourhoods tie the strata of an authority's own together, and the "
            "score of an authority left out is not known",
            "Leave out [columns] neighbourhood or [strata] authority_deviations.",
        )
    integrand = integrand_of(design, sample)
    of_effects = jointly if _is_joint(sample) else by_outcome
    total = of_effects(design, sample, integrand)
    starts = first_rows(design, apart=False)
    terms = total_terms(design, integrand.size)
    for authority, outcome in np.ndindex(design.cells[:2]):
        place = authority * len(terms) + outcome
        total[authority] += terms[outcome].total(slice(starts[place], starts[place + 1]))
    return total


def _is_joint(sample: xr.Dataset) -> bool:
    return "effect_correlation" in sample or "authority_stratum_intercept" in sample
