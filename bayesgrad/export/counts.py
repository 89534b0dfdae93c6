"""Exact counts of authorities, and the one place where a count is made coarse.

A count leaves as a multiple of `round`, the nearest one, half upwards. A multiple some of whose
counts lie below the threshold would say more of them than `round` allows, so those of its counts
that may leave are given the first multiple that lies wholly above: with a threshold of 10 and
rounding to 5, the counts 10 to 17 leave as 15, and 18 to 22 as 20.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayesgrad.estimands.layout import group

Floats = NDArray[np.float64]

CELL = ("authority", "outcome", "stratum")
"""What a count is of."""


@dataclass(frozen=True, eq=False)
class Counts:
    """Exact counts of every authority, outcome and stratum; they never leave.

    Attributes
    ----------
    cells : DataFrame
        A row for each, indexed from 0: `authority`, `name`, `outcome`, `stratum`, `events` (those
        published; NaN where the fit file does not keep them), `areas` and `suppressed` (number of
        suppressed counts).
    """

    cells: pd.DataFrame

    @property
    def totals(self) -> pd.DataFrame:
        """The same of every authority and outcome, all strata together, `stratum` empty.

        An area is counted once in all strata. Events that the fit file does not keep are not in the
        total, which is then the least that it can be.
        """
        grouped = self.cells.groupby(["authority", "name", "outcome"], sort=False)
        summed = grouped[["events", "suppressed"]].sum(min_count=1)
        totals = summed.assign(areas=grouped["areas"].max()).reset_index()
        return totals.assign(stratum="")[list(self.cells.columns)]

    @property
    def strata(self) -> list[str]:
        """Names of the strata, in their order; one empty name where there are none."""
        return list(dict.fromkeys(self.cells["stratum"]))

    @property
    def codes(self) -> list[str]:
        """Codes of the authorities, in their order."""
        return list(dict.fromkeys(self.cells["authority"]))


def counts_of(draws: xr.DataTree) -> Counts:
    """Exact counts that the draws of a fit keep."""
    known = group(draws, "authorities")
    held = {name: known[name] for name in ("events", "areas", "suppressed") if name in known}
    cells = xr.Dataset(held).to_dataframe(dim_order=["outcome", "stratum", "authority"])
    cells = cells.reset_index()
    names = {str(code): str(name) for code, name in known["name"].to_series().items()}
    cells["authority"] = cells["authority"].astype(str)
    if "suppressed" not in cells:
        cells["suppressed"] = 0
    return Counts(
        pd.DataFrame(
            {
                "authority": cells["authority"].astype("str"),
                "name": cells["authority"].map(names).astype("str"),
                "outcome": cells["outcome"].astype("str"),
                "stratum": cells["stratum"].astype("str"),
                "events": cells["events"].astype(float),
                "areas": cells["areas"].astype(float),
                "suppressed": cells["suppressed"].astype(float),
            }
        )
    )


def lowest_label(threshold: int, step: int) -> int:
    """Smallest number that a count can leave as.

    >>> lowest_label(10, 5), lowest_label(8, 5)
    (15, 10)
    """
    return -(-(threshold + step // 2) // step) * step


def rounded(counts: Floats | pd.Series, *, threshold: int, step: int) -> Floats:
    """Counts as they leave; NaN where one is below the threshold, or unknown.

    >>> rounded(np.array([9.0, 10.0, 17.0, 18.0]), threshold=10, step=5)
    array([nan, 15., 15., 20.])
    """
    exact = np.asarray(counts, dtype=np.float64)
    nearest = np.floor((exact + step // 2) / step) * step
    labels = np.maximum(nearest, lowest_label(threshold, step))
    return np.where(exact >= threshold, labels, np.nan)


def range_of(label: float, *, threshold: int, step: int) -> tuple[float, float]:
    """Lowest and highest count that leaves as `label`.

    >>> range_of(15, threshold=10, step=5), range_of(20, threshold=10, step=5)
    ((10, 17), (18, 22))
    """
    low, high = label - step // 2, label - step // 2 + step - 1
    return (threshold if label == lowest_label(threshold, step) else low), high


def is_label(value: float, *, threshold: int, step: int) -> bool:
    """Whether a number is one that a count can leave as."""
    return value % step == 0 and value >= lowest_label(threshold, step)
