"""Likelihoods of rows: values and derivatives of a block, densities of a row at many draws."""
