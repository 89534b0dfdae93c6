import numpy as np
import pytest
from scipy.special import expit

from bayesgrad.errors import FitError
from bayesgrad.plots import fitted_lines
from tests.fabricate import curve_basis
from tests.plots.fits import BANDS, changed, column, drawable, layer, rows, subtitle


def by_hand(draws, intercept, slope, *, centre, deprivation):
    """Rate per 10,000 of each draw, from the formula in the docstring of the estimand."""
    unit = float(draws["reference"]["unit"])
    mean = float(draws["reference"]["mean_authority_deprivation"])
    log_rate = intercept + slope * (deprivation - centre) / unit
    if "curvature" in draws["posterior"]:
        curve = curve_basis("quadratic", deprivation, mean=mean, unit=unit)
        log_rate = log_rate + draws["posterior"]["curvature"].values[..., 0, :] @ curve
    return 10_000 * np.exp(log_rate)


@pytest.mark.parametrize(("curvature", "points"), [("none", 2), ("quadratic", 21)])
@pytest.mark.parametrize("centre", ["authority", "national"])
def test_each_line_is_the_median_rate_over_its_own_range(curvature, points, centre) -> None:
    draws = drawable(authorities=4, curvature=curvature, centre=centre, draws=30)
    if curvature == "quadratic":
        draws = with_fine_grid(draws)
    spec = fitted_lines(draws).to_dict()
    part = layer(spec, "line", detail="authority")
    posterior, known = draws["posterior"], draws["authorities"]
    for j, code in enumerate(known["authority"].values):
        line = [row for row in rows(spec, part) if row["authority"] == code]
        assert len(line) == points
        assert line[0]["deprivation"] == pytest.approx(float(known["deprivation_min"][j]))
        assert line[-1]["deprivation"] == pytest.approx(float(known["deprivation_max"][j]))
        expected = [
            np.median(
                by_hand(
                    draws,
                    posterior["authority_intercept"].values[:, :, j, 0],
                    posterior["authority_slope"].values[:, :, j, 0],
                    centre=float(known["centre"][j]),
                    deprivation=row["deprivation"],
                )
            )
            for row in line
        ]
        np.testing.assert_allclose(column(line, "rate"), expected, rtol=1e-4)


def with_fine_grid(draws):
    """Between its points the grid of the curve is taken as straight: make them close."""
    reference = draws["reference"].to_dataset().drop_dims("area_grid")
    highest = float(draws["authorities"]["deprivation_max"].max())
    grid = np.linspace(0, highest, 2001)
    mean, unit = float(reference["mean_authority_deprivation"]), float(reference["unit"])
    reference["area_grid_curve"] = (
        ("area_grid", "curvature_term"),
        curve_basis("quadratic", grid, mean=mean, unit=unit),
    )
    content = {name: node.to_dataset() for name, node in draws.children.items()}
    return type(draws).from_dict(content | {"reference": reference.assign_coords(area_grid=grid)})


@pytest.mark.parametrize("centre", ["authority", 0.1])
def test_the_national_line_is_an_authority_of_mean_deprivation(centre) -> None:
    draws = drawable(centre=centre, draws=50)
    spec = fitted_lines(draws, level=0.9).to_dict()
    line = rows(spec, layer(spec, "area"))
    mean = float(draws["reference"]["mean_authority_deprivation"])
    for row in (line[0], line[30], line[-1]):
        rates = by_hand(
            draws,
            draws["posterior"]["intercept"].values[..., 0],
            draws["posterior"]["slope"].values[..., 0],
            centre=mean if centre == "authority" else centre,
            deprivation=row["deprivation"],
        )
        found = [row["lower"], row["rate"], row["upper"]]
        np.testing.assert_allclose(found, np.quantile(rates, [0.05, 0.5, 0.95]))


def test_circles_are_observed_rates_with_the_fitted_interval() -> None:
    draws = drawable()
    spec = fitted_lines(draws, level=0.8).to_dict()
    shown = rows(spec, layer(spec, "point", y="observed"))
    group = draws["rates"]
    exposure = group["exposure"].values[0]
    assert len(shown) == BANDS
    np.testing.assert_allclose(
        column(shown, "observed"), 1e4 * group["observed"].values[0] / exposure
    )
    bounds = np.quantile(1e4 * group["fitted"].values[:, 0] / exposure, [0.1, 0.9], axis=0)
    np.testing.assert_allclose([column(shown, "lower"), column(shown, "upper")], bounds)
    assert layer(spec, "rule", y="lower")["encoding"]["y2"]["field"] == "upper"


def test_a_band_without_exposure_is_left_out() -> None:
    draws = drawable()
    exposure = draws["rates"]["exposure"].copy()
    exposure[0, 4] = 0
    spec = fitted_lines(changed(draws, "rates", exposure=exposure)).to_dict()
    shown = rows(spec, layer(spec, "point", y="observed"))
    assert 5 not in column(shown, "band")
    assert len(shown) == BANDS - 1


def test_one_of_several_strata_has_no_circles() -> None:
    spec = fitted_lines(drawable(strata=["boys", "girls"], draws=10), stratum="boys").to_dict()
    assert not [part for part in spec["layer"] if part["mark"]["type"] == "point"]
    assert "Circles" not in subtitle(spec)


def test_axes_and_legend_are_labelled_with_units() -> None:
    spec = fitted_lines(drawable()).to_dict()
    encoding = layer(spec, "line", detail="authority")["encoding"]
    assert encoding["y"]["axis"]["title"] == "Rate per 10,000 (logarithmic scale)"
    assert encoding["y"]["scale"]["type"] == "log"
    assert encoding["x"]["axis"]["title"] == "Neighbourhood deprivation (IoD2019)"
    assert encoding["x"]["axis"]["format"] == "~%"
    assert encoding["color"]["field"] == "authority_deprivation"
    assert encoding["color"]["scale"]["scheme"]["name"] == "viridis"


@pytest.mark.full
def test_more_points_than_altair_takes_from_a_table_are_no_obstacle() -> None:
    import altair as alt

    draws = drawable(authorities=260, curvature="quadratic", draws=2, chains=1)
    before = alt.data_transformers.active, dict(alt.data_transformers.options)
    spec = fitted_lines(draws).to_dict()
    assert len(rows(spec, layer(spec, "line", detail="authority"))) == 260 * 21 > 5000
    assert (alt.data_transformers.active, dict(alt.data_transformers.options)) == before


def test_a_fit_without_rates_is_refused() -> None:
    draws = drawable(draws=5)
    content = {name: node.to_dataset() for name, node in draws.children.items()}
    del content["rates"]
    with pytest.raises(FitError, match="no group 'rates'"):
        fitted_lines(type(draws).from_dict(content))


def test_lines_of_cases_are_shares_and_bend() -> None:
    draws = drawable(authorities=4, family="binomial", strata=("boys", "girls"), draws=30)
    spec = fitted_lines(draws, stratum="girls").to_dict()
    line = [
        row
        for row in rows(spec, layer(spec, "line", detail="authority"))
        if row["authority"] == "E09000003"
    ]
    assert len(line) == 21
    posterior, known = draws["posterior"], draws["authorities"]
    level, slope = (
        posterior[f"authority_{effect}"].values[:, :, 2, 0]
        + posterior[f"stratum_{effect}"].values[:, :, 0, 1]
        for effect in ("intercept", "slope")
    )
    x = (line[7]["deprivation"] - float(known["centre"][2])) / 0.10
    assert line[7]["rate"] == pytest.approx(1e4 * np.median(expit(level + slope * x)))
    national = rows(spec, layer(spec, "area"))[0]
    level, slope = (
        posterior[effect].values[..., 0] + posterior[f"stratum_{effect}"].values[:, :, 0, 1]
        for effect in ("intercept", "slope")
    )
    mean = float(draws["reference"]["mean_authority_deprivation"])
    x = (national["deprivation"] - mean) / 0.10
    assert national["rate"] == pytest.approx(1e4 * np.median(expit(level + slope * x)))
