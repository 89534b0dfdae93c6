"""True parameters of a scenario under the names of a fit's posterior, and as a table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.design.strata import strata_basis
from bayesgrad.estimands.parameters import named_parameters
from bayesgrad.simulate.geography import Floats
from bayesgrad.simulate.parameters import ScenarioParameters, effects_of
from bayesgrad.simulate.scenario_settings import ScenarioSettings, TrueOutcome

EFFECTS = ("intercept", "slope")


def true_dataset(settings: ScenarioSettings, parameters: ScenarioParameters) -> xr.Dataset:
    """Every parameter that a fit of the scenario's spec has, with its names and dimensions.

    The standard deviations of strata are those of the scenario's own strata, which are given, not
    drawn: of the weights that their basis gives them (of the steps, where they are ordered).
    """
    outcomes = settings.outcomes
    of_outcomes = {
        "intercept": parameters.intercept,
        "slope": parameters.slope,
        "sd_intercept": np.array([outcome.sd_intercept for outcome in outcomes]),
        "sd_slope": np.array([outcome.sd_slope for outcome in outcomes]),
        "correlation": np.einsum("ss->s", effects_of(settings).correlation[0, :, 1, :]),
        **_dispersion(outcomes),
        **_shares(settings),
    }
    if settings.areas_per_neighbourhood:
        sd = [outcome.sd_neighbourhood for outcome in outcomes]
        of_outcomes["sd_neighbourhood"] = np.array(sd)
    coordinates = {"outcome": [outcome.column for outcome in outcomes]}
    truth = xr.Dataset(
        {name: ("outcome", values) for name, values in of_outcomes.items()}, coords=coordinates
    )
    terms = ("outcome", "moderation_term")
    moderated = xr.Dataset(
        {
            "between": (terms, np.array([[outcome.between] for outcome in outcomes])),
            "interaction": (terms, np.array([[outcome.interaction] for outcome in outcomes])),
        },
        coords={**coordinates, "moderation_term": [settings.moderation]},
    )
    parts = [truth, moderated, _moderators(settings), _strata(settings, parameters)]
    return xr.merge([*parts, _pairs(settings)])


def truth_table(truth: xr.Dataset) -> pd.DataFrame:
    """Parameter and value, named as in the `parameters` table of a fit."""
    values = named_parameters(truth.expand_dims(chain=1, draw=1))
    return pd.DataFrame(
        {
            "parameter": [str(name) for name in values.data_vars],
            "value": [float(value.item()) for value in values.data_vars.values()],
        }
    )


def _dispersion(outcomes: tuple[TrueOutcome, ...]) -> dict[str, Floats]:
    alphas = [outcome.alpha for outcome in outcomes]
    known = np.array([alpha for alpha in alphas if alpha is not None])
    return {"overdispersion": 1 / np.sqrt(known), "alpha": known} if len(known) else {}


def _shares(settings: ScenarioSettings) -> dict[str, Floats]:
    """Structured shares of the variance, where neighbours are alike."""
    if settings.spatial is None:
        return {}
    return {
        f"phi_{effect}": np.full(len(settings.outcomes), getattr(settings.spatial, f"phi_{effect}"))
        for effect in EFFECTS
    }


def _moderators(settings: ScenarioSettings) -> xr.Dataset:
    """Coefficients of further moderators, the same for every outcome."""
    columns = [outcome.column for outcome in settings.outcomes]
    found = xr.Dataset()
    for moderators, dims in (
        (
            settings.authority_moderators,
            {
                "authority_moderator_level": ("level", "authority_moderator"),
                "authority_moderator_gradient": ("gradient", "authority_moderator"),
            },
        ),
        (
            settings.area_moderators,
            {
                "covariate": ("level", "area_covariate"),
                "gradient_moderator": ("gradient", "area_moderator"),
            },
        ),
    ):
        for variable, (attribute, dim) in dims.items() if moderators else ():
            values = [getattr(moderator, attribute) for moderator in moderators]
            found[variable] = xr.DataArray(
                np.tile(values, (len(columns), 1)),
                dims=("outcome", dim),
                coords={"outcome": columns, dim: [moderator.name for moderator in moderators]},
            )
    return found


def _strata(settings: ScenarioSettings, parameters: ScenarioParameters) -> xr.Dataset:
    strata = settings.strata
    if strata is None:
        return xr.Dataset()
    columns = [outcome.column for outcome in settings.outcomes]
    basis = strata_basis(len(strata.strata), ordered=strata.ordered)
    deviations = {"stratum_intercept": parameters.stratum_intercept}
    if settings.pooled:
        deviations["stratum_slope"] = parameters.stratum_slope
    found = xr.Dataset(
        coords={
            "outcome": columns,
            "stratum": [stratum.name for stratum in strata.strata],
            "stratum_component": [strata.column],
        }
    )
    for name, values in deviations.items():
        weights = np.linalg.lstsq(basis, values.T)[0]
        spread = np.sqrt((weights**2).mean(axis=0))
        found[name] = (("outcome", "stratum"), values)
        found[f"sd_{name}"] = (("outcome", "stratum_component"), spread[:, None])
    if strata.walks:
        for effect, step in (("intercept", strata.step_intercept), ("slope", strata.step_slope)):
            found[f"sd_authority_stratum_{effect}"] = ("outcome", np.full(len(columns), step))
    return found


def _pairs(settings: ScenarioSettings) -> xr.Dataset:
    """Correlations of the effects of several outcomes, pair by pair."""
    columns = [outcome.column for outcome in settings.outcomes]
    if len(columns) == 1:
        return xr.Dataset()
    correlation = effects_of(settings).correlation
    effects = [(s, e) for s in range(len(columns)) for e in range(2)]
    pairs = [(effects[c], effects[r]) for r in range(len(effects)) for c in range(r)]
    sides = {
        "outcome_a": [columns[s] for (s, _), _ in pairs],
        "effect_a": [EFFECTS[e] for (_, e), _ in pairs],
        "outcome_b": [columns[s] for _, (s, _) in pairs],
        "effect_b": [EFFECTS[e] for _, (_, e) in pairs],
    }
    labels = [f"{columns[s]} {EFFECTS[e]}, {columns[t]} {EFFECTS[f]}" for (s, e), (t, f) in pairs]
    values = [correlation[e, s, f, t] for (s, e), (t, f) in pairs]
    return xr.Dataset(
        {"effect_correlation": ("effect_pair", values)},
        coords={
            "effect_pair": labels,
            **{name: ("effect_pair", names) for name, names in sides.items()},
        },
    )
