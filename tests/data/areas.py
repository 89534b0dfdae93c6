"""A small table of areas, and specs to go with it, for tests of the checks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayesgrad.spec import ModelSpec

SPEC = """
title = "Referrals"
[columns]
area = "lsoa"
authority = "la"
authority_name = "la_name"
exposure = "children"
deprivation = "income"
vintage = "IoD2019"
[[outcomes]]
column = "referrals"
"""

AUTHORITIES = {"E09000002": "Barking", "E06000001": "Hartlepool", "E10000030": "Surrey"}


def spec_with(text: str = "") -> ModelSpec:
    """The base spec followed by more TOML."""
    return ModelSpec.from_toml(SPEC + text)


def areas(*, per_authority: int = 4) -> pd.DataFrame:
    """Areas of three authorities, all in order: codes E01000001, E01000002, ..."""
    number = np.arange(3 * per_authority)
    codes = np.repeat(list(AUTHORITIES), per_authority)
    return pd.DataFrame(
        {
            "lsoa": [f"E0100{n + 1:04d}" for n in number],
            "la": codes,
            "la_name": [AUTHORITIES[code] for code in codes],
            "children": 300 + number,
            "income": 0.05 + 0.01 * number,
            "referrals": number % 5,
            "plans": number % 2,
            "density": 1.5 * (5 * number % 12),
            "spend": np.repeat([100.0, 120.0, 90.0], per_authority),
            "la_income": np.repeat([0.2, 0.15, 0.06], per_authority),
        }
    )


def damaged(column: str, values: dict[int, object], *, table: pd.DataFrame | None = None):
    """The table with some cells of one column replaced, by row."""
    table = areas() if table is None else table.copy()
    table[column] = table[column].astype(object)
    for row, value in values.items():
        table.loc[row, column] = value
    return table.infer_objects()
