"""The model's parameters by name, with how well they were sampled."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import xarray as xr

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
    "correlation": "correlation",
    "overdispersion": "overdispersion",
    "alpha": "alpha",
    "covariate": "{item}",
    "authority_moderator_level": "{item} (authority)",
    "authority_moderator_gradient": "interaction with {item}",
    "gradient_moderator": "gradient x {item}",
    "curvature": "curvature",
}
"""How each variable of the posterior is named in the table, in the order of its rows."""


def named_parameters(posterior: xr.Dataset) -> xr.Dataset:
    """Every scalar parameter of the model under its name in the table.

    Terms of a basis of several are numbered from 1 (`between[2]`); `[outcome]` is appended where
    there are several outcomes.

    Returns
    -------
    Dataset
        Dimensions chain, draw.
    """
    return xr.Dataset(
        {
            name: values
            for variable in NAMES
            if variable in posterior
            for name, values in _scalars(posterior[variable])
        }
    )


def _scalars(values: xr.DataArray) -> Iterator[tuple[str, xr.DataArray]]:
    """Scalar parameters of one variable, outcome by outcome."""
    pattern = NAMES[str(values.name)]
    outcomes = [str(outcome) for outcome in values["outcome"].values.tolist()]
    inner = next((dim for dim in values.dims if dim not in ("chain", "draw", "outcome")), None)
    for i, outcome in enumerate(outcomes):
        suffix = f"[{outcome}]" if len(outcomes) > 1 else ""
        one = values.isel(outcome=i, drop=True)
        if inner is None:
            yield f"{pattern}{suffix}", one.reset_coords(drop=True)
            continue
        for k, item in enumerate(values[inner].values.tolist()):
            name = pattern.format(item=item)
            if name == pattern and values.sizes[inner] > 1:
                name = f"{pattern}[{k + 1}]"
            yield f"{name}{suffix}", one.isel({inner: k}, drop=True).reset_coords(drop=True)


def parameters_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Posterior mean, sd and interval of each parameter, effective draws and R-hat.

    Coefficients are on the log-rate scale per unit of deprivation; `overdispersion` is
    1 / sqrt(alpha).

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
