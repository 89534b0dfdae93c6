"""Convergence statistics of Vehtari et al. (2021), for any number of chains.

ArviZ takes a second to import, and a fit that is only read needs none of it: it loads when used.
"""

from __future__ import annotations

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


def _halved(posterior: xr.Dataset) -> xr.Dataset:
    """Take the two halves of one chain for two chains."""
    half = posterior.sizes["draw"] // 2
    halves = [posterior.isel(draw=slice(k * half, (k + 1) * half)) for k in (0, 1)]
    return xr.concat([part.drop_vars("draw", errors="ignore") for part in halves], dim="chain")
