"""Recovery of what neighbours share: the scenario spatial, over replicates on one geography.

The share of true values inside their 95% intervals, over six replicates of 60 authorities, has a
standard error of about 1% for authority effects and 2% for the rest, and that of the twelve shares
phi one of 6%: limits of four of them make a false alarm once in some ten thousand runs for each.
"""

from __future__ import annotations

import numpy as np
import pytest
import recovery

LIMITS = {"authorities": 0.91, "coefficients": 0.75, "spread": 0.75, "neighbours": 0.66}


@pytest.mark.slow
def test_what_neighbours_share_is_recovered():
    found = [recovery.replicate("spatial", seed) for seed in range(1, 7)]
    for kind, limit in LIMITS.items():
        share = np.mean([one.inside[kind] for one in found])
        assert share > limit, (kind, share)
    assert sum(one.divergences > 0 for one in found) <= 2
