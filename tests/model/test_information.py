from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from bayesgrad.design import build_design
from bayesgrad.model.arrays import count_rows
from bayesgrad.model.information import Information
from bayesgrad.model.information import authority_information as information_of_rows
from tests.small import drawn_design, drawn_table, spec_of

STRONG = {"authorities": 4, "areas": 60, "largest": 4000}


def authority_information(design, *, family) -> Information:
    return information_of_rows(design, count_rows(design), family=family)


def quadratic_maximum(information, authority: int) -> np.ndarray:
    curvature, pull = information.curvature[0, :, :, authority], information.pull[0, :, authority]
    return np.linalg.solve(curvature, pull)


def test_with_much_data_the_quadratic_peaks_at_the_maximum_of_the_likelihood():
    design = drawn_design(spec_of(), **STRONG)
    information = authority_information(design, family="poisson")
    rows = design.rows
    for authority in range(4):
        own = design.cell_authority[rows.cell] == authority
        count, exposure, x = rows.count[own], rows.exposure[own], rows.x[own]

        def minus(effects, count=count, exposure=exposure, x=x):
            eta = effects[0] + effects[1] * x
            return (exposure * np.exp(eta) - count * eta).sum()

        best = minimize(minus, [1.0, 0.0], method="BFGS", options={"gtol": 1e-3}).x
        assert_allclose(quadratic_maximum(information, authority), best, atol=1e-3)


@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
def test_curvatures_are_positive_and_finite_even_without_events(family):
    design = drawn_design(spec_of(), authorities=5, areas=4, largest=3)
    count = design.rows.count.copy()
    count[design.rows.cell == 2] = 0
    empty = replace(design, rows=replace(design.rows, count=count))
    information = authority_information(empty, family=family)
    (h00, h01), (_, h11) = information.curvature[0]
    assert np.isfinite(information.pull).all()
    assert (h00 > 0).all()
    assert (h00 * h11 - h01**2 >= -1e-9 * h00 * h11).all()


def test_overdispersion_weakens_the_information():
    design = drawn_design(spec_of(), **STRONG)
    poisson = authority_information(design, family="poisson")
    overdispersed = authority_information(design, family="negative_binomial")
    assert (overdispersed.curvature[0, 0, 0] < 0.1 * poisson.curvature[0, 0, 0]).all()


def test_each_outcome_has_its_own_information():
    outcomes = ("referrals", "plans")
    both = build_design(spec_of(outcomes=outcomes), drawn_table(outcomes=outcomes))
    information = authority_information(both, family="poisson")
    assert information.curvature.shape == (2, 2, 2, 5)
    assert not np.allclose(information.pull[0], information.pull[1])
