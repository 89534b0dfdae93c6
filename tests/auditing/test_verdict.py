from dataclasses import replace

import numpy as np
import pytest

from bayesgrad.auditing.explanations import SURVIVES
from bayesgrad.auditing.mixture import bayes_factor, weighted_quantiles
from bayesgrad.auditing.verdict import EXPLAINS, FEWEST_AUTHORITIES, STRONG, verdict_of
from bayesgrad.auditing.verdict_table import verdict_table
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
    slope = found.claims[0]
    assert slope.prior == pytest.approx(0.25)
    assert slope.bayes_factor == pytest.approx(3.0)


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
    base = one.forms[2].quantities.draws["interaction"]
    for share in found.values():
        assert share.mean == pytest.approx(1.0)
        ends = np.quantile(base, [0.975, 0.025]) / base.mean()
        np.testing.assert_allclose([share.lower, share.upper], ends)


def test_there_is_no_share_of_an_interaction_that_is_not_clear():
    one = outcome_audit({"log moderation": FAR})
    for fitted in one.forms:
        fitted.quantities.draws["interaction"][:] += 0.18
    assert verdict_of(one).left == {}
    assert "there is left" not in audit_of(one).verdict


@pytest.mark.parametrize(
    ("against", "standing"),
    # The prior odds of the slope are 1 to 3: at 10 to 1 of the evidence against, 1 to 30.
    [(np.log(9.5), "cannot tell"), (np.log(10.5), "does not survive")],
)
def test_a_claim_falls_at_a_bayes_factor_of_ten_and_not_before(against, standing):
    without = {
        form.form.title: against for form in outcome_audit().forms if not form.form.moderated
    }
    one = outcome_audit(without)
    slope = verdict_of(one).claims[0]
    # All interactions of forms that have one are below zero: twice what the prior says of them.
    odds = slope.probability / (1 - slope.probability)
    assert odds == pytest.approx(np.exp(-against))
    assert slope.bayes_factor == pytest.approx(3 * odds)
    falls = slope.bayes_factor <= 1 / STRONG
    assert (slope.standing == "does not survive") == falls
    further = {title: against + np.log(3) for title in without}
    assert verdict_of(outcome_audit(further)).claims[0].standing == standing


def test_a_claim_that_the_prior_made_does_not_survive_by_it():
    one = outcome_audit({"log moderation": FAR})
    for fitted in one.forms:
        fitted.quantities.prior["contextual"] = 0.99
        fitted.quantities.draws["contextual"][:12] = 0.1
    level = verdict_of(one).claims[1]
    assert SURVIVES < level.probability < 0.99
    assert level.standing == "cannot tell"


@pytest.mark.parametrize(
    ("probability", "prior", "expected"),
    [(0.5, 0.5, 1.0), (0.2, 0.25, 0.75), (1.0, 0.25, np.inf), (0.0, 0.25, 0.0)],
)
def test_bayes_factors_by_hand(probability, prior, expected):
    assert bayes_factor(probability, prior) == pytest.approx(expected)


def test_forms_that_cannot_be_weighed_have_no_weight_and_give_no_verdict():
    one = outcome_audit(engine="nuts", scored=False)
    assert one.weighed_by == "nothing"
    assert np.isnan(one.weights).all()
    found = verdict_of(one)
    assert set(claims(found).values()) == {"cannot tell"}
    assert (found.explanation, found.explanations) == ("cannot tell", {})
    words = audit_of(one).verdict
    assert "nan" not in words
    assert "weighed by nothing, so that no claim is judged" in words
    assert "**slope: cannot tell**" in words
    assert "forms could not be weighed" in words
    assert audit_of(one).scores()["weight"].isna().all()
    assert audit_of(one).table()["weight"].isna().all()
    assert audit_of(one).passed


def test_without_weights_every_form_must_pass():
    one = outcome_audit(engine="nuts", scored=False)
    failed = replace(one.forms[0], failed="max_r_hat")
    assert not audit_of(replace(one, forms=(failed, *one.forms[1:]))).passed


def test_weighted_quantiles_by_hand():
    values, weight = np.array([3.0, 1.0, 2.0]), np.array([0.2, 0.5, 0.3])
    assert weighted_quantiles(values, weight, (0.4, 0.6, 0.9)) == (1.0, 2.0, 3.0)


def test_the_table_has_claims_the_one_named_explanations_and_shares():
    table = verdict_table([outcome_audit({"linear moderation": FAR})])
    assert table["kind"].unique().tolist() == [
        "claim",
        "contrast",
        "named",
        "explanation",
        "share left",
    ]
    named = table.set_index("kind").loc["named"]
    assert named["verdict"] == "linear moderation"
    assert table.loc[table["kind"] == "explanation", "probability"].sum() == pytest.approx(1.0)
    claim = table.set_index("name").loc["slope"]
    assert claim["lower"] < claim["estimate"] < claim["upper"] < 0
    assert claim["prior"] == pytest.approx(0.25)
    assert claim["bayes_factor"] > STRONG
    contrast = table.set_index("kind").loc["contrast"]
    assert contrast["estimate"] == pytest.approx(0.8 * claim["estimate"], rel=1e-3)
    shares = table[table["kind"] == "share left"]
    assert (shares["lower"] < shares["upper"]).all()


def test_without_a_clear_interaction_there_is_nothing_to_explain():
    one = outcome_audit({"no moderation (log level), curve": FAR})
    plain = one.forms[2].quantities.draws["interaction"]
    plain += 0.2
    found = verdict_of(one)
    assert found.apparent[1] < SURVIVES
    assert found.explanation == "no interaction"
    assert "No interaction is clear enough" in audit_of(one).verdict
