"""Areas whose counts the rest of the table makes all but impossible."""

from __future__ import annotations

import numpy as np

from bayesgrad.data.listing import counted, listed
from bayesgrad.data.plausibility.evidence import Evidence
from bayesgrad.data.plausibility.expected import Expected


def outlying_areas(evidence: Evidence) -> tuple[str, ...]:
    """Say how many areas have such counts, and in which authorities; areas are not named."""
    return tuple(
        warning for fit in evidence.expected if fit.improbable.any() for warning in (_told(fit),)
    )


def _told(fit: Expected) -> str:
    totals, areas = fit.totals, int(fit.improbable.sum())
    excess = np.where(fit.improbable, totals.events * (1 - 1 / np.maximum(fit.ratio, 1)), 0)
    by_authority = totals.by_authority(excess)
    order = np.argsort(-by_authority, kind="stable")
    names = [totals.codes[at] for at in order if by_authority[at] > 0]
    largest = float(fit.ratio[fit.improbable].max())
    question = "is it an error, or a place" if areas == 1 else "are they errors, or places"
    return (
        f"{totals.outcome}: {counted(areas, 'area has a count', 'areas have counts')} far above "
        f"what the other areas lead to expect, the largest more than {_rounded(largest)} times, "
        f"in {counted(len(names), 'authority', 'authorities')}, most in {listed(names)}: "
        f"{question} unlike the others? Look there at the highest counts over exposure; mend what "
        "is wrong, or leave such areas out and say so. One can decide a gradient alone."
    )


def _rounded(ratio: float) -> str:
    """A ratio rounded down to 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(ratio))
    step = max(step for step in (1, 2, 5) if step * power <= ratio)
    return f"{step * power:,.0f}"
