import math
from collections.abc import Callable
from fractions import Fraction
from functools import cmp_to_key

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from numba.core import config

from flows.rules import exact
from flows.rules.exact import (
    PPB,
    PPM,
    compare_products,
    div_ceil,
    div_half_even,
    div_trunc,
    is_at_or_below,
    is_below,
    isqrt_ceil,
    mul_div_ceil,
    mul_div_floor,
    mul_div_trunc,
    mul_ppm_ceil,
    mul_ppm_floor,
    riskier,
)
from tests.tables import table

BOUND = 1 << 62
LEAST, MOST = -(1 << 63), (1 << 63) - 1

EDGES = sorted(
    {
        sign * ((1 << power) + step)
        for sign in (1, -1)
        for power in (0, 31, 32, 33, 61, 62)
        for step in (-1, 0, 1)
    }
    | {0, LEAST, MOST, LEAST + 1, 3, -7, PPM, PPB}
)
words = st.one_of(st.sampled_from(EDGES), st.integers(LEAST, MOST), st.integers(-1000, 1000))
amounts = st.one_of(st.integers(-BOUND, BOUND), st.sampled_from([-BOUND, BOUND, BOUND - 1, 0]))
rates = st.one_of(st.integers(0, 2 * PPM), st.sampled_from([0, 1, PPM - 1, PPM, 2 * PPM]))
quick = settings(max_examples=100, deadline=None)


@njit
def compiled_floor(a: int, b: int, c: int) -> int:
    return mul_div_floor(a, b, c)


@njit
def compiled_ceil(a: int, b: int, c: int) -> int:
    return mul_div_ceil(a, b, c)


@njit
def compiled_trunc(a: int, b: int, c: int) -> int:
    return mul_div_trunc(a, b, c)


@njit
def compiled_compare(a: int, b: int, c: int, d: int) -> int:
    return compare_products(a, b, c, d)


@njit
def compiled_ppm(amount: int, rate: int, divisor: int) -> tuple[int, ...]:
    return (
        mul_ppm_floor(amount, rate),
        mul_ppm_ceil(amount, rate),
        div_ceil(amount, divisor),
        div_trunc(amount, divisor),
        div_half_even(amount, divisor),
        isqrt_ceil(abs(amount)),
        int(is_below(amount, divisor, rate)),
        int(is_at_or_below(amount, divisor, rate)),
    )


@njit
def compiled_riskier(e1: int, m1: int, id1: int, e2: int, m2: int, id2: int) -> bool:
    return riskier(e1, m1, id1, e2, m2, id2)


def three_ways(a: int, b: int, c: int) -> tuple[int, int, int]:
    exactly = Fraction(a * b, c)
    return math.floor(exactly), math.ceil(exactly), math.trunc(exactly)


WAYS = [
    (mul_div_floor, compiled_floor, exact._wide_floor),
    (mul_div_ceil, compiled_ceil, exact._wide_ceil),
    (mul_div_trunc, compiled_trunc, exact._wide_trunc),
]


def outcome(function: Callable[[int, int, int], int], a: int, b: int, c: int) -> int | None:
    """Its answer; None where it says that the answer leaves int64."""
    try:
        with np.errstate(over="ignore"):
            return int(function(a, b, c))
    except OverflowError:
        return None


def agree_on(a: int, b: int, c: int) -> None:
    for (plain, compiled, limbs), expected in zip(WAYS, three_ways(a, b, c), strict=True):
        assert plain(a, b, c) == expected
        if not config.DISABLE_JIT:
            assert outcome(compiled, a, b, c) == fits(expected), (a, b, c)
        assert outcome(limbs, a, b, c) == fits(expected), (a, b, c)


@quick
@given(words, words, words.filter(lambda c: c != 0))
def test_products_over_a_divisor_agree_everywhere(a: int, b: int, c: int) -> None:
    agree_on(a, b, c)


def test_products_over_a_divisor_agree_on_all_edges() -> None:
    edges = np.array(EDGES)
    for c in (x for x in EDGES if x):
        for a in EDGES[:: 3 if abs(c) > 9 else 1]:
            b = int(edges[(a + c) % len(edges)])
            agree_on(a, b, c)


@pytest.mark.parametrize(
    ("a", "b", "c", "floor", "ceil", "trunc", "why"),
    table("""
         7    3    2    10   11   10   a_rest_goes_both_ways
        -7    3    2   -11  -10  -10   a_negative_floor_is_further
         7    3   -2   -11  -10  -10   the_divisor_has_a_sign_too
        -7    3   -2    10   11   10   two_signs_cancel
         6    3    2     9    9    9   no_rest_no_rounding
        -6    3    2    -9   -9   -9   no_rest_no_rounding_below_zero
         0   -5    3     0    0    0   nothing_has_no_sign
         1    1    3     0    1    0   under_one
    """),
)
def test_mul_div(a: str, b: str, c: str, floor: str, ceil: str, trunc: str, why: str) -> None:
    assert three_ways(int(a), int(b), int(c)) == (int(floor), int(ceil), int(trunc))
    agree_on(int(a), int(b), int(c))


@pytest.mark.parametrize(
    ("a", "b", "c", "floor", "ceil"),
    [
        (BOUND, BOUND, BOUND, BOUND, BOUND),
        (BOUND, BOUND - 1, BOUND + 1, BOUND - 2, BOUND - 1),
        (LEAST, 1, 1, LEAST, LEAST),
        (MOST, MOST, MOST, MOST, MOST),
        (LEAST, LEAST, LEAST, LEAST, LEAST),
        (MOST, -2, 2, -MOST, -MOST),
    ],
)
def test_mul_div_at_the_ends_of_int64(a: int, b: int, c: int, floor: int, ceil: int) -> None:
    assert three_ways(a, b, c)[:2] == (floor, ceil)
    agree_on(a, b, c)


@pytest.mark.parametrize(
    ("a", "b", "c"),
    [
        (MOST, 2, 1),
        (LEAST, -1, 1),
        (LEAST, 2, 1),
        (MOST, MOST, 2),
        (MOST, -3, 2),
        (1 << 62, 4, 2),
        (-253_921, 145_295_143_558_111, 2),
    ],
)
def test_compiled_says_when_an_answer_leaves_int64(a: int, b: int, c: int) -> None:
    for _, compiled, limbs in WAYS:
        for way in (limbs,) if config.DISABLE_JIT else (compiled, limbs):
            with pytest.raises(OverflowError, match="leaves int64"), np.errstate(over="ignore"):
                way(a, b, c)


@pytest.mark.parametrize(
    "machine", [pytest.param(1, marks=pytest.mark.compiled, id="compiled"), pytest.param(2, id="limbs")]
)
def test_a_rest_can_push_an_answer_over_the_edge(machine: int) -> None:
    floor, ceil, trunc = (ways[machine] for ways in WAYS)
    a, b, c = (1 << 62) + 1, 1 << 32, 1 << 31  # 2^63 + 2
    assert outcome(floor, a, b, c) is None
    assert outcome(floor, -3, MOST, 3) == -MOST
    assert outcome(ceil, MOST, MOST - 1, MOST - 1) == MOST
    # 2^63 - 1/2 in size: only its truncation fits above zero, only floor and truncation below it.
    a, b, c = (1 << 62), (1 << 33) - 1, 1 << 32
    assert [outcome(way, a, b, c) for way in (floor, ceil, trunc)] == [*map(fits, three_ways(a, b, c))]
    assert [outcome(way, -a, b, c) for way in (floor, ceil, trunc)] == [*map(fits, three_ways(-a, b, c))]


def fits(answer: int) -> int | None:
    return answer if LEAST <= answer <= MOST else None


@pytest.mark.parametrize("way", [way for ways in WAYS for way in ways])
def test_a_zero_divisor_raises(way: Callable[[int, int, int], int]) -> None:
    with pytest.raises(ZeroDivisionError):
        way(1, 2, 0)


@quick
@given(words, words, words, words)
def test_products_compare_exactly(a: int, b: int, c: int, d: int) -> None:
    for left, right in (((a, b), (c, d)), ((a, b), (b, a)), ((a, b), (a, b + 1 if b < MOST else b - 1))):
        numbers = (*left, *right)
        expected = (left[0] * left[1] > right[0] * right[1]) - (left[0] * left[1] < right[0] * right[1])
        assert compare_products(*numbers) == expected
        assert compiled_compare(*numbers) == expected
        with np.errstate(over="ignore"):
            assert exact._wide_compare(*numbers) == expected


@quick
@given(amounts, rates, st.integers(1, BOUND - 1))
def test_rates_and_quotients_agree_with_fractions(amount: int, rate: int, divisor: int) -> None:
    at_rate, quotient, threshold = Fraction(amount * rate, PPM), Fraction(amount, divisor), divisor * rate
    expected = (
        math.floor(at_rate),
        math.ceil(at_rate),
        math.ceil(quotient),
        math.trunc(quotient),
        round(quotient),
        math.isqrt(abs(amount) - 1) + 1 if amount else 0,
        amount * PPM < threshold,
        amount * PPM <= threshold,
    )
    plain = getattr(compiled_ppm, "py_func", compiled_ppm)(amount, rate, divisor)
    assert plain == expected
    if abs(amount) < BOUND:  # twice the bound itself is the first amount that does not fit
        assert compiled_ppm(amount, rate, divisor) == plain


@pytest.mark.parametrize(
    ("amount", "rate", "floor", "ceil", "why"),
    table("""
        4611686018427387903   1_999_999   9223367425168757378   9223367425168757379   rulebook_R-A3_example
        1                     1                             0                     1   the_smallest_of_all
        -1                    1                            -1                     0   floor_and_ceil_keep_their_sides
        1_000_000             7                             7                     7   a_whole_million
        999_999         999_999                       999_998               999_999   the_largest_part
        0                     5                             0                     0   nothing
        7             1_250_000                             8                     9   a_half_and_a_quarter
    """),
)
def test_mul_ppm(amount: str, rate: str, floor: str, ceil: str, why: str) -> None:
    assert mul_ppm_floor(int(amount), int(rate)) == int(floor)
    assert mul_ppm_ceil(int(amount), int(rate)) == int(ceil)


@pytest.mark.parametrize(
    ("amount", "divisor", "ceil", "trunc", "half_even", "why"),
    table("""
        5     2    3    2    2    a_tie_goes_to_the_even_below
        7     2    4    3    4    a_tie_goes_to_the_even_above
        -5    2   -2   -2   -2    a_negative_tie
        -7    2   -3   -3   -4    a_negative_tie_to_the_other_side
        -1    3    0    0    0    nearer_to_zero
        -2    3    0    0   -1    nearer_to_minus_one
        2     3    1    0    1    nearer_to_one
        6     3    2    2    2    exact
    """),
)
def test_quotients(amount: str, divisor: str, ceil: str, trunc: str, half_even: str, why: str) -> None:
    numbers = int(amount), int(divisor)
    assert (div_ceil(*numbers), div_trunc(*numbers), div_half_even(*numbers)) == (
        int(ceil),
        int(trunc),
        int(half_even),
    )


@pytest.mark.parametrize("function", [div_ceil, div_trunc, div_half_even])
@pytest.mark.parametrize("divisor", [0, -1])
def test_a_quotient_wants_a_positive_divisor(function: Callable[[int, int], int], divisor: int) -> None:
    with pytest.raises(AssertionError, match="positive"):
        function(1, divisor)


@pytest.mark.parametrize(
    ("square", "root", "why"),
    table("""
        0                     0            nothing
        1                     1            one
        2                     2            up
        4                     2            a_square
        5                     3            just_above_a_square
        99                   10            just_below_a_square
        4611686018427387904   2147483648   the_registered_bound
        4611686014132420609   2147483647   the_square_below_it
        4611686014132420610   2147483648   just_above_that
    """),
)
def test_isqrt_ceil(square: str, root: str, why: str) -> None:
    assert isqrt_ceil(int(square)) == int(root)


def test_a_root_wants_no_negative() -> None:
    with pytest.raises(AssertionError, match="not negative"):
        isqrt_ceil(-1)


@pytest.mark.parametrize(
    ("value", "below", "at_or_below", "why"),
    table("""
        8    True    True    rulebook_R-A5_example_below_8.75
        9   False   False    rulebook_R-A5_example_above_8.75
    """),
)
def test_a_fraction_decides_between_integers(value: str, below: str, at_or_below: str, why: str) -> None:
    assert is_below(int(value), 7, 1_250_000) is (below == "True")
    assert is_at_or_below(int(value), 7, 1_250_000) is (at_or_below == "True")


def test_equality_is_not_below() -> None:
    assert not is_below(10, 8, 1_250_000)
    assert is_at_or_below(10, 8, 1_250_000)
    assert is_below(9, 8, 1_250_000)
    assert not is_at_or_below(11, 8, 1_250_000)


@pytest.mark.parametrize(
    ("e1", "m1", "id1", "e2", "m2", "id2", "why"),
    table("""
        9     10   2    10    10   1    lower_health
        90   100   2     9    10   1    equal_health_larger_margin
        -1    10   2     0    10   1    below_zero
        -5     0   2  -999     1   1    nothing_to_keep_and_in_debt
        3      7   2     0     0   1    a_margin_before_none
        0      0   2     5     0   1    both_without_margin_smaller_equity
        5      0   1     5     0   2    both_without_margin_smaller_id
        50    60   3    50    60   4    all_equal_smaller_id
        4611686018427387903   4611686018427387904   9   1   1   1   a_hair_apart_at_the_bound
    """),
)
def test_riskier(e1: str, m1: str, id1: str, e2: str, m2: str, id2: str, why: str) -> None:
    first, second = (int(e1), int(m1), int(id1)), (int(e2), int(m2), int(id2))
    assert riskier(*first, *second)
    assert not riskier(*second, *first)


accounts = st.tuples(st.integers(-6, 6), st.integers(0, 4), st.integers(0, 3)) | st.tuples(
    amounts, st.integers(0, BOUND), st.integers(0, 3)
)


def rank(account: tuple[int, int, int]) -> tuple[object, ...]:
    """The same order, as a sort key over fractions."""
    equity, margin, number = account
    if margin > 0:
        return 1, Fraction(equity, margin), -margin, equity, number
    return (0 if equity < 0 else 2), Fraction(0), 0, equity, number


@quick
@given(st.lists(accounts, min_size=2, max_size=6))
def test_risk_is_a_total_order(held: list[tuple[int, int, int]]) -> None:
    by_rule = sorted(held, key=cmp_to_key(lambda a, b: -1 if riskier(*a, *b) else int(riskier(*b, *a))))
    assert by_rule == sorted(held, key=rank)
    assert compiled_riskier(*held[0], *held[1]) == riskier(*held[0], *held[1])
