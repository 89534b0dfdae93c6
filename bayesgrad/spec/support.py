"""What a spec may ask for that its engine does not fit: one place to refuse it.

The sampler (NUTS) fits every valid spec.
"""

from __future__ import annotations

from bayesgrad.errors import SpecError
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.priors import LocationPrior

_USE_NUTS = 'Use [sampling] engine = "nuts"'


def refuse_unsupported(spec: ModelSpec) -> None:
    """Refuse a valid spec that its engine cannot fit.

    Raises
    ------
    SpecError
        For several outcomes, strata, events out of cases, or priors of effects that are not Normal,
        where the engine is Laplace.
    """
    if spec.sampling.fitting_engine == "laplace":
        for refuse in LAPLACE_REFUSALS:
            refuse(spec)


def _refuse_several_outcomes(spec: ModelSpec) -> None:
    if len(spec.outcomes) > 1:
        names = ", ".join(outcome.column for outcome in spec.outcomes)
        raise SpecError(
            f"[[outcomes]]: the Laplace engine fits one outcome at a time; the spec has {names}",
            f"{_USE_NUTS}, or keep one [[outcomes]] entry.",
        )


def _refuse_strata(spec: ModelSpec) -> None:
    if spec.strata is not None:
        raise SpecError(
            f"[strata] column = {spec.strata.column!r}: the Laplace engine does not fit strata",
            f"{_USE_NUTS}, or leave [strata] out.",
        )


def _refuse_cases(spec: ModelSpec) -> None:
    for outcome in filter(spec.is_of_cases, spec.outcomes):
        raise SpecError(
            f"family = {spec.family_of(outcome)!r} of {outcome.column}: the Laplace engine does "
            "not fit events out of cases",
            f'{_USE_NUTS}, or family = "poisson" or "negative_binomial".',
        )


def _refuse_priors_that_are_not_normal(spec: ModelSpec) -> None:
    for name, prior in spec.priors:
        if isinstance(prior, LocationPrior) and prior.distribution != "Normal":
            raise SpecError(
                f"[priors] {name} = {prior}: the Laplace engine takes Normal priors of effects",
                f"{_USE_NUTS}, or a Normal prior.",
            )


LAPLACE_REFUSALS = (
    _refuse_several_outcomes,
    _refuse_strata,
    _refuse_cases,
    _refuse_priors_that_are_not_normal,
)
"""Each refuses one form of model that the Laplace engine does not have."""
