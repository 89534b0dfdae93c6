import math

import numpy as np
import pytest

from bayesgrad.errors import FitError
from bayesgrad.estimands.thresholds import thresholds_table
from tests.fabricate import fabricated_draws, with_group


def test_one_outcome_has_no_thresholds() -> None:
    with pytest.raises(FitError, match=r"this fit has one outcome \(referrals\)"):
        thresholds_table(fabricated_draws())


def test_by_hand() -> None:
    draws = fabricated_draws(outcomes=("referral", "enquiry", "plan"), chains=1, draws=3)
    posterior = draws["posterior"].to_dataset()
    gradients = np.array([[1.0, 2.0, 3.0], [1.0, 1.5, 1.2], [2.0, 1.0, 4.0]])
    posterior["slope"] = (("chain", "draw", "outcome"), np.log(gradients)[None])
    table = thresholds_table(with_group(draws, posterior=posterior))
    assert table["from_outcome"].tolist() == [
        "referral",
        "enquiry",
        "prob_rises_at_every_threshold",
    ]
    assert table["to_outcome"].tolist() == ["enquiry", "plan", ""]
    # Ratios 2, 1.5, 0.5 and 1.5, 0.8, 4.
    assert table["transition"].tolist()[:2] == pytest.approx([1.5, 1.5])
    assert math.isnan(table["transition"][2])
    assert table["prob_rises"].tolist() == pytest.approx([2 / 3, 2 / 3, 1 / 3])
