import pytest

from flows.rules.position.fill import apply_fill
from flows.rules.scale.conservation import held_quanta, is_conserved


def test_each_term_counts_once_with_its_sign() -> None:
    assert held_quanta(1, 20, 300, 4_000, 50_000, 600_000) == 54_321 - 600_000


@pytest.mark.parametrize(("held", "conserved"), [(69, False), (70, True), (71, False)])
def test_one_quantum_off_is_a_fault(held: int, *, conserved: bool) -> None:
    assert is_conserved(held, 100, 30) is conserved


def test_a_round_trip_of_two_accounts() -> None:
    """Rulebook R-A7 example: one lot bought at 10 and given back at 12."""
    buyer, seller = apply_fill(0, 0, 1, 10, 100), apply_fill(0, 0, -1, 10, 100)
    assert (buyer, seller) == ((1, 1_000, 0), (-1, -1_000, 0))
    assert is_conserved(held_quanta(5_000, 0, 0, 0, 0, buyer[1] + seller[1]), 5_000, 0)
    buyer_after = apply_fill(buyer[0], buyer[1], -1, 12, 100)
    seller_after = apply_fill(seller[0], seller[1], 1, 12, 100)
    assert (buyer_after, seller_after) == ((0, 0, 200), (0, 0, -200))
    assert is_conserved(held_quanta(5_000 + 200 - 200, 0, 0, 0, 0, 0), 5_000, 0)
