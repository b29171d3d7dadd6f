"""Text tables for parametrized tests: a row a case, cells parted by blanks, the last one why the row exists."""

import pytest
from _pytest.mark.structures import ParameterSet


def table(text: str) -> list[ParameterSet]:
    """Turn the rows of ``text`` into cases of string cells, each named by its last cell.

    Blank lines are skipped. Rows of unequal length or with the same name are a slip of the pen and are refused.
    """
    rows = [line.split() for line in text.splitlines() if line.strip()]
    if not rows:
        raise ValueError("a table needs at least one row")
    names: list[str] = []
    for row in rows:
        if len(row) != len(rows[0]):
            raise ValueError(f"{len(row)} cells where the first row has {len(rows[0])}: {' '.join(row)}")
        if row[-1] in names:
            raise ValueError(f"two rows are named {row[-1]}")
        names.append(row[-1])
    return [pytest.param(*row, id=row[-1]) for row in rows]
