"""Nested Laplace: draws in seconds, for studies and previews, without PyMC.

Given the hyperparameters (standard deviations, correlations, overdispersion) the fixed effects,
those of strata and those of authorities are nearly normal: their mode is found by Newton's method
(`newton`) on an arrow-shaped Hessian (`arrow`, `assembly`, `latent`, `likelihood`). That gives the
hyperparameters' marginal posterior (`marginal`) and its gradient (`gradient`), which is sampled by
importance (`importance`, `sampling`), and the effects are drawn from their normal approximation at
each draw of the hyperparameters, moved from mode to mean (`skewness`, `engine`, `layout`). Outcomes
that share no covariance are approximated one by one (`parts`), and risks near one are refused
(`certainty`).
"""

from bayesgrad.inference.laplace.engine import LaplaceApproximation

__all__ = ["LaplaceApproximation"]
