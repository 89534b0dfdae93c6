"""What to fit: model specs in TOML, read into frozen, validated data."""

from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.parts import Outcome
from bayesgrad.spec.prior_pack import PriorPack
from bayesgrad.spec.priors import Priors

__all__ = ["ModelSpec", "Outcome", "PriorPack", "Priors"]
