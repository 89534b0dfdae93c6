"""The group of a nation that a prior pack tells of, made up to go with fabricated draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

PLACES = (0.06, 0.1, 0.2)


def nation_dataset(draws: xr.DataTree, **values: Any) -> xr.Dataset:
    """Group ``nation``: log gradients of mean 0.5 with standard deviations of 0.02 and 0.09."""
    authorities = draws["authorities"].to_dataset()
    reference = draws["reference"].to_dataset()
    posterior = draws["posterior"].to_dataset()
    by = ("authority", "outcome")
    shape = (authorities.sizes["authority"], authorities.sizes["outcome"])
    mean = float(reference["mean_authority_deprivation"])
    terms = posterior.sizes.get("moderation_term", 0)
    content = {
        "line_mean": (by, np.full(shape, 0.5)),
        "line_variance": (by, np.full(shape, 0.0004)),
        "line_log_sd_covariance": (by, np.full(shape, 0.0)),
        "log_sd_mean": ("outcome", np.full(shape[1], np.log(0.09))),
        "log_sd_variance": ("outcome", np.full(shape[1], 1e-16)),
    } | values
    return xr.Dataset(
        {
            "deprivation": ("place", np.array(PLACES)),
            "moderation_basis": (
                ("place", "moderation_term"),
                np.log(np.array(PLACES) / mean)[:, None][:, :terms],
            ),
            **content,
        },
        coords={name: authorities[name] for name in ("authority", "outcome", "moderation_term")},
        attrs={"authorities": 150, "title": "Nation", "diagnostics_passed": 1},
    )
