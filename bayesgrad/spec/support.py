"""What a spec may ask for that its engine does not fit: one place to refuse it.

The sampler (NUTS) fits every valid spec but one: neighbourhoods beside strata of an authority's
own, since a neighbourhood's effect would tie these together in the score of a left out authority.
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
        For a covariance of low rank, strata of an authority's own, years, the beta-binomial,
        priors of effects that are not Normal, neighbourhoods, or a prior pack, where the engine is
        Laplace; for neighbourhoods together with strata of an authority's own.
    """
    _refuse_deviations_beside_neighbourhoods(spec)
    if spec.sampling.fitting_engine == "laplace":
        for refuse in LAPLACE_REFUSALS:
            refuse(spec)


def _refuse_low_rank(spec: ModelSpec) -> None:
    if len(spec.outcomes) > 1 and spec.authority.covariance == "low_rank":
        raise SpecError(
            '[authority] covariance = "low_rank": the Laplace engine does not have loadings',
            f'{_USE_NUTS}, or covariance = "full" or "by_outcome".',
        )


def _refuse_authority_deviations(spec: ModelSpec) -> None:
    if spec.strata is not None and spec.strata.authority_deviations:
        raise SpecError(
            "[strata] authority_deviations = true: the Laplace engine does not have strata of an "
            "authority's own",
            f"{_USE_NUTS}, or leave authority_deviations out.",
        )


def _refuse_years(spec: ModelSpec) -> None:
    if spec.years is not None:
        raise SpecError(
            f"[years] column = {spec.years.column!r}: the Laplace engine does not have years, from "
            "whose course each authority departs",
            f"{_USE_NUTS}, or fit one year.",
        )


def _refuse_spatial(spec: ModelSpec) -> None:
    if spec.spatial is not None:
        raise SpecError(
            "[spatial] adjacency: the Laplace engine does not have effects that neighbours share",
            f"{_USE_NUTS}, or leave [spatial] out.",
        )


def _refuse_beta_binomial(spec: ModelSpec) -> None:
    for outcome in spec.outcomes:
        if spec.family_of(outcome) == "beta_binomial":
            raise SpecError(
                f"family = 'beta_binomial' of {outcome.column}: the Laplace engine does not fit "
                "it, whose likelihood is not concave",
                f'{_USE_NUTS}, or family = "binomial".',
            )


def _refuse_priors_that_are_not_normal(spec: ModelSpec) -> None:
    for name, prior in spec.priors:
        if isinstance(prior, LocationPrior) and prior.distribution != "Normal":
            raise SpecError(
                f"[priors] {name} = {prior}: the Laplace engine takes Normal priors of effects",
                f"{_USE_NUTS}, or a Normal prior.",
            )


def _refuse_neighbourhoods(spec: ModelSpec) -> None:
    column = spec.columns.neighbourhood
    if column is not None:
        raise SpecError(
            f"[columns] neighbourhood = {column!r}: the Laplace engine does not have effects of "
            "neighbourhoods",
            f"{_USE_NUTS}, or leave neighbourhood out.",
        )


def _refuse_deviations_beside_neighbourhoods(spec: ModelSpec) -> None:
    strata = spec.strata_or_years
    if spec.columns.neighbourhood is not None and strata and strata.authority_deviations:
        beside = "[years]" if spec.years else "[strata] authority_deviations = true"
        raise SpecError(
            f"[columns] neighbourhood = {spec.columns.neighbourhood!r} beside {beside}: no engine "
            "has both",
            "Leave one of the two out.",
        )


def _refuse_prior_pack(spec: ModelSpec) -> None:
    if spec.prior_pack is not None:
        raise SpecError(
            "prior_pack: the Laplace engine takes priors that are independent of one another, and "
            "those of a pack are not",
            f"{_USE_NUTS}; one authority takes seconds.",
        )


LAPLACE_REFUSALS = (
    _refuse_prior_pack,
    _refuse_low_rank,
    _refuse_authority_deviations,
    _refuse_years,
    _refuse_spatial,
    _refuse_beta_binomial,
    _refuse_priors_that_are_not_normal,
    _refuse_neighbourhoods,
)
"""Each refuses one form of model that the Laplace engine does not have."""
