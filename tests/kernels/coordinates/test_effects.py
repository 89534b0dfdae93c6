from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from bayesgrad.kernels.coordinates.effects import effects_backward, effects_forward
from bayesgrad.kernels.coordinates.layout import Fixed, Spread
from bayesgrad.kernels.coordinates.standardised import Known

TERMS, MODERATORS = 1, 2
SHAPES = [(5, 2, 2), (130, 2, 2), (300, 1, 1), (140, 2, 1)]
"""Authorities, fewer and more than are worked on at a time; outcomes; blocks that they are in."""


class Case(NamedTuple):
    fixed: Fixed
    spread: Spread
    z: np.ndarray
    known: Known


def case_of(authorities: int, outcomes: int, blocks: int, strength: float = 3.0) -> Case:
    rng = np.random.default_rng(1)
    size = 2 * outcomes // blocks
    lower = np.tril(rng.normal(0.0, 0.7, (blocks, size, size))) + np.eye(size)
    root = strength * rng.normal(size=(blocks, authorities, size, size))
    rows = np.tril_indices(size)
    shapes = [(outcomes,)] * 2 + [(outcomes, TERMS)] * 2 + [(outcomes, MODERATORS)] * 2
    information = (root @ root.transpose(0, 1, 3, 2)).transpose(0, 2, 3, 1)
    return Case(
        fixed=Fixed(*(rng.normal(size=shape) for shape in shapes)),
        spread=Spread(
            rng.uniform(0.1, 0.5, outcomes),
            rng.uniform(0.1, 0.5, outcomes),
            np.ascontiguousarray(lower[:, rows[0], rows[1]].T),
        ),
        z=rng.normal(size=(outcomes, 2, authorities)),
        known=Known(
            rng.normal(size=(1 + TERMS + MODERATORS, authorities)),
            np.ascontiguousarray(information),
            strength * rng.normal(size=(blocks, size, authorities)),
        ),
    )


def means_of(case: Case) -> np.ndarray:
    """Systematic parts of effects, (effects, authorities), an outcome's two side by side."""
    f = case.fixed
    level = np.column_stack([f.intercept, f.between, f.moderator_level])
    gradient = np.column_stack([f.slope, f.interaction, f.moderator_gradient])
    coefficients = np.stack([level, gradient], axis=1).reshape(-1, level.shape[1])
    return coefficients @ case.known.columns


def lower_of(case: Case, block: int) -> np.ndarray:
    """C of a block."""
    blocks, size, _ = case.known.pull.shape
    sd = np.stack([case.spread.sd_intercept, case.spread.sd_slope], axis=1).reshape(blocks, size)
    matrix = np.zeros((size, size))
    matrix[np.tril_indices(size)] = case.spread.factor[:, block]
    return sd[block][:, None] * matrix


def by_the_book(case: Case) -> tuple[np.ndarray, np.ndarray, float]:
    """The same with matrices, one authority at a time."""
    blocks, size, authorities = case.known.pull.shape
    z, means = case.z.reshape(case.known.pull.shape), means_of(case).reshape(blocks, size, -1)
    effects, density = np.empty_like(z), 0.0
    for b, j in np.ndindex(blocks, authorities):
        c, h, mean = lower_of(case, b), case.known.information[b, :, :, j], means[b, :, j]
        lower = np.linalg.cholesky(np.eye(size) + c.T @ h @ c)
        t = c.T @ (case.known.pull[b, :, j] - h @ mean)
        w = np.linalg.solve(lower.T, np.linalg.solve(lower, t) + z[b, :, j])
        effects[b, :, j] = mean + c @ w
        density += stats.norm.logpdf(w).sum() - np.log(np.diag(lower)).sum()
    by_outcome = effects.reshape(case.z.shape)
    return by_outcome[:, 0].T, by_outcome[:, 1].T, density


def forward(case: Case) -> tuple[np.ndarray, np.ndarray, float]:
    outcomes, _, authorities = case.z.shape
    intercept, slope = np.full((2, authorities, outcomes), np.nan)
    density = effects_forward(*case, intercept, slope)
    return intercept, slope, density


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("strength", [0.0, 3.0, 1e3])
def test_effects_are_those_of_matrices(shape, strength):
    case = case_of(*shape, strength)
    *effects, density = forward(case)
    *expected, expected_density = by_the_book(case)
    assert_allclose(effects, expected, rtol=1e-8, atol=1e-8)
    assert_allclose(density, expected_density, rtol=1e-9)


def test_without_information_the_coordinates_are_the_non_centred_ones():
    case = case_of(7, 2, 2, strength=0.0)
    intercept, slope, density = forward(case)
    means = means_of(case).reshape(case.z.shape)
    for outcome in range(2):
        expected = means[outcome] + lower_of(case, outcome) @ case.z[outcome]
        assert_allclose(intercept[:, outcome], expected[0], rtol=1e-12)
        assert_allclose(slope[:, outcome], expected[1], rtol=1e-12)
    assert_allclose(density, stats.norm.logpdf(case.z).sum(), rtol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_agree_with_finite_differences(shape):
    case = case_of(*shape)
    rng = np.random.default_rng(2)
    d_intercept, d_slope = rng.normal(size=(2, shape[0], shape[1]))
    d_density = 0.7
    d_fixed = Fixed(*(np.full_like(part, np.nan) for part in case.fixed))
    d_spread = Spread(*(np.full_like(part, np.nan) for part in case.spread))
    d_z = np.full_like(case.z, np.nan)
    effects_backward(*case, d_intercept, d_slope, d_density, d_fixed, d_spread, d_z)

    def total(changed: Case) -> float:
        intercept, slope, density = forward(changed)
        drawn = (intercept * d_intercept).sum() + (slope * d_slope).sum()
        return float(drawn + d_density * density)

    def check(found: np.ndarray, array: np.ndarray, changed) -> None:
        for flat in rng.choice(array.size, min(array.size, 12), replace=False):
            index, ends = np.unravel_index(flat, array.shape), []
            for sign in (1, -1):
                moved = array.copy()
                moved[index] += sign * 1e-6
                ends.append(total(changed(moved)))
            expected = (ends[0] - ends[1]) / 2e-6
            assert_allclose(found[index], expected, rtol=1e-5, atol=1e-4)

    check(d_z, case.z, lambda moved: case._replace(z=moved))
    for part in ("fixed", "spread"):
        values, found = getattr(case, part), {"fixed": d_fixed, "spread": d_spread}[part]
        for name in values._fields:
            check(
                getattr(found, name),
                getattr(values, name),
                lambda moved, part=part, values=values, name=name: case._replace(
                    **{part: values._replace(**{name: moved})}
                ),
            )
