import numpy as np
import pytest

from bayesgrad.auditing.verdict import (
    DOES_NOT,
    EXPLAINS,
    FEWEST_AUTHORITIES,
    SURVIVES,
    verdict_of,
    verdict_table,
    weighted_quantiles,
)
from tests.auditing.fabricated import audit_of, outcome_audit

FAR = 30.0


def claims(verdict):
    return {claim.name: claim.standing for claim in verdict.claims}


@pytest.mark.parametrize("shape", ["log", "linear"])
def test_moderation_that_is_likeliest_is_named(shape):
    found = verdict_of(outcome_audit({f"{shape} moderation": FAR}))
    assert found.explanation == f"{shape} moderation"
    assert claims(found) == {
        "slope": "survives",
        "level": "survives",
        "slope per sd": "does not survive",
    }


def test_a_curve_without_moderation_is_named_and_the_slope_does_not_survive():
    found = verdict_of(outcome_audit({"no moderation (log level), curve": FAR}))
    assert found.explanation == "a common curve"
    assert claims(found)["slope"] == "does not survive"
    assert claims(found)["level"] == "survives"


@pytest.mark.parametrize(
    ("carried", "title", "expected"),
    [
        (-0.2, "no moderation (linear level), turnover", "the moderator turnover"),
        (-0.2, "no moderation (log level), curve, turnover", "the moderator turnover"),
        (0.0, "no moderation (log level), curve, turnover", "a common curve"),
        (0.0, "no moderation (log level), turnover", "no interaction"),
        (0.0, "spline moderation", "moderation of another shape"),
        (-0.3, "log moderation, turnover", "the moderator turnover"),
        (-0.1, "log moderation, turnover", "log moderation"),
    ],
)
def test_a_moderator_explains_only_what_it_carries(carried, title, expected):
    assert verdict_of(outcome_audit({title: FAR}, carried=carried)).explanation == expected


def test_nothing_is_named_where_forms_are_alike():
    found = verdict_of(outcome_audit())
    assert found.explanation == "cannot tell"
    assert claims(found)["slope"] == "cannot tell"
    assert sum(found.explanations.values()) == pytest.approx(1.0)
    # Half of the prior, for the interactions of forms that have one are all below zero.
    assert found.claims[0].probability == pytest.approx(0.5)
    assert max(found.explanations.values()) < EXPLAINS
    assert DOES_NOT < 0.5 < SURVIVES


def test_with_few_authorities_it_cannot_tell_whatever_the_evidence():
    few = outcome_audit({"log moderation": FAR}, authorities=FEWEST_AUTHORITIES - 1)
    found = verdict_of(few)
    assert found.few
    assert found.explanation == "cannot tell"
    assert set(claims(found).values()) == {"cannot tell"}
    assert found.explanations["log moderation"] > 0.99
    enough = outcome_audit({"log moderation": FAR}, authorities=FEWEST_AUTHORITIES)
    assert verdict_of(enough).explanation == "log moderation"


def test_the_share_left_is_a_ratio_of_means():
    one = outcome_audit({"log moderation": FAR})
    found = verdict_of(one).left
    assert list(found) == ["curve", "turnover", "curve + turnover"]
    assert all(share == pytest.approx(1.0) for share in found.values())


def test_weighted_quantiles_by_hand():
    values, weight = np.array([3.0, 1.0, 2.0]), np.array([0.2, 0.5, 0.3])
    assert weighted_quantiles(values, weight, (0.4, 0.6, 0.9)) == (1.0, 2.0, 3.0)


def test_the_table_has_claims_the_one_named_explanations_and_shares():
    table = verdict_table([outcome_audit({"linear moderation": FAR})])
    assert table["kind"].unique().tolist() == ["claim", "named", "explanation", "share left"]
    named = table.set_index("kind").loc["named"]
    assert named["verdict"] == "linear moderation"
    assert table.loc[table["kind"] == "explanation", "probability"].sum() == pytest.approx(1.0)
    claim = table.set_index("name").loc["slope"]
    assert claim["lower"] < claim["estimate"] < claim["upper"] < 0


def test_without_a_clear_interaction_there_is_nothing_to_explain():
    one = outcome_audit({"no moderation (log level), curve": FAR})
    plain = one.forms[2].quantities.draws["interaction"]
    plain += 0.2
    found = verdict_of(one)
    assert found.apparent[1] < SURVIVES
    assert found.explanation == "no interaction"
    assert "No interaction is clear enough" in audit_of(one).verdict
