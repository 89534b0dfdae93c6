"""Log density -> draws: the engines and the checks that every fit carries."""

from bayesgrad.kernels.cache import give_pytensor_a_folder

give_pytensor_a_folder()
