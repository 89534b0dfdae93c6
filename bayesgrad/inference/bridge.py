"""The bridge from a PyMC model to nutpie, without nutpie's wrapper.

nutpie wraps PyTensor's compiled functions in callbacks of its own, which cannot be cached on disk:
some 10 s in every process. Here the functions themselves, which PyTensor does cache, are handed to
nutpie's public `from_pyfunc`. All that is private to another library stands in this module; where a
version lacks it, `compile_model` falls back on `nutpie.compile_pymc_model`.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import numpy as np
import nutpie
import pymc as pm
from nutpie.compiled_pyfunc import from_pyfunc


class CompiledModel(Protocol):
    """What a sampler needs of a compiled model; immutable."""

    def with_arrays(self, arrays: Mapping[str, np.ndarray]) -> Self:
        """Return the same model on other data, those it does not read left out."""
        ...

    def for_nutpie(self) -> Any:
        """Return what `nutpie.sample` takes."""
        ...


def compile_model(model: pm.Model, *, names: Sequence[str]) -> CompiledModel:
    """Compile a PyMC model, keeping the draws of the variables named."""
    try:
        return DirectModel.compile(model, names=names)
    except (ImportError, AttributeError, TypeError):
        return WrappedModel(nutpie.compile_pymc_model(model, backend="numba", var_names=names))


@dataclass(frozen=True, eq=False)
class WrappedModel:
    """A model compiled by nutpie itself."""

    compiled: Any

    def with_arrays(self, arrays: Mapping[str, np.ndarray]) -> WrappedModel:
        """Return the same model on other data; see `CompiledModel`."""
        read = {variable.name for variable in self.compiled.shared_var_keys}
        known = {name: array for name, array in arrays.items() if name in read}
        return replace(self, compiled=self.compiled.with_data(**known))

    def for_nutpie(self) -> Any:
        """Return what `nutpie.sample` takes."""
        return self.compiled


@dataclass(frozen=True, eq=False)
class Compiled:
    """A function of the unconstrained parameters and of arrays, and those arrays by name."""

    function: Callable[..., Any]
    arrays: dict[str, np.ndarray]

    def with_arrays(self, arrays: Mapping[str, np.ndarray]) -> Compiled:
        """Return the same function on other arrays of the same types."""
        new = {
            name: np.array(arrays[name], dtype=old.dtype, order="C") if name in arrays else old
            for name, old in self.arrays.items()
        }
        return replace(self, arrays=new)

    def __call__(self, point: np.ndarray) -> Any:
        """Evaluate at unconstrained parameters, shape (parameters,)."""
        return self.function(point, *self.arrays.values())


@dataclass(frozen=True, eq=False)
class DirectModel:
    """PyTensor's compiled functions, and what nutpie must know of the variables."""

    density: Compiled
    expansion: Compiled
    initial_point: Callable[[Any], np.ndarray]
    size: int
    shapes: dict[str, tuple[int, ...] | None]
    """Shape of each expanded variable, in order; None for those whose draws are not kept."""
    dims: dict[str, tuple[str, ...]]
    coords: dict[str, Any]

    @classmethod
    def compile(cls, model: pm.Model, *, names: Sequence[str]) -> DirectModel:
        """Compile a PyMC model, or load it from PyTensor's cache."""
        from nutpie.compile_pymc import _make_functions, _wrap_with_lock
        from pymc.initial_point import make_initial_point_fn

        start = make_initial_point_fn(
            model=model,
            default_strategy="support_point",
            jitter_rvs=set(model.free_RVs),
            return_transformed=True,
        )
        size, _, density, expansion, initial_point, (expanded, _, shapes), _ = _make_functions(
            model,
            mode="NUMBA",
            compute_grad=True,
            join_expanded=False,
            pymc_initial_point_fn=_wrap_with_lock(start),
            var_names=list(names),
        )
        kept = {
            name: tuple(int(length) for length in shape) if name in names else None
            for name, shape in zip(expanded, shapes, strict=True)
        }
        compiled = cls(
            density=_without_lock(density),
            expansion=_without_lock(expansion),
            initial_point=initial_point,
            size=size,
            shapes=kept,
            dims={name: tuple(model.named_vars_to_dims[name]) for name in names},
            coords={name: list(values) for name, values in model.coords.items()},
        )
        point = initial_point(0)
        compiled.density(point)
        compiled.expansion(point)
        return compiled

    def with_arrays(self, arrays: Mapping[str, np.ndarray]) -> DirectModel:
        """Return the same model on other data; see `CompiledModel`."""
        return replace(
            self,
            density=self.density.with_arrays(arrays),
            expansion=self.expansion.with_arrays(arrays),
        )

    def for_nutpie(self) -> Any:
        """Return what `nutpie.sample` takes."""
        kept = {name: shape for name, shape in self.shapes.items() if shape is not None}
        return from_pyfunc(
            self.size,
            lambda: self._log_density,
            lambda *_: self._expand,
            [np.dtype(np.float64)] * len(kept),
            list(kept.values()),
            list(kept),
            coords=self.coords,
            dims=self.dims,
            make_initial_point_fn=self.initial_point,
        )

    def _log_density(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = self.density(point)
        return float(value), gradient

    def _expand(self, point: np.ndarray) -> dict[str, np.ndarray]:
        values = zip(self.shapes.items(), self.expansion(point), strict=True)
        return {
            name: np.array(value, dtype=np.float64, order="C").reshape(shape)
            for (name, shape), value in values
            if shape is not None
        }


def _without_lock(function: Any) -> Compiled:
    """Take PyTensor's numba function out of its wrapper, to run without the interpreter's lock.

    The same code is compiled once more with `nogil`, under a cache key of its own.
    """
    from pytensor.link.numba.cache import CACHED_SRC_FUNCTIONS
    from pytensor.link.numba.dispatch.basic import numba_njit

    source = function.vm.jit_fn.py_func
    twin = types.FunctionType(
        source.__code__,
        source.__globals__,
        source.__name__,
        source.__defaults__,
        source.__closure__,
    )
    key = CACHED_SRC_FUNCTIONS.get(source)
    if key is not None:
        CACHED_SRC_FUNCTIONS[twin] = f"{key}_nogil"
    compiled = numba_njit(twin, final_function=True, cache=key is not None, nogil=True)
    arrays = {
        variable.name: np.array(variable.get_value(), order="C")
        for variable in function.get_shared()
    }
    return Compiled(compiled, arrays)
