from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from bayesgrad.kernels.coordinates.bym2 import OfNeighbours, Touching, neighbours_density
from bayesgrad.kernels.coordinates.layout import Fixed, Spread

AUTHORITIES, TERMS = 7, 1
SHAPES = [(1, 1), (2, 2), (2, 1)]
"""Outcomes, and blocks that their effects are in."""


class Case(NamedTuple):
    fixed: Fixed
    spread: Spread
    of: OfNeighbours
    touching: Touching


def case_of(outcomes: int, blocks: int) -> Case:
    rng = np.random.default_rng(1)
    size = 2 * outcomes // blocks
    lower = [np.linalg.cholesky(correlation(rng, size)) for _ in range(blocks)]
    rows = np.tril_indices(size)
    root = rng.normal(size=(AUTHORITIES, AUTHORITIES))
    values, vectors = np.linalg.eigh(root @ root.T / AUTHORITIES)
    shapes = [(outcomes,)] * 2 + [(outcomes, TERMS)] * 2 + [(outcomes, 0)] * 2
    return Case(
        Fixed(*(rng.normal(size=shape) for shape in shapes)),
        Spread(
            rng.uniform(0.2, 0.5, outcomes),
            rng.uniform(0.2, 0.5, outcomes),
            np.array([one[rows] for one in lower]).T.copy(),
        ),
        OfNeighbours(
            rng.normal(size=(AUTHORITIES, outcomes)),
            rng.normal(size=(AUTHORITIES, outcomes)),
            rng.uniform(0.1, 0.9, outcomes),
            rng.uniform(0.1, 0.9, outcomes),
        ),
        Touching(rng.normal(size=(1 + TERMS, AUTHORITIES)), np.ascontiguousarray(vectors), values),
    )


def correlation(rng: np.random.Generator, size: int) -> np.ndarray:
    root = rng.normal(size=(size, 2 * size))
    covariance = root @ root.T
    sd = np.sqrt(np.diag(covariance))
    return covariance / np.outer(sd, sd)


def evaluated(case: Case) -> tuple[float, dict[str, np.ndarray]]:
    """Density, and derivatives by part and name."""
    filled = [type(part)(*(np.full_like(a, np.nan) for a in part)) for part in case[:3]]
    density = neighbours_density(*case, *filled)
    return density, {
        f"{name} {field}": getattr(part, field)
        for name, part in zip(case._fields, filled, strict=False)
        for field in part._fields
    }


def by_the_book(case: Case) -> float:
    """Multivariate normal densities of all effects of all authorities, written out."""
    f, spread, of = case.fixed, case.spread, case.of
    outcomes, blocks = len(f.intercept), spread.factor.shape[1]
    size = 2 * outcomes // blocks
    level = np.column_stack([f.intercept, f.between]) @ case.touching.columns
    gradient = np.column_stack([f.slope, f.interaction]) @ case.touching.columns
    mean = np.stack([level, gradient], axis=1).reshape(2 * outcomes, -1)
    effects = np.stack([of.intercept, of.slope], axis=2).reshape(AUTHORITIES, -1).T
    sd = np.stack([spread.sd_intercept, spread.sd_slope], axis=1).ravel()
    phi = np.stack([of.phi_intercept, of.phi_slope], axis=1).ravel()
    vectors, values = case.touching.vectors, case.touching.values
    total = 0.0
    for block in range(blocks):
        own = slice(block * size, (block + 1) * size)
        lower = np.zeros((size, size))
        lower[np.tril_indices(size)] = spread.factor[:, block]
        r = lower @ lower.T
        left = (effects[own] - mean[own]).ravel()
        scale = np.repeat(sd[own], AUTHORITIES)
        # Each effect in the eigenvectors' coordinates has a variance of its own.
        root = np.sqrt(1.0 - phi[own, None] + phi[own, None] * values)
        turn = np.kron(np.eye(size), vectors)
        shared = turn @ (np.outer(root, root) * np.kron(r, np.eye(AUTHORITIES))) @ turn.T
        alone = np.kron(r, np.eye(AUTHORITIES))
        for covariance, sign in ((shared, 1.0), (alone, -1.0)):
            whole = np.outer(scale, scale) * covariance
            total += sign * stats.multivariate_normal.logpdf(left, cov=whole)
    return total


@pytest.mark.parametrize("shape", SHAPES)
def test_the_density_is_the_difference_of_two_normal_ones(shape):
    case = case_of(*shape)
    assert_allclose(evaluated(case)[0], by_the_book(case), rtol=1e-9)


def test_without_a_structured_share_neighbours_share_nothing():
    case = case_of(2, 1)
    alone = case.of._replace(phi_intercept=np.zeros(2), phi_slope=np.zeros(2))
    assert_allclose(evaluated(case._replace(of=alone))[0], 0.0, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_agree_with_finite_differences(shape):
    case = case_of(*shape)
    _, found = evaluated(case)
    for name in ("fixed", "spread", "of"):
        part = getattr(case, name)
        for field in part._fields:
            array = getattr(part, field)
            for index in np.ndindex(array.shape):
                ends = []
                for sign in (1, -1):
                    moved = array.copy()
                    moved[index] += sign * 1e-6
                    changed = case._replace(**{name: part._replace(**{field: moved})})
                    ends.append(evaluated(changed)[0])
                expected = (ends[0] - ends[1]) / 2e-6
                found_here = found[f"{name} {field}"][index]
                assert_allclose(found_here, expected, rtol=1e-5, atol=1e-5, err_msg=field)
