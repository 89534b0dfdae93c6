r"""What a prior pack says of authorities, kept with a fit that has one.

The pack's parameters are jointly normal on its unconstrained scale. So the log gradient of an
authority of deprivation D and moderators M is :math:`b = \ell + u`, with
:math:`\ell = \mathrm{slope} + \mathrm{interaction} \cdot W(D) + \lambda \cdot M` and
:math:`u \sim N(0, \sigma^2)`, where :math:`(\ell, \ln \sigma)` are jointly normal: five numbers
for each authority and outcome.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.special import ndtri

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.spec.pack_layout import PackBlock
from bayesgrad.spec.prior_pack import PackNation, PriorPack

PLACES = 200
"""Deprivations, of equal weight, that stand for the nation's authorities."""


def nation_of(pack: PriorPack, design: Design) -> xr.Dataset:
    """Group ``nation`` of a fit.

    Returns
    -------
    Dataset
        ``deprivation`` (place) and ``moderation_basis`` (place, moderation_term): authorities of
        the nation, each of the same weight. ``line_mean``, ``line_variance``,
        ``line_log_sd_covariance`` (authority, outcome) and ``log_sd_mean``, ``log_sd_variance``
        (outcome): moments of the pack's l and log sigma at the deprivation and moderators of the
        authorities of the fit. Attributes: what the pack is of.
    """
    deprivation = national_deprivation(pack.nation)
    outcomes = design.outcomes
    by = ("authority", "outcome")
    moments = [_moments(pack, design, outcome) for outcome in outcomes]
    return xr.Dataset(
        {
            "deprivation": ("place", deprivation),
            "moderation_basis": (("place", "moderation_term"), design.basis.at(deprivation)),
            "line_mean": (by, np.stack([m["line_mean"] for m in moments], axis=1)),
            "line_variance": (by, np.stack([m["line_variance"] for m in moments], axis=1)),
            "line_log_sd_covariance": (by, np.stack([m["covariance"] for m in moments], axis=1)),
            "log_sd_mean": ("outcome", np.concatenate([m["log_sd_mean"] for m in moments])),
            "log_sd_variance": ("outcome", np.concatenate([m["log_sd_variance"] for m in moments])),
        },
        coords={
            "authority": list(design.authorities.codes),
            "outcome": list(outcomes),
            "moderation_term": np.array(design.basis.terms, dtype=str),
        },
        attrs={
            "title": pack.source.title,
            "authorities": pack.nation.authorities,
            "areas": pack.nation.areas,
            "bayesgrad": pack.source.bayesgrad,
            "diagnostics_passed": int(pack.source.diagnostics_passed),
        },
    )


def national_deprivation(nation: PackNation) -> Floats:
    """Deprivations of equal weight that have the quantiles of the nation's authorities: (places,).

    Between the quantiles that the pack tells, the logarithm of deprivation (deprivation itself,
    where a quantile is 0) is linear in the normal score of its probability; so it is beyond them.
    """
    probabilities = (np.arange(PLACES) + 0.5) / PLACES
    quantiles = np.array(nation.deprivation)
    positive = bool(quantiles[0] > 0)
    known = np.log(quantiles) if positive else quantiles
    found = _extended(ndtri(probabilities), ndtri(np.array(nation.probabilities)), known)
    return np.clip(np.exp(found) if positive else found, 0.0, 1.0)


def _extended(at: Floats, x: Floats, y: Floats) -> Floats:
    """Linear interpolation of y over x, and extrapolation by the lines through the ends."""
    place = np.clip(np.searchsorted(x, at) - 1, 0, len(x) - 2)
    slope = np.diff(y) / np.diff(x)
    found: Floats = y[place] + slope[place] * (at - x[place])
    return found


def _moments(pack: PriorPack, design: Design, outcome: str) -> dict[str, Floats]:
    """Moments of the line and of log sigma of one outcome, by authority."""
    mean, covariance = pack.mean(), pack.covariance()
    blocks = {block.variable: block for block in pack.blocks}
    line = np.zeros((len(design.authorities.codes), len(mean)))
    parts = {
        "slope": np.ones((len(line), 1)),
        "interaction": design.authorities.moderation,
        "authority_moderator_gradient": design.authorities.moderators.values,
    }
    for variable, columns in parts.items():
        if variable in blocks:
            line[:, _places(blocks[variable], outcome)] = columns
    log_sd = _places(blocks["sd_slope"], outcome)
    return {
        "line_mean": line @ mean,
        "line_variance": np.einsum("ap,pq,aq->a", line, covariance, line),
        "covariance": line @ covariance[:, log_sd[0]],
        "log_sd_mean": mean[log_sd],
        "log_sd_variance": np.diag(covariance)[log_sd],
    }


def _places(block: PackBlock, outcome: str) -> list[int]:
    """Places of an outcome's values of a block among the parameters."""
    at = np.arange(block.place.start, block.place.stop).reshape(block.shape)
    return list(at[block.labels[0].index(outcome)].ravel())
