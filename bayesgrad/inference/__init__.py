"""Log density -> draws: the engines and the checks that every fit carries."""
