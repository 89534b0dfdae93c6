"""The export: the only thing that may leave a secure environment; a report reads it, too."""

from bayesgrad.export.export import export_fit
from bayesgrad.export.released import Released, read_export
from bayesgrad.export.rules import SHIPPED, Rules, read_rules

__all__ = ["SHIPPED", "Released", "Rules", "export_fit", "read_export", "read_rules"]
