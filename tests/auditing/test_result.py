import re

import numpy as np
import pandas as pd
import pytest

from bayesgrad.auditing.table import QUANTITY_COLUMNS, SCORE_COLUMNS
from tests.auditing.fabricated import audit_of, outcome_audit
from tests.small import spec_of

FAR = 30.0


def test_quantities_have_a_row_per_form():
    audited = audit_of(outcome_audit({"log moderation": FAR}))
    table = audited.table()
    assert list(table.columns) == list(QUANTITY_COLUMNS)
    keys = ["outcome", "moderation", "level", "curvature", "moderators"]
    assert not table.duplicated([*keys, "quantity", "deprivation_shift"]).any()
    interaction = table[table["quantity"] == "interaction"]
    assert len(interaction) == 20
    without = interaction[interaction["moderation"] == "none"]
    assert (without[["mean", "sd", "prob_negative"]] == 0.0).all(axis=None)
    plain = interaction.query("moderation == 'log' and curvature == 'none' and moderators == ''")
    draws = audited.outcomes[0].forms[2].quantities.draws["interaction"]
    assert plain["mean"].item() == pytest.approx(draws.mean())
    assert plain["upper"].item() == pytest.approx(np.quantile(draws, 0.975))
    gradients = table[table["quantity"] == "gradient"]
    assert gradients["extrapolated"].tolist() == [True, False, False] * 20


def test_scores_have_every_form_the_likeliest_first():
    table = audit_of(outcome_audit({"log moderation": FAR}, refused="spline")).scores()
    assert list(table.columns) == list(SCORE_COLUMNS)
    assert len(table) == 20
    assert table["moderation"].iloc[0] == "log"
    assert table["weight"].sum() == pytest.approx(1.0)
    assert table["weight"].is_monotonic_decreasing
    assert table["prior"].sum() == pytest.approx(1.0)
    refused = table[table["moderation"] == "spline"]
    assert (refused["note"] == "not fitted: too few authorities").all()
    assert (refused["weight"] == 0.0).all()
    assert not refused["passed"].any()
    best = table.loc[table["elpd"].idxmax()]
    assert (best["difference"], best["se"]) == (0.0, 0.0)
    assert (table["difference"].dropna() <= 0.0).all()


def test_without_evidence_scores_weigh():
    one = outcome_audit(engine="nuts")
    assert one.weighed_by == "scores"
    np.testing.assert_array_equal(one.weights, one.weights_by_scores)
    assert "since not every form has its evidence" in audit_of(one).verdict
    assert "by scores a factor of its odds of" in audit_of(one).verdict
    assert "Bayes factor 1" not in audit_of(one).verdict


def test_the_words_say_what_was_found_and_by_which_thresholds():
    words = audit_of(outcome_audit({"log moderation": FAR}, refused="spline")).verdict
    assert "**slope: survives** (more affluent authorities have steeper gradients)" in words
    assert "What explains it: **log moderation**" in words
    # Spline moderation was not fitted: a third of the forms with an interaction.
    assert "(0.20 before the data; Bayes factor over 1,000 for it)" in words
    assert "as a difference over 0.10 of authority deprivation -0.16" in words
    assert re.search(r"100% \(8\d% to 1[12]\d%\) beside curve", words)
    assert "- not fitted: spline moderation, curve: too few authorities" in words
    assert "at a probability of 0.95 or more" in words
    assert "at a Bayes factor of 10 or more against it" in words
    assert "12 forms fitted" not in words
    assert "16 forms fitted, 16 by nested Laplace" in words


def test_few_authorities_are_said():
    words = audit_of(outcome_audit({"log moderation": FAR}, authorities=20)).verdict
    assert "20 authorities are too few to tell forms apart" in words
    assert "What explains it: **cannot tell**" in words


def test_it_prints_itself_escaped_in_a_notebook():
    spec = spec_of().model_copy(update={"title": "a < b"})
    audited = audit_of(outcome_audit(), spec=spec)
    assert repr(audited) == audited.verdict
    assert "a &lt; b" in audited._repr_html_()


def test_everything_is_saved(tmp_path):
    audited = audit_of(outcome_audit(), outcome_audit(outcome="child plans/care"))
    paths = audited.save(tmp_path / "new")
    assert sorted(path.name for path in paths) == [
        "audit.csv",
        "audit_child_plans_care.png",
        "audit_child_plans_care.svg",
        "audit_referrals.png",
        "audit_referrals.svg",
        "scores.csv",
        "verdict.csv",
        "verdict.md",
    ]
    read = pd.read_csv(tmp_path / "new" / "scores.csv")
    assert len(read) == 40
    assert (tmp_path / "new" / "verdict.md").read_text(encoding="utf-8").startswith("# Audit:")
