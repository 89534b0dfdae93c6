import numpy as np
import pytest
import xarray as xr

from bayesgrad.errors import FitError
from bayesgrad.estimands import compare_in_words
from tests.fabricate import fabricated_draws, with_group

CODES = ["E09000001", "E09000002"]


def two_slopes(*, above: int, failed: tuple[str, ...] = ()) -> xr.DataTree:
    """The first authority is the steeper in `above` of 1000 draws."""
    draws = fabricated_draws(authorities=2, chains=1, draws=1000, failed_checks=failed)
    posterior = draws["posterior"].to_dataset()
    first = np.where(np.arange(1000) < above, np.log(2.0), np.log(1.0))
    slopes = np.stack([first, np.full(1000, np.log(1.6))], axis=1)
    posterior["authority_slope"] = (
        posterior["authority_slope"].dims,
        slopes[None, :, :, None],
    )
    return with_group(draws, posterior=posterior)


@pytest.mark.parametrize("above", [51, 400, 949])
def test_it_refuses_to_tell_apart_what_the_draws_do_not(above: int) -> None:
    text = compare_in_words(two_slopes(above=above), CODES)
    assert "Authority A0 (E09000001) and Authority B1 (E09000002) cannot be told apart" in text
    assert "has a steeper gradient than" not in text
    assert f"is {above / 1000:.2f}" in text


def test_it_names_the_steeper_where_the_draws_are_sure() -> None:
    text = compare_in_words(two_slopes(above=980), CODES)
    assert (
        "Authority A0 (E09000001) has a steeper gradient than Authority B1 (E09000002) "
        "with probability 0.98; the ratio of the two is 1.25 (1.25 to 1.25)."
    ) in text
    assert "cannot be told apart" not in text


@pytest.mark.parametrize(
    ("above", "level", "sure", "steeper"),
    [
        (970, 0.95, 0.95, False),  # the interval that is shown holds 1
        (970, 0.90, 0.95, True),
        (30, 0.95, 0.95, False),
        (30, 0.90, 0.95, True),
        (900, 0.50, 0.95, False),  # a narrow interval states nothing more easily
        (900, 0.50, 0.90, True),
        (980, 0.95, 0.99, False),
    ],
)
def test_a_statement_has_a_bar_of_its_own_and_never_contradicts_the_interval(
    above: int, level: float, sure: float, steeper: bool
) -> None:
    text = compare_in_words(two_slopes(above=above), CODES, level=level, sure=sure)
    assert ("has a steeper gradient than" in text) == steeper
    assert ("cannot be told apart" in text) != steeper


def test_an_interval_that_ends_next_to_one_shows_on_which_side() -> None:
    draws = two_slopes(above=1000)
    posterior = draws["posterior"].to_dataset()
    first = np.log(1.6) + np.linspace(np.log(1.0015), np.log(1.4), 1000)
    posterior["authority_slope"][:] = np.stack([first, np.full(1000, np.log(1.6))], axis=1)[
        None, :, :, None
    ].reshape(posterior["authority_slope"].shape)
    text = compare_in_words(with_group(draws, posterior=posterior), CODES)
    assert "the ratio of the two is 1.18 (1.01 to 1.39)." in text
    text = compare_in_words(with_group(draws, posterior=posterior), CODES, level=0.999)
    assert "the ratio of the two is 1.184 (1.002 to 1.400)." in text


@pytest.mark.parametrize("sure", [0.5, 1.0, 95])
def test_a_bar_that_states_everything_or_nothing_is_refused(sure: float) -> None:
    with pytest.raises(FitError, match="bar for statements"):
        compare_in_words(fabricated_draws(), CODES, sure=sure)


def test_the_ratio_is_of_the_steeper_to_the_other() -> None:
    text = compare_in_words(two_slopes(above=0), CODES)
    assert (
        "Authority B1 (E09000002) has a steeper gradient than Authority A0 (E09000001) "
        "with probability over 0.99; the ratio of the two is 1.60 (1.60 to 1.60)."
    ) in text


def test_gradients_come_with_intervals_and_what_they_rest_on() -> None:
    draws = two_slopes(above=970)
    text = compare_in_words(draws, CODES, level=0.9)
    assert "per +10 percentage points of deprivation (IoD2019), median and 90% interval" in text
    known = draws["authorities"].to_dataset().isel(authority=0, outcome=0, stratum=0)
    assert "  Authority A0 (E09000001): 2.00 (2.00 to 2.00); reliability" in text
    assert f"{int(known['events']):,} events in {int(known['areas']):,} areas" in text


def test_several_comparisons_carry_a_caution_and_two_authorities_none() -> None:
    draws = fabricated_draws()
    three = compare_in_words(draws, ["E09000001", "E09000002", "E09000003"])
    assert "Each of these 3 comparisons stands alone" in three
    assert "stands alone" not in compare_in_words(draws, CODES)


def test_strata_with_deviations_of_authorities_are_compared_one_by_one() -> None:
    draws = fabricated_draws(strata=("girls", "boys"), authority_deviations=True)
    text = compare_in_words(draws, CODES)
    assert text.index("Gradient of referrals, girls:") < text.index("Gradient of referrals, boys:")
    assert "mean over strata" not in text


def test_strata_in_which_authorities_compare_alike_are_taken_together() -> None:
    draws = fabricated_draws(strata=("girls", "boys"), outcomes=("referrals", "plans"))
    text = compare_in_words(draws, CODES)
    assert text.count("Gradient of ") == 2
    assert "Gradient of plans, mean over strata: rate ratio per +10" in text
    slope = draws["posterior"]["authority_slope"].sel(outcome="plans", authority=CODES[1])
    events = draws["authorities"]["events"].sel(outcome="plans", authority=CODES[1])
    line = next(
        line for line in text.split("Gradient of plans")[1].splitlines() if CODES[1] in line
    )
    assert f"({CODES[1]}): {float(np.exp(np.median(slope))):.2f} (" in line
    assert f"{int(events.sum()):,} events" in line


def test_the_ratio_has_the_name_of_its_outcome() -> None:
    draws = fabricated_draws(outcomes=("plans", "repeats"), family=("poisson", "binomial"))
    text = compare_in_words(draws, CODES)
    assert "Gradient of plans: rate ratio per" in text
    assert "Gradient of repeats: odds ratio per" in text


def test_failed_diagnostics_are_said_first() -> None:
    text = compare_in_words(two_slopes(above=970, failed=("max_r_hat",)), CODES)
    assert text.startswith("The fit failed its diagnostics (max_r_hat)")


def test_one_code_that_is_no_list_is_named_whole() -> None:
    with pytest.raises(FitError, match="1 authority to compare"):
        compare_in_words(fabricated_draws(), CODES[0])


def test_unknown_authority_is_refused() -> None:
    with pytest.raises(FitError, match="E09999999"):
        compare_in_words(fabricated_draws(), ["E09000001", "E09999999"])


def test_a_code_in_small_letters_is_that_of_the_table() -> None:
    small = [f" {code.lower()}" for code in CODES]
    assert compare_in_words(fabricated_draws(), small) == compare_in_words(
        fabricated_draws(), CODES
    )
