r"""Importance sampling of the hyperparameters: proposals, smoothed weights, resampling.

Proposals are a scrambled Sobol sequence pushed through a multivariate Student-t at the mode, with
the mode's curvature; their log weights are Pareto-smoothed (Vehtari et al. 2024), and the shape
:math:`\hat k` of the Pareto tail says whether they can be relied on (:math:`\hat k \le 0.7`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import chdtri, gammaln, ndtri

from bayesgrad.design.design import Integers
from bayesgrad.design.splines import Floats
from bayesgrad.inference.laplace.quasi_random import scrambled_sobol
from bayesgrad.inference.pareto import smooth

DEGREES_OF_FREEDOM = 6.0
"""Of the proposals, or half their dimension where that is more: in many dimensions the radius of
few degrees of freedom is seldom that of the target."""


class Proposals(NamedTuple):
    """Points of a Student-t distribution, (n, dim), and their log densities, (n,)."""

    points: Floats
    log_density: Floats


class Weights(NamedTuple):
    """Normalised log weights, shape (n,), and how far they can be relied on."""

    log: Floats
    k_hat: float
    effective_size: float


class Evidence(NamedTuple):
    """Log of the integral of an unnormalised density, and its Monte Carlo standard error."""

    log: float
    error: float


def propose(
    location: Floats, covariance: Floats, *, log2_size: int, seed: np.random.Generator
) -> Proposals:
    """Quasi-random points of a multivariate Student-t distribution.

    Parameters
    ----------
    location : ndarray, shape (dim,)
    covariance : ndarray, shape (dim, dim)
        Scale matrix of the distribution.
    log2_size : int
        Log to the base 2 of the number of points.
    seed : numpy.random.Generator
        Scrambles the sequence.
    """
    dim = len(location)
    nu = max(DEGREES_OF_FREEDOM, dim / 2)
    uniform = scrambled_sobol(dim + 1, log2_size=log2_size, rng=seed)
    chi_square = chdtri(nu, uniform[:, 0])
    standard = ndtri(uniform[:, 1:]) * np.sqrt(nu / chi_square)[:, None]
    lower = np.linalg.cholesky(covariance)
    constant = gammaln((nu + dim) / 2) - gammaln(nu / 2) - dim / 2 * np.log(nu * np.pi)
    log_density = constant - np.log(np.diagonal(lower)).sum()
    return Proposals(
        points=location + standard @ lower.T,
        log_density=log_density - (nu + dim) / 2 * np.log1p((standard**2).sum(axis=1) / nu),
    )


def smoothed_weights(log_ratio: Floats) -> Weights:
    """Pareto-smooth importance weights; they sum to one.

    Parameters
    ----------
    log_ratio : ndarray, shape (n,)
        Log of target over proposal density, up to a constant.
    """
    log, k_hat = smooth(log_ratio)
    return Weights(log, k_hat, float(1.0 / np.exp(2.0 * log).sum()))


def evidence_of(log_ratio: Floats, *, proposed: int) -> Evidence:
    r"""Log evidence, :math:`\ln \int \tilde p(\theta, y) d \theta`: the mean importance ratio.

    Its error is that of the mean of independent ratios, in relative terms; proposals here are
    quasi-random, and do better.

    Parameters
    ----------
    log_ratio : ndarray, shape (n,)
        Log of target over proposal density, of the target's own constant.
    proposed : int
        How many were proposed: n, and those whose ratio is 0.
    """
    log = float(np.logaddexp.reduce(log_ratio) - np.log(proposed))
    share = np.exp(log_ratio - np.logaddexp.reduce(log_ratio))
    return Evidence(log, float(np.sqrt(max((share**2).sum() - 1.0 / proposed, 0.0))))


def weighted_moments(points: Floats, weights: Weights) -> tuple[Floats, Floats]:
    """Mean, (dim,), and covariance, (dim, dim), of weighted points, (n, dim)."""
    share = np.exp(weights.log)
    mean: Floats = share @ points
    centred = points - mean
    return mean, (share[:, None] * centred).T @ centred


def resample(log_weights: Floats, *, size: int, rng: np.random.Generator) -> Integers:
    """Systematic resampling: how often each of n points is drawn, (n,), in `size` draws.

    Each count differs by less than one from `size` times the point's weight.
    """
    edges = np.cumsum(np.exp(log_weights))
    positions = (rng.random() + np.arange(size)) / size * edges[-1]
    drawn = np.searchsorted(edges, positions, side="right")
    return np.bincount(np.minimum(drawn, len(edges) - 1), minlength=len(edges))
