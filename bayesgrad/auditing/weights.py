r"""Weights of forms: by their evidence, or by how they predict authorities that are left out.

Evidence is the marginal likelihood :math:`p(y \mid \mathrm{form})`, which the nested Laplace engine
gives with its draws; times the prior weights of forms it makes their posterior probabilities. It
prefers the simpler of two forms that fit alike, by how much their priors spread their bets, which
are fixed in advance.

Scores are leave-one-authority-out elpd. Weights from them are pseudo-BMA with the Bayesian
bootstrap (pseudo-BMA+), which allows for the error of the scores over authorities, with the same
prior weights (Yao, Vehtari, Simpson and Gelman 2018). They hardly prefer the simpler of two forms
that predict alike, so with them more is left open.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BOOTSTRAP_DRAWS = 2000


def evidence_weights(log_evidence: Floats, prior: Sequence[float]) -> Floats:
    """Posterior probabilities of forms; a form without evidence (NaN) has none."""
    known = np.isfinite(log_evidence)
    log = np.where(known, log_evidence, -np.inf) + np.log(prior)
    found: Floats = np.exp(log - np.logaddexp.reduce(log))
    return found


def score_weights(elpd: Floats, prior: Sequence[float], *, seed: int) -> Floats:
    """Pseudo-BMA+ weights of forms.

    Parameters
    ----------
    elpd : ndarray, shape (forms, authorities)
        NaN for a form without scores, which gets no weight. Where none has scores, no form has a
        weight, and all are NaN.
    prior : sequence of float
    seed : int
        Of the Bayesian bootstrap over authorities.
    """
    known = np.isfinite(elpd).all(axis=1)
    found = np.zeros(len(elpd))
    if not known.any():
        return np.full(len(elpd), np.nan)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2,)))
    size = elpd.shape[1]
    share = rng.dirichlet(np.ones(size), BOOTSTRAP_DRAWS)
    log = size * share @ elpd[known].T + np.log(np.asarray(prior)[known])
    log -= log.max(axis=1, keepdims=True)
    weight = np.exp(log)
    found[known] = (weight / weight.sum(axis=1, keepdims=True)).mean(axis=0)
    return found
