"""The attack on an export before it is written: what it tells of counts that it hides."""

from bayesgrad.export.attack.attack import Finding, Report, attack
from bayesgrad.export.attack.inspection import inspect

__all__ = ["Finding", "Report", "attack", "inspect"]
