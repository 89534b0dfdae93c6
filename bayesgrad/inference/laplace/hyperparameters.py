r"""Hyperparameters on an unconstrained scale, with their priors and Jacobians.

.. math:: \theta = (\ln \sigma,\ \ln \tau,\ \ln \omega,\ \mathrm{artanh}\, r), \qquad
          \alpha_s = \omega_s^{-2},

with :math:`\sigma` the standard deviations of authority effects, :math:`\tau` those of strata,
:math:`\omega` the overdispersion of outcomes that have one, and r the partial correlations of the
authority effects, where these are correlated. The priors are those of `bayesgrad.model.graph`,
densities of the quantities themselves, and so each gains the log of the derivative of its
quantity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import betaln

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.inference.laplace.partial import derivative_in_partial, factor_of
from bayesgrad.inference.laplace.scales import log_density, log_density_slope
from bayesgrad.model.covariance import partial_shape
from bayesgrad.model.pairs import effect_pairs, pair_label
from bayesgrad.model.strata import strata_kinds
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.priors import ScalePrior


class HyperValues(NamedTuple):
    """Hyperparameters on their own scales, and the covariance of the authority effects.

    Attributes
    ----------
    sd : ndarray, shape (K,)
        Of authority effects: intercept and slope of each outcome in turn.
    factor : ndarray, shape (K, K)
        Lower Cholesky factor of their correlations.
    lower : ndarray, shape (K, K)
        Lower Cholesky factor of their covariance.
    strata : ndarray, shape (kinds, outcomes, components)
        Standard deviations of strata; kinds are intercepts and, unless gradients are common,
        slopes; none without strata.
    overdispersion : ndarray, shape (dispersed outcomes,)
        1/sqrt(alpha).
    alpha : ndarray, shape (outcomes,)
        Infinite where an outcome has none.
    """

    sd: Floats
    factor: Floats
    lower: Floats
    strata: Floats
    overdispersion: Floats
    alpha: Floats


class HyperSlopes(NamedTuple):
    """Derivatives of a quantity in what hyperparameters make.

    Attributes
    ----------
    lower : ndarray, shape (K, K)
        In the lower Cholesky factor of the covariance; what is above its diagonal is not read.
    log_strata : ndarray, shape (kinds, outcomes, components)
    log_overdispersion : ndarray, shape (dispersed outcomes,)
    """

    lower: Floats
    log_strata: Floats
    log_overdispersion: Floats


class ScaleBlock(NamedTuple):
    """Scales of one name and prior, and what each is of (nothing where there is but one)."""

    name: str
    of: tuple[str, ...]
    prior: ScalePrior

    @property
    def titles(self) -> tuple[str, ...]:
        """Name of each scale for a reader."""
        return tuple(f"{self.name} of {of}" if of else self.name for of in self.of)


@dataclass(frozen=True, eq=False)
class Hyperparameters:
    """The hyperparameters of a model: their names, order and priors.

    Attributes
    ----------
    blocks : tuple of ScaleBlock
        The scales: ``sd_intercept`` and ``sd_slope`` by outcome, ``sd_stratum_intercept`` and
        ``sd_stratum_slope`` by outcome and component, ``overdispersion`` by dispersed outcome.
    dispersed : tuple of bool
        Whether each outcome is.
    pairs : tuple of str
        Titles of the partial correlations; none where effects are independent.
    shape : ndarray, shape (pairs,)
        Of the beta distribution of each.
    """

    blocks: tuple[ScaleBlock, ...]
    dispersed: tuple[bool, ...]
    pairs: tuple[str, ...]
    shape: Floats

    @classmethod
    def of(cls, spec: ModelSpec, design: Design) -> Hyperparameters:
        """Hyperparameters of a spec whose authority effects share one covariance on a design."""
        prior, names = spec.scale_prior, design.outcomes
        dispersed = tuple(form.dispersed for form in design.forms)
        outcomes = names if len(spec.outcomes) > 1 else ("",)
        components = [component.name for component in design.strata_components]
        of_strata = tuple(
            ", ".join(part for part in (outcome, component) if part)
            for outcome in outcomes
            for component in (components if len(components) > 1 else [""] * len(components))
        )
        blocks = [
            ScaleBlock("sd_intercept", outcomes, prior("sd_intercept")),
            ScaleBlock("sd_slope", outcomes, prior("sd_slope")),
        ]
        for kind in strata_kinds(spec):
            name = f"sd_stratum_{kind}"
            blocks.append(ScaleBlock(name, of_strata, prior(name)))
        with_it = tuple(name for name, has in zip(outcomes, dispersed, strict=True) if has)
        if with_it:
            blocks.append(ScaleBlock("overdispersion", with_it, prior("overdispersion")))
        correlated = spec.authority.covariance != "diagonal"
        return cls(
            blocks=tuple(blocks),
            dispersed=dispersed,
            pairs=_pair_titles(outcomes) if correlated else (),
            shape=partial_shape(spec, 2 * len(names)) if correlated else np.empty(0),
        )

    @property
    def titles(self) -> tuple[str, ...]:
        """Names in the order of theta."""
        return (*(title for block in self.blocks for title in block.titles), *self.pairs)

    @property
    def scales(self) -> int:
        """Number of scales, which come first in theta."""
        return sum(len(block.of) for block in self.blocks)

    def by_block(self, values: Floats) -> dict[str, Floats]:
        """Split values in the order of theta, (..., scales and more), by name of the scales."""
        found, place = {}, 0
        for block in self.blocks:
            found[block.name] = values[..., place : place + len(block.of)]
            place += len(block.of)
        return found

    def prior_scales(self) -> Floats:
        """Scale parameter of the prior of each scale."""
        return np.concatenate([np.full(len(block.of), block.prior.scale) for block in self.blocks])

    def start(self) -> Floats:
        """A point in the bulk of the prior: every scale at half its prior's, no correlation."""
        return np.concatenate([np.log(0.5 * self.prior_scales()), np.zeros(len(self.pairs))])

    def at(self, theta: Floats) -> HyperValues:
        """Hyperparameters at a point of the unconstrained scale, shape (titles,)."""
        values = self.by_block(np.exp(theta[: self.scales]))
        outcomes = len(self.dispersed)
        sd = np.stack([values["sd_intercept"], values["sd_slope"]], axis=1).ravel()
        factor = factor_of(theta[self.scales :], len(sd)) if self.pairs else np.eye(len(sd))
        strata = [part for name, part in values.items() if name.startswith("sd_stratum")]
        overdispersion = values.get("overdispersion", np.empty(0))
        alpha = np.full(outcomes, np.inf)
        alpha[list(self.dispersed)] = overdispersion**-2.0
        return HyperValues(
            sd=sd,
            factor=factor,
            lower=sd[:, None] * factor,
            strata=np.array(strata).reshape(len(strata), outcomes, -1) if strata else _NO_STRATA,
            overdispersion=overdispersion,
            alpha=alpha,
        )

    def pulled_back(self, theta: Floats, slopes: HyperSlopes) -> Floats:
        """Derivatives in theta of what has these in what hyperparameters make."""
        values = self.at(theta)
        by_effect = (np.tril(slopes.lower) * values.lower).sum(axis=1)
        parts = [by_effect[0::2], by_effect[1::2], slopes.log_strata.ravel()]
        parts.append(slopes.log_overdispersion)
        if self.pairs:
            d_factor = values.sd[:, None] * slopes.lower
            parts.append(derivative_in_partial(theta[self.scales :], d_factor))
        return np.concatenate(parts)

    def log_prior(self, theta: Floats) -> float:
        """Log prior density of theta, Jacobians included."""
        logs = theta[: self.scales]
        total = float(logs.sum())
        for block, values in zip(self.blocks, self.by_block(logs).values(), strict=True):
            total += float(log_density(block.prior, values).sum())
        if self.pairs:
            log_rest = _log_one_less_square(theta[self.scales :])
            # r = 2 B - 1: B (1 - B) = (1 - r^2) / 4, dB = dr / 2, dr = (1 - r^2) d artanh r.
            each = (self.shape - 1.0) * (log_rest - np.log(4.0)) - betaln(self.shape, self.shape)
            total += float((each - np.log(2.0) + log_rest).sum())
        return total

    def log_prior_slope(self, theta: Floats) -> Floats:
        """Derivatives of `log_prior`, shape (titles,)."""
        by_block = self.by_block(theta[: self.scales]).values()
        parts = [
            1.0 + log_density_slope(block.prior, values)
            for block, values in zip(self.blocks, by_block, strict=True)
        ]
        return np.concatenate([*parts, -2.0 * self.shape * np.tanh(theta[self.scales :])])


_NO_STRATA = np.empty((0, 1, 0))


def _pair_titles(outcomes: tuple[str, ...]) -> tuple[str, ...]:
    if len(outcomes) == 1:
        words = ("correlation of", outcomes[0], "intercepts and slopes")
        return (" ".join(word for word in words if word),)
    return tuple(f"partial correlation of {pair_label(p)}" for p in effect_pairs(outcomes))


def _log_one_less_square(artanh: Floats) -> Floats:
    """log(1 - r^2) = -2 log cosh(artanh r), without overflow or cancellation."""
    size = np.abs(artanh)
    found: Floats = 2.0 * (np.log(2.0) - size - np.log1p(np.exp(-2.0 * size)))
    return found
