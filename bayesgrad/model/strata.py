r"""Deviations of strata: normal contrasts that sum to zero, in coordinates informed by the data.

A component of K strata has :math:`v = \sigma B w`, w standard normal (`bayesgrad.design.strata`).
With H the information on v, :math:`B' H B = V \Lambda V'`: rotated by V, contrasts are independent
in prior and data alike, and each gets the coordinate that suits it
(`bayesgrad.kernels.coordinates.partial_noncentred`). Deviations of an authority's strata from the
nation's are the same for every authority, with one standard deviation. What its rows say of them
depends on where the nation's strata are: with these v, and :math:`\hat v` where the pull h was
found, it is :math:`h - H (v - \hat v)`. So coordinates of authorities move along with
the nation's, which would else be tied to all of theirs the more, the more the rows say.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.model.information import Information
from bayesgrad.spec.model_spec import ModelSpec

KINDS = ("intercept", "slope")
LEAST_INFORMATION = 1.0
"""On a contrast, which is then within a standard error of 1 on the log scale."""
NEAR_ZERO = 0.1
"""Share of a standard error that is as good as nothing."""


class ContrastArrays(NamedTuple):
    """Arrays of `bayesgrad.kernels.coordinates.partial_noncentred`.

    Attributes
    ----------
    basis : ndarray, shape (sets, strata, contrasts)
    information, pull : ndarray, shape (sets, contrasts)
    """

    basis: Floats
    information: Floats
    pull: Floats


def strata_kinds(spec: ModelSpec) -> tuple[str, ...]:
    """Which of intercept and slope differ between strata."""
    if spec.strata_or_years is None:
        return ()
    return KINDS if spec.strata_or_years.gradients == "pooled" else KINDS[:1]


def strata_arrays(
    spec: ModelSpec, design: Design, information: Information | None
) -> dict[str, np.ndarray]:
    """Arrays of the deviations of strata, under the names of their `pm.Data`.

    Parameters
    ----------
    information : Information or None
        Without it coordinates are those of the prior.
    """
    found: dict[str, np.ndarray] = {}
    for place, kind in enumerate(KINDS):
        if kind not in strata_kinds(spec):
            continue
        scales = []
        for c, component in enumerate(design.strata_components):
            sets = np.broadcast_to(component.basis, (len(design.forms), *component.basis.shape))
            arrays = _of_strata(sets, information, place)
            found |= _named(f"stratum_{kind}_{c}", arrays)
            scales.append(_scale(arrays))
        if spec.sampling.parameterisation == "partial":
            found[f"stratum_{kind}_scale"] = np.stack(scales, axis=1)
        if spec.strata_or_years is not None and spec.strata_or_years.authority_deviations:
            name = f"authority_stratum_{kind}"
            arrays = _of_authorities(design, information, place)
            found |= _named(name, arrays)
            if information is not None:
                found[f"{name}_response"] = _response(arrays.basis, design, information, place)
                found[f"stratum_{kind}_mode"] = information.strata_mode[place]
    return found


def _named(prefix: str, arrays: ContrastArrays) -> dict[str, np.ndarray]:
    return {f"{prefix}_{field}": values for field, values in arrays._asdict().items()}


def _of_strata(sets: Floats, information: Information | None, place: int) -> ContrastArrays:
    if information is None:
        return _uninformed(sets)
    curvature = information.strata_curvature[place]
    mode = information.strata_mode[place]
    return _rotated(sets, curvature, np.einsum("skl,sl->sk", curvature, mode))


def _of_authorities(design: Design, information: Information | None, place: int) -> ContrastArrays:
    authorities, outcomes, count = design.cells
    basis = design.deviation_basis
    if basis is None:
        raise ValueError("authorities of this design have no deviations of strata")
    sets = np.broadcast_to(basis, (outcomes * authorities, *basis.shape))
    if information is None:
        return _uninformed(sets)
    curvature = information.cell_curvature[place].reshape(-1, count)
    pull = information.cell_pull[place].reshape(-1, count)
    return _rotated(sets, curvature[:, :, None] * np.eye(count), pull)


def _response(sets: Floats, design: Design, information: Information, place: int) -> Floats:
    """Change of the pull on authorities' contrasts with strata: (sets, contrasts, strata)."""
    curvature = information.cell_curvature[place].reshape(-1, design.cells[2])
    return np.ascontiguousarray(np.swapaxes(sets, 1, 2) * curvature[:, None, :])


def _uninformed(sets: Floats) -> ContrastArrays:
    nothing = np.zeros((len(sets), sets.shape[2]))
    return ContrastArrays(np.ascontiguousarray(sets), nothing, nothing.copy())


def _rotated(sets: Floats, curvature: Floats, pull: Floats) -> ContrastArrays:
    """Arrays of bases whose information is made diagonal; the pull is by stratum."""
    inner = np.swapaxes(sets, 1, 2) @ curvature @ sets
    values, vectors = np.linalg.eigh(inner)
    basis = np.ascontiguousarray(sets @ vectors)
    return ContrastArrays(basis, np.maximum(values, 0.0), np.einsum("skr,sk->sr", basis, pull))


def _scale(arrays: ContrastArrays) -> Floats:
    """Scale on which each set's standard deviation is sampled, (sets,).

    That of `bayesgrad.model.priors.guarded_variable`: half of what the contrasts suggest where they
    are surely not zero; else well below their standard errors, so that the standard deviation is on
    the scale of its logarithm.
    """
    known = np.maximum(arrays.information, LEAST_INFORMATION)
    error = 1.0 / known
    size = (arrays.pull / known) ** 2
    surely = size.mean(axis=1) - 4.0 * error.mean(axis=1)
    return 0.5 * np.sqrt(np.maximum(surely, (NEAR_ZERO**2 * error).mean(axis=1)))


def strata_coordinates(spec: ModelSpec, design: Design) -> dict[str, tuple[Any, ...]]:
    """Names along the dimensions of strata, empty where there are none."""
    if spec.strata_or_years is None:
        return {}
    contrasts = {
        f"stratum_contrast_{c}": tuple(range(component.basis.shape[1]))
        for c, component in enumerate(design.strata_components)
    }
    return {
        "stratum": design.strata,
        "stratum_component": tuple(component.name for component in design.strata_components),
        "stratum_difference": tuple(range(len(design.strata) - 1)),
        **contrasts,
    }
