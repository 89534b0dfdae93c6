"""The likelihood of whole designs with suppressed rows, and their place among the rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from bayesgrad.inference.laplace.likelihood import RowsLikelihood
from bayesgrad.inference.laplace.parts import independent_parts
from bayesgrad.kernels.likelihood.rows import SUPPRESSED
from bayesgrad.model.arrays import count_rows, log_constant
from bayesgrad.model.information import effects_information
from tests.predictive.cases import formed, log_density, log_interval, model, with_suppressed

ALPHA = np.array([5.0, 2.0])


@pytest.fixture
def design():
    """Two outcomes in two strata, with row terms of all kinds; half of the rows suppressed."""
    return with_suppressed(model("several", "negative_binomial", "poisson"), lower=3, upper=20)


def point_of(likelihood, seed=2):
    rng = np.random.default_rng(seed)
    effects = np.array([-3.0, 0.3]) + 0.3 * rng.normal(size=(*likelihood.cells, 2))
    return effects, 0.1 * rng.normal(size=(likelihood.cells[1], len(likelihood.rows.terms)))


def terms_of(design):
    rows = design.rows
    return np.hstack([rows.covariates.values, rows.gradient_moderators, rows.curve])


def of_scipy(design, effects, coefficients):
    rows, outcome = design.rows, design.row_outcome
    intercept, slope = effects.reshape(-1, 2)[rows.cell].T
    eta = np.log(rows.exposure) + intercept + slope * rows.x
    eta = eta + (terms_of(design) * coefficients[outcome]).sum(axis=1)
    total = 0.0
    for i, hidden in enumerate(rows.suppressed):
        form, alpha = design.forms[outcome[i]], ALPHA[outcome[i]]
        if hidden:
            total += log_interval(form, design.bounds, eta[i], alpha)
        else:
            total += log_density(form, rows.count[i], 1, eta[i], alpha)
    return total


def test_suppressed_rows_come_last_in_their_cells(design):
    rows, hidden = count_rows(design), design.cell_sum(design.rows.suppressed).ravel()
    assert (hidden > 0).any()
    for c, (first, last) in enumerate(zip(rows.start[:-1], rows.start[1:], strict=True)):
        own = rows.events[first:last] == SUPPRESSED
        assert own.sum() == hidden[c]
        assert rows.suppressed_start[c] == last - hidden[c]
        assert own[len(own) - int(hidden[c]) :].all()
        assert_array_equal(np.sort(rows.x[first:last]), np.sort(design.rows.x[first:last]))
    assert_array_equal(rows.bounds, [3, 20])


def test_the_value_is_that_of_scipy(design):
    likelihood = RowsLikelihood.of(design)
    effects, coefficients = point_of(likelihood)
    found = likelihood.pieces(effects, coefficients, alpha=ALPHA)
    assert_allclose(found.value, of_scipy(design, effects, coefficients), rtol=1e-11)


def test_first_and_second_derivatives_are_those_of_differences(design):
    likelihood, step = RowsLikelihood.of(design), 1e-5
    effects, coefficients = point_of(likelihood)
    found = likelihood.pieces(effects, coefficients, alpha=ALPHA)
    rng = np.random.default_rng(3)
    d_effects, d_coefficients = rng.normal(size=effects.shape), rng.normal(size=coefficients.shape)

    def at(t):
        return likelihood.pieces(
            effects + t * d_effects, coefficients + t * d_coefficients, alpha=ALPHA
        )

    up, down = at(step), at(-step)
    along = (found.gradient.cell * d_effects).sum() + (found.gradient.term * d_coefficients).sum()
    assert_allclose(along, (up.value - down.value) / (2 * step), rtol=1e-7)
    by_cell = -(up.gradient.cell - down.gradient.cell) / (2 * step)
    expected = np.einsum("jskef,jskf->jske", found.cell_curvature, d_effects)
    expected += np.einsum("jskem,sm->jske", found.border, d_coefficients)
    assert_allclose(by_cell, expected, rtol=1e-5, atol=1e-5)
    by_term = -(up.gradient.term - down.gradient.term) / (2 * step)
    expected = np.einsum("smn,sn->sm", found.term_curvature, d_coefficients)
    expected += np.einsum("jskem,jske->sm", found.border, d_effects)
    assert_allclose(by_term, expected, rtol=1e-5, atol=1e-5)


def test_the_derivative_in_alpha_is_that_of_differences(design):
    likelihood, step = RowsLikelihood.of(design), 1e-5
    effects, coefficients = point_of(likelihood)
    up, down = (
        likelihood.pieces(effects, coefficients, alpha=ALPHA + np.array([sign * step, 0.0])).value
        for sign in (1, -1)
    )
    change = likelihood.pieces(effects, coefficients, alpha=ALPHA).gradient.alpha
    assert_allclose(change, [(up - down) / (2 * step), 0.0], rtol=1e-6)


def test_third_derivatives_are_those_of_differences(design):
    likelihood, step = RowsLikelihood.of(design), 1e-5
    effects, coefficients = point_of(likelihood)
    size, cells = 2 + coefficients.shape[1], int(np.prod(likelihood.cells))
    root = np.random.default_rng(4).normal(size=(cells, size, size))
    covariance = root @ root.swapaxes(1, 2)
    found = likelihood.third_order(effects, coefficients, covariance, alpha=ALPHA)
    rng = np.random.default_rng(3)
    d_effects, d_coefficients = rng.normal(size=effects.shape), rng.normal(size=coefficients.shape)

    def traced(t):
        at = likelihood.pieces(
            effects + t * d_effects, coefficients + t * d_coefficients, alpha=ALPHA
        )
        outcome, by_cell = design.cell_outcome, at.cell_curvature.reshape(cells, 2, 2)
        border = at.border.reshape(cells, 2, -1)
        total = (by_cell * covariance[:, :2, :2]).sum() + 2 * (border * covariance[:, :2, 2:]).sum()
        # The coefficients' own part, row by row, since cells have covariances of their own here.
        terms = terms_of(design)
        only = [
            RowsLikelihood.of(only_cell(design, c)).pieces(
                effects + t * d_effects, coefficients + t * d_coefficients, alpha=ALPHA
            )
            for c in range(cells)
        ]
        for c, piece in enumerate(only):
            total += (piece.term_curvature[outcome[c]] * covariance[c, 2:, 2:]).sum()
        assert terms.shape[1] == size - 2
        return total

    change = (traced(step) - traced(-step)) / (2 * step)
    along = (found.cell * d_effects).sum() + (found.term * d_coefficients).sum()
    assert_allclose(along, change, rtol=1e-5)


def only_cell(design, cell):
    """The design with the rows of one cell alone."""
    kept = design.rows.cell == cell
    rows = design.rows
    names = ("cell", "count", "exposure", "deprivation", "x", "gradient_moderators", "curve")
    parts = {name: getattr(rows, name)[kept] for name in (*names, "suppressed")}
    covariates = replace(rows.covariates, values=rows.covariates.values[kept])
    return replace(design, rows=replace(rows, covariates=covariates, **parts))


@pytest.mark.parametrize("count", [0, 7])
def test_bounds_that_leave_one_count_are_that_count(count):
    published = model("several", "negative_binomial", "poisson")
    rows = replace(
        published.rows, count=np.where(published.rows.count % 2, count, published.rows.count)
    )
    published = replace(published, rows=rows)
    hidden = with_suppressed(published, lower=count, upper=count)
    assert hidden.rows.suppressed.sum() > 20
    one, other = (RowsLikelihood.of(each) for each in (published, hidden))
    effects, coefficients = point_of(one)
    expected = one.pieces(effects, coefficients, alpha=ALPHA)
    found = other.pieces(effects, coefficients, alpha=ALPHA)
    assert_allclose(found.value, expected.value, rtol=1e-13)
    assert_allclose(found.gradient.cell, expected.gradient.cell, rtol=1e-9, atol=1e-9)
    assert_allclose(found.gradient.alpha, expected.gradient.alpha, rtol=1e-10)
    assert_allclose(found.cell_curvature, expected.cell_curvature, rtol=1e-10)
    assert log_constant(hidden) > log_constant(published) or count == 0


def test_parts_of_a_design_keep_their_suppressed_rows(design):
    spec = formed("negative_binomial", "poisson", text='[authority]\ncovariance = "by_outcome"\n')
    parts = independent_parts(spec, design)
    hidden = [part.rows.suppressed.sum() for part in parts]
    assert sum(hidden) == design.rows.suppressed.sum()
    assert all(part.bounds == design.bounds for part in parts)


def test_the_mode_is_near_that_of_the_hidden_counts():
    published = model("plain", "negative_binomial")
    hidden = with_suppressed(published, lower=1, upper=10)
    known, found = (effects_information(each, count_rows(each)) for each in (published, hidden))
    assert_allclose(found.mode[0], known.mode[0], atol=0.25)
    assert_allclose(found.inverse_alpha, known.inverse_alpha, rtol=0.5)
    assert (np.diagonal(found.curvature.transpose(0, 3, 1, 2), axis1=2, axis2=3) > 0).all()
