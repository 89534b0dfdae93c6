"""Checked rows -> the fixed layout of the analysis table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayesgrad.data.analysis_table import ROW_COLUMNS
from bayesgrad.data.checked import Checked
from bayesgrad.spec.model_spec import ModelSpec


def mean_deprivation(spec: ModelSpec, given: Checked, *, strata: tuple[str, ...]) -> pd.Series:
    """Mean deprivation of authorities over all rows given, weighted by exposure, by code.

    Rows enter whether or not they have a count, so that a place is as deprived as it is whatever
    is known of its outcomes; those of outcomes out of an earlier stage's events do not, since their
    exposure is a count.

    Returns
    -------
    Series
        Float64, indexed by authority code, sorted, named `mean_deprivation`.
    """
    keys = given.selection.keys
    authority, codes = pd.factorize(keys["authority"], sort=True)
    # Sums are taken in the order of codes, so that the order of the table changes no digit.
    order = np.lexsort(
        (
            pd.factorize(keys["area"], sort=True)[0],
            pd.Index(strata).get_indexer(pd.Index(keys["stratum"])),
        )
    )
    own = [outcome.column for outcome in spec.outcomes if outcome.out_of is None]
    exposure = given.exposures[own].to_numpy(np.float64)[order].T.ravel()
    at = np.tile(authority[order], len(own))
    deprivation = np.tile(given.deprivation.to_numpy(np.float64)[order], len(own))
    weighted = np.bincount(at, exposure * deprivation, minlength=len(codes))
    with np.errstate(invalid="ignore"):
        mean = weighted / np.bincount(at, exposure, minlength=len(codes))
    return pd.Series(mean, index=codes, name="mean_deprivation")


def lay_out(checked: Checked, *, strata: tuple[str, ...]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Stack the outcomes of every row: one row per area x outcome x stratum that enters.

    Returns
    -------
    rows : DataFrame
        Columns `ROW_COLUMNS`, and `neighbourhood` where there are any; sorted by authority,
        outcome (in the order of `checked.counts`), stratum (in the order of `strata`) and area.
    covariates : DataFrame
        Aligned with `rows`.
    """
    keys, entering = checked.selection.keys, checked.entering.to_numpy()
    outcome, row = np.nonzero(entering.T)
    names = np.array(checked.counts.columns, dtype=object)
    further = [name for name in ("neighbourhood",) if name in keys]
    rows = keys[["area", "authority", "stratum", *further]].take(row).reset_index(drop=True)
    rows["outcome"] = pd.Series(names[outcome], dtype="str")
    rows["count"] = checked.counts.to_numpy(np.float64)[row, outcome].astype(np.int64)
    rows["exposure"] = checked.exposures.to_numpy(np.float64)[row, outcome]
    rows["deprivation"] = checked.deprivation.to_numpy(np.float64)[row]
    rows["suppressed"] = checked.suppressed.to_numpy(np.bool_)[row, outcome]
    order = np.lexsort(
        (
            pd.factorize(rows["area"], sort=True)[0],
            pd.Index(strata).get_indexer(pd.Index(rows["stratum"])),
            outcome,
            pd.factorize(rows["authority"], sort=True)[0],
        )
    )
    arranged = rows.take(order)[[*ROW_COLUMNS, *further]].reset_index(drop=True)
    return arranged, checked.covariates.take(row[order]).reset_index(drop=True)
