"""Log density -> draws: the sampler and the checks that every fit carries."""
