"""Where things are in a fit's draws, and the parts of the predictor that estimands share.

Draws are an `xarray.DataTree`. Its groups `posterior`, `authorities` and `reference` hold the
parameters (dimensions chain, draw, ...), what is known of each authority, and the values at which
national quantities are evaluated. Coefficients are on the scale of the outcome's link per `unit`
of deprivation. The moderation basis W(D) is zero at the mean authority deprivation Dbar, so `slope`
is the log gradient of an authority of mean deprivation; the common curve has value and slope zero
at Dbar. The effects of an authority are means over strata, to which strata add deviations: see
`bayesgrad.estimands.strata_effects`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import xarray as xr

from bayesgrad.errors import FitError
from bayesgrad.spec.naming import ratio_name
from bayesgrad.spec.vocabulary import AtRisk, Family, Link

QUADRATURE_NODES = 21

AUTHORITY_DEPRIVATION = "deprivation"
"""Name of authority deprivation among moderators."""

SAMPLE_DIMS = ("chain", "draw", "sample")
"""Dimensions that count posterior draws."""


def group(draws: xr.DataTree, name: str) -> xr.Dataset:
    """Dataset of one group of the draws.

    Raises
    ------
    FitError
        If the draws have no such group.
    """
    if name not in draws.children:
        found = ", ".join(sorted(draws.children)) or "none"
        raise FitError(
            f"the draws have no group {name!r} (groups found: {found})",
            "Use the draws of a fit made or loaded by bayesgrad.",
        )
    return draws[name].to_dataset()


def sample_dims(values: xr.DataArray) -> tuple[str, ...]:
    """Dimensions of `values` that count posterior draws: chain and draw, or sample.

    Raises
    ------
    FitError
        If there is none.
    """
    found = tuple(dim for dim in SAMPLE_DIMS if dim in values.dims)
    if not found:
        raise FitError(
            f"{values.name or 'the quantity'} has dimensions {values.dims}, none of which counts "
            "posterior draws",
            f"Give an array with the dimensions chain and draw (any of {', '.join(SAMPLE_DIMS)}).",
        )
    return found


def outcome_title(draws: xr.DataTree, outcome: str) -> str:
    """Label of an outcome for readers: that of the spec, or else the name of its column."""
    reference = group(draws, "reference")
    if "outcome_label" not in reference:
        return outcome
    return str(reference["outcome_label"].sel(outcome=outcome).item())


def is_moderated(posterior: xr.Dataset) -> bool:
    """Whether authority deprivation changes levels and gradients in this model."""
    return "interaction" in posterior


def moderator_label(name: object) -> str:
    """Name of a further moderator: its column's, set apart where that is authority deprivation's.

    >>> moderator_label("spending"), moderator_label("deprivation")
    ('spending', 'deprivation (column)')
    """
    return f"{name} (column)" if name == AUTHORITY_DEPRIVATION else str(name)


def slope_contributions(posterior: xr.Dataset, authorities: xr.Dataset) -> dict[str, xr.DataArray]:
    """Give what each authority-level moderator adds to the log gradient of each authority.

    `deprivation` adds interaction . W_j (all terms of its basis); a further moderator adds
    authority_moderator_gradient M_j.

    Returns
    -------
    dict of str to DataArray
        By moderator, dimensions chain, draw, outcome, authority; empty without moderators.
    """
    return _contributions(posterior, authorities, "interaction", "authority_moderator_gradient")


def intercept_contributions(
    posterior: xr.Dataset, authorities: xr.Dataset
) -> dict[str, xr.DataArray]:
    """Give what each authority-level moderator adds to the intercept of each authority.

    `deprivation` adds between . W_j, a further moderator authority_moderator_level M_j; as
    `slope_contributions`.
    """
    return _contributions(posterior, authorities, "between", "authority_moderator_level")


def _contributions(
    posterior: xr.Dataset, authorities: xr.Dataset, of_deprivation: str, of_moderators: str
) -> dict[str, xr.DataArray]:
    parts: dict[str, xr.DataArray] = {}
    if is_moderated(posterior):
        parts[AUTHORITY_DEPRIVATION] = xr.dot(
            posterior[of_deprivation], authorities["moderation_basis"], dim="moderation_term"
        )
    if of_moderators in posterior:
        for name in posterior["authority_moderator"].values.tolist():
            chosen = {"authority_moderator": name}
            coefficient = posterior[of_moderators].sel(chosen, drop=True)
            moderator = authorities["moderator"].sel(chosen, drop=True)
            parts[moderator_label(name)] = coefficient * moderator
    return parts


def reference_position(authorities: xr.Dataset, reference: xr.Dataset) -> float:
    """Deprivation x of an area as deprived as a mean authority, seen from such an authority.

    x = (Dbar - c) / unit: zero when areas are centred at their authority, otherwise the distance
    of Dbar from the constant c.
    """
    if bool(reference["centre_is_authority"]):
        return 0.0
    centre = float(authorities["centre"].isel(authority=0))
    mean = float(reference["mean_authority_deprivation"])
    return (mean - centre) / float(reference["unit"])


def outcome_names(posterior: xr.Dataset) -> list[str]:
    """Names of the outcomes, in the order of the spec."""
    return [str(outcome) for outcome in posterior["outcome"].values.tolist()]


def links(reference: xr.Dataset, outcomes: Sequence[str]) -> list[Link]:
    """Link of each outcome."""
    return [cast(Link, str(link)) for link in reference["link"].sel(outcome=list(outcomes)).values]


def families(reference: xr.Dataset, outcomes: Sequence[str]) -> list[Family]:
    """Family of each outcome."""
    found = reference["family"].sel(outcome=list(outcomes)).values
    return [cast(Family, str(family)) for family in found]


def ratio_of(draws: xr.DataTree, outcome: str) -> str:
    """Name of the ratio that a gradient of the outcome is, such as rate ratio."""
    reference = group(draws, "reference")
    (link,), (family,) = links(reference, [outcome]), families(reference, [outcome])
    return ratio_name(link, family, cast(AtRisk, reference.attrs["at_risk"]))


def inverse_link(predictor: xr.DataArray, link: Link) -> xr.DataArray:
    """Rate per unit of exposure, or share of cases: exp or expit of a linear predictor."""
    from scipy.special import expit

    result: xr.DataArray = xr.apply_ufunc(expit if link == "logit" else np.exp, predictor)
    return result


def mean_share(predictor: xr.DataArray, variance: xr.DataArray) -> xr.DataArray:
    """Mean of expit(predictor + u) over u ~ Normal(0, variance), by Gauss-Hermite quadrature."""
    points, weights = np.polynomial.hermite_e.hermegauss(QUADRATURE_NODES)
    shares = xr.zeros_like(predictor)
    for point, weight in zip(points, weights / weights.sum(), strict=True):
        shares = shares + weight * inverse_link(predictor + point * variance**0.5, "logit")
    return shares


def neighbourhood_variance(posterior: xr.Dataset) -> xr.DataArray:
    """Variance between the neighbourhoods of an authority; 0 where the model has none.

    Returns
    -------
    DataArray
        Dimensions chain, draw, outcome.
    """
    found = posterior.get("sd_neighbourhood", xr.zeros_like(posterior["sd_intercept"]))
    variance: xr.DataArray = found**2
    return variance


def mean_rate(
    predictor: xr.DataArray, posterior: xr.Dataset, *, outcome: int, link: Link
) -> xr.DataArray:
    """Rate per unit of exposure, or share of cases: the mean over neighbourhoods.

    Without larger neighbourhoods it is `inverse_link`. With them the predictor is that of the
    median neighbourhood, whose rate is below the mean, exp(predictor + sd^2 / 2) for a log link:
    the mean is what adds up to the events of an authority.
    """
    if "sd_neighbourhood" not in posterior:
        return inverse_link(predictor, link)
    variance = neighbourhood_variance(posterior).isel(outcome=outcome, drop=True)
    if link == "logit":
        return mean_share(predictor, variance)
    return inverse_link(predictor + variance / 2, link)


def size_parameter(posterior: xr.Dataset) -> xr.DataArray:
    """Give alpha of every outcome, infinite where there is no overdispersion.

    Returns
    -------
    DataArray
        Dimensions chain, draw, outcome.
    """
    if "alpha" not in posterior:
        return xr.full_like(posterior["intercept"], np.inf)
    alpha = posterior["alpha"]
    if "dispersed_outcome" not in alpha.dims:
        return alpha
    alpha = alpha.rename(dispersed_outcome="outcome")
    return alpha.reindex(outcome=posterior["outcome"], fill_value=np.inf)


def refuse_one_authority(draws: xr.DataTree) -> None:
    """Refuse a comparison of authorities to a fit of one. Raises FitError."""
    codes = group(draws, "authorities")["authority"].values
    if len(codes) == 1:
        raise FitError(
            f"this fit is of one authority, {codes[0]}: there is none to compare it with",
            "The table standing says where it stands in the nation of its prior pack.",
        )


NATIONAL_EVENTS = "national_events"
"""Events by outcome and stratum, in a fit file that leaves out those of small authorities."""

OUTCOME_EVENTS = "outcome_events"
"""Events by outcome there."""


def national_events(authorities: xr.Dataset) -> xr.DataArray:
    """Events of all authorities together, by outcome and stratum; NaN where a file has none.

    Parameters
    ----------
    authorities : Dataset
        The group of that name.
    """
    kept = authorities.get(NATIONAL_EVENTS)
    return authorities["events"].sum("authority") if kept is None else kept


def outcome_events(authorities: xr.Dataset) -> xr.DataArray:
    """Events of all authorities and strata together, by outcome; NaN where a file has none."""
    kept = authorities.get(OUTCOME_EVENTS)
    return national_events(authorities).sum("stratum") if kept is None else kept


def events_words(events: Any) -> str:
    """Number of events in words."""
    return "events not kept" if np.isnan(events) else f"{int(events):,} events"
