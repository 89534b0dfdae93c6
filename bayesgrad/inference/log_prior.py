"""Log prior densities of draws, by key of `[priors]`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.inference.laplace.scales import log_density
from bayesgrad.model.coefficient_priors import coefficient_priors
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.priors import LocationPrior, ScalePrior

SCALES = (
    "sd_intercept",
    "sd_slope",
    "sd_stratum_intercept",
    "sd_stratum_slope",
    "sd_authority_stratum_intercept",
    "sd_authority_stratum_slope",
    "overdispersion",
    "sd_neighbourhood",
)


class Known(NamedTuple):
    """One scalar parameter of a model beside its prior.

    Attributes
    ----------
    variable : str
        Variable of the posterior that it is of.
    place : tuple of int
        Where it stands along the variable's dimensions but chain and draw: the outcome first.
    key : str
        Of `[priors]`.
    prior : LocationPrior or ScalePrior
        Per unit and coding of the spec.
    middle : float
        Location of the prior of an intercept that names none.
    """

    variable: str
    place: tuple[int, ...]
    key: str
    prior: LocationPrior | ScalePrior
    middle: float = 0.0

    def values(self, sample: xr.Dataset) -> Floats:
        """Draws of the parameter, (sample,)."""
        values = sample[self.variable].transpose("sample", ...).values
        found: Floats = values.reshape(len(values), -1)[:, self.flat(values.shape[1:])]
        return found

    def flat(self, shape: tuple[int, ...]) -> int:
        """Its place in the flattened variable."""
        return int(np.ravel_multi_index(self.place, shape))

    def log_density(self, values: Floats) -> Floats:
        """Log density of its prior at values, less a constant."""
        if isinstance(self.prior, ScalePrior):
            return log_density(self.prior, np.log(values))
        parameters = self.prior.parameters()
        distance = values - parameters.get("mu", self.middle)
        match self.prior.distribution:
            case "Normal":
                return -0.5 * (distance / parameters["sigma"]) ** 2
            case "StudentT":
                nu = parameters["nu"]
                return -0.5 * (nu + 1.0) * np.log1p((distance / parameters["sigma"]) ** 2 / nu)
            case "Laplace":
                return -np.abs(distance) / parameters["b"]


def known_parameters(spec: ModelSpec, design: Design, sample: xr.Dataset) -> Iterator[Known]:
    """Every scalar parameter with a prior of its own; not correlations and loadings.

    Parameters
    ----------
    sample : Dataset
        Draws along ``sample``, from `bayesgrad.areas.rates.thinned`.
    """
    for prior in coefficient_priors(spec, design):
        for outcome, crude in enumerate(design.crude_level()):
            for term, factor in enumerate(prior.factor):
                place = (outcome, term) if prior.dim else (outcome,)
                scaled = prior.prior.times(float(factor))
                yield Known(prior.variable, place, prior.key, scaled, float(crude))
    for name in SCALES:
        if name in sample:
            shape = sample[name].transpose("sample", ...).shape[1:]
            for place in np.ndindex(*shape):
                yield Known(name, place, name, spec.scale_prior(name))


def log_prior_of_correlations(spec: ModelSpec, sample: xr.Dataset) -> Floats | None:
    r"""Log of :math:`|R|^{\eta - 1}` at draws, (sample,); None where R has no LKJ prior."""
    correlated = spec.authority.covariance in ("full", "by_outcome") or (
        spec.authority.covariance == "low_rank" and len(spec.outcomes) == 1
    )
    if not correlated or "correlation" not in sample:
        return None
    eta = float(spec.priors.correlation.eta or 1.0)
    if "effect_correlation" not in sample:
        own = sample["correlation"].transpose("sample", "outcome").values
        found: Floats = (eta - 1.0) * np.log1p(-(own**2)).sum(axis=1)
        return found
    pairs = sample["effect_correlation"].transpose("sample", "effect_pair").values
    size = 2 * sample.sizes["outcome"]
    matrix = np.zeros((len(pairs), size, size)) + np.eye(size)
    rows, columns = np.tril_indices(size, -1)
    matrix[:, rows, columns] = matrix[:, columns, rows] = pairs
    determinant: Floats = np.linalg.slogdet(matrix)[1]
    return (eta - 1.0) * determinant
