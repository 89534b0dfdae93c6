"""A PyMC model as compiled functions of its unconstrained parameters and of its data.

PyTensor compiles the log density with numba and keeps it on disk, beside the kernels that it calls
(`bayesgrad.kernels.cache`).
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.pytensorf import compile as compile_function
from pytensor.graph import clone_replace
from pytensor.graph.replace import vectorize_graph
from pytensor.graph.rewriting.utils import rewrite_graph

from bayesgrad.compat.code_on_disk import pytensor_keeping_in, without_lock
from bayesgrad.design.splines import Floats
from bayesgrad.inference.split import Split
from bayesgrad.kernels.cache import place, stamp

Evaluate = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Block:
    """Where the values of one free variable stand in the vector of unconstrained parameters."""

    start: int
    shape: tuple[int, ...]

    @property
    def place(self) -> slice:
        """Its part of the vector."""
        return slice(self.start, self.start + math.prod(self.shape))


@dataclass(frozen=True, eq=False)
class CompiledModel:
    """A compiled model; immutable.

    Attributes
    ----------
    layout : dict of str to Block
        The free variables, in order.
    arrays : dict of str to ndarray
        The data by name.
    dims : dict of str to tuple of str
        Dimensions of each variable whose draws are kept.
    coords : dict of str to sequence
    """

    layout: dict[str, Block]
    arrays: dict[str, np.ndarray]
    dims: dict[str, tuple[str, ...]]
    coords: dict[str, Sequence[Any]]
    _density: Evaluate
    _expansion: Evaluate

    @property
    def size(self) -> int:
        """Number of unconstrained parameters."""
        return sum(math.prod(block.shape) for block in self.layout.values())

    def with_arrays(self, arrays: Mapping[str, np.ndarray]) -> CompiledModel:
        """Return the same model on other data, of the same numbers of authorities and names."""
        new = {
            name: np.array(arrays[name], dtype=old.dtype, order="C")
            for name, old in self.arrays.items()
        }
        return replace(self, arrays=new)

    def density(self, point: Floats) -> tuple[float, Floats]:
        """Log density at unconstrained parameters, shape (size,), and its gradient."""
        value, gradient = self._density(point, *self.arrays.values())
        return float(value), gradient

    def expand(self, points: Floats) -> dict[str, Floats]:
        """Variables whose draws are kept at unconstrained parameters, (n, size): each (n, ...)."""
        values = self._expansion(points, *self.arrays.values())
        return dict(zip(self.dims, values, strict=True))


def compile_model(model: pm.Model, *, names: Sequence[str]) -> CompiledModel:
    """Compile a PyMC model whose variables all have dims, keeping the variables named."""
    folder = place().folder / "pytensor"
    try:
        return _compiled_in(folder, model, names)
    except Exception:
        # What is on disk may be damaged, or the disk full; another error comes again.
        shutil.rmtree(folder, ignore_errors=True)
    try:
        return _compiled_in(folder, model, names)
    except OSError:
        with tempfile.TemporaryDirectory(prefix="bayesgrad-") as spare:
            return _compiled_in(Path(spare), model, names)


def _compiled_in(folder: Path, model: pm.Model, names: Sequence[str]) -> CompiledModel:
    """Compile a model, and keep in a folder what is compiled, or read it there."""
    layout, end = {}, 0
    for variable in model.free_RVs:
        dims = model.named_vars_to_dims[variable.name]
        shape = tuple(len(model.coords[dim]) for dim in dims)
        layout[variable.name] = Block(end, shape)
        end += math.prod(shape)
    point = pt.TensorType("float64", shape=(end,))("point")
    values = {
        model.rvs_to_values[variable]: point[block.place].reshape(block.shape)
        for variable, block in zip(model.free_RVs, layout.values(), strict=True)
    }
    data = {variable: variable.type(name=variable.name) for variable in model.data_vars}
    arrays = {variable.name: np.array(variable.get_value(), order="C") for variable in data}
    with model, pytensor_keeping_in(folder):
        compiled = CompiledModel(
            layout=layout,
            arrays=arrays,
            dims={name: tuple(model.named_vars_to_dims[name]) for name in names},
            coords=dict(model.coords),
            _density=_density(model, layout, data),
            _expansion=_expansion(model, point, values, data, names),
        )
        # Compiling is not over before the first call.
        compiled.density(np.zeros(end))
    return compiled


def _density(model: pm.Model, layout: Mapping[str, Block], data: dict[Any, Any]) -> Evaluate:
    """Compile the log density with its gradient, for any sizes of dimensions but those of 1."""
    split, sizes = Split.of([block.shape for block in layout.values()])
    point, given_sizes = pt.dvector("point"), pt.lvector("sizes")
    parts = split(point, given_sizes, return_list=True)
    values = dict(zip((model.rvs_to_values[rv] for rv in model.free_RVs), parts, strict=True))
    lengths, dims = _lengths(model)
    # The variables' own sizes, which are constants, are not to become part of the graph.
    replaced = values | data | lengths
    (density,) = clone_replace([model.logp()], replaced, rebuild_strict=False)
    density = rewrite_graph(density, include=["canonicalize", "stabilize"])
    outputs = [density, pt.grad(density, point)]
    inputs = [point, given_sizes, *dims, *data.values()]
    function = compile_function(inputs, outputs, mode="NUMBA", on_unused_input="ignore")
    compiled, known = without_lock(function, stamp()), (sizes, *dims.values())
    return lambda at, *arrays: compiled(at, *known, *arrays)


def _lengths(model: pm.Model) -> tuple[dict[Any, Any], dict[Any, np.ndarray]]:
    """What stands for the lengths of dimensions: 1, or a variable; and these variables' values."""
    lengths, values = {}, {}
    for name, length in model.dim_lengths.items():
        size = len(model.coords[name])
        if size == 1:
            lengths[length] = pt.constant(1, dtype="int64")
        else:
            variable = lengths[length] = pt.lscalar(f"{name}_length")
            values[variable] = np.array(size)
    return lengths, values


def _expansion(
    model: pm.Model,
    point: Any,
    values: dict[Any, Any],
    data: dict[Any, Any],
    names: Sequence[str],
) -> Evaluate:
    """Compile the variables named as functions of many points at once.

    They are evaluated once, after sampling, so that compiling them further would not pay.
    """
    variables = {variable.name: variable for variable in model.unobserved_value_vars}
    at_point = clone_replace([variables[name] for name in names], values | data)
    points = pt.dmatrix("points")
    outputs = vectorize_graph(at_point, {point: points})
    inputs = [points, *data.values()]
    expansion: Evaluate = compile_function(
        inputs, outputs, mode="FAST_COMPILE", on_unused_input="ignore"
    )
    return expansion
