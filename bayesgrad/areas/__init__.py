"""Quantities that need the areas themselves, taken while they are at hand.

A fit keeps what these return and no area: sums over areas, by authority or by band of deprivation.
"""

from bayesgrad.areas.summaries import summarise_areas

__all__ = ["summarise_areas"]
