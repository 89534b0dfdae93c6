"""What must not matter: names, the size of populations, the unit of deprivation."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bayesgrad.estimands import table
from tests.fabricate import fabricated_draws, with_group

FACTOR = 2.5


def test_renaming_authorities_changes_nothing_but_names() -> None:
    draws = fabricated_draws()
    codes = draws["authorities"].to_dataset()["authority"].values.tolist()
    # Reversed in order, so that every sort by code is put to the test.
    renamed = {code: f"W{len(codes) - i:03d}" for i, code in enumerate(codes)}
    new = [renamed[code] for code in codes]
    inequality = draws["inequality"].to_dataset()
    places = [renamed.get(place, place) for place in inequality["place"].values.tolist()]
    relabelled = with_group(
        draws,
        posterior=draws["posterior"].to_dataset().assign_coords(authority=new),
        authorities=draws["authorities"].to_dataset().assign_coords(authority=new),
        inequality=inequality.assign_coords(place=places),
    )
    for name in ("gradients", "levels", "ranks", "inequality"):
        before, after = table(draws, name), table(relabelled, name)
        before["authority"] = before["authority"].replace(renamed)
        keys = [key for key in ("outcome", "authority", "deprivation") if key in before]
        pd.testing.assert_frame_equal(
            before.sort_values(keys, ignore_index=True), after.sort_values(keys, ignore_index=True)
        )
    for name in ("national", "interaction", "contextual", "heterogeneity"):
        pd.testing.assert_frame_equal(table(draws, name), table(relabelled, name))


def test_exposure_times_a_constant_moves_levels_alone() -> None:
    """Ten times the exposure is met by intercepts lower by ln 10."""
    draws = fabricated_draws(curvature="quadratic")
    posterior, reference = draws["posterior"].to_dataset(), draws["reference"].to_dataset()
    for name in ("intercept", "authority_intercept"):
        posterior[name] = posterior[name] - np.log(10)
    reference["mean_exposure"] = reference["mean_exposure"] * 10
    scaled = with_group(draws, posterior=posterior, reference=reference)
    same = ("gradients", "national", "interaction", "contextual", "ranks", "pairs", "heterogeneity")
    for name in same:
        pd.testing.assert_frame_equal(table(draws, name), table(scaled, name), rtol=1e-12)
    before, after = table(draws, "levels"), table(scaled, "levels")
    for column in ("rate_per_10000", "lower", "upper"):
        np.testing.assert_allclose(after[column], before[column] / 10, rtol=1e-12)


def in_another_unit(draws: xr.DataTree, moderation: str) -> xr.DataTree:
    """The same fit told per FACTOR times the unit.

    What multiplies x grows by the factor; W shrinks by it where W counts units (linear, and here
    the spline, whose basis is kept per unit by dividing it), and dW/dD times the unit follows.
    """
    posterior = draws["posterior"].to_dataset()
    known, reference = draws["authorities"].to_dataset(), draws["reference"].to_dataset()
    w = 1.0 if moderation == "log" else FACTOR
    for name in ("slope", "sd_slope", "authority_slope"):
        posterior[name] = posterior[name] * FACTOR
    posterior["between"] = posterior["between"] * w
    posterior["interaction"] = posterior["interaction"] * FACTOR * w
    posterior["curvature"] = posterior["curvature"] * FACTOR**2
    known["moderation_basis"] = known["moderation_basis"] / w
    reference["unit"] = reference["unit"] * FACTOR
    reference["shift_basis"] = reference["shift_basis"] / w
    reference["moderation_derivative"] = reference["moderation_derivative"] * FACTOR / w
    reference["level_curve"] = reference["level_curve"] / FACTOR**2
    return with_group(draws, posterior=posterior, authorities=known, reference=reference)


@pytest.mark.parametrize("centre", ["authority", "national"])
@pytest.mark.parametrize("moderation", ["linear", "log", "spline"])
def test_the_unit_is_a_matter_of_words(moderation: str, centre: str) -> None:
    draws = fabricated_draws(moderation=moderation, centre=centre, curvature="quadratic")
    other = in_another_unit(draws, moderation)
    for name in ("levels", "heterogeneity", "ranks"):
        before, after = table(draws, name), table(other, name)
        changing = [column for column in before if column.startswith("median_gradient_ratio")]
        pd.testing.assert_frame_equal(
            before.drop(columns=changing), after.drop(columns=changing), rtol=1e-10
        )
    before, after = table(draws, "contextual"), table(other, "contextual")
    for column in before.columns.drop("outcome"):
        per_unit = column.startswith(("within", "between", "contextual"))
        np.testing.assert_allclose(
            after[column], before[column] * (FACTOR if per_unit else 1.0), rtol=1e-9
        )
    shares = [
        "slope_variance_explained",
        "prob_negative",
    ]
    pd.testing.assert_frame_equal(
        table(draws, "interaction")[shares], table(other, "interaction")[shares], rtol=1e-10
    )
    np.testing.assert_allclose(
        table(other, "gradients")["log_mean"], FACTOR * table(draws, "gradients")["log_mean"]
    )
    np.testing.assert_allclose(
        table(other, "gradients")["reliability"], table(draws, "gradients")["reliability"]
    )
