"""The command line: thin verbs over the functions that Python users call."""

from bayesgrad.cli.app import main

__all__ = ["main"]
