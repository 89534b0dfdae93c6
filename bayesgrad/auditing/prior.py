"""How likely each claim is under a form before the data, by the priors of its spec."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

import numpy as np
import xarray as xr

from bayesgrad.auditing.forms import Form
from bayesgrad.auditing.weights import Floats
from bayesgrad.design.design import Design
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.priors import LocationPrior

DRAWS = 20_000
"""Of a prior that is not symmetric about zero: the probability errs by 0.0035 at most."""


def prior_chances(
    form: Form,
    spec: ModelSpec,
    design: Design,
    quantities: Callable[[xr.Dataset], Mapping[str, Floats]],
    *,
    names: tuple[str, ...],
) -> dict[str, float]:
    """Probability, before the data, that each quantity of one form is below zero.

    Quantities are sums of coefficients: where the priors of all of these are symmetric about zero
    it is one half, else it is counted among draws from the priors.

    Parameters
    ----------
    form : Form
    spec : ModelSpec
        That of the form.
    design : Design
    quantities : function
        Draws of quantities by name, of a Dataset with `slope`, `between` and `interaction`, of
        dimensions chain, draw, outcome and, but for the slope, moderation_term.
    names : tuple of str
        Quantities that are asked for; ``interaction`` is zero in a form without moderation.

    Returns
    -------
    dict of str to float
        NaN for a fit with a prior pack, whose parameters are not independent.
    """
    if spec.prior_pack is not None:
        return dict.fromkeys(names, np.nan)
    priors = {name: spec.location_prior(name) for name in ("slope", "between", "interaction")}
    if all(prior.parameters()["mu"] == 0 for prior in priors.values()):
        found = dict.fromkeys(names, 0.5)
    else:
        drawn = quantities(_drawn(priors, design))
        found = {name: float((drawn[name] < 0).mean()) for name in names}
    return found if form.moderated else {**found, "interaction": 0.0}


def _drawn(priors: Mapping[str, LocationPrior], design: Design) -> xr.Dataset:
    terms = list(design.basis.terms)
    drawn = {}
    for name, prior in priors.items():
        size = (1, DRAWS, 1) if name == "slope" else (1, DRAWS, 1, len(terms))
        dims = ("chain", "draw", "outcome", "moderation_term")[: len(size)]
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        drawn[name] = (dims, _draws(prior, size, rng))
    return xr.Dataset(drawn, coords={"moderation_term": terms})


def _draws(prior: LocationPrior, size: tuple[int, ...], rng: np.random.Generator) -> Floats:
    given = prior.parameters()
    standard: Floats = {
        "Normal": lambda: rng.standard_normal(size),
        "StudentT": lambda: rng.standard_t(given.get("nu", 1.0), size),
        "Laplace": lambda: rng.laplace(size=size),
    }[prior.distribution]()
    return given["mu"] + given["b" if prior.distribution == "Laplace" else "sigma"] * standard
