"""Models on made-up numbers, of every form that the engine fits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayesgrad.design import Design
from bayesgrad.inference.laplace.hyperparameters import Hyperparameters
from bayesgrad.inference.laplace.latent import Latent, LatentModel
from bayesgrad.spec import ModelSpec
from tests.small import drawn_design, spec_of

FULL = """
[gradient]
curvature = "spline"
[authority]
moderation = "log"
moderators = ["spend", "turnover"]
[area]
covariates = ["rural"]
moderators = ["density"]
"""


class Case(NamedTuple):
    """A model on made-up numbers, and a point at which to evaluate it."""

    spec: ModelSpec
    design: Design
    latent: LatentModel
    hyper: Hyperparameters
    theta: np.ndarray
    point: Latent


def case_of(
    text: str,
    *,
    seed: int = 3,
    outcomes: tuple[str, ...] = ("referrals",),
    **settings: object,
) -> Case:
    sampling = "[sampling]\nengine = 'laplace'\nparameterisation = 'non_centred'"
    spec = spec_of(f"{text}\n{sampling}", outcomes=outcomes)
    if spec.strata is not None:
        settings = STRATA[spec.strata.crossed_with is not None] | settings
    design = drawn_design(spec, seed=seed, **{"authorities": 6, "areas": 7, **settings})
    latent, hyper = LatentModel.of(spec, design), Hyperparameters.of(spec, design)
    rng = np.random.default_rng(seed)
    mean = latent.fixed.prior_mean
    point = Latent(mean + 0.2 * rng.normal(size=len(mean)), rng.normal(size=latent.shape))
    theta = hyper.start() + 0.3 * rng.normal(size=len(hyper.titles))
    return Case(spec, design, latent, hyper, theta, point)


def form_of(name: str, **settings: object) -> Case:
    """The case of a form, of all the outcomes that it is about."""
    outcomes = ("referrals", "plans") if name in OF_TWO_OUTCOMES else ("referrals",)
    return case_of((FORMS | OF_PARTS)[name], outcomes=outcomes, **settings)


PLAIN_STRATA = {"strata": ("0-4", "5-9", "10-17")}
LEVELS = (("a", "b"), ("0-4", "5-9", "10-17"))
CROSSED_STRATA = {
    "strata": tuple(f"{one} x {other}" for one in LEVELS[0] for other in LEVELS[1]),
    "strata_levels": LEVELS,
}
STRATA = (PLAIN_STRATA, CROSSED_STRATA)
OF_TWO_OUTCOMES = (
    "two outcomes",
    "two outcomes, full",
    "two outcomes in strata",
    "each outcome for itself",
    "all independent",
)

FORMS = {
    "default": "",
    "full": FULL,
    "Poisson": '[likelihood]\nfamily = "poisson"',
    "Poisson, full": f'{FULL}[likelihood]\nfamily = "poisson"',
    "independent": '[authority]\nmoderation = "none"\ncovariance = "diagonal"',
    "other priors": """
[priors]
intercept = { distribution = "Normal", mu = -2.0, sigma = 0.7 }
sd_intercept = { distribution = "HalfCauchy", beta = 0.4 }
sd_slope = { distribution = "Exponential", lam = 3.0 }
correlation = { distribution = "LKJ", eta = 1.5 }
overdispersion = { distribution = "HalfStudentT", nu = 3.0, sigma = 0.6 }
""",
    "splines": '[gradient]\ncurvature = "spline"\n[authority]\nmoderation = "spline"',
    "odds": '[likelihood]\nfamily = "binomial"',
    "risks": f'{FULL}[likelihood]\nfamily = "binomial"\nlink = "log"',
    "strata": '[strata]\ncolumn = "age"',
    "strata, full": f'{FULL}[strata]\ncolumn = "age"\nordered = true',
    "levels of strata": '[strata]\ncolumn = "age"\ngradients = "common"',
    "crossed strata": '[strata]\ncolumn = "sex"\ncrossed_with = { column = "age" }',
    "two outcomes": 'family = "poisson"',
    "two outcomes, full": FULL,
    "two outcomes in strata": 'family = "binomial"\n[strata]\ncolumn = "age"',
}
"""Models of one part, by name; a text that begins with a key goes on about the last outcome."""
OF_PARTS = {
    "each outcome for itself": """
family = "poisson"
[authority]
covariance = "by_outcome"
[area]
covariates = ["rural"]
[strata]
column = "age"
""",
    "all independent": '[authority]\ncovariance = "diagonal"',
}
"""Models of a part for each outcome."""
