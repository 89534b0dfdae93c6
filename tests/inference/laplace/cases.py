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


def case_of(text: str, *, seed: int = 3, **settings: int) -> Case:
    spec = spec_of(f"{text}\n[sampling]\nengine = 'laplace'\nparameterisation = 'non_centred'")
    design = drawn_design(spec, seed=seed, **{"authorities": 6, "areas": 7, **settings})
    latent, hyper = LatentModel.of(spec, design), Hyperparameters.of(spec)
    rng = np.random.default_rng(seed)
    point = Latent(
        latent.prior_mean + 0.2 * rng.normal(size=len(latent.prior_mean)),
        rng.normal(size=latent.systematic.shape[:2]),
    )
    theta = hyper.start() + 0.3 * rng.normal(size=len(hyper.names))
    return Case(spec, design, latent, hyper, theta, point)


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
}
