"""Design -> log density: the likelihood, the priors and the PyMC graph."""

from bayesgrad.kernels.cache import give_pytensor_a_folder

give_pytensor_a_folder()
