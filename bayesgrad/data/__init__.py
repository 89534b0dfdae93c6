"""Tables in: read from files, joined by code, checked against a spec, every row accounted for."""

from bayesgrad.data.analysis_table import AnalysisTable, DataReport
from bayesgrad.data.deprivation import read_deprivation
from bayesgrad.data.durations import split_durations
from bayesgrad.data.geography import Reconciliation, join_by_code
from bayesgrad.data.prepare import prepare_table
from bayesgrad.data.tables import read_table

__all__ = [
    "AnalysisTable",
    "DataReport",
    "Reconciliation",
    "join_by_code",
    "prepare_table",
    "read_deprivation",
    "read_table",
    "split_durations",
]
