"""The model's parameters by name, with how well they were sampled."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import xarray as xr

from bayesgrad.errors import FitError
from bayesgrad.estimands.frame import from_rows
from bayesgrad.estimands.layout import group
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, checked_level, interval, mean, sd

COLUMNS = ("parameter", "mean", "sd", "lower", "upper", "ess_bulk", "ess_tail", "r_hat")

NAMES = {
    "intercept": "intercept",
    "slope": "slope",
    "between": "between",
    "interaction": "interaction",
    "sd_intercept": "sd_intercept",
    "sd_slope": "sd_slope",
    "phi_intercept": "phi_intercept",
    "phi_slope": "phi_slope",
    "correlation": "correlation",
    "effect_correlation": "correlation[{item}]",
    "sd_neighbourhood": "sd_neighbourhood",
    "overdispersion": "overdispersion",
    "alpha": "alpha",
    "stratum_intercept": "stratum_intercept[{item}]",
    "stratum_slope": "stratum_slope[{item}]",
    "sd_stratum_intercept": "sd_stratum_intercept[{item}]",
    "sd_stratum_slope": "sd_stratum_slope[{item}]",
    "sd_authority_stratum_intercept": "sd_authority_stratum_intercept",
    "sd_authority_stratum_slope": "sd_authority_stratum_slope",
    "covariate": "{item}",
    "authority_moderator_level": "{item} (authority)",
    "authority_moderator_gradient": "interaction with {item}",
    "gradient_moderator": "gradient x {item}",
    "curvature": "curvature",
}
"""How each variable of the posterior is named in the table, in the order of its rows."""

OUTCOME_DIMS = ("outcome", "dispersed_outcome")

COVARIATE = "covariate"
"""The one variable whose values go by names that a user chose, with nothing before or after."""
SET_APART = " (covariate)"
"""Follows the name of a covariate that is called like another parameter."""


def named_parameters(posterior: xr.Dataset) -> xr.Dataset:
    """Every scalar parameter of the model under its name in the table.

    A parameter of a stratum, of a component of strata or of a pair of effects has their name in
    brackets (`stratum_slope[White]`); terms of a basis of several are numbered from 1
    (`between[2]`). Where the model has several outcomes, the outcome comes last, in brackets of its
    own (`stratum_slope[White][plans]`). The correlation of an outcome's own intercept and slope
    stands as `correlation[outcome]` alone; that of two outcomes' effects as
    `correlation[referrals intercept, plans slope]`. Deviations of an authority's own are no
    parameters. A covariate goes by the name of its column; where another parameter has that name,
    as `slope` has, " (covariate)" follows it.

    Returns
    -------
    Dataset
        Dimensions chain, draw.

    Raises
    ------
    FitError
        If two other parameters read alike, as strata or outcomes with brackets in their names can.
    """
    several = posterior.sizes["outcome"] > 1
    found = [
        (name, variable, values)
        for variable in NAMES
        if variable in posterior
        for name, values in _scalars(_between_outcomes(posterior[variable]), several=several)
    ]
    taken = [name for name, variable, _ in found if variable != COVARIATE]
    _refuse_alike(taken)
    return xr.Dataset(
        {
            _apart(name, taken) if variable == COVARIATE else name: values
            for name, variable, values in found
        }
    )


def _apart(name: str, taken: list[str]) -> str:
    """Name of a covariate that no parameter before it has; adds it to those taken."""
    while name in taken:
        name += SET_APART
    taken.append(name)
    return name


def _refuse_alike(names: list[str]) -> None:
    alike = sorted({name for name in names if names.count(name) > 1})
    if alike:
        raise FitError(
            f"two parameters would read alike: {', '.join(alike)}",
            "Rename the outcomes, strata or moderators whose names have brackets in them, and fit "
            "again.",
        )


def _between_outcomes(values: xr.DataArray) -> xr.DataArray:
    """Drop correlations of effects of one outcome, which have a variable of their own."""
    if "effect_pair" not in values.dims:
        return values
    return values.isel(effect_pair=(values["outcome_a"] != values["outcome_b"]).values)


def _scalars(values: xr.DataArray, *, several: bool) -> Iterator[tuple[str, xr.DataArray]]:
    """Scalar parameters of one variable, outcome by outcome; `several`: the model has several."""
    pattern = NAMES[str(values.name)]
    by = next((dim for dim in OUTCOME_DIMS if dim in values.dims), None)
    if by is None:
        yield from _items(pattern, values)
        return
    for i, outcome in enumerate(values[by].values.tolist()):
        suffix = f"[{outcome}]" if several else ""
        for name, one in _items(pattern, values.isel({by: i}, drop=True)):
            yield f"{name}{suffix}", one


def _items(pattern: str, values: xr.DataArray) -> Iterator[tuple[str, xr.DataArray]]:
    inner = next((dim for dim in values.dims if dim not in ("chain", "draw")), None)
    if inner is None:
        yield pattern, values.reset_coords(drop=True)
        return
    for k, item in enumerate(values[inner].values.tolist()):
        name = pattern.format(item=item)
        if name == pattern and values.sizes[inner] > 1:
            name = f"{pattern}[{k + 1}]"
        yield name, values.isel({inner: k}, drop=True).reset_coords(drop=True)


def parameters_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Posterior mean, sd and interval of each parameter, effective draws and R-hat.

    Coefficients are on the scale of the outcome's link (log, or log odds) per unit of
    deprivation; `overdispersion` is 1 / sqrt(alpha). See `named_parameters` for the names.

    Raises
    ------
    FitError
        If `level` is not strictly between 0 and 1.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), Bayesian Analysis 16, 667-718.
    """
    from bayesgrad.inference.convergence import r_hat

    checked_level(level)
    parameters = named_parameters(group(draws, "posterior"))
    bulk, tail = (_effective(draws, parameters, method) for method in ("bulk", "tail"))
    ratios = r_hat(parameters)
    rows = []
    for name, values in parameters.data_vars.items():
        lower, upper = interval(values, level=level).values
        rows.append(
            {
                "parameter": name,
                "mean": float(mean(values)),
                "sd": float(sd(values)),
                "lower": lower,
                "upper": upper,
                "ess_bulk": float(bulk[name]),
                "ess_tail": float(tail[name]),
                "r_hat": float(ratios[name]),
            }
        )
    return from_rows(rows, columns=COLUMNS)


def _effective(draws: xr.DataTree, parameters: xr.Dataset, method: str) -> xr.Dataset:
    """Effective sample sizes; draws of Laplace share the hyperparameters that it proposed."""
    from bayesgrad.inference.convergence import clustered_ess, ess

    statistics = group(draws, "sample_stats")
    if "proposal" not in statistics:
        return ess(parameters, method=method)
    worth = float(statistics["importance_ess"])
    return clustered_ess(parameters, statistics["proposal"], clusters=worth, method=method)
