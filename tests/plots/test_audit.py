import numpy as np
import pytest

from bayesgrad.errors import FitError
from bayesgrad.plots import audit
from tests.auditing.fabricated import audit_of, outcome_audit


def panels(audited, **options):
    spec = audit(audited, **options).to_dict()
    return spec, *spec["hconcat"]


def values(spec, layer):
    """Rows of a layer: its own, or one of those that the whole figure holds by name."""
    data = layer["data"]
    return data["values"] if "values" in data else spec["datasets"][data["name"]]


def test_the_forest_has_every_form_the_likeliest_first():
    one = outcome_audit({"log moderation": 30.0})
    spec, forest, _ = panels(audit_of(one), level=0.9)
    rows = values(spec, forest["layer"][1])
    assert len(rows) == 20
    assert rows[0]["form"] == "log moderation"
    draws = one.forms[2].quantities.draws["interaction"]
    np.testing.assert_allclose(
        [rows[0]["lower"], rows[0]["upper"]], np.quantile(draws, [0.05, 0.95])
    )
    assert rows[0]["words"] == "1.000"
    assert rows[-1]["words"] == "< 0.001"
    assert "Referrals" in spec["title"]["text"]
    assert "90%" in " ".join(spec["title"]["subtitle"])


def test_each_moderation_has_one_curve_and_the_likeliest_a_band():
    one = outcome_audit({"linear moderation": 30.0})
    spec, _, curves = panels(audit_of(one))
    band, lines = (values(spec, layer) for layer in curves["layer"])
    assert {row["moderation"] for row in band} == {"linear"}
    shown = {row["moderation"] for row in lines}
    assert shown == {"none", "log", "linear", "spline"}
    assert len({row["form"] for row in lines}) == 4


def test_forms_that_were_not_fitted_are_not_drawn():
    spec, forest, _ = panels(audit_of(outcome_audit(refused="spline")))
    assert len(values(spec, forest["layer"][1])) == 16


def test_of_several_outcomes_one_is_named():
    audited = audit_of(outcome_audit(), outcome_audit(outcome="plans"))
    spec, *_ = panels(audited, outcome="plans")
    assert "Plans" in spec["title"]["text"]
    with pytest.raises(FitError, match="outcome None is not in the audit"):
        audit(audited)
