"""One pass over the areas of a fit: inequality, and observed against fitted events."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import xarray as xr

from bayesgrad.areas.bands import BANDS, Bands, deprivation_bands
from bayesgrad.areas.inequality import MEASURES, Inequality
from bayesgrad.areas.rates import LARGEST_SAMPLE, affordable, cell_rates, thinned
from bayesgrad.design.design import Design, Integers
from bayesgrad.design.splines import Floats

NATION = ""
"""The place that is the whole table."""


def summarise_areas(design: Design, posterior: xr.Dataset) -> dict[str, xr.Dataset]:
    """Summaries over areas under the joint posterior, by outcome.

    They are over all rows of an outcome, its strata together; so an area counts once for each of
    its strata, by the exposure that it has there.

    Parameters
    ----------
    design : Design
    posterior : Dataset
        Dimensions chain, draw and those of the model.

    Returns
    -------
    dict of Dataset
        ``inequality``: rii, sii_per_10000, concentration_index, paf
        (sample, outcome, place), the place "" being the whole table. ``rates``: observed events
        (those published), exposure and mean deprivation (outcome, band) by twentieth of the
        population in order of deprivation, and fitted events (sample, outcome, band). Twentieths
        are joined to ten areas and ten events or more (`bayesgrad.areas.bands`); those that are
        joined to another are empty, and so are all of an outcome that has fewer.
    """
    draws = affordable(LARGEST_SAMPLE, rows=len(design.rows.count))
    sample = thinned(posterior, size=draws)
    size = sample.sizes["sample"]
    outcomes = len(design.outcomes)
    nation = [_inequality(design, size, design.row_outcome == s) for s in range(outcomes)]
    bands = deprivation_bands(design)
    fitted = np.zeros((size, outcomes, BANDS))
    places = np.full((len(MEASURES), size, outcomes, len(design.authorities.codes) + 1), np.nan)

    by_place = groupby(cell_rates(design, sample), key=lambda cell: (cell.authority, cell.outcome))
    for (authority, outcome), strata in by_place:
        cells = list(strata)
        rows = slice(cells[0].rows.start, cells[-1].rows.stop)
        place = _inequality(design, size, rows)
        for cell in cells:
            events = np.exp(cell.log_rate) * design.rows.exposure[cell.rows]
            place.add(log_rate=cell.log_rate, events=events)
            nation[outcome].add(log_rate=cell.log_rate, events=events)
            fitted[:, outcome] += events @ np.eye(BANDS)[bands.of_rows[cell.rows]]
        places[:, :, outcome, authority + 1] = list(place.measures().values())
    for outcome, whole in enumerate(nation):
        places[:, :, outcome, 0] = list(whole.measures().values())
    return {
        "inequality": _inequality_dataset(design, places),
        "rates": _rates_dataset(design, bands, fitted),
    }


def _inequality(design: Design, size: int, rows: slice | Integers) -> Inequality:
    return Inequality(
        size, deprivation=design.rows.deprivation[rows], exposure=design.rows.exposure[rows]
    )


def _inequality_dataset(design: Design, places: Floats) -> xr.Dataset:
    dims = ("sample", "outcome", "place")
    coords = {
        "outcome": list(design.outcomes),
        "place": [NATION, *design.authorities.codes],
    }
    measures = {name: (dims, places[k]) for k, name in enumerate(MEASURES)}
    return xr.Dataset(measures, coords=coords)


def _rates_dataset(design: Design, bands: Bands, fitted: Floats) -> xr.Dataset:
    def by_band(values: Floats) -> Floats:
        index = design.row_outcome * BANDS + bands.of_rows
        size = len(design.outcomes) * BANDS
        sums = np.bincount(index, values, minlength=size).reshape(-1, BANDS)
        return sums * bands.kept[:, None]

    exposure = by_band(design.rows.exposure)
    weighted = by_band(design.rows.exposure * design.rows.deprivation)
    mean = np.divide(weighted, exposure, out=np.full_like(exposure, np.nan), where=exposure > 0)
    return xr.Dataset(
        {
            "observed": (("outcome", "band"), by_band(design.rows.count.astype(np.float64))),
            "exposure": (("outcome", "band"), exposure),
            "deprivation": (("outcome", "band"), mean),
            "fitted": (("sample", "outcome", "band"), fitted * bands.kept[:, None]),
        },
        coords={"outcome": list(design.outcomes), "band": np.arange(1, BANDS + 1)},
    )
