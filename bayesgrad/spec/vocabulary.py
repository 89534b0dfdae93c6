"""Closed vocabularies of a model spec, each defined once."""

from __future__ import annotations

from typing import Literal, get_args

Family = Literal["poisson", "negative_binomial", "binomial", "beta_binomial"]
Link = Literal["log", "logit"]
Covariance = Literal["full", "low_rank", "by_outcome", "diagonal"]
StratumGradients = Literal["pooled", "common"]
AtRisk = Literal["people", "time"]
Curvature = Literal["none", "quadratic", "spline"]
Moderation = Literal["none", "linear", "log", "spline"]
Centre = Literal["authority", "national"]
Engine = Literal["auto", "nuts", "laplace"]
FittingEngine = Literal["nuts", "laplace"]
Parameterisation = Literal["partial", "centred", "non_centred"]
MissingCounts = Literal["drop", "refuse"]
SmallAuthorities = Literal["refuse", "drop", "keep"]


def words(vocabulary: object) -> tuple[str, ...]:
    """Words of a closed vocabulary, in the order of its definition."""
    return get_args(vocabulary)
