r"""What every form of the model says of the claims, on the same scales.

All are of one outcome, at the mean authority deprivation :math:`\bar D`, further moderators at
their mean, on the scale of the link; derivatives in D are per +0.10.

``interaction``
    :math:`0.10 \, b'(\bar D)`, with b(D) the log gradient per unit expected in an authority of
    deprivation D: below zero where more affluent authorities have steeper gradients.
``interaction_contrast``
    :math:`b(\bar D + 0.05) - b(\bar D - 0.05)`, a finite difference over the same 0.10. Where the
    gradient changes by a step, the derivative says more than any two authorities differ. Ends
    outside the range of the authorities are drawn in to it, and the difference scaled to 0.10.
``interaction_per_sd``
    :math:`0.10 \, \{b(D) s(D)\}'` at :math:`\bar D`, with s(D) the standard deviation of
    deprivation between the areas of an authority, in units: the same for gradients per standard
    deviation. Deprived authorities are more mixed, so it can have the other sign. s(D) is the power
    law :math:`s = c D^p` fitted by least squares to the logs of the authorities' own, taken as
    known: it is of these authorities, not of a population.
``within``, ``between``, ``contextual``
    See `bayesgrad.estimands.contextual`.
``carried NAME``
    What further moderator NAME adds to the interaction of a form that leaves it out: the slope, on
    the moderation, of its effect on authorities' gradients.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesgrad.auditing.forms import Form
from bayesgrad.auditing.prior import prior_chances
from bayesgrad.design.design import Design
from bayesgrad.estimands.contextual import contextual_effects
from bayesgrad.estimands.interaction import slope_variance_explained
from bayesgrad.estimands.national import is_extrapolated, national_gradient
from bayesgrad.spec.model_spec import ModelSpec

Floats = NDArray[np.float64]

STEP = 0.10
"""Of authority deprivation, that derivatives are given per."""


class PowerLaw(NamedTuple):
    """Spread of deprivation within authorities: s(D) = scale (D / Dbar)^power, a proportion."""

    scale: float
    power: float


class Quantities(NamedTuple):
    """What one form says.

    Attributes
    ----------
    draws : mapping of str to ndarray, shape (draws,)
    gradients : mapping of float to ndarray
        National gradient, a ratio, by shift of authority deprivation.
    extrapolated : mapping of float to bool
        Whether no authority is as affluent, or as deprived.
    explained : float
        Share of the variance of log gradients between authorities that their deprivation carries.
    spread : PowerLaw
    prior : mapping of str to float
        Probability before the data that each quantity that is claimed is below zero.
    curve : tuple of ndarray
        Authority deprivation, and the log gradient expected there: (grid,), (draws, grid).
    """

    draws: Mapping[str, Floats]
    gradients: Mapping[float, Floats]
    extrapolated: Mapping[float, bool]
    explained: float
    spread: PowerLaw
    prior: Mapping[str, float]
    curve: tuple[Floats, Floats]


def power_law(authorities: xr.Dataset, *, mean: float) -> PowerLaw:
    """Fit the power law to the authorities' own spreads; those without any are left out."""
    spread, deprivation = authorities["deprivation_sd"].values, authorities["deprivation"].values
    kept = (spread > 0) & (deprivation > 0)
    if kept.sum() < 3 or np.ptp(deprivation[kept]) == 0:
        return PowerLaw(float(np.mean(spread)), 0.0)
    power, log_scale = np.polyfit(np.log(deprivation[kept] / mean), np.log(spread[kept]), 1)
    return PowerLaw(float(np.exp(log_scale)), float(power))


CLAIMED = ("interaction", "contextual", "interaction_per_sd")
"""Quantities below zero where a claim holds."""


def quantities_of(
    form: Form,
    spec: ModelSpec,
    design: Design,
    posterior: xr.Dataset,
    known: Mapping[str, xr.Dataset],
) -> Quantities:
    """Compute the quantities of a form from its draws.

    Parameters
    ----------
    form : Form
    spec : ModelSpec
        That of the form.
    design : Design
    posterior : Dataset
        Dimensions chain, draw and those of the model; one outcome.
    known : mapping of str to Dataset
        Groups ``authorities`` and ``reference``.
    """
    authorities, reference = known["authorities"], known["reference"]
    if not form.moderated:
        # Held at zero by its prior but for a thousandth.
        posterior = posterior.assign(interaction=0.0 * posterior["interaction"])
    spread = power_law(authorities, mean=design.basis.mean)
    of_coefficients = partial(_of_coefficients, design=design, known=known, spread=spread)
    draws = {
        **of_coefficients(posterior),
        **{
            f"carried {name}": values * STEP / design.unit
            for name, values in _carried(design, posterior).items()
        },
    }
    gradient = national_gradient(posterior, authorities, reference)
    gradient = gradient.isel(outcome=0).mean("stratum")
    outside = is_extrapolated(posterior, authorities["deprivation"], reference)
    shifts = [float(shift) for shift in reference["shift"].values]
    grid = reference["authority_grid"].values
    change = xr.dot(
        posterior["interaction"], reference["authority_grid_basis"], dim="moderation_term"
    )
    lines = (posterior["slope"] + change).isel(outcome=0).stack(sample=("chain", "draw"))
    explained = slope_variance_explained(posterior, authorities)["deprivation"]
    return Quantities(
        draws=draws,
        gradients={shift: _flat(gradient.sel(shift=shift)) for shift in shifts},
        extrapolated={shift: bool(outside.sel(shift=shift)) for shift in shifts},
        explained=float(explained.mean().item()),
        spread=spread,
        prior=prior_chances(form, spec, design, of_coefficients, names=CLAIMED),
        curve=(grid, lines.transpose("sample", "authority_grid").values),
    )


def _of_coefficients(
    posterior: xr.Dataset, *, design: Design, known: Mapping[str, xr.Dataset], spread: PowerLaw
) -> dict[str, Floats]:
    """Quantities that follow from the slope, the between effect and the interaction."""
    authorities, reference = known["authorities"], known["reference"]
    effects = contextual_effects(posterior, authorities, reference)
    unit, mean = design.unit, design.basis.mean
    interaction = _along(posterior["interaction"], reference["moderation_derivative"]) * STEP / unit
    slope = _flat(posterior["slope"])
    return {
        "interaction": interaction,
        "interaction_contrast": _along(posterior["interaction"], _step(design, reference)),
        "interaction_per_sd": spread.scale
        / unit
        * (interaction + slope * spread.power * STEP / mean),
        **{name: _flat(effects[name]) for name in ("within", "between", "contextual")},
    }


def _step(design: Design, reference: xr.Dataset) -> xr.DataArray:
    """Change of the moderation over 0.10 about the mean, within the range of the authorities."""
    deprivation, mean = design.authorities.deprivation, design.basis.mean
    ends = np.clip([mean - STEP / 2, mean + STEP / 2], deprivation.min(), deprivation.max())
    low, high = design.basis.at(ends)
    change: xr.DataArray = reference["moderation_derivative"].copy(
        data=(high - low) * STEP / np.ptp(ends)
    )
    return change


def _flat(values: xr.DataArray) -> Floats:
    """Draws of a quantity of one outcome: (draws,)."""
    found: Floats = values.transpose("chain", "draw", ...).values.ravel()
    return found


def _along(coefficient: xr.DataArray, change: xr.DataArray) -> Floats:
    """Change of what coefficients of the moderation add, where the moderation changes so much."""
    return _flat(xr.dot(coefficient, change, dim="moderation_term"))


def _carried(design: Design, posterior: xr.Dataset) -> dict[str, Floats]:
    """What each further moderator adds to the slope of the gradients on D, per unit of it."""
    deprivation = design.authorities.deprivation
    centred = (deprivation - deprivation.mean()) / design.unit
    log = np.log(deprivation / deprivation.mean()) if deprivation.min() > 0 else centred
    log = log - log.mean()
    # As log moderation has it at the mean, where that can be had.
    rise = design.unit / design.basis.mean if deprivation.min() > 0 else 1.0
    of_authorities = design.authorities.moderators
    by_name = dict(zip(of_authorities.names, of_authorities.values.T, strict=True))
    found = {}
    for variable, dim, columns in (
        ("authority_moderator_gradient", "authority_moderator", by_name),
        ("gradient_moderator", "area_moderator", _means_of_areas(design)),
    ):
        if variable not in posterior:
            continue
        for name, column in columns.items():
            projected = float(log @ column / (log @ log)) * rise
            found[name] = _flat(posterior[variable].sel({dim: name})) * projected
    return found


def _means_of_areas(design: Design) -> dict[str, Floats]:
    """Mean of each area moderator in every authority, standardised as in the model."""
    authority = design.cell_authority[design.rows.cell]
    covariates = design.rows.covariates
    count = np.bincount(authority, minlength=len(design.authorities.codes))
    return {
        name: np.bincount(authority, covariates.values[:, covariates.names.index(name)]) / count
        for name in design.area_moderators
    }
