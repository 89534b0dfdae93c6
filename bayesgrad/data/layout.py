"""Checked rows -> the fixed layout of the analysis table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayesgrad.data.analysis_table import ROW_COLUMNS
from bayesgrad.data.checked import Checked


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
