from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.adl.remainder import fill, fill_by_owner, largest_remainder

weights_of = st.lists(st.integers(0, 10**12), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        pytest.param(1_234_567, [643, 100, 257], [793_826, 123_457, 317_284], id="rulebook_R-L3_example"),
        pytest.param(1, [1, 1], [1, 0], id="equal_in_all_but_the_id"),
        pytest.param(2, [1, 1], [1, 1], id="no_remainder"),
        pytest.param(2, [3, 1], [2, 0], id="equal_remainders_larger_weight_first"),
        pytest.param(1, [0, 5], [0, 1], id="no_weight_no_part"),
        pytest.param(0, [5, 5], [0, 0], id="nothing_to_share"),
        pytest.param(0, [0, 0], [0, 0], id="nothing_to_share_and_nobody"),
        pytest.param(0, [], [], id="nobody"),
        pytest.param(-1, [1, 2], [0, -1], id="a_negative_total"),
        pytest.param(10, [1, 1, 1], [4, 3, 3], id="the_left_over_unit"),
    ],
)
def test_largest_remainder(total: int, weights: list[int], parts: list[int]) -> None:
    assert largest_remainder(total, weights, range(len(weights))) == parts


def test_an_equal_tie_goes_to_the_lower_id_wherever_it_stands() -> None:
    assert largest_remainder(1, [1, 1], [9, 4]) == [0, 1]


def test_equal_remainders_go_to_the_larger_weight_whatever_the_id() -> None:
    assert largest_remainder(2, [1, 3], [1, 2]) == [0, 2]


def test_a_total_without_weights_is_our_bug() -> None:
    with pytest.raises(AssertionError, match="share"):
        largest_remainder(1, [0], [1])


@given(weights_of, st.integers(-(10**15), 10**15))
def test_parts_add_up_and_stay_within_a_unit_of_proportion(weights: list[int], total: int) -> None:
    if sum(weights) == 0:
        weights[0] = 1
    parts = largest_remainder(total, weights, range(len(weights)))
    assert sum(parts) == total
    quotas = [Fraction(total * weight, sum(weights)) for weight in weights]
    assert all(abs(part - quota) < 1 for part, quota in zip(parts, quotas, strict=True))
    raised = [q - (p - 1) for p, q in zip(parts, quotas, strict=True) if p > q]
    lowered = [q - p for p, q in zip(parts, quotas, strict=True) if p < q]
    assert not raised or not lowered or min(raised) >= max(lowered)


@pytest.mark.parametrize(
    ("total", "weights", "caps", "parts"),
    [
        pytest.param(1_000, [50, 30, 20], [700, 100, 900], [643, 100, 257], id="rulebook_R-L2_example"),
        pytest.param(10, [1, 1], [5, 9], [5, 5], id="a_cap_that_just_binds"),
        pytest.param(10, [1, 1], [4, 9], [4, 6], id="a_cap_one_lower"),
        pytest.param(10, [1, 1], [2, 3], [2, 3], id="all_capped"),
        pytest.param(10, [1, 1], [5, 5], [5, 5], id="all_just_capped"),
        pytest.param(10, [0, 1], [9, 9], [0, 9], id="no_weight_no_part_even_if_units_stay"),
        pytest.param(10, [0, 0], [9, 9], [0, 0], id="nobody_has_weight"),
        pytest.param(0, [1, 1], [5, 5], [0, 0], id="nothing_to_share"),
        pytest.param(5, [], [], [], id="nobody"),
        pytest.param(12, [6, 3, 1], [2, 2, 9], [2, 2, 8], id="one_cap_makes_the_next_bind"),
        pytest.param(6, [3, 1, 1], [9, 0, 9], [5, 0, 1], id="a_cap_of_nothing"),
    ],
)
def test_fill(total: int, weights: list[int], caps: list[int], parts: list[int]) -> None:
    assert fill(total, weights, caps, range(len(weights))) == parts


@pytest.mark.parametrize(
    ("total", "weights", "caps"), [(-1, [1], [1]), (1, [-1, 2], [1, 1]), (1, [1, 1], [-1, 5])]
)
def test_negative_input_is_our_bug(total: int, weights: list[int], caps: list[int]) -> None:
    with pytest.raises(AssertionError):
        fill(total, weights, caps, range(len(weights)))


capped = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**4)), min_size=1, max_size=8)


def level(total: int, rows: list[tuple[int, int]]) -> list[Fraction]:
    """The same water-filling by its definition: raise one level until min(level x weight, cap) adds up."""
    live = [row for row in rows if row[0] > 0]
    if sum(cap for _, cap in live) <= total:
        return [Fraction(cap if weight > 0 else 0) for weight, cap in rows]
    steps = sorted(Fraction(cap, weight) for weight, cap in live)
    reached = [sum(min(step * weight, Fraction(cap)) for weight, cap in live) for step in steps]
    above = next(place for place, units in enumerate(reached) if units > total)
    base, base_units = (steps[above - 1], reached[above - 1]) if above > 0 else (Fraction(0), Fraction(0))
    slope = sum(weight for weight, cap in live if Fraction(cap, weight) > base)
    height = base + (total - base_units) / slope
    return [min(height * weight, Fraction(cap)) if weight > 0 else Fraction(0) for weight, cap in rows]


@given(capped, st.integers(0, 30_000))
def test_fill_is_the_water_level_within_a_unit(rows: list[tuple[int, int]], total: int) -> None:
    weights, caps = [row[0] for row in rows], [row[1] for row in rows]
    ids = list(range(len(rows)))
    parts = fill(total, weights, caps, ids)
    assert sum(parts) == min(total, sum(cap for weight, cap in rows if weight > 0))
    for part, exact, cap in zip(parts, level(total, rows), caps, strict=True):
        assert part <= cap
        assert abs(part - exact) < 1
    shuffled = ids[::-1]
    again = fill(total, [weights[p] for p in shuffled], [caps[p] for p in shuffled], shuffled)
    assert [again[shuffled.index(p)] for p in ids] == parts


@given(capped, st.integers(0, 30_000), st.integers(1, 10**6))
def test_more_weight_never_gets_less(rows: list[tuple[int, int]], total: int, more: int) -> None:
    weights, caps = [row[0] for row in rows], [row[1] for row in rows]
    before = fill(total, weights, caps, range(len(rows)))
    weights[0] += more
    assert fill(total, weights, caps, range(len(rows)))[0] >= before[0]


def test_an_owners_accounts_share_what_the_owner_gets() -> None:
    parts = fill_by_owner(1_000, [30, 30, 20, 20], [420, 100, 900, 280], [7, 8, 9, 7], [1, 2, 3, 4])
    assert parts == [386, 100, 257, 257]


def test_a_cap_without_weight_is_no_cap() -> None:
    assert fill_by_owner(10, [1, 0, 1], [3, 9, 9], [7, 7, 8], [1, 2, 3]) == [3, 0, 7]


def test_ties_between_owners_and_between_accounts_go_to_the_lower_name() -> None:
    assert fill_by_owner(1, [1, 1], [1, 1], [9, 4], [1, 2]) == [0, 1]
    assert fill_by_owner(1, [1, 1], [1, 1], [4, 4], [9, 2]) == [0, 1]


owned = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(0, 10**4), st.integers(0, 3)), min_size=1, max_size=8
)


@given(owned, st.integers(0, 30_000))
def test_owners_get_what_they_would_get_as_one_account(rows: list[tuple[int, int, int]], total: int) -> None:
    weights, caps = [row[0] for row in rows], [row[1] for row in rows]
    owners = [row[2] for row in rows]
    parts = fill_by_owner(total, weights, caps, owners, range(len(rows)))
    assert all(part <= cap for part, cap in zip(parts, caps, strict=True))
    names = sorted(set(owners))
    whole = fill(
        total,
        [sum(w for w, o in zip(weights, owners, strict=True) if o == name) for name in names],
        [sum(c for w, c, o in rows if o == name and w > 0) for name in names],
        names,
    )
    got = [sum(part for part, owner in zip(parts, owners, strict=True) if owner == name) for name in names]
    assert got == whole
