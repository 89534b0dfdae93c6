"""What a check of fit found, as the fit keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr


class Finding(NamedTuple):
    """One check of one outcome.

    Attributes
    ----------
    check : str
    observed, expected : float
        A size that a reader can understand, in the data and under the model.
    sd : float
        Standard deviation of the observed size under the model; NaN where it has none.
    p_value : float
    where : str
        Places at fault, by code; empty where none stands out or the check found nothing.
    """

    check: str
    observed: float
    expected: float
    sd: float
    p_value: float
    where: str = ""


def findings_dataset(found: Sequence[Sequence[Finding]]) -> xr.Dataset:
    """Findings of each outcome, in the order of outcomes, by the names of the checks.

    Returns
    -------
    Dataset
        (outcome, fit_check): ``check_observed``, ``check_expected``, ``check_sd``,
        ``check_p_value`` (NaN where a check does not apply to an outcome) and ``check_where``.
    """
    names = list(dict.fromkeys(one.check for of_outcome in found for one in of_outcome))
    if not names:
        return xr.Dataset()
    shape = (len(found), len(names))
    fields = ("observed", "expected", "sd", "p_value")
    values = {field: np.full(shape, np.nan) for field in fields}
    where = [[""] * len(names) for _ in found]
    for s, of_outcome in enumerate(found):
        for one in of_outcome:
            k = names.index(one.check)
            where[s][k] = one.where
            for field in fields:
                values[field][s, k] = getattr(one, field)
    dims = ("outcome", "fit_check")
    variables = {f"check_{field}": (dims, array) for field, array in values.items()}
    variables["check_where"] = (dims, np.array(where, dtype=str))
    return xr.Dataset(variables, coords={"fit_check": names})


def named(codes: Sequence[str], *, most: int = 3) -> str:
    """Write a few codes, and how many more there are."""
    more = f" and {len(codes) - most} more" if len(codes) > most else ""
    return ", ".join(codes[:most]) + more
