import numpy as np
import pytest

from bayesgrad.errors import FitError
from bayesgrad.estimands.thresholds import thresholds_table
from bayesgrad.estimands.transitions import transitions_table
from tests.fabricate import fabricated_draws, with_group

OUTCOMES = ("referral", "enquiry", "plan")


def test_one_outcome_has_no_transitions() -> None:
    with pytest.raises(FitError, match=r"this fit has one outcome \(referrals\)"):
        transitions_table(fabricated_draws())


def test_by_hand() -> None:
    draws = fabricated_draws(outcomes=("referral", "plan"), authorities=2, chains=1, draws=3)
    posterior = draws["posterior"].to_dataset()
    gradients = np.array([[[1.0, 2.0], [1.0, 1.5]], [[2.0, 1.0], [1.0, 3.0]], [[1.0, 4.0], [1, 1]]])
    posterior["authority_slope"] = (posterior["authority_slope"].dims, np.log(gradients)[None])
    first, second = transitions_table(with_group(draws, posterior=posterior), level=0.5).to_dict(
        "records"
    )
    # Ratios 2, 0.5, 4 of the first authority, and 1.5, 3, 1 of the second.
    assert [first["lower"], first["transition"], first["upper"]] == pytest.approx([1.25, 2.0, 3.0])
    assert [first["prob_rises"], second["prob_rises"]] == pytest.approx([2 / 3, 2 / 3])
    assert second["transition"] == pytest.approx(1.5)
    assert (first["from_outcome"], first["to_outcome"]) == ("referral", "plan")
    assert [first["authority"], second["authority"]] == ["E09000001", "E09000002"]


def test_rows_are_by_threshold_and_code_whatever_the_order_of_the_draws() -> None:
    draws = fabricated_draws(outcomes=OUTCOMES, authorities=4, draws=20)
    shuffled = [2, 0, 3, 1]
    mixed = with_group(
        draws,
        posterior=draws["posterior"].to_dataset().isel(authority=shuffled),
        authorities=draws["authorities"].to_dataset().isel(authority=shuffled),
    )
    table = transitions_table(mixed)
    assert table.equals(transitions_table(draws))
    assert table["authority"].tolist() == [f"E0900000{i}" for i in range(1, 5)] * 2
    assert (
        table["name"].tolist()
        == ["Authority A0", "Authority B1", "Authority C2", "Authority D3"] * 2
    )


def in_stages(draws):
    """The same gradients with the two later outcomes fitted out of the earlier ones."""
    posterior, reference = draws["posterior"].to_dataset(), draws["reference"].to_dataset()
    for name in ("slope", "authority_slope"):
        whole = posterior[name]
        before = whole.shift(outcome=1, fill_value=0.0)
        posterior[name] = whole - before
    reference["out_of"] = ("outcome", ["", "referral", "enquiry"])
    return with_group(draws, posterior=posterior, reference=reference)


@pytest.mark.parametrize("table", [thresholds_table, transitions_table])
def test_side_by_side_and_in_stages_are_the_same_quantities(table) -> None:
    draws = fabricated_draws(
        outcomes=OUTCOMES, family=("poisson", "binomial", "binomial"), link="log"
    )
    one, other = table(draws), table(in_stages(draws))
    numbers = ["transition", "lower", "upper", "prob_rises"]
    np.testing.assert_allclose(other[numbers], one[numbers], rtol=1e-12)
    assert one.drop(columns=numbers).equals(other.drop(columns=numbers))


def test_a_transition_between_stages_is_the_later_ones_own_gradient() -> None:
    draws = fabricated_draws(
        outcomes=("referral", "plan"),
        family=("poisson", "binomial"),
        link="log",
        out_of=("", "referral"),
    )
    slope = draws["posterior"]["slope"].values[..., 1]
    assert thresholds_table(draws)["transition"][0] == pytest.approx(np.median(np.exp(slope)))


@pytest.mark.parametrize("table", [thresholds_table, transitions_table])
def test_odds_ratios_do_not_multiply(table) -> None:
    draws = fabricated_draws(
        outcomes=("referral", "plan"), family=("poisson", "binomial"), out_of=("", "referral")
    )
    with pytest.raises(FitError, match="plan out of an earlier outcome is an odds ratio") as caught:
        table(draws)
    assert 'link = "log"' in caught.value.do


def test_odds_and_rates_are_not_compared_but_odds_are() -> None:
    mixed = fabricated_draws(outcomes=("plan", "repeat"), family=("poisson", "binomial"))
    with pytest.raises(FitError, match="gradients of repeat are odds ratios"):
        thresholds_table(mixed)
    odds = fabricated_draws(outcomes=("plan", "repeat"), family="binomial")
    slope = odds["posterior"]["slope"].values
    expected = np.median(np.exp(slope[..., 1] - slope[..., 0]))
    assert thresholds_table(odds)["transition"][0] == pytest.approx(expected)
