"""What a spec may ask for that this version does not fit yet: one place to refuse it."""

from __future__ import annotations

from bayesgrad.errors import SpecError
from bayesgrad.spec.model_spec import ModelSpec

FITTED_FAMILIES = ("poisson", "negative_binomial")


def refuse_unsupported(spec: ModelSpec) -> None:
    """Refuse a valid spec that this version cannot fit.

    Raises
    ------
    SpecError
        For several outcomes, strata, binomial families or the Laplace engine.
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
    if spec.sampling.engine == "laplace":
        raise SpecError(
            "[sampling] engine = 'laplace': this version has no Laplace engine",
            'Use engine = "nuts" (or "auto").',
        )
