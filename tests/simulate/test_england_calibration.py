"""Synthetic England against the published figures, and against the real geography.

Tolerances are several times the spread between seeds, so that only a changed generator fails.
"""

import numpy as np
import pandas as pd
import pytest

from bayesgrad.simulate import EnglandSettings, simulate_england

SEEDS = range(5)


@pytest.fixture(scope="module")
def englands():
    return [simulate_england(seed=seed) for seed in SEEDS]


def figures(areas):
    """Calibration figures of a table with authority, children and income_score."""
    by_authority = areas.groupby("authority")
    score = by_authority["income_score"]
    mean, sd, size = score.mean(), score.std(), by_authority.size()
    within = ((size - 1) * sd**2).sum() / (len(areas) - len(size))
    level = (size * (mean - areas["income_score"].mean()) ** 2).sum() / (len(size) - 1)
    typical = (len(areas) - (size**2).sum() / len(areas)) / (len(size) - 1)
    between = (level - within) / typical
    return {
        "smallest authority": size.min(),
        "median authority": size.median(),
        "upper quartile of size": size.quantile(0.75),
        "95% of size": size.quantile(0.95),
        "largest authority": size.max(),
        "children per area": areas["children"].mean(),
        "sd of ln children": np.log(areas["children"]).std(),
        "median children": areas["children"].median(),
        "99% of children": areas["children"].quantile(0.99),
        "authority deprivation": mean.mean(),
        "sd between": mean.std(),
        "sd of ln between": np.log(mean).std(),
        "least deprived": mean.min(),
        "most deprived": mean.max(),
        "sd of areas": areas["income_score"].std(),
        "sd within": sd.mean(),
        "5% of sd within": sd.quantile(0.05),
        "95% of sd within": sd.quantile(0.95),
        "power of sd within": np.polyfit(np.log(mean), np.log(sd), 1)[0],
        "intraclass correlation": between / (between + within),
        "skewness within": score.skew().mean(),
        "99% of areas": areas["income_score"].quantile(0.99),
        "most deprived area": areas["income_score"].max(),
    }


@pytest.fixture(scope="module")
def synthetic_figures(englands):
    return pd.DataFrame([figures(england.areas) for england in englands]).mean()


@pytest.mark.parametrize(
    ("figure", "published", "tolerance"),
    [
        ("median authority", 160, 20),
        ("largest authority", 902, 60),
        ("children per area", 364, 4),
        ("sd of ln children", 0.35, 0.02),
        ("authority deprivation", 0.137, 0.001),
        ("sd between", 0.046, 0.003),
        ("sd of ln between", 0.36, 0.03),
        ("least deprived", 0.044, 0.012),
        ("most deprived", 0.251, 0.02),
        ("sd of areas", 0.095, 0.006),
        ("sd within", 0.085, 0.005),
        ("power of sd within", 0.70, 0.08),
        ("intraclass correlation", 0.22, 0.04),
    ],
)
def test_geography_has_the_published_figures(synthetic_figures, figure, published, tolerance):
    assert synthetic_figures[figure] == pytest.approx(published, abs=tolerance)


def test_smallest_authority_is_between_rutland_and_three_of_it(synthetic_figures):
    assert 23 <= synthetic_figures["smallest authority"] <= 3 * 23


def test_outcomes_have_the_published_figures(englands):
    per_area, spread, residual, steepest, flattest = [], [], [], [], []
    for england in englands:
        areas, truth = england.areas, england.authorities
        events = areas.groupby("authority")["referrals"].sum()
        log_rate = np.log(events / areas.groupby("authority")["children"].sum()).to_numpy()
        w = np.log(truth["deprivation"] / 0.137).to_numpy()
        per_area.append(areas["referrals"].mean())
        spread.append(log_rate.std())
        residual.append((log_rate - np.polyval(np.polyfit(w, log_rate, 1), w)).std())
        steepest.append(truth["gradient"].max())
        flattest.append(truth["gradient"].min())
    assert np.mean(per_area) == pytest.approx(19.8, abs=1.0)
    assert np.mean(spread) == pytest.approx(0.33, abs=0.05)
    assert 0.22 < np.mean(residual) < 0.34
    assert np.mean(steepest) == pytest.approx(2.4, abs=0.2)
    assert np.mean(flattest) == pytest.approx(1.2, abs=0.1)


def test_small_settings_keep_the_deprivation_of_england():
    spread = [
        simulate_england(EnglandSettings(authorities=40, areas=2_400), seed=seed)
        .authorities["deprivation"]
        .std()
        for seed in range(10)
    ]
    assert np.mean(spread) == pytest.approx(0.047, abs=0.004)


@pytest.fixture(scope="module")
def real_areas(shared_data):
    score = pd.read_csv(
        shared_data / "deprivation" / "IoD2019_File7_reconstructed.csv",
        usecols=["LSOA code (2011)", "Income Score (rate)"],
    ).set_axis(["area", "income_score"], axis="columns")
    authority = pd.read_csv(
        shared_data / "geography" / "LSOA11_MSOA11_LAD19_UTLA19_RGN19_RUC_area.csv",
        usecols=["lsoa11_code", "utla19_code"],
    ).set_axis(["area", "authority"], axis="columns")
    children = pd.read_csv(
        shared_data / "population" / "LSOA11_pop_mid2019_age0_17_England.csv",
        usecols=["lsoa11_code", "age_0_17"],
    ).set_axis(["area", "children"], axis="columns")
    areas = score.merge(authority, on="area").merge(children, on="area")
    city_and_scilly = ["E09000001", "E06000053"]
    return areas[~areas["authority"].isin(city_and_scilly)]


RELATIVE_TOLERANCE = {
    "median authority": 0.10,
    "upper quartile of size": 0.20,
    "95% of size": 0.15,
    "largest authority": 0.08,
    "children per area": 0.03,
    "sd of ln children": 0.10,
    "median children": 0.05,
    "99% of children": 0.20,
    "authority deprivation": 0.02,
    "sd between": 0.08,
    "sd of ln between": 0.10,
    "least deprived": 0.30,
    "most deprived": 0.10,
    "sd of areas": 0.10,
    "sd within": 0.08,
    "5% of sd within": 0.15,
    "95% of sd within": 0.15,
    "power of sd within": 0.15,
    "intraclass correlation": 0.20,
    "99% of areas": 0.15,
    "most deprived area": 0.10,
}


def test_geography_resembles_the_real_one(synthetic_figures, real_areas):
    real = figures(real_areas)
    far = {
        name: (float(synthetic_figures[name]), float(real[name]))
        for name, tolerance in RELATIVE_TOLERANCE.items()
        if abs(synthetic_figures[name] / real[name] - 1) > tolerance
    }
    assert far == {}
