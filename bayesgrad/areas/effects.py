"""Intercept and slope of authorities in one outcome and stratum, from their parts."""

from __future__ import annotations

from typing import Literal, get_args

import xarray as xr

Effect = Literal["intercept", "slope"]
EFFECTS: tuple[Effect, ...] = get_args(Effect)


def whole_effect(
    posterior: xr.Dataset, effect: Effect, *, outcome: int, stratum: int
) -> xr.DataArray:
    """Authorities' intercepts or slopes in one outcome and stratum, with all deviations added.

    b_jsk = B_js + g_sk + deviation_jsk for slopes, and the same of intercepts; the parts that the
    model does not have are left out. One stratum at a time, so that draws by authority by stratum
    are never all in memory.

    Parameters
    ----------
    posterior : Dataset
        With ``authority_{effect}`` (..., outcome), and ``stratum_{effect}`` (..., outcome,
        stratum) and ``authority_stratum_{effect}`` (..., outcome, stratum) where the model has
        them.
    outcome, stratum : int
        Positions. Without strata, or with one effect for all of them, the stratum is not used.

    Returns
    -------
    DataArray
        Dimensions of ``authority_{effect}`` but for the outcome.
    """
    total = posterior[f"authority_{effect}"].isel(outcome=outcome, drop=True)
    for name in (f"stratum_{effect}", f"authority_stratum_{effect}"):
        if name in posterior:
            total = total + posterior[name].isel(outcome=outcome, stratum=stratum, drop=True)
    return total
