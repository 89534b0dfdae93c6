"""Names of columns: each once, and there where they are needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bayesgrad.data.listing import close_to, listed
from bayesgrad.errors import DataError


def refuse_repeated_names(names: Sequence[str], *, source: str) -> None:
    """Refuse two columns of one name."""
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if repeated:
        raise DataError(
            f"{source}: more than one column is called {listed(repeated)}",
            "Rename or remove one, so that a column's name means one column.",
        )


def refuse_absent_columns(wanted: Sequence[str], present: Sequence[str], *, source: str) -> None:
    """Refuse a table without some of the columns wanted, naming those close to them."""
    absent = [name for name in wanted if name not in present]
    if absent:
        close = close_to(str(absent[0]), [str(name) for name in present])
        raise DataError(
            f"{source}: there is no column {listed(absent)}{close}",
            f"The table has {listed(present, shown=30)}.",
        )
