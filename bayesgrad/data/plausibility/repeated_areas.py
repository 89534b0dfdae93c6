"""Areas that stand in the table twice, under different codes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayesgrad.data.listing import counted, listed
from bayesgrad.data.plausibility.area_totals import Floats
from bayesgrad.data.plausibility.evidence import Evidence

FEWEST = 10
SHARE_OF_TABLE = 0.02
SHARE_OF_AUTHORITY = 0.8
EXPECTED = 0.1
"""Where more than this share of areas has a twin by chance, twins say nothing."""
DEPENDENCE = 5.0


def repeated_areas(evidence: Evidence) -> tuple[str, ...]:
    """Warn where areas have equal exposures, deprivation and counts more often than by chance."""
    keys = evidence.kept.selection.keys
    twin, chance = _twins(evidence)
    area, codes = keys["area"].factorize()
    first = pd.Series(np.arange(len(keys))).groupby(area).first().to_numpy()
    authority, names = keys["authority"].iloc[first].factorize(sort=True)
    areas = np.bincount(authority)
    own, expected = np.bincount(authority, twin), np.bincount(authority, chance)
    copied = (
        (areas >= FEWEST) & (own >= SHARE_OF_AUTHORITY * areas) & (expected <= EXPECTED * areas)
    )
    total, by_chance = int(twin.sum()), float(chance.sum())
    many = (
        total >= max(FEWEST, SHARE_OF_TABLE * len(codes))
        and total > 10 * by_chance
        and by_chance <= EXPECTED * len(codes)
    )
    if not (many or copied.any()):
        return ()
    if not many:
        total, by_chance = int(own[copied].sum()), float(expected[copied].sum())
    named = own > 0 if many else copied
    where = [name for name, one in zip(names, named, strict=True) if one]
    return (
        f"{counted(total, 'area has', 'areas have')} the same exposures, deprivation and counts "
        f"as another area, where chance gives some {by_chance:,.0f}, in "
        f"{counted(len(where), 'authority', 'authorities')} ({listed(where)}): is a place in the "
        "table twice, under old and new codes? Keep one row of each.",
    )


def _twins(evidence: Evidence) -> tuple[Floats, Floats]:
    """Which areas have a twin, and the chance of one: (areas,) each, in the order of the table.

    Chance takes exposures, deprivation and counts as independent, but for counts being alike
    `DEPENDENCE` times as often where exposures and deprivation are.
    """
    checked = evidence.kept
    keys = checked.selection.keys
    area, _ = keys["area"].factorize()
    size = int(area.max()) + 1
    # Hashes of an area's rows are added up, so that the order of rows does not matter.
    exposures = _added(area, size, pd.concat([keys[["stratum"]], checked.exposures], axis=1))
    counts = _added(
        area,
        size,
        pd.concat([keys[["stratum"]], checked.counts, checked.suppressed.add_prefix("_")], axis=1),
    )
    deprivation = np.zeros(size)
    deprivation[area] = checked.deprivation.to_numpy(np.float64)
    frame = pd.DataFrame({"exposure": exposures, "count": counts, "deprivation": deprivation})
    twin = frame.duplicated(keep=False).to_numpy(np.float64)
    exposure, count, level = (
        frame[name].map(frame[name].value_counts()).to_numpy(np.float64) / size
        for name in ("exposure", "count", "deprivation")
    )
    chance = size * exposure * level * np.minimum(DEPENDENCE * count, 1.0)
    return twin, np.minimum(chance, 1.0)


def _added(area: np.ndarray, size: int, frame: pd.DataFrame) -> np.ndarray:
    hashes = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    added = np.zeros(size, np.uint64)
    np.add.at(added, area, hashes)
    return added
