"""Deprivation that does not vary within authorities, where gradients come from."""

from __future__ import annotations

import numpy as np

from bayesgrad.data.listing import counted
from bayesgrad.data.plausibility.evidence import Evidence

MOST = 0.5
"""Share of authorities without any variation, from which a reader is warned."""


def no_variation(evidence: Evidence) -> tuple[str, ...]:
    """Warn where in most authorities all areas are equally deprived."""
    kept = evidence.kept
    values = kept.deprivation.groupby(kept.selection.keys["authority"]).nunique().to_numpy()
    narrow = int((values == 1).sum())
    if narrow < MOST * len(values):
        return ()
    column = evidence.spec.columns.deprivation
    if np.all(values == 1):
        return (
            f"{column} does not vary within any authority: no area tells of the gradient within "
            "authorities, and what a fit says of it is the prior's. Is it the authority's mean? "
            "Give the deprivation of areas.",
        )
    authorities = counted(len(values), "authority", "authorities")
    return (
        f"{column} does not vary within {narrow:,} of {authorities}: their gradients are those of "
        "the others and the prior's. Is it the authority's mean there? Give the deprivation of "
        "areas.",
    )
