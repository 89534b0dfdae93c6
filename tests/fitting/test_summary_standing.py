"""Where authorities stand, in words."""

from __future__ import annotations

import pytest

from bayesgrad.estimands import table
from bayesgrad.fitting.summary.standing import standing_words
from tests.fabricate import fabricated_draws, with_group
from tests.fabricated_nation import nation_dataset


def words_of(attributes=None, **settings):
    draws = fabricated_draws(**settings)
    nation = nation_dataset(draws)
    draws = with_group(draws, nation=nation.assign_attrs(attributes or {}))
    return standing_words(draws), table(draws, "standing")


def test_one_authority_is_told_in_three_lines():
    lines, rows = words_of(authorities=1)
    row = rows.iloc[0]
    assert lines[0] == "prior: national pack of 150 authorities (Nation)"
    assert len(lines) == 4
    assert lines[1] == (
        f"Authority A0 (E09000001): rate ratio {row['gradient']:.2f} ({row['lower']:.2f} to "
        f"{row['upper']:.2f}); {row['prior_share']:.0%} of it rests on the prior, reliability "
        f"{row['reliability']:.2f}"
    )
    assert lines[2] == "  the prior alone: 1.65 (1.38 to 1.98) for an authority as deprived"
    assert lines[3].startswith(f"  steeper than {row['share_of_nation_below']:.0%} (")


@pytest.mark.parametrize(("shift", "told"), [(0.0, False), (-0.6, True)])
def test_counts_that_contradict_the_pack_are_told(shift, told):
    draws = fabricated_draws(authorities=1)
    posterior = draws["posterior"].to_dataset()
    posterior["authority_slope"] = posterior["authority_slope"] + shift
    lines = standing_words(with_group(draws, posterior=posterior, nation=nation_dataset(draws)))
    found = [line for line in lines if "ITS OWN COUNTS CONTRADICT THE PRIOR" in line]
    assert len(found) == told
    assert all("without prior_pack" in line for line in found)


def test_outcomes_are_named_where_there_are_several():
    lines, _ = words_of(authorities=1, outcomes=("referral", "plan"))
    assert [line.split(":")[0] for line in lines if "rests on" in line] == [
        "Authority A0 (E09000001), referral",
        "Authority A0 (E09000001), plan",
    ]


def test_no_more_than_three_authorities_are_told_of():
    lines, _ = words_of(authorities=5)
    assert sum("rests on the prior" in line for line in lines) == 3
    assert lines[-1] == "and 2 more: see the table standing"


def test_a_pack_of_a_failed_fit_is_not_to_be_relied_on():
    lines, _ = words_of({"diagnostics_passed": 0}, authorities=1)
    assert "FAILED ITS DIAGNOSTICS" in lines[1]
