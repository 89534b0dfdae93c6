"""Which scale a deprivation column is on, where it is not a proportion."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayesgrad.data.listing import offenders
from bayesgrad.errors import DataError

_BINS = {4: "quartiles", 5: "quintiles", 10: "deciles", 20: "vigintiles"}
_USE_RATE = (
    "Use the proportion of people in income deprivation: the Indices' column "
    "'Income Score (rate)', from File 7."
)
_DIVIDE = "Divide the column by 100 if these are percentages of people in income deprivation."


def refuse_other_scales(codes: pd.Series, values: pd.Series, *, column: str, where: str) -> None:
    """Refuse deprivation outside 0 to 1, naming the scale that the values are on.

    Parameters
    ----------
    codes, values : Series
        Aligned: codes of the areas (or authorities), and their deprivation, all finite.
    column : str
        Name of the column, which helps to tell a score from a percentage.
    where : str
        Names the table and the column in the message.

    Raises
    ------
    DataError
        Names percentages, ranks, deciles and scores as such, and gives the remedy; else lists the
        values that lie outside.
    """
    outside = (values < 0) | (values > 1)
    if not outside.any():
        return
    scale, remedy = "", "Mend the values: deprivation is the proportion of people, from 0 to 1."
    # With most values in place, the few outside are errors and not another scale.
    if outside.mean() > 0.5:
        scale, remedy = _recognised(values.to_numpy(np.float64), column.casefold())
    raise DataError(
        f"{where} must lie between 0 and 1, but {outside.sum():,} of {len(values):,} values do "
        f"not{scale}: {offenders(codes, values, outside)}",
        remedy,
    )


def _recognised(values: np.ndarray, column: str) -> tuple[str, str]:
    """Words for the scale, to follow "do not", and the remedy."""
    lowest, highest = values.min(), values.max()
    span = f"from {lowest:g} to {highest:g}"
    if lowest < 0:
        return f"; these look like standardised scores ({span})", _USE_RATE
    if (values % 1 == 0).all():
        return _whole_numbers(lowest, highest, span, column)
    if highest <= 100:
        if _is_score(values, column):
            return f"; these look like scores such as the IMD score ({span})", _USE_RATE
        return f"; these look like percentages ({span})", f"{_DIVIDE} {_USE_RATE}"
    return f"; these are no proportions ({span})", _USE_RATE


def _whole_numbers(lowest: float, highest: float, span: str, column: str) -> tuple[str, str]:
    if highest > 100:
        return f"; these look like ranks (whole numbers {span})", _USE_RATE
    if lowest >= 1 and highest <= 20:
        # A single authority may lack the extreme groups: the smallest grouping that holds them.
        bins = next(name for groups, name in _BINS.items() if highest <= groups)
        bins = "deciles" if "decile" in column and highest <= 10 else bins
        return f"; these look like {bins} (whole numbers {span})", _USE_RATE
    return (
        f"; these look like whole percentages, or percentiles (whole numbers {span})",
        f"{_DIVIDE} {_USE_RATE}",
    )


def _is_score(values: np.ndarray, column: str) -> bool:
    """Tell the IMD score from a percentage: by its decimals, else by the name.

    The IMD score is published to three decimals; a published rate in per cent has one.
    """
    if any(word in column for word in ("percent", "pct", "%")):
        return False
    thousandths = np.abs(values * 1000 - np.round(values * 1000)) < 1e-6
    tenths = np.abs(values * 10 - np.round(values * 10)) < 1e-6
    if thousandths.all() and tenths.mean() < 0.5:
        return True
    is_rate = any(word in column for word in ("income", "idaci", "rate"))
    return not is_rate and any(word in column for word in ("imd", "score", "multiple"))
