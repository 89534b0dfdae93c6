"""Where chains start: near the mode, each at a point of its own.

Every authority's mode is at hand (`bayesgrad.model.information`). Their regression on the
systematic part of the model gives the fixed effects, and its residuals the standard deviations and
the correlations. Coefficients of row terms start at zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.model.arrays import count_rows
from bayesgrad.model.coefficient_priors import coefficient_priors
from bayesgrad.model.covariance import is_joint
from bayesgrad.model.information import Information
from bayesgrad.model.neighbourhoods import whole_information
from bayesgrad.model.priors import to_guarded
from bayesgrad.model.strata import KINDS, strata_arrays, strata_kinds
from bayesgrad.spec.model_spec import ModelSpec

RIDGE = 0.1
"""Weight of a coefficient of zero in the regression, in authorities."""
SMALLEST_SD = 0.02
SMALLEST_OVERDISPERSION = 0.01
LARGEST_CORRELATION = 0.9
SMALLEST_STRATUM_SD = 0.005
SHRINKAGE = 0.1
"""Of the correlation of the authorities' modes towards none."""
FIRST_DEVIATION = 0.05
"""Standard deviation of authorities' own deviations of strata."""
JITTER = 0.1
"""Spread of the chains' first points; of the standardised effects it is 1, that of the model."""
RISK_SPREAD = 0.1
"""Factor of these where probabilities have a log link, and points of 1 or more no density."""


@dataclass(frozen=True, eq=False)
class Start:
    """First points of chains, on the sampler's unconstrained scale.

    Attributes
    ----------
    centre : dict of str to ndarray
        By free variable; those left out start around zero.
    spread : float
        Factor of the spread of first points around it.
    """

    centre: dict[str, Floats]
    spread: float = 1.0

    @classmethod
    def of(cls, spec: ModelSpec, design: Design) -> Start:
        """Start of a spec on a design; with a prior pack, parameters start at draws from it."""
        slopes = "slope" in strata_kinds(spec)
        information, of_neighbourhoods = whole_information(
            design, count_rows(design), stratum_slopes=slopes
        )
        spread = RISK_SPREAD if design.risks.any() else 1.0
        of_effects = {}
        if spec.sampling.parameterisation == "centred":
            by_effect = information.mode.transpose(1, 2, 0)
            of_effects["authority_effects"] = by_effect.reshape(len(by_effect), -1)
        if spec.prior_pack is not None:
            return cls(of_effects, spread)
        centre, residuals = _regression(design, information.mode)
        sd = np.maximum(residuals.std(axis=1), SMALLEST_SD)
        centre |= {"sd_intercept": np.log(sd[0]), "sd_slope": np.log(sd[1])}
        if spec.authority.covariance in ("full", "by_outcome"):
            # The logit of (1 + r) / 2.
            centre["correlation_half"] = 2.0 * np.arctanh(
                _partial_correlations(residuals, joint=is_joint(spec))
            )
        dispersed = [s for s, form in enumerate(design.forms) if form.dispersed]
        if dispersed:
            overdispersion = np.sqrt(information.inverse_alpha[dispersed])
            centre["overdispersion"] = np.log(np.maximum(overdispersion, SMALLEST_OVERDISPERSION))
        if of_neighbourhoods is not None:
            centre["sd_neighbourhood"] = np.log(of_neighbourhoods.sd)
        centre |= of_effects | _of_strata(spec, design, information)
        return cls(_as_sampled(spec, design, centre), spread)

    def point(self, shapes: dict[str, tuple[int, ...]], seed: int) -> Floats:
        """First point of a chain, shape (parameters,).

        Parameters
        ----------
        shapes : dict
            Shape of every free variable, in order.
        seed : int
        """
        rng = np.random.default_rng(seed)
        parts = []
        for name, shape in shapes.items():
            spread = self.spread * (1.0 if name.startswith("z") else JITTER)
            parts.append(spread * rng.standard_normal(shape).ravel())
        return self.middle(shapes) + np.concatenate(parts)

    def middle(self, shapes: dict[str, tuple[int, ...]]) -> Floats:
        """Point around which the chains start, shape (parameters,)."""
        return np.concatenate(
            [self.centre.get(name, np.zeros(shape)).ravel() for name, shape in shapes.items()]
        )


def _as_sampled(spec: ModelSpec, design: Design, centre: dict[str, Floats]) -> dict[str, Floats]:
    """Coefficients as what is sampled, where that is another multiple of them."""
    found = dict(centre)
    for prior in coefficient_priors(spec, design):
        if not prior.plain and prior.variable in found:
            factor = prior.factor if prior.dim else prior.factor[0]
            found[prior.free] = found.pop(prior.variable) / factor
    return found


def _regression(design: Design, modes: Floats) -> tuple[dict[str, Floats], Floats]:
    """Fixed effects of levels and gradients, and what they leave, (2, authorities, outcomes)."""
    columns = design.authorities.columns
    weights = RIDGE * np.eye(columns.shape[1])
    weights[0, 0] = 0.0
    solve = np.linalg.solve(columns.T @ columns + weights, columns.T)
    # (2, columns, outcomes), with the terms before the outcomes.
    coefficients = np.einsum("ca,kas->kcs", solve, modes)
    last = 1 + design.authorities.moderation.shape[1]
    terms, rest = slice(1, last), slice(last, None)
    (level, gradient) = coefficients
    return {
        "intercept": level[0],
        "slope": gradient[0],
        "between": level[terms].T,
        "interaction": gradient[terms].T,
        "authority_moderator_level": level[rest].T,
        "authority_moderator_gradient": gradient[rest].T,
    }, modes - np.einsum("ac,kcs->kas", columns, coefficients)


def _partial_correlations(residuals: Floats, *, joint: bool) -> Floats:
    """Partial correlations of residuals, (2, authorities, outcomes), in the model's order."""
    authorities, outcomes = residuals.shape[1:]
    by_effect = residuals.transpose(1, 2, 0).reshape(authorities, 1, -1)
    if not joint:
        by_effect = by_effect.reshape(authorities, outcomes, 2)
    found = [_partial_of_block(by_effect[:, b]) for b in range(by_effect.shape[1])]
    return np.clip(np.concatenate(found), -LARGEST_CORRELATION, LARGEST_CORRELATION)


def _partial_of_block(residuals: Floats) -> Floats:
    """Partial correlations of effects, (authorities, K), given those before; see `correlation`."""
    size = residuals.shape[1]
    centred = residuals - residuals.mean(axis=0)
    length = np.linalg.norm(centred, axis=0)
    # One authority alone, or an effect that does not vary, has no correlation; few authorities, or
    # an effect that hardly varies, make the plain matrix singular.
    unit = np.divide(centred, length, out=np.zeros_like(centred), where=length > 0.0)
    shrunk = (unit.T @ unit) * (1.0 - SHRINKAGE)
    np.fill_diagonal(shrunk, 1.0)
    lower = np.linalg.cholesky(shrunk)
    before = np.cumsum(lower**2, axis=1) - lower**2
    rest = np.sqrt(np.maximum(1.0 - before, np.finfo(float).tiny))
    return np.array([lower[i, k] / rest[i, k] for i in range(size) for k in range(i)])


def _of_strata(spec: ModelSpec, design: Design, information: Information) -> dict[str, Floats]:
    """Standard deviations of strata, from their modes, on the scales of both forms."""
    found: dict[str, Floats] = {}
    arrays = strata_arrays(spec, design, information)
    for place, kind in enumerate(KINDS):
        if kind not in strata_kinds(spec):
            continue
        mode = information.strata_mode[place]
        contrasts = [np.linalg.pinv(part.basis) @ mode.T for part in design.strata_components]
        sd = np.stack([np.sqrt((part**2).mean(axis=0)) for part in contrasts], axis=1)
        sd = np.maximum(sd, SMALLEST_STRATUM_SD)
        name = f"sd_stratum_{kind}"
        found[name] = np.log(sd)
        if spec.sampling.parameterisation == "partial":
            scale = arrays[f"stratum_{kind}_scale"]
            found[f"{name}_guarded"] = to_guarded(sd, spec.scale_prior(name), scale=scale)
        if spec.strata_or_years is not None and spec.strata_or_years.authority_deviations:
            first = np.full(len(design.forms), FIRST_DEVIATION)
            found[f"sd_authority_stratum_{kind}"] = np.log(first)
    return found
