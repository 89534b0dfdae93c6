from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import binom, gammaln

from bayesgrad.design import build_design
from bayesgrad.predictive.totals import log_constants, total_terms
from tests.predictive.cases import formed
from tests.small import table_of

COUNT = np.array([3, 0, 7, 3, 120])
CASES = np.array([8, 4, 7, 90, 400])
ALPHA = np.array([0.02, 3.0, 400.0])


def design_of(*forms: str):
    """Rows of one authority, the same in every outcome."""
    size, outcomes = len(COUNT), len(forms)
    spec = formed(*forms, text='[authority]\nmoderation = "none"\n')
    table = table_of(
        authority=["A"] * size * outcomes,
        outcome=np.repeat([outcome.column for outcome in spec.outcomes], size).tolist(),
        deprivation=np.tile(np.linspace(0.1, 0.3, size), outcomes),
        exposure=np.tile(CASES, outcomes),
        count=np.tile(COUNT, outcomes),
    )
    return build_design(spec, table)


def rising(total: np.ndarray) -> np.ndarray:
    return gammaln(total + ALPHA) - gammaln(ALPHA) - total * np.log(ALPHA)


def test_terms_are_those_of_gamma_functions():
    design = design_of("negative_binomial", "beta-binomial")
    counts, cases = total_terms(design, np.stack([ALPHA, ALPHA], axis=1))
    own, other = slice(0, 5), slice(5, 10)
    expected = rising(COUNT[:, None])
    assert_allclose(counts.rising[counts.value[own]], expected, rtol=1e-10, atol=1e-12)
    of_cases = -rising(CASES[:, None])
    assert_allclose(cases.rising[cases.value[other]], of_cases, rtol=1e-10)
    some = slice(6, 9)
    total = (of_cases + np.log(binom(CASES, COUNT))[:, None])[1:4].sum(axis=0)
    assert_allclose(cases.total(some), total, rtol=1e-10)


def test_constants_are_factorials_and_binomial_coefficients():
    design = design_of("poisson", "binomial")
    expected = np.append(-gammaln(COUNT + 1), np.log(binom(CASES, COUNT)))
    assert_allclose(log_constants(design), expected, atol=1e-11)


@pytest.mark.parametrize("form", ["poisson", "binomial"])
def test_without_overdispersion_there_are_constants_alone(form):
    design = design_of(form)
    (terms,) = total_terms(design, np.full((2, 1), 1e300))
    assert (terms.rising == 0).all()
    assert_allclose(terms.total(slice(1, 4)), np.repeat(log_constants(design)[1:4].sum(), 2))
