import pytest

from tests.tables import table


def test_a_row_is_its_cells_named_by_the_last() -> None:
    rows = table("""
        1    2_000   first

        -3       4   second
    """)
    assert [row.values for row in rows] == [("1", "2_000", "first"), ("-3", "4", "second")]
    assert [row.id for row in rows] == ["first", "second"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("\n  \n", "at least one row"),
        ("1 2 a\n3 b", "2 cells where the first row has 3"),
        ("1 2 a\n3 4 a", "two rows are named a"),
    ],
)
def test_a_slip_of_the_pen_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        table(text)
