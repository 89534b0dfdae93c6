"""All that the areas say of a fitted model's predictions, in one call."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import xarray as xr

from bayesgrad.design.design import Design
from bayesgrad.predictive.authorities import leave_one_authority_out
from bayesgrad.predictive.pointwise import leave_one_area_out
from bayesgrad.predictive.replicates import posterior_predictive

STREAM = 1
"""Tells the random numbers of the checks from those of a sampler with the same seed."""


def check_predictions(design: Design, posterior: xr.Dataset, *, seed: int) -> dict[str, xr.Dataset]:
    """Predictive checks and scores of a fit.

    Parameters
    ----------
    design : Design
    posterior : Dataset
        Dimensions chain, draw and those of the model.
    seed : int
        That of the fit.

    Returns
    -------
    dict of Dataset
        ``predictive`` (`bayesgrad.predictive.replicates`) and ``scores``
        (`bayesgrad.predictive.pointwise`, `bayesgrad.predictive.authorities`).
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(STREAM,))
    # Nearly all of each is spent in code that releases the interpreter's lock.
    with ThreadPoolExecutor() as pool:
        predictive = pool.submit(posterior_predictive, design, posterior, seed=sequence)
        areas = pool.submit(leave_one_area_out, design, posterior)
        authorities = leave_one_authority_out(design, posterior)
        return {
            "predictive": predictive.result(),
            "scores": areas.result().merge(authorities),
        }
