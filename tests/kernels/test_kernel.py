"""Kernels as such: compiled once, when first called, and called by their address."""

from __future__ import annotations

import sys
from typing import NamedTuple

import numpy as np
import pytest
from numba import njit
from numba.core import event
from numpy.testing import assert_array_equal

from bayesgrad.kernels.kernel import KERNELS, Kernel, kernel
from bayesgrad.kernels.shapes import Matrix, Vector
from tests.kernels.calling import from_python


class Sides(NamedTuple):
    left: Vector
    right: Vector


def tripled_sum(sides: Sides, factor: float) -> float:
    total = 0.0
    for i in range(len(sides.left)):
        sides.right[i] = factor * sides.left[i]
        total += sides.right[i]
    return 3.0 * total


def not_called(values: Vector) -> float:
    return values[0]


def faulty(values: Vector) -> float:
    return values.no_such_attribute


SIDES = np.array([1.0, 2.0]), np.zeros(2)


class Compiled(event.Listener):
    """Names of the functions that are compiled meanwhile."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def on_start(self, begun) -> None:
        self.names.append(begun.data["dispatcher"].py_func.__name__)

    def on_end(self, ended) -> None:
        pass


def test_a_kernel_is_called_from_python_and_by_address_alike():
    own = kernel(tripled_sum)
    call = from_python(own)
    for function in (own, call):
        right = np.zeros(2)
        assert function(Sides(SIDES[0], right), 2.0) == 18.0
        assert_array_equal(right, [2.0, 4.0])


def test_a_kernel_is_compiled_when_it_is_first_called_and_not_again_by_its_callers():
    own, other = kernel(tripled_sum), kernel(not_called)
    listener = Compiled()
    with event.install_listener("numba:compile", listener):

        @njit
        def caller(left, right, really):
            if really:
                return own(Sides(left, right), 1.0)
            return other(left)

        assert caller(*SIDES, True) == 9.0
        from_python(own)(Sides(*SIDES), 1.0)
    # Compiled code that is on disk is not compiled: in either case not by both callers.
    assert listener.names.count("tripled_sum") <= 1
    assert "not_called" not in listener.names


def test_what_does_not_suit_a_kernel_is_refused():
    own = kernel(tripled_sum)
    strided = np.zeros((2, 2))[:, 0]
    for sides in (Sides(strided, SIDES[1]), Sides(SIDES[0].astype(int), SIDES[1])):
        with pytest.raises(TypeError, match="No matching definition"):
            own(sides, 1.0)


def test_a_kernel_that_cannot_be_compiled_is_an_error_for_its_compiled_callers(capfd):
    own = kernel(faulty)
    with pytest.raises(RuntimeError, match="faulty could not be compiled"):
        from_python(own)(SIDES[0])
    # Python says why where the compiled caller asked it to compile.
    assert "no_such_attribute" in capfd.readouterr().err


def test_errors_within_a_kernel_reach_its_callers():
    def refusing(value: float) -> float:
        if value < 0.0:
            raise ValueError("negative")
        return value

    own = kernel(refusing)
    with pytest.raises(ValueError, match="negative"):
        from_python(own)(-1.0)
    assert from_python(own)(2.0) == 2.0


def test_references_are_as_they_were_after_many_calls():
    call, sides = from_python(kernel(tripled_sum)), Sides(np.ones(2), np.ones(2))
    call(sides, 1.0)
    before = [sys.getrefcount(part) for part in sides]
    for _ in range(20):
        call(sides, 1.0)
    assert [sys.getrefcount(part) for part in sides] == before


def test_an_annotation_that_names_no_compiled_type_is_refused():
    def vague(values: list) -> float:
        return 0.0

    def unshaped(values: np.ndarray) -> float:
        return 0.0

    for function in (vague, unshaped):
        with pytest.raises(TypeError, match="names no compiled type"):
            kernel(function)


def test_arguments_are_taken_apart_in_order():
    def of_all(sides: Sides, table: Matrix, number: float) -> None:
        pass

    leaves = list(kernel(of_all).leaves)
    assert [getattr(leaf, "ndim", 0) for leaf in leaves] == [1, 1, 2, 0]
    assert not kernel(of_all).returns
    assert kernel(tripled_sum).returns


def test_every_kernel_has_a_name_of_its_own():
    assert all(name == own.name for name, own in KERNELS.items())
    assert all(isinstance(own, Kernel) for own in KERNELS.values())
