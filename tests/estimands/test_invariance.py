"""What must not matter: names, the size of populations, the unit of deprivation."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bayesgrad.estimands import table
from tests.fabricate import fabricated_draws, with_group
from tests.tiers import quick

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
    of_slopes = [str(name) for name in posterior.data_vars if str(name).endswith("slope")]
    assert len(of_slopes) in (3, 7)
    for name in of_slopes:
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


IN_STRATA = {"strata": ("a", "b", "c"), "authority_deviations": True}


MODERATIONS, CENTRES = ("linear", "log", "spline"), ("authority", "national")


@pytest.mark.parametrize(
    ("moderation", "centre", "more"),
    quick(
        product(MODERATIONS, CENTRES, ({}, IN_STRATA, {"family": "binomial"})),
        ("linear", "authority", {}),
        ("log", "national", IN_STRATA),
        ("spline", "authority", {"family": "binomial"}),
        ("spline", "national", {}),
    ),
)
def test_the_unit_is_a_matter_of_words(moderation: str, centre: str, more: dict) -> None:
    draws = fabricated_draws(moderation=moderation, centre=centre, curvature="quadratic", **more)
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


def test_the_unit_changes_neither_rates_nor_reliability_of_strata() -> None:
    draws = fabricated_draws(centre="national", curvature="quadratic", **IN_STRATA)
    before, after = (table(one, "strata") for one in (draws, in_another_unit(draws, "log")))
    same = ["prob_above_mean", "reliability", "rate_per_10000", "rate_lower", "rate_upper"]
    pd.testing.assert_frame_equal(before[same], after[same], rtol=1e-10)
    np.testing.assert_allclose(after["log_mean"], FACTOR * before["log_mean"])


def test_an_outcome_has_the_same_tables_whatever_stands_beside_it() -> None:
    draws = fabricated_draws(
        outcomes=("a", "b"), family=("negative_binomial", "beta_binomial"), strata=("x", "y")
    )
    alone = with_group(
        draws,
        **{
            name: node.to_dataset().sel(
                {dim: ["b"] for dim in ("outcome", "dispersed_outcome") if dim in node.dims}
            )
            for name, node in draws.children.items()
        },
    )
    for name in (
        "gradients",
        "national",
        "levels",
        "contextual",
        "ranks",
        "pairs",
        "strata",
        "contrasts",
        "heterogeneity",
        "interaction",
    ):
        both = table(draws, name)
        own = both[both["outcome"] == "b"].reset_index(drop=True)
        pd.testing.assert_frame_equal(own, table(alone, name))


def test_the_order_of_strata_orders_rows_alone() -> None:
    draws = fabricated_draws(strata=("x", "y", "z"), authority_deviations=True)
    turned = with_group(
        draws,
        **{
            name: node.to_dataset().isel(stratum=[2, 0, 1])
            for name, node in draws.children.items()
            if "stratum" in node.dims
        },
    )
    for name in ("gradients", "national", "levels", "strata", "ranks"):
        before, after = table(draws, name), table(turned, name)
        keys = [key for key in ("stratum", "authority", "deprivation") if key in before]
        keys += [key for key in ("deprivation_shift",) if key in before]
        pd.testing.assert_frame_equal(
            before.sort_values(keys, ignore_index=True), after.sort_values(keys, ignore_index=True)
        )
    ratio = table(draws, "contrasts").query("stratum_a == 'x' and stratum_b == 'z'")["ratio"]
    other = table(turned, "contrasts").query("stratum_a == 'z' and stratum_b == 'x'")["ratio"]
    assert ratio.item() * other.item() == pytest.approx(1)
