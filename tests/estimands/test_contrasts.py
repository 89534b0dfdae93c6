import numpy as np
import pytest

from bayesgrad.errors import FitError
from bayesgrad.estimands.contrasts import contrasts_table
from tests.fabricate import fabricated_draws, with_group


def test_by_hand() -> None:
    draws = fabricated_draws(strata=("a", "b", "c"), chains=1, draws=5, equivalence=1.25)
    posterior = draws["posterior"].to_dataset()
    ratios = np.array([1.0, 1.2, 1.3, 0.5, 2.0])
    deviations = np.stack([np.log(ratios), np.zeros(5), np.zeros(5)], axis=1)
    posterior["stratum_slope"] = (
        posterior["stratum_slope"].dims,
        deviations[None, :, None, :],
    )
    table = contrasts_table(with_group(draws, posterior=posterior), level=0.5)
    pairs = table[["stratum_a", "stratum_b"]].to_numpy().tolist()
    assert pairs == [["a", "b"], ["a", "c"], ["b", "c"]]
    first = table.iloc[0]
    # Quarters of 0.5, 1, 1.2, 1.3, 2.
    assert [first["lower"], first["ratio"], first["upper"]] == pytest.approx([1.0, 1.2, 1.3])
    # Three above, one below, one tie.
    assert first["prob_a_steeper"] == pytest.approx(0.7)
    assert [first["region_lower"], first["region_upper"]] == [0.8, 1.25]
    # Beyond 0.8 to 1.25: 1.3, 0.5 and 2.
    assert first["prob_beyond"] == pytest.approx(0.6)
    last = table.iloc[2]
    assert [last["ratio"], last["prob_a_steeper"], last["prob_beyond"]] == [1.0, 0.5, 0.0]


def test_each_outcome_has_every_pair_of_strata() -> None:
    strata = tuple(f"{k}" for k in range(6))
    table = contrasts_table(fabricated_draws(strata=strata, outcomes=("x", "y"), draws=5))
    assert table["outcome"].tolist() == ["x"] * 15 + ["y"] * 15
    assert (table["ratio"] > 0).all()


def test_the_level_of_a_stratum_changes_no_contrast() -> None:
    draws = fabricated_draws(strata=("a", "b"))
    posterior = draws["posterior"].to_dataset()
    shift = np.array([0.7, -0.7])
    for name in ("stratum_intercept", "slope"):
        posterior[name] = posterior[name] + (shift if name == "stratum_intercept" else 0.3)
    moved = contrasts_table(with_group(draws, posterior=posterior))
    assert moved.equals(contrasts_table(draws))


def test_without_strata_or_gradients_of_their_own_there_is_nothing_to_contrast() -> None:
    with pytest.raises(FitError, match="no strata"):
        contrasts_table(fabricated_draws())
    with pytest.raises(FitError, match="share one gradient") as caught:
        contrasts_table(fabricated_draws(strata=("a", "b"), common_gradients=True))
    assert 'gradients = "pooled"' in caught.value.do
