"""Normal distribution of authority effects given what authorities share, in each draw."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from bayesgrad.areas.effects import EFFECTS, Effect
from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats


class Effects(NamedTuple):
    """Distribution of the effects of each outcome, m + C w.

    Attributes
    ----------
    mean : ndarray, shape (authorities, outcomes, sample, 2)
        Of intercept and slope.
    factor : ndarray, shape (outcomes, sample, 3)
        C, lower triangular: its three entries by row.
    """

    mean: Floats
    factor: Floats


def effects_distribution(design: Design, sample: xr.Dataset) -> Effects:
    """Distribution of authority effects under thinned draws, from `thinned`, by outcome."""
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
        if f"spatial_{fixed}" in sample:
            # What neighbours share is known in each draw, as other parameters are.
            structured = sample[f"spatial_{fixed}"].transpose("authority", "outcome", "sample")
            mean[..., position] += structured.values
    sd_intercept, sd_slope = (
        _unstructured(sample, effect).transpose("outcome", "sample").values for effect in EFFECTS
    )
    correlation = np.zeros_like(sd_slope)
    if "correlation" in sample:
        correlation = sample["correlation"].transpose("outcome", "sample").values
    alone = sd_slope * np.sqrt(1.0 - correlation**2)
    return Effects(mean, np.stack([sd_intercept, correlation * sd_slope, alone], axis=-1))


def _unstructured(sample: xr.Dataset, effect: Effect) -> xr.DataArray:
    """Standard deviation of what an authority does not share with its neighbours."""
    sd = sample[f"sd_{effect}"]
    phi = sample.get(f"phi_{effect}")
    return sd if phi is None else sd * np.sqrt(1.0 - phi)


def covariance_of(factor: Floats) -> Floats:
    """C C' of lower triangular factors, (sample, 3) by row: (sample, 2, 2)."""
    c00, c10, c11 = factor.T
    entries = np.array([[c00**2, c00 * c10], [c00 * c10, c10**2 + c11**2]])
    return np.ascontiguousarray(np.moveaxis(entries, -1, 0))


def joint_covariance(sample: xr.Dataset) -> Floats:
    """Covariance of all effects, outcomes in turn: (sample, 2 outcomes, 2 outcomes)."""
    sd = np.stack(
        [_unstructured(sample, one).transpose("sample", "outcome").values for one in EFFECTS],
        axis=-1,
    ).reshape(sample.sizes["sample"], -1)
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


def deviation_factors(design: Design, sample: xr.Dataset) -> tuple[Floats, Floats, Floats]:
    """Prior covariance of the effects of an authority's cells, by factors.

    Returns
    -------
    load : ndarray, shape (strata, factors)
        Of each stratum on the factors of its outcome's effects.
    shared : ndarray, shape (sample, 2 outcomes factors, 2 outcomes factors)
        Covariance of the factors.
    own : ndarray, shape (sample, 2 outcomes)
        Variance of what each cell has of its own.
    """
    shared, own = joint_covariance(sample), deviation_variance(sample)
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
