"""Codes and names of synthetic places, which cannot be taken for real ones."""

from __future__ import annotations

import numpy as np

from bayesgrad.simulate.geography import Geography


def authority_codes(count: int) -> list[str]:
    """Codes of authorities, in their order as text too."""
    return [f"S-A{number}" for number in _numbers(count)]


def authority_names(count: int) -> list[str]:
    """Names of authorities."""
    return [f"Synthetic authority {number}" for number in _numbers(count)]


def area_codes(geography: Geography) -> list[str]:
    """Codes of areas: that of the authority, then a number within it."""
    sizes = geography.sizes
    width = max(4, len(str(sizes.max())))
    within = np.arange(len(geography.authority)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    authority = np.asarray(authority_codes(len(sizes)))[geography.authority]
    return [f"{code}-{k + 1:0{width}d}" for code, k in zip(authority, within, strict=True)]


def _numbers(count: int) -> list[str]:
    width = max(3, len(str(count)))
    return [f"{j + 1:0{width}d}" for j in range(count)]
