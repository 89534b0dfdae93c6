"""Where chains start: near the mode, each at a point of its own.

Every authority's mode is at hand (`bayesgrad.model.information`). Their regression on the
systematic part of the model gives the fixed effects, and its residuals the standard deviations and
the correlation. Coefficients of row terms start at zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.model.arrays import count_rows
from bayesgrad.model.information import authority_information
from bayesgrad.spec.model_spec import ModelSpec

RIDGE = 0.1
"""Weight of a coefficient of zero in the regression, in authorities."""
SMALLEST_SD = 0.02
SMALLEST_OVERDISPERSION = 0.01
LARGEST_CORRELATION = 0.9
JITTER = 0.1
"""Spread of the chains' first points; of the standardised effects it is 1, that of the model."""


@dataclass(frozen=True, eq=False)
class Start:
    """First points of chains, on the sampler's unconstrained scale.

    Attributes
    ----------
    centre : dict of str to ndarray
        By free variable; those left out start around zero.
    """

    centre: dict[str, Floats]

    @classmethod
    def of(cls, spec: ModelSpec, design: Design) -> Start:
        """Start of a spec on a design."""
        family = spec.likelihood.family
        information = authority_information(design, count_rows(design), family=family)
        centre, residuals = _regression(design, information.mode)
        sd = np.maximum(residuals.std(axis=1), SMALLEST_SD)
        centre |= {"sd_intercept": np.log(sd[0]), "sd_slope": np.log(sd[1])}
        if spec.authority.covariance != "diagonal":
            product = (residuals[0] * residuals[1]).mean(axis=0) / (sd[0] * sd[1])
            bounded = np.clip(product, -LARGEST_CORRELATION, LARGEST_CORRELATION)
            # The logit of (1 + rho) / 2, the scale of `correlation_variable`.
            centre["correlation_half"] = 2.0 * np.arctanh(bounded)
        if family == "negative_binomial":
            overdispersion = np.sqrt(information.inverse_alpha)
            centre["overdispersion"] = np.log(np.maximum(overdispersion, SMALLEST_OVERDISPERSION))
        if spec.sampling.parameterisation == "centred":
            centre |= {
                "authority_intercept": information.mode[0],
                "authority_slope": information.mode[1],
            }
        return cls(centre)

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
            spread = 1.0 if name.startswith("z") else JITTER
            centre = self.centre.get(name, np.zeros(shape)).reshape(shape)
            parts.append((centre + spread * rng.standard_normal(shape)).ravel())
        return np.concatenate(parts)


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
