"""Nested Laplace: draws in seconds, for studies and previews, without PyMC.

Given the hyperparameters (standard deviations, correlation, overdispersion) the fixed and authority
effects are nearly normal: their mode is found by Newton's method (`newton`) on an arrow-shaped
Hessian (`arrow`, `latent`, `likelihood`). That gives the hyperparameters' marginal posterior
(`marginal`), which is sampled by importance (`importance`), and the effects are drawn from their
normal approximation at each draw of the hyperparameters, moved from mode to mean (`skewness`,
`engine`, `layout`).
"""

from bayesgrad.inference.laplace.engine import LaplaceApproximation

__all__ = ["LaplaceApproximation"]
