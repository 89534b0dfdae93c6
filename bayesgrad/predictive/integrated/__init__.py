r"""Likelihood of each authority with its own effects integrated out.

For authority j and draw s of all that authorities share,

.. math:: m_j(s) = \ln \int \prod_{i \in j} p(y_i \mid \theta, s) \, N(\theta; \mu_j(s), \Sigma(s))
          \, d\theta,

over its rows of all outcomes and strata; where neighbours are alike, s includes the effects of all
other authorities, and the normal distribution is that given them. Strata share the authority's
effects; what the nation's strata deviate by is known in each draw.

Where outcomes do not share a covariance the integral is a product over outcomes, each over an
intercept and a slope: by adaptive Gauss-Hermite quadrature (Pinheiro and Bates 1995), centred and
scaled by the effects' conditional posterior, or, where there is much information, by Laplace's
method (`bayesgrad.kernels.scores.laplace`).

Where they do, or where an authority's strata deviate by amounts of its own, it is over all effects
by Laplace's method. Its error is about 1 / (12 y) for each effect that y events inform, and less
where the distribution of effects informs more than they: below 0.01 for an outcome of some ten
events, and below 0.1 for one of almost none. Neither method is so near under the log link of cases
where nearly all have events, for the likelihood then ends abruptly at a probability of 1: the logit
suits such cases.

Effects of larger neighbourhoods belong to the authority that is left out, and are integrated out
too: each by adaptive quadrature of its own, for given effects of its authority, within these
integrals (`bayesgrad.kernels.scores.neighbourhood_integral`). The rows of an authority and outcome
are put in the order of their neighbourhoods for it.
"""

from bayesgrad.predictive.integrated.likelihood import integrated_likelihood

__all__ = ["integrated_likelihood"]
