"""A right table of realistic size, in which tests of plausibility plant faults."""

from __future__ import annotations

import numpy as np
import pandas as pd

TEXT = """
title = "T"
[columns]
area = "area"
authority = "authority"
exposure = "children"
deprivation = "income"
vintage = "IoD2019"
[[outcomes]]
column = "events"
"""


def realistic(
    seed: int, *, authorities: int = 30, areas: int = 50, mean: float = 20.0
) -> pd.DataFrame:
    """Negative binomial counts at rates that rise with deprivation, with the columns of `TEXT`."""
    rng = np.random.default_rng(seed)
    own = np.repeat(rng.uniform(0.06, 0.25, authorities), areas)
    income = (own * np.exp(rng.normal(-0.15, 0.5, len(own)))).clip(0.005, 0.7).round(3)
    children = np.exp(rng.normal(5.8, 0.3, len(own))).round()
    rate = np.exp(0.48 * (income - 0.15) / 0.1)
    expected = mean * children * rate / np.mean(children * rate)
    return pd.DataFrame(
        {
            "area": [f"E0100{at:04d}" for at in range(len(own))],
            "authority": np.repeat([f"E0900{at:04d}" for at in range(authorities)], areas),
            "children": children.astype(int),
            "income": income,
            "events": rng.negative_binomial(5, 5 / (5 + expected)),
        }
    )
