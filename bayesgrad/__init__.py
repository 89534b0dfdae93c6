"""Bayesian multilevel modelling of the social gradient in children's social care."""

__version__ = "0.1.0"
