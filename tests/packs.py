"""Prior packs made up for tests, and specs that go with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bayesgrad.spec import ModelSpec, PriorPack
from bayesgrad.spec.pack_layout import pack_blocks

MEAN_DEPRIVATION = 0.13
QUANTILES = (0.06, 0.07, 0.09, 0.11, 0.13, 0.15, 0.18, 0.2, 0.22)
PROBABILITIES = (0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95)

MEANS = {
    "intercept": -3.0,
    "slope": 0.48,
    "between": 0.4,
    "interaction": -0.28,
    "covariate": 0.1,
    "sd_intercept": np.log(0.28),
    "sd_slope": np.log(0.09),
    "correlation": -0.2,
    "overdispersion": np.log(0.35),
}
"""Of each variable on its scale; 0 for those left out."""


def pack_content(
    *,
    outcomes: Sequence[str] = ("referrals",),
    family: str = "negative_binomial",
    covariance: str = "full",
    seed: int = 1,
    spread: float = 0.05,
    **model: Any,
) -> dict[str, Any]:
    """Content of a pack of log moderation; `model` has other keys of [model], and of the top."""
    top = {
        name: model.pop(name)
        for name in ("area_covariates", "area_moderators", "authority_moderators")
        if name in model
    }
    described = {
        "unit": 0.1,
        "vintage": "IoD2019",
        "deprivation": "income",
        "authority_deprivation": "mean",
        "at_risk": "people",
        "centre": "authority",
        "moderation": "log",
        "mean_authority_deprivation": MEAN_DEPRIVATION,
        "moderation_terms": ["log"],
        "curvature": "none",
        "covariance": covariance,
    } | model
    blocks = pack_blocks(
        outcomes=[(outcome, family) for outcome in outcomes],
        covariance=covariance,
        terms={
            "moderation_term": tuple(described["moderation_terms"]),
            "curvature_term": tuple(described.get("curvature_terms", ())),
            "area_covariate": tuple(one["name"] for one in top.get("area_covariates", ())),
            "area_moderator": tuple(top.get("area_moderators", ())),
            "authority_moderator": tuple(
                one["name"] for one in top.get("authority_moderators", ())
            ),
        },
    )
    names = [name for block in blocks for name in block.names]
    mean = [MEANS.get(block.variable, 0.0) for block in blocks for _ in block.names]
    rng = np.random.default_rng(seed)
    factor = spread * (np.eye(len(names)) + 0.3 * np.tril(rng.normal(size=(len(names),) * 2), -1))
    return {
        "format": 2,
        "source": {
            "title": "Nation",
            "bayesgrad": "0.1.0",
            "engine": "laplace",
            "draws": 6000,
            "diagnostics_passed": True,
        },
        "nation": {
            "authorities": 150,
            "areas": 30_000,
            "probabilities": list(PROBABILITIES),
            "deprivation": list(QUANTILES),
        },
        "model": described,
        "outcomes": [
            {
                "column": outcome,
                "family": family,
                "link": "logit" if family in ("binomial", "beta_binomial") else "log",
                "events": 50_000,
            }
            for outcome in outcomes
        ],
        **top,
        "parameters": {
            "names": names,
            "mean": mean,
            "covariance": (factor @ factor.T).tolist(),
        },
    }


def pack_with(**settings: Any) -> PriorPack:
    """Pack of the content given; see `pack_content`."""
    return PriorPack.model_validate(pack_content(**settings))


def with_pack(spec: ModelSpec, pack: PriorPack) -> ModelSpec:
    """The spec with a pack, validated."""
    content = {name: getattr(spec, name) for name in ModelSpec.model_fields}
    return ModelSpec.model_validate(content | {"prior_pack": pack})
