"""Prior distributions: which may be named, and their parameters.

Defaults that depend on the unit of deprivation or on the form of the model are in
`bayesgrad.spec.default_priors`; they stand as None here.
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

    def times(self, factor: float) -> Self:
        """Prior of `factor` (above 0) times what has this one."""
        if factor == 1.0:
            return self
        scaled = {
            name: value / factor if name == "lam" else value * factor
            for name, value in self.parameters().items()
            if name not in _SHAPES
        }
        return self.model_copy(update=scaled)


_SHAPES = ("nu", "eta")
"""Parameters of a shape, which no unit changes."""


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


class Priors(Part):
    """Priors of every parameter; a spec names only those that differ from the defaults.

    What a spec names is per unit of deprivation as the spec has it. None stands for a default that
    depends on the unit, or on the form of moderation or curvature: `ModelSpec.prior` gives it.
    """

    intercept: InterceptPrior = InterceptPrior(sigma=1.0)
    slope: LocationPrior | None = None
    between: LocationPrior | None = None
    interaction: LocationPrior | None = None
    covariates: LocationPrior = LocationPrior(mu=0.0, sigma=0.5)
    moderators: LocationPrior | None = None
    curvature: LocationPrior | None = None
    sd_intercept: ScalePrior = ScalePrior(sigma=0.5)
    sd_slope: ScalePrior | None = None
    sd_stratum_intercept: ScalePrior = ScalePrior(sigma=1.0)
    sd_stratum_slope: ScalePrior | None = None
    sd_authority_stratum_intercept: ScalePrior = ScalePrior(sigma=0.3)
    sd_authority_stratum_slope: ScalePrior | None = None
    correlation: CorrelationPrior = CorrelationPrior(eta=2.0)
    loadings: LocationPrior = LocationPrior(mu=0.0, sigma=1.0)
    overdispersion: ScalePrior = ScalePrior(sigma=2.0)
    sd_neighbourhood: ScalePrior = ScalePrior(sigma=1.0)
