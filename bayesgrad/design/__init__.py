"""ModelSpec + table -> Design: nothing statistical before it, nothing tabular after it."""

from bayesgrad.design.build import build_design
from bayesgrad.design.design import Design

__all__ = ["Design", "build_design"]
