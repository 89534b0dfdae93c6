from __future__ import annotations

import pytest

from bayesgrad.spec.naming import ratio_name


@pytest.mark.parametrize(
    ("link", "family", "at_risk", "name"),
    [
        ("log", "poisson", "people", "rate ratio"),
        ("log", "negative_binomial", "people", "rate ratio"),
        ("log", "poisson", "time", "hazard ratio"),
        ("log", "negative_binomial", "time", "hazard ratio"),
        ("logit", "binomial", "people", "odds ratio"),
        ("logit", "beta_binomial", "people", "odds ratio"),
        ("log", "binomial", "people", "risk ratio"),
        ("log", "beta_binomial", "time", "risk ratio"),
    ],
)
def test_a_gradient_is_called_by_what_it_is_a_ratio_of(link, family, at_risk, name):
    assert ratio_name(link, family, at_risk) == name
