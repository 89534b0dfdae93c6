"""How well the model predicts areas and authorities that it was not fitted to."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.estimands.frame import from_rows
from bayesgrad.estimands.layout import group
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, checked_level
from bayesgrad.inference.diagnostics import LARGEST_K_HAT

COLUMNS = (
    "score",
    "outcome",
    "authority",
    "elpd",
    "se",
    "p_loo",
    "terms",
    "unreliable",
    "k_hat",
)

AREA_SCORE, AUTHORITY_SCORE = "leave_one_area_out", "leave_one_authority_out"


def reliable(k_hat: xr.DataArray) -> xr.DataArray:
    """Whether the score of each authority can be relied on; not where the shape is unknown."""
    return k_hat <= LARGEST_K_HAT


def scores_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Expected log predictive densities (elpd; higher is better) of what is left out in turn.

    `leave_one_area_out` has a row per outcome: areas, each once in every stratum, are predicted
    given the effects of their authority. `leave_one_authority_out` has a row for all authorities
    together (`authority` is empty), then one per authority, by code: all counts of an authority, of
    every outcome and stratum, are predicted from the other authorities
    (and from their effects, where neighbours are alike). `se` is the standard error
    of a sum over its `terms` (areas, authorities); `p_loo` the effective number of parameters;
    `unreliable` the number of terms whose importance weights cannot be relied on: for an area, too
    few effective draws; for an authority, a `k_hat` above 0.7. To compare models, see
    `bayesgrad.compare_scores`: the standard error of a difference is not that of the scores.

    It has no interval: `level` is there, and is checked, so that all tables are asked for alike.

    Raises
    ------
    FitError
        If `level` is not strictly between 0 and 1, or the fit holds no scores.
    """
    checked_level(level)
    scores = group(draws, "scores").sortby("authority")
    elpd, k_hat = scores["authority_elpd"], scores["authority_k_hat"]
    trusted = reliable(k_hat)
    rows = [
        {
            "score": AREA_SCORE,
            "outcome": outcome,
            "authority": "",
            "elpd": float(own["area_elpd"]),
            "se": float(own["area_se"]),
            "p_loo": float(own["area_p_loo"]),
            "terms": int(own["area_terms"]),
            "unreliable": int(own["area_unreliable"]),
            "k_hat": np.nan,
        }
        for outcome in scores["outcome"].values.tolist()
        for own in [scores.sel(outcome=outcome)]
    ]
    rows.append(
        {
            "score": AUTHORITY_SCORE,
            "outcome": "",
            "authority": "",
            "elpd": float(elpd.sum()),
            "se": float(scores["authority_se"]),
            "p_loo": float(scores["authority_p_loo"].sum()),
            "terms": elpd.size,
            "unreliable": int((~trusted).sum()),
            "k_hat": float(k_hat.max(skipna=False)),
        }
    )
    rows += [
        {
            "score": AUTHORITY_SCORE,
            "outcome": "",
            "authority": code,
            "elpd": float(elpd[j]),
            "se": np.nan,
            "p_loo": float(scores["authority_p_loo"][j]),
            "terms": 1,
            "unreliable": int(not trusted[j]),
            "k_hat": float(k_hat[j]),
        }
        for j, code in enumerate(scores["authority"].values.tolist())
    ]
    return from_rows(rows, columns=COLUMNS)
