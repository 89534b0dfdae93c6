"""The kernels of the model as operations, with the names of what goes in and comes out.

The kernels say what they compute; here stand the shapes of what they fill and which of their inputs
have gradients.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from bayesgrad.kernels.coordinates.bym2 import OfNeighbours, Touching, neighbours_density
from bayesgrad.kernels.coordinates.correlation import (
    loadings_backward,
    loadings_forward,
    partial_backward,
    partial_forward,
)
from bayesgrad.kernels.coordinates.effects import effects_backward, effects_forward
from bayesgrad.kernels.coordinates.layout import Fixed, Spread
from bayesgrad.kernels.coordinates.neighbourhoods import (
    Quadratics,
    neighbourhoods_backward,
    neighbourhoods_forward,
)
from bayesgrad.kernels.coordinates.partial_noncentred import (
    KnownContrasts,
    contrasts_backward,
    contrasts_forward,
)
from bayesgrad.kernels.coordinates.standardised import Known
from bayesgrad.kernels.likelihood.by_effects import Effects, log_likelihood_by_effects
from bayesgrad.kernels.likelihood.rows import CountRows
from bayesgrad.model.op import differentiable_op

Tensor = Any


class AuthorityEffects(NamedTuple):
    """What comes of the coordinates of authorities, symbolically.

    Attributes
    ----------
    intercept, slope : tensor, shape (authorities, outcomes)
    density : tensor, shape ()
        Log density of the coordinates.
    """

    intercept: Tensor
    slope: Tensor
    density: Tensor


class Informed(NamedTuple):
    """What comes of other coordinates, symbolically.

    Attributes
    ----------
    values : tensor
        Deviations of strata, (outcomes, strata) or (authorities, outcomes, strata), or effects of
        neighbourhoods, (outcomes, neighbourhoods).
    density : tensor, shape ()
        Log density of the coordinates.
    """

    values: Tensor
    density: Tensor


class Correlations(NamedTuple):
    """Cholesky factors of the correlations of blocks of K effects, symbolically, packed by rows.

    Attributes
    ----------
    factor : tensor, shape (K (K + 1) / 2, blocks)
    correlation : tensor, shape (K (K - 1) / 2, blocks)
        To be read: it has no gradient.
    """

    factor: Tensor
    correlation: Tensor


_Z = len(Fixed._fields) + len(Spread._fields)
_EFFECTS = differentiable_op(
    effects_forward,
    effects_backward,
    outputs=[((_Z, 2), (_Z, 0))] * 2,
    differentiable=range(_Z + 1),
)


def authority_effects(fixed: Fixed, spread: Spread, z: Tensor, known: Known) -> AuthorityEffects:
    """Effects of authorities whose coordinates are z, of shape (outcomes, 2, authorities).

    See `bayesgrad.kernels.coordinates.effects`.
    """
    return AuthorityEffects(*_EFFECTS(*fixed, *spread, z, *known))


def informed_contrasts(sd: Tensor, z: Tensor, national: Tensor, known: KnownContrasts) -> Informed:
    """Values of normal contrasts whose coordinates are z.

    See `bayesgrad.kernels.coordinates.partial_noncentred`.

    Parameters
    ----------
    sd : tensor, shape (outcomes,)
    z : tensor, shape (outcomes, contrasts) or (outcomes, authorities, contrasts)
        The values are then (outcomes, strata) or (authorities, outcomes, strata).
    """
    by_set = ((1, 0),) if z.ndim == 2 else ((1, 1), (1, 0))
    operation = differentiable_op(
        contrasts_forward,
        contrasts_backward,
        outputs=[(*by_set, (3, 1))],
        differentiable=range(3),
    )
    return Informed(*operation(sd, z, national, *known))


_AUTHORITY = ((_Z, 0), (_Z, 1))
_NEIGHBOURS = differentiable_op(
    neighbours_density,
    None,
    outputs=[
        *[((i, 0),) for i in range(2)],
        *[((i, 0), (i, 1)) for i in range(2, len(Fixed._fields))],
        *[((i, 0),) for i in range(len(Fixed._fields), _Z - 1)],
        ((_Z - 1, 0), (_Z - 1, 1)),
        _AUTHORITY,
        _AUTHORITY,
        ((_Z + 2, 0),),
        ((_Z + 3, 0),),
    ],
    differentiable=range(_Z + len(OfNeighbours._fields)),
)


def density_of_neighbours(
    fixed: Fixed, spread: Spread, of: OfNeighbours, touching: Touching
) -> Tensor:
    """Log density of effects that neighbours share, less that of independent ones, a scalar.

    See `bayesgrad.kernels.coordinates.bym2`.
    """
    return _NEIGHBOURS(*fixed, *spread, *of, *touching)[-1]


_NEIGHBOURHOODS = differentiable_op(
    neighbourhoods_forward,
    neighbourhoods_backward,
    outputs=[((1, 0), (1, 1))],
    differentiable=range(4),
)


def informed_neighbourhoods(
    sd: Tensor, z: Tensor, intercept: Tensor, slope: Tensor, known: Quadratics
) -> Informed:
    """Effects of neighbourhoods whose coordinates are z.

    See `bayesgrad.kernels.coordinates.neighbourhoods`.
    """
    return Informed(*_NEIGHBOURHOODS(sd, z, intercept, slope, *known))


def correlations_of_partial(partial: Tensor, size: int) -> Correlations:
    """Correlations of blocks of effects from their partial correlations, (K (K - 1) / 2, blocks).

    Parameters
    ----------
    size : int
        K.
    """
    entries = size * (size + 1) // 2
    operation = differentiable_op(
        partial_forward,
        partial_backward,
        outputs=[(entries, (0, 1)), ((0, 0), (0, 1))],
        differentiable=(0,),
        read_only=(1,),
    )
    return Correlations(*operation(partial))


def correlations_of_loadings(loadings: Tensor, size: int) -> Correlations:
    """Correlations of one block of K effects from their loadings, (K, factors)."""
    operation = differentiable_op(
        loadings_forward,
        loadings_backward,
        outputs=[(size * (size + 1) // 2, 1), (size * (size - 1) // 2, 1)],
        differentiable=(0,),
        needed=(0,),
        read_only=(1,),
    )
    return Correlations(*operation(loadings))


def log_likelihood_of(effects: Effects, rows: CountRows) -> Tensor:
    """Log likelihood of all rows, less its constant, a scalar.

    Intercepts and slopes are (authorities, outcomes) or (authorities, outcomes, strata). One pass
    gives the value and its derivatives, so that the gradient costs nothing more.
    """
    shapes = [tuple((i, axis) for axis in range(effect.ndim)) for i, effect in enumerate(effects)]
    operation = differentiable_op(
        log_likelihood_by_effects, None, outputs=shapes, differentiable=range(len(effects))
    )
    return operation(*effects, *rows)[-1]
