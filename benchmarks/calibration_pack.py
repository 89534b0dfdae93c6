"""A prior pack that calibration draws truths from: a nation that is known to some extent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from bayesgrad import PriorPack

type Floats = NDArray[np.float64]

DEPRIVATION = 0.13
"""Mean deprivation of the nation's authorities."""
MEAN = {
    "intercept": -3.4,
    "slope": 0.4,
    "between": 0.3,
    "interaction": -0.25,
    "log sd_intercept": np.log(0.28),
    "log sd_slope": np.log(0.12),
    "atanh correlation": -0.3,
    "log overdispersion": np.log(0.4),
}
"""Of each parameter on its unconstrained scale."""
SPREAD = 0.2


def factor() -> Floats:
    """Cholesky factor of the covariance: parameters that go together."""
    size = len(MEAN)
    lower = np.eye(size) + 0.4 * np.tril(np.cos(np.arange(size * size)).reshape(size, size), -1)
    found: Floats = SPREAD * lower
    return found


def draw_parameters(rng: np.random.Generator) -> dict[str, Floats]:
    """Parameters under the names of the posterior, each (1, 1)."""
    values = np.array(list(MEAN.values())) + factor() @ rng.standard_normal(len(MEAN))
    inverse = {"log": np.exp, "atanh": np.tanh}
    found = {}
    for title, value in zip(MEAN, values, strict=True):
        scale, _, name = title.rpartition(" ")
        found[name] = np.array([[inverse[scale](value) if scale else value]])
    return found


def prior_pack(outcome: str) -> PriorPack:
    """Pack of the same distribution, as a national fit would write it."""
    from bayesgrad import PriorPack

    lower = factor()
    return PriorPack.model_validate(
        {
            "format": 2,
            "source": {
                "title": "Calibration",
                "bayesgrad": "0",
                "engine": "nuts",
                "draws": 4000,
                "diagnostics_passed": True,
            },
            "nation": {
                "authorities": 150,
                "areas": 30_000,
                "probabilities": [0.05, 0.25, 0.5, 0.75, 0.95],
                "deprivation": [0.06, 0.09, 0.12, 0.16, 0.23],
            },
            "model": {
                "unit": 0.1,
                "vintage": "Synthetic",
                "deprivation": "income_score",
                "authority_deprivation": "mean",
                "at_risk": "people",
                "centre": "authority",
                "moderation": "log",
                "mean_authority_deprivation": DEPRIVATION,
                "moderation_terms": ["log"],
                "curvature": "none",
                "covariance": "full",
            },
            "outcomes": [
                {
                    "column": outcome,
                    "family": "negative_binomial",
                    "link": "log",
                    "events": 600_000,
                }
            ],
            "parameters": {
                "names": [_named(title, outcome) for title in MEAN],
                "mean": list(MEAN.values()),
                "covariance": (lower @ lower.T).tolist(),
            },
        }
    )


def _named(title: str, outcome: str) -> str:
    of_term = title in ("between", "interaction")
    return f"{title} [{outcome}{', log' if of_term else ''}]"
