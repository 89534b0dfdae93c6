"""From posterior draws to quantities: pure functions of labelled arrays, and pandas tables."""

from bayesgrad.estimands.compare import compare_in_words
from bayesgrad.estimands.pairs import pairs_table
from bayesgrad.estimands.tables import TABLES, table, tables_of

__all__ = ["TABLES", "compare_in_words", "pairs_table", "table", "tables_of"]
