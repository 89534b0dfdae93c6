"""Convergence statistics of Vehtari et al. (2021), for any number of chains.

ArviZ takes a second to import, and a fit that is only read needs none of it: it loads when used.
"""

from __future__ import annotations

import numpy as np
import xarray as xr


def r_hat(posterior: xr.Dataset) -> xr.Dataset:
    """Rank-normalised split R-hat of every quantity; a single chain is compared with itself.

    Parameters
    ----------
    posterior : Dataset
        Dimensions chain, draw, ...
    """
    import arviz_stats as az

    chains = _halved(posterior) if posterior.sizes["chain"] == 1 else posterior
    found: xr.Dataset = az.rhat(chains)
    return found


def ess(posterior: xr.Dataset, *, method: str) -> xr.Dataset:
    """Effective sample size of every quantity; `method` is "bulk" or "tail"."""
    import arviz_stats as az

    found: xr.Dataset = az.ess(posterior, method=method)
    return found


def clustered_ess(
    posterior: xr.Dataset, cluster: xr.DataArray, *, clusters: float, method: str
) -> xr.Dataset:
    r"""Effective sample size of draws that are independent given the cluster that they share.

    With W the variance within clusters and B the rest of the variance, the variance of a mean of N
    draws is B / n + W / N where the clusters are worth n independent ones.

    Parameters
    ----------
    posterior : Dataset
        Dimensions chain, draw, ...
    cluster : DataArray, shape (chain, draw)
        Which cluster each draw is of.
    clusters : float
        n.
    method : {"bulk", "tail"}
        Of the mean of the ranks, or the smaller one of the shares of draws in the tails of 5%.
    """
    _, place = np.unique(cluster.values.ravel(), return_inverse=True)

    def of_quantity(values: np.ndarray) -> float:
        flat = values.ravel()
        ranks = np.argsort(np.argsort(flat)) / len(flat)
        if method == "bulk":
            return _size(ranks, place, clusters)
        return min(
            _size(tail.astype(float), place, clusters) for tail in (ranks < 0.05, ranks >= 0.95)
        )

    found: xr.Dataset = xr.apply_ufunc(
        of_quantity, posterior, input_core_dims=[["chain", "draw"]], vectorize=True
    )
    return found


def _size(values: np.ndarray, place: np.ndarray, clusters: float) -> float:
    """Effective sample size of the mean of values, (draws,), with their clusters, (draws,)."""
    size, groups = len(values), place.max() + 1
    means = np.bincount(place, values) / np.bincount(place)
    within = float(((values - means[place]) ** 2).sum() / max(size - groups, 1))
    total = float(values.var(ddof=1))
    between = max(total - within, 0.0)
    return total / (between / min(clusters, size) + within / size) if total > 0.0 else float("nan")


def _halved(posterior: xr.Dataset) -> xr.Dataset:
    """Take the two halves of one chain for two chains."""
    half = posterior.sizes["draw"] // 2
    halves = [posterior.isel(draw=slice(k * half, (k + 1) * half)) for k in (0, 1)]
    return xr.concat([part.drop_vars("draw", errors="ignore") for part in halves], dim="chain")
