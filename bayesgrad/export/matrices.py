"""Pairs of authorities as matrices: a row and a column for each, where a list would be too long."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayesgrad.export.digits import probability_text, to_digits

QUANTITIES = ("prob_a_steeper", "ratio", "lower", "upper")
"""Columns of the table `pairs`, each a matrix of its own: row a, column b."""


def matrix_name(quantity: str) -> str:
    """Name of the table of one quantity.

    >>> matrix_name("ratio")
    'pairs_ratio'
    """
    return f"pairs_{quantity}"


def matrices(pairs: pd.DataFrame, *, digits: int) -> dict[str, pd.DataFrame]:
    """One matrix for each quantity of the pairs.

    A row is of authority a, by `outcome`, `stratum` and `authority_a`; the other columns have the
    codes of authorities b. What an outcome does not compare is missing, and so is the diagonal.

    Parameters
    ----------
    pairs : DataFrame
        Each pair once, as `bayesgrad table` gives them.
    digits : int
        Significant digits of ratios.
    """
    codes = sorted({*pairs["authority_a"], *pairs["authority_b"]})
    swapped = pd.DataFrame(
        {
            "authority_a": pairs["authority_b"],
            "authority_b": pairs["authority_a"],
            "outcome": pairs["outcome"],
            "stratum": pairs["stratum"],
            "prob_a_steeper": 1.0 - pairs["prob_a_steeper"],
            "ratio": 1.0 / pairs["ratio"],
            "lower": 1.0 / pairs["upper"],
            "upper": 1.0 / pairs["lower"],
        }
    )
    both = pd.concat([pairs, swapped], ignore_index=True)
    return {matrix_name(name): _matrix(both, name, codes, digits) for name in QUANTITIES}


def _matrix(both: pd.DataFrame, quantity: str, codes: list[str], digits: int) -> pd.DataFrame:
    place = {code: k for k, code in enumerate(codes)}
    parts = []
    for (outcome, stratum), own in both.groupby(["outcome", "stratum"], sort=False):
        members = sorted(set(own["authority_a"]))
        row = {code: k for k, code in enumerate(members)}
        values = np.full((len(members), len(codes)), np.nan)
        values[own["authority_a"].map(row), own["authority_b"].map(place)] = own[quantity]
        if quantity == "prob_a_steeper":
            cells = np.array([[probability_text(one) for one in line] for line in values])
            content = pd.DataFrame(cells, columns=codes)
        else:
            content = pd.DataFrame(to_digits(values, digits), columns=codes)
        labels = {"outcome": outcome, "stratum": stratum, "authority_a": members}
        parts.append(pd.concat([pd.DataFrame(labels), content], axis=1))
    return pd.concat(parts, ignore_index=True)
