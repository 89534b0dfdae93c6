"""What a spec may ask for that this version does not fit yet: one place to refuse it."""

from __future__ import annotations

from bayesgrad.errors import SpecError
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.priors import LocationPrior

FITTED_FAMILIES = ("poisson", "negative_binomial")


def refuse_unsupported(spec: ModelSpec) -> None:
    """Refuse a valid spec that this version cannot fit.

    Raises
    ------
    SpecError
        For several outcomes, strata, binomial families, or priors that the Laplace engine does not
        have.
    """
    if len(spec.outcomes) > 1:
        names = ", ".join(outcome.column for outcome in spec.outcomes)
        raise SpecError(
            f"[[outcomes]]: this version fits one outcome at a time; the spec has {names}",
            "Keep one [[outcomes]] entry, and fit the others with specs of their own.",
        )
    if spec.strata is not None:
        raise SpecError(
            f"[strata] column = {spec.strata.column!r}: this version does not fit strata",
            "Leave [strata] out, or select one stratum's rows and fit them.",
        )
    if spec.likelihood.family not in FITTED_FAMILIES:
        raise SpecError(
            f"[likelihood] family = {spec.likelihood.family!r}: this version does not fit it",
            f"Use one of {', '.join(FITTED_FAMILIES)}.",
        )
    if spec.sampling.fitting_engine == "laplace":
        _refuse_priors_that_are_not_normal(spec)


def _refuse_priors_that_are_not_normal(spec: ModelSpec) -> None:
    for name, prior in spec.priors:
        if isinstance(prior, LocationPrior) and prior.distribution != "Normal":
            raise SpecError(
                f"[priors] {name} = {prior}: the Laplace engine takes Normal priors of effects",
                'Use engine = "nuts", or a Normal prior.',
            )
