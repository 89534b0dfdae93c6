import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.design.neighbours import neighbours_of

RING = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "a"), ("a", "c")]
APART = [*RING, ("x", "y"), ("y", "z")]
CODES = ("a", "b", "c", "d", "i", "x", "y", "z")


def covariance_of(found):
    return found.vectors @ np.diag(found.values) @ found.vectors.T


def brute(members, pairs):
    """Generalised inverse of the precision, its diagonal of geometric mean 1, and the mean's."""
    precision = np.zeros((len(members), len(members)))
    for one, other in pairs:
        if one in members and other in members:
            i, k = members.index(one), members.index(other)
            precision[[i, k], [k, i]] -= 1.0
            precision[[i, k], [i, k]] += 1.0
    covariance = np.linalg.pinv(precision)
    scaled = covariance / np.exp(np.log(np.diag(covariance)).mean())
    return scaled + 1.0 / len(members)


def test_one_part_has_the_scaled_generalised_inverse_for_its_covariance():
    found = neighbours_of("abcd", RING)
    assert (found.alone, found.parts) == ((), 1)
    assert_allclose(covariance_of(found), brute(list("abcd"), RING), atol=1e-12)
    assert_allclose(found.vectors.T @ found.vectors, np.eye(4), atol=1e-12)


def test_parts_are_scaled_each_on_its_own_and_islands_are_independent():
    found = neighbours_of(CODES, APART)
    assert (found.alone, found.parts) == (("i",), 2)
    expected = np.zeros((8, 8))
    expected[:4, :4] = brute(list("abcd"), APART)
    expected[4, 4] = 1.0
    expected[5:, 5:] = brute(list("xyz"), APART)
    assert_allclose(covariance_of(found), expected, atol=1e-12)
    assert_allclose(found.vectors @ found.vectors.T, np.eye(8), atol=1e-12)


def test_two_neighbours_by_hand():
    # Equal and opposite, each of variance 1, around a mean of variance 1 / 2.
    found = neighbours_of(["a", "b"], [("a", "b")])
    assert_allclose(found.values, [1.0, 2.0])
    assert_allclose(covariance_of(found), [[1.5, -0.5], [-0.5, 1.5]])
    assert_allclose(found.inflation(np.array([0.0, 0.5, 1.0])), [[1.0, 1.0, 1.0], [1.0, 1.5, 2.0]])
    assert_allclose(found.root(0.5) @ found.root(0.5), [[1.25, -0.25], [-0.25, 1.25]])


@pytest.mark.parametrize("pairs", [RING[::-1], [(b, a) for a, b in RING]])
def test_neither_the_order_of_pairs_nor_their_direction_matters(pairs):
    one, other = neighbours_of("abcd", RING), neighbours_of("abcd", pairs)
    assert_allclose(covariance_of(one), covariance_of(other), atol=1e-12)


def test_places_that_are_not_of_the_table_do_not_enter():
    found = neighbours_of("acx", RING)
    assert found.alone == ("x",)
    assert_allclose(covariance_of(found)[:2, :2], [[1.5, -0.5], [-0.5, 1.5]])
