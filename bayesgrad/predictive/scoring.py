"""What scores share."""

from __future__ import annotations

import numpy as np

from bayesgrad.design.splines import Floats

DRAWS = 500
"""Joint draws that scores are computed from."""


def standard_error(terms: Floats) -> float:
    r"""Standard error of a sum of n independent terms, :math:`\sqrt{n \, var}`; NaN for one."""
    size = len(terms)
    return float(np.sqrt(size * terms.var(ddof=1))) if size > 1 else float("nan")
