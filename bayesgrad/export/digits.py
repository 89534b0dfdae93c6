"""How coarse the numbers of an export are: significant digits, steps and probabilities."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from bayesgrad.export.counts import Floats

LEADING = (1.0, 2.0, 5.0)
"""Steps are these times a power of ten."""


def to_digits(values: pd.Series | Floats, digits: int) -> Floats:
    """Numbers to significant digits; NaN and infinities stay.

    >>> to_digits(np.array([1.6249, 65432.1, 0.0]), 3)
    array([1.62e+00, 6.54e+04, 0.00e+00])
    """
    exact = np.asarray(values, dtype=np.float64)
    return np.array([float(f"{value:.{digits - 1}e}") for value in exact.ravel()]).reshape(
        exact.shape
    )


def coarse_step(size: float, *, least: float) -> float:
    """Smallest of 1, 2, 5, 10, 20, ... (times any power of ten) not below `size` times `least`.

    >>> coarse_step(430.0, least=0.05)
    50.0
    """
    wanted = abs(size) * least
    if not (np.isfinite(wanted) and wanted > 0.0):
        return 0.0
    power = 10.0 ** math.floor(math.log10(wanted))
    found = next((lead * power for lead in LEADING if lead * power >= wanted), 10.0 * power)
    return float(f"{found:.0e}")


def to_step(value: float, step: float) -> float:
    """Nearest multiple of a step; the value itself where the step is 0.

    >>> to_step(437.0, 50.0)
    450.0
    """
    if step == 0.0 or not np.isfinite(value):
        return value
    return float(f"{math.floor(value / step + 0.5) * step:.12g}")


def probability_text(value: float) -> str:
    """Write a probability to 0.01; below 0.01 and above 0.99 no more than that.

    >>> [probability_text(p) for p in (0.003, 0.5, 0.9951, float("nan"))]
    ['<0.01', '0.50', '>0.99', '']
    """
    if np.isnan(value):
        return ""
    if value < 0.01:
        return "<0.01"
    return ">0.99" if value > 0.99 else f"{value:.2f}"


def probability_of(text: str) -> float:
    """Read what `probability_text` wrote: at the ends 0.005 and 0.995.

    >>> probability_of("<0.01"), probability_of("0.50")
    (0.005, 0.5)
    """
    return {"": math.nan, "<0.01": 0.005, ">0.99": 0.995}.get(text) or float(text)
