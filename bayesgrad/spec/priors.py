"""Prior distributions: which may be named, their parameters, and the defaults.

The defaults are proper, fixed in advance and never scaled to the spread of the outcome; only the
location of the intercept refers to the data, through the crude rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from bayesgrad.spec.validated import Part

LocationDistribution = Literal["Normal", "StudentT", "Laplace"]
ScaleDistribution = Literal["HalfNormal", "HalfStudentT", "HalfCauchy", "Exponential"]
CorrelationDistribution = Literal["LKJ"]

PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "Normal": ("mu", "sigma"),
    "StudentT": ("nu", "mu", "sigma"),
    "Laplace": ("mu", "b"),
    "HalfNormal": ("sigma",),
    "HalfStudentT": ("nu", "sigma"),
    "HalfCauchy": ("beta",),
    "Exponential": ("lam",),
    "LKJ": ("eta",),
}
"""Parameters of each distribution, named as PyMC names them."""


class _Prior(Part):
    @model_validator(mode="after")
    def _has_exactly_its_parameters(self) -> Self:
        wanted = PARAMETERS[self.distribution]  # type: ignore[attr-defined]
        given = {name for name in type(self).model_fields if getattr(self, name) is not None}
        given -= {"distribution"}
        if given - set(wanted):
            raise ValueError(
                f"{self.distribution} takes {', '.join(wanted)}, "  # type: ignore[attr-defined]
                f"not {', '.join(sorted(given - set(wanted)))}"
            )
        missing = set(wanted) - given - self._optional()
        if missing:
            raise ValueError(
                f"{self.distribution} needs {', '.join(wanted)}; "  # type: ignore[attr-defined]
                f"missing: {', '.join(sorted(missing))}"
            )
        return self

    def _optional(self) -> set[str]:
        return set()

    def parameters(self) -> dict[str, float]:
        """Parameters by PyMC's names, those left out omitted."""
        names = PARAMETERS[self.distribution]  # type: ignore[attr-defined]
        return {n: getattr(self, n) for n in names if getattr(self, n) is not None}

    def __str__(self) -> str:
        values = ", ".join(f"{value:g}" for value in self.parameters().values())
        return f"{self.distribution}({values})"  # type: ignore[attr-defined]


class LocationPrior(_Prior):
    """Prior of a coefficient on the log-rate scale."""

    distribution: LocationDistribution = "Normal"
    mu: float | None = Field(default=None, allow_inf_nan=False)
    sigma: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    nu: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    b: float | None = Field(default=None, gt=0, allow_inf_nan=False)


class InterceptPrior(LocationPrior):
    """Prior of the intercept; without `mu` it is centred at the log of the crude rate."""

    def _optional(self) -> set[str]:
        return {"mu"}

    def __str__(self) -> str:
        if self.mu is not None:
            return super().__str__()
        spread = ", ".join(f"{value:g}" for value in self.parameters().values())
        return f"{self.distribution}(log crude rate, {spread})"


class ScalePrior(_Prior):
    """Prior of a standard deviation, or of 1/sqrt(alpha)."""

    distribution: ScaleDistribution = "HalfNormal"
    sigma: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    nu: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    beta: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    lam: float | None = Field(default=None, gt=0, allow_inf_nan=False)

    @property
    def scale(self) -> float:
        """Scale of the distribution: sigma, beta or the mean of an exponential."""
        if self.lam is not None:
            return 1.0 / self.lam
        return float(self.sigma or self.beta or 1.0)


class CorrelationPrior(_Prior):
    """Prior of the correlation of authority intercepts and slopes."""

    distribution: CorrelationDistribution = "LKJ"
    eta: float | None = Field(default=None, gt=0, allow_inf_nan=False)


def _normal(sigma: float) -> LocationPrior:
    return LocationPrior(mu=0.0, sigma=sigma)


class Priors(Part):
    """Priors of every parameter; a spec names only those that differ from the defaults.

    `interaction` is left empty here because its default depends on the form of moderation: see
    `interaction_for`.
    """

    intercept: InterceptPrior = InterceptPrior(sigma=1.0)
    slope: LocationPrior = _normal(0.5)
    between: LocationPrior = _normal(0.5)
    interaction: LocationPrior | None = None
    covariates: LocationPrior = _normal(0.5)
    moderators: LocationPrior = _normal(0.25)
    curvature: LocationPrior = _normal(0.25)
    sd_intercept: ScalePrior = ScalePrior(sigma=0.5)
    sd_slope: ScalePrior = ScalePrior(sigma=0.2)
    sd_stratum_intercept: ScalePrior = ScalePrior(sigma=1.0)
    sd_stratum_slope: ScalePrior = ScalePrior(sigma=0.2)
    sd_authority_stratum_intercept: ScalePrior = ScalePrior(sigma=0.3)
    sd_authority_stratum_slope: ScalePrior = ScalePrior(sigma=0.1)
    correlation: CorrelationPrior = CorrelationPrior(eta=2.0)
    loadings: LocationPrior = _normal(1.0)
    overdispersion: ScalePrior = ScalePrior(sigma=0.5)
    sd_neighbourhood: ScalePrior = ScalePrior(sigma=0.2)

    def interaction_for(self, moderation: str) -> LocationPrior:
        """Prior of the interaction: Normal(0, 0.5) for log moderation, Normal(0, 0.25) else."""
        if self.interaction is not None:
            return self.interaction
        return _normal(0.5 if moderation == "log" else 0.25)
