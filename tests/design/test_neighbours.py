import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.design.neighbours import neighbours_of

RING = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "a"), ("a", "c")]
APART = [*RING, ("x", "y"), ("y", "z")]
CODES = ("a", "b", "c", "d", "i", "x", "y", "z")


def brute(members, pairs):
    """Generalised inverse of the precision, its diagonal of geometric mean 1."""
    precision = np.zeros((len(members), len(members)))
    for one, other in pairs:
        if one in members and other in members:
            i, k = members.index(one), members.index(other)
            precision[[i, k], [k, i]] -= 1.0
            precision[[i, k], [i, k]] += 1.0
    covariance = np.linalg.pinv(precision)
    return covariance / np.exp(np.log(np.diag(covariance)).mean())


def test_one_part_has_the_scaled_generalised_inverse_for_its_covariance():
    found = neighbours_of("abcd", RING)
    assert (found.basis.shape, found.alone, found.parts) == ((4, 3), (), 1)
    assert_allclose(found.basis @ found.basis.T, brute(list("abcd"), RING), atol=1e-12)
    assert_allclose(found.basis.sum(axis=0), 0.0, atol=1e-12)


def test_parts_are_scaled_each_on_its_own_and_islands_are_independent():
    found = neighbours_of(CODES, APART)
    assert (found.basis.shape, found.alone, found.parts) == ((8, 3 + 2 + 1), ("i",), 2)
    expected = np.zeros((8, 8))
    expected[:4, :4] = brute(list("abcd"), APART)
    expected[4, 4] = 1.0
    expected[5:, 5:] = brute(list("xyz"), APART)
    assert_allclose(found.basis @ found.basis.T, expected, atol=1e-12)


def test_two_neighbours_by_hand():
    # Equal and opposite, each of variance 1.
    basis = neighbours_of(["a", "b"], [("a", "b")]).basis
    assert_allclose(basis @ basis.T, [[1.0, -1.0], [-1.0, 1.0]])


@pytest.mark.parametrize("pairs", [RING[::-1], [(b, a) for a, b in RING]])
def test_neither_the_order_of_pairs_nor_their_direction_matters(pairs):
    one, other = neighbours_of("abcd", RING).basis, neighbours_of("abcd", pairs).basis
    assert_allclose(one @ one.T, other @ other.T, atol=1e-12)


def test_places_that_are_not_of_the_table_do_not_enter():
    found = neighbours_of("acx", RING)
    assert found.alone == ("x",)
    assert_allclose((found.basis @ found.basis.T)[:2, :2], [[1.0, -1.0], [-1.0, 1.0]])
