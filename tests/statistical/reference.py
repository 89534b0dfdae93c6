"""Specs and tables that repeat published fits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from bayesgrad import ModelSpec

SPEC = """
title = "{outcome}"
[columns]
area = "{area}"
authority = "{authority}"
exposure = "{exposure}"
deprivation = "{deprivation}"
vintage = "{vintage}"
[[outcomes]]
column = "{outcome}"
[gradient]
unit = {unit!r}
centre = {centre!r}
[authority]
moderation = "none"
[rows]
small_authorities = "keep"
[likelihood]
family = "{family}"
"""

OURS = {
    "(Intercept)": "intercept",
    "z": "slope",
    "uvb": "slope",
    "sd_g__(Intercept)": "sd_intercept",
    "sd_g__z": "sd_slope",
    "sd_nation__(Intercept)": "sd_intercept",
    "sd_nation__uvb": "sd_slope",
    "cor_g": "correlation",
    "cor_nation": "correlation",
    "nb2_size_theta": "alpha",
}
"""Our names of the parameters in the file of maximum-likelihood fits."""

STROKE = {
    "area": "lsoa11_code",
    "authority": "utla19_code",
    "exposure": "pop65plus_mid2019",
    "deprivation": "income_score",
    "outcome": "stroke_admissions_3yr",
    "unit": 0.09353857,
    "centre": 0.12816871,
    "vintage": "IoD2019",
}
LONDON = {
    "area": "lsoa11_code",
    "authority": "ltla19_code",
    "exposure": "pop_mid2019",
    "deprivation": "income_score",
    "outcome": "major_violence_2019",
    "unit": 0.07568800,
    "centre": 0.13626776,
    "vintage": "IoD2019",
}
MMMEC = {
    "area": "area",
    "authority": "nation",
    "exposure": "expected",
    "deprivation": "uvb_as_share",
    "outcome": "deaths",
    "unit": 0.01,
    "centre": 0.20,
    "vintage": "none",
}


def spec_of(settings: dict[str, object], *, family: str, extra: str = "") -> ModelSpec:
    return ModelSpec.from_toml(SPEC.format(**settings, family=family) + extra)


# Nine nations say little of the standard deviations: small steps, or a rare divergence. Default
# priors are of deprivation; uvb is another thing, on another scale.
MMMEC_EXTRA = """
[sampling]
target_accept = 0.95
[priors]
slope = { distribution = "Normal", mu = 0.0, sigma = 0.5 }
sd_slope = { distribution = "HalfNormal", sigma = 0.2 }
"""


def mmmec_table(shared_data: Path) -> pd.DataFrame:
    """Melanoma deaths; x of the model is uvb itself, carried as (uvb + 20) / 100."""
    table = pd.read_csv(shared_data / "reference" / "mlmRev_Mmmec.csv")
    area = [f"county {row}" for row in table["rownames"]]
    return table.assign(area=area, uvb_as_share=(table["uvb"] + 20.0) / 100.0)


def epil_table(shared_data: Path) -> pd.DataFrame:
    """Seizure counts of 59 patients at 4 visits, with the covariates of the JAGS example."""
    table = pd.read_csv(shared_data / "reference" / "MASS_epil.csv")
    treated = (table["trt"] == "progabide").astype(float)
    base = np.log(table["base"] / 4.0)
    return pd.DataFrame(
        {
            "visit": [f"visit {row}" for row in table["rownames"]],
            "patient": [f"patient {subject:02d}" for subject in table["subject"]],
            "seizures": table["y"],
            "time": 1.0,
            "V4": table["V4"].astype(float),
            "Base": base,
            "Trt": treated,
            "BT": base * treated,
            "Age": np.log(table["age"]),
        }
    )


EPIL = {
    "area": "visit",
    "authority": "patient",
    "exposure": "time",
    "deprivation": "V4",
    "outcome": "seizures",
    "unit": 1.0,
    "centre": 0.25,
    "vintage": "none",
}
EPIL_EXTRA = """
[area]
covariates = ["Base", "Trt", "BT", "Age"]
[sampling]
parameterisation = "non_centred"
target_accept = 0.9
draws = 4000
tune = 1000
[priors]
intercept = { distribution = "Normal", mu = 0.0, sigma = 10.0 }
slope = { distribution = "Normal", mu = 0.0, sigma = 10.0 }
covariates = { distribution = "Normal", mu = 0.0, sigma = 10.0 }
sd_intercept = { distribution = "HalfNormal", sigma = 5.0 }
sd_slope = { distribution = "HalfNormal", sigma = 0.0001 }
"""
