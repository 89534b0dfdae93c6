r"""Leave-one-authority-out: the log predictive density of authorities, each left out in turn.

The score of authority j is :math:`\ln p(y_j | y_{-j})`, of the rows of all its outcomes and strata
jointly: how well the model predicts an authority that it has not seen. Its own effects, and own
deviations of its strata, are integrated out of the likelihood first
(`bayesgrad.predictive.integrated`), so the importance ratios :math:`1 / e^{m_j(s)}` are in what
authorities share alone (Vehtari et al. 2016; Merkle, Furr and Rabe-Hesketh 2019). They are
Pareto-smoothed, and the shape :math:`\hat k` of their tail says whether they can be relied on
(Vehtari, Gelman and Gabry 2017; Vehtari et al. 2024).
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayesgrad.areas.rates import affordable, thinned
from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.inference.pareto import smooth
from bayesgrad.predictive.integrated import integrated_likelihood
from bayesgrad.predictive.scoring import DRAWS, standard_error


def leave_one_authority_out(design: Design, posterior: xr.Dataset) -> xr.Dataset:
    """Score of each authority under a fit to the others.

    Parameters
    ----------
    design : Design
    posterior : Dataset
        Dimensions chain, draw and those of the model.

    Returns
    -------
    Dataset
        By authority: ``authority_elpd``, ``authority_p_loo`` (its log density under the fit to all
        authorities less that) and ``authority_k_hat``; ``authority_se``, the standard error of
        the sum of the scores.
    """
    draws = affordable(DRAWS, rows=len(design.rows.count))
    likelihood = integrated_likelihood(design, thinned(posterior, size=draws))
    scores = [_leave_out(own) for own in likelihood]
    elpd, k_hat = np.array(scores).T
    lpd = np.logaddexp.reduce(likelihood, axis=1) - np.log(likelihood.shape[1])
    quantities = {"elpd": elpd, "p_loo": lpd - elpd, "k_hat": k_hat}
    variables = {f"authority_{name}": ("authority", values) for name, values in quantities.items()}
    return xr.Dataset(
        {**variables, "authority_se": ((), standard_error(elpd))},
        coords={"authority": list(design.authorities.codes)},
    )


def _leave_out(likelihood: Floats) -> tuple[float, float]:
    """Score of one authority from its log likelihoods, (sample,), and the shape of the tail."""
    log_weights, k_hat = smooth(-likelihood)
    return float(np.logaddexp.reduce(log_weights + likelihood)), k_hat
