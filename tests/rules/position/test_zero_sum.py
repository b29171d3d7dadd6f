import pytest

from flows.rules.position.zero_sum import fill_sides, is_balanced


def test_a_match_has_two_sides() -> None:
    assert fill_sides(5) == (5, -5)
    assert fill_sides(1) == (1, -1)
    assert is_balanced(fill_sides(5))


@pytest.mark.parametrize("quantity", [0, -1])
def test_a_match_moves_lots(quantity: int) -> None:
    with pytest.raises(AssertionError, match="moves lots"):
        fill_sides(quantity)


@pytest.mark.parametrize(
    ("deltas", "balanced"),
    [((), True), ((5,), False), ((5, -5), True), ((5, -4), False), ((5, -2, -3), True), ((0, 1), False)],
)
def test_is_balanced(deltas: tuple[int, ...], *, balanced: bool) -> None:
    assert is_balanced(deltas) is balanced
