"""Normal distribution of authority effects given what authorities share, in each draw."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from bayesgrad.areas.effects import EFFECTS
from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.predictive.neighbours import given_others


class Effects(NamedTuple):
    """Distribution of the effects of each authority.

    Attributes
    ----------
    mean : ndarray, shape (authorities, outcomes, sample, 2)
        Of intercept and slope.
    covariance : ndarray, shape (authorities or 1, sample, 2 outcomes, 2 outcomes)
        Of all effects, outcomes in turn; one where it is the same for every authority.
    """

    mean: Floats
    covariance: Floats

    def of_outcome(self, authority: int, outcome: int) -> Floats:
        """Covariance of the intercept and slope of one outcome, (sample, 2, 2)."""
        own = slice(2 * outcome, 2 * outcome + 2)
        return self.covariance[authority % len(self.covariance), :, own, own]


def effects_distribution(design: Design, sample: xr.Dataset) -> Effects:
    """Distribution of authority effects under thinned draws, from `thinned`.

    Where neighbours are alike, given the effects of the other authorities.
    """
    authorities, outcomes, _ = design.cells
    size = sample.sizes["sample"]
    mean = np.empty((authorities, outcomes, size, 2))
    parts = (
        ("intercept", "between", "authority_moderator_level"),
        ("slope", "interaction", "authority_moderator_gradient"),
    )
    columns = (design.authorities.moderation, design.authorities.moderators.values)
    for position, (fixed, *names) in enumerate(parts):
        mean[..., position] = sample[fixed].transpose("outcome", "sample").values
        for name, values in zip(names, columns, strict=True):
            if name in sample:
                coefficients = sample[name].transpose("outcome", "sample", ...).values
                mean[..., position] += np.moveaxis(coefficients @ values.T, -1, 0)
    covariance = joint_covariance(sample)
    if design.neighbours is None:
        return Effects(mean, covariance[None])
    effects = [
        sample[f"authority_{effect}"].transpose("authority", "outcome", "sample").values
        for effect in EFFECTS
    ]
    left = np.stack(effects, axis=-1) - mean
    shift, conditional = given_others(
        design.neighbours,
        left.swapaxes(1, 2).reshape(authorities, size, -1),
        covariance,
        _by_effect(sample, "phi_{}"),
    )
    mean += shift.reshape(authorities, size, outcomes, 2).swapaxes(1, 2)
    return Effects(mean, conditional)


def factor_of(covariance: Floats) -> Floats:
    """Lower triangular factors of covariances, (sample, 2, 2): (sample, 3) by row.

    A variance may be 0.
    """
    first = np.sqrt(covariance[:, 0, 0])
    cross = np.divide(covariance[:, 1, 0], first, out=np.zeros_like(first), where=first > 0)
    rest = np.sqrt(np.maximum(covariance[:, 1, 1] - cross**2, 0.0))
    return np.stack([first, cross, rest], axis=-1)


def _by_effect(sample: xr.Dataset, name: str) -> Floats:
    """Values of intercepts and slopes, outcomes in turn: (sample, 2 outcomes)."""
    values = [sample[name.format(one)].transpose("sample", "outcome").values for one in EFFECTS]
    return np.stack(values, axis=-1).reshape(sample.sizes["sample"], -1)


def joint_covariance(sample: xr.Dataset) -> Floats:
    """Covariance of all effects, outcomes in turn: (sample, 2 outcomes, 2 outcomes)."""
    sd = _by_effect(sample, "sd_{}")
    size = sd.shape[1]
    correlation = np.broadcast_to(np.eye(size), (len(sd), size, size)).copy()
    every, own = np.tril_indices(size, -1), (np.arange(1, size, 2), np.arange(0, size, 2))
    for name, (lower, upper) in (("correlation", own), ("effect_correlation", every)):
        if name in sample:
            values = sample[name].transpose("sample", ...).values
            correlation[:, lower, upper] = values
            correlation[:, upper, lower] = values
    found: Floats = correlation * sd[:, :, None] * sd[:, None, :]
    return found


def deviation_variance(sample: xr.Dataset) -> Floats:
    """Variance of authorities' own deviations of strata, before their mean is taken out.

    Returns
    -------
    ndarray, shape (sample, 2 outcomes)
        Outcomes in turn; 0 of what does not deviate.
    """
    zero = xr.zeros_like(sample["sd_intercept"])
    sd = [sample.get(f"sd_authority_stratum_{effect}", zero) for effect in EFFECTS]
    values = np.stack([one.transpose("sample", "outcome").values for one in sd], axis=-1)
    found: Floats = values.reshape(len(values), -1) ** 2
    return found


def deviation_factors(
    design: Design, sample: xr.Dataset, shared: Floats
) -> tuple[Floats, Floats, Floats]:
    """Prior covariance of the effects of an authority's cells, by factors.

    Parameters
    ----------
    shared : ndarray, shape (sample, 2 outcomes, 2 outcomes)
        Covariance of the authority's effects.

    Returns
    -------
    load : ndarray, shape (strata, factors)
        Of each stratum on the factors of its outcome's effects.
    shared : ndarray, shape (sample, 2 outcomes factors, 2 outcomes factors)
        Covariance of the factors.
    own : ndarray, shape (sample, 2 outcomes)
        Variance of what each cell has of its own.
    """
    own = deviation_variance(sample)
    basis, strata = design.deviation_basis, design.cells[2]
    effects = np.eye(own.shape[1])
    if basis is None or np.allclose(basis @ basis.T, np.eye(strata) - 1.0 / strata):
        # Deviations less their mean over strata are independent ones with that mean taken from
        # what strata share, whose variance is the less by it.
        return np.ones((strata, 1)), shared - own[:, :, None] / strata * effects, own
    factors = 1 + basis.shape[1]
    whole = np.zeros((len(own), factors, len(effects), factors, len(effects)))
    whole[:, 0, :, 0] = shared
    for f in range(1, factors):
        whole[:, f, :, f] = own[:, :, None] * effects
    size = factors * len(effects)
    load = np.hstack([np.ones((strata, 1)), basis])
    return load, whole.reshape(-1, size, size), np.zeros_like(own)
