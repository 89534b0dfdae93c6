"""Design -> log density: the likelihood, the priors and the PyMC graph."""
