from decimal import Decimal, getcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from flows.rules.oracle.mark import (
    BASIS_HALF_LIFE_NS,
    BOOK_AGE_NS,
    DECAY_ONE,
    MARK_BAND_PPM,
    basis_step,
    basis_subticks,
    book_counts,
    book_price_subticks,
    decay,
    decayed,
    funding_price_subticks,
    mark_subticks,
    median3,
)
from tests.tables import table

S = 1_000_000_000
getcontext().prec = 30
compiled_decay = njit(decay)
compiled_decayed = njit(decayed)
compiled_step = njit(basis_step)
compiled_mark = njit(mark_subticks)


@pytest.mark.parametrize(
    ("delta", "left", "why"),
    table("""
       0   2_147_483_648   no_time
     150   1_073_741_824   one_half_life
     300     536_870_912   two
    4500               2   thirty
    4649               1   nearly_thirty_one
    4650               0   thirty_one_leave_nothing
  100000               0   long_ago
      75   1_518_500_250   half_a_half_life
    37.5   1_805_811_301   a_quarter
   112.5   1_276_901_416   three_quarters
     225     759_250_125   one_and_a_half
"""),
)
def test_decay(delta: str, left: str, why: str) -> None:
    delta_ns = int(float(delta) * S)
    assert decay(delta_ns, 150 * S) == int(left)
    assert compiled_decay(delta_ns, 150 * S) == int(left)


@pytest.mark.parametrize("bits", range(1, 32))
def test_every_bit_of_the_fraction_decays_by_its_root(bits: int) -> None:
    exact = Decimal(DECAY_ONE) * Decimal(2) ** (-1 / Decimal(2**bits))
    assert decay(2 ** (31 - bits), 2**31) == int(exact.to_integral_value())


@given(st.integers(0, 10**14), st.integers(1, 10**14))
def test_decay_is_a_power_of_a_half(delta_ns: int, half_life_ns: int) -> None:
    exact = Decimal(DECAY_ONE) * Decimal(2) ** (-Decimal(delta_ns) / Decimal(half_life_ns))
    left = decay(delta_ns, half_life_ns)
    assert abs(left - exact) <= 32
    assert compiled_decay(delta_ns, half_life_ns) == left


def test_time_runs_forward_and_a_half_life_is_a_time() -> None:
    with pytest.raises(AssertionError, match="back"):
        decay(-1, 1)
    with pytest.raises(AssertionError, match="half-life"):
        decay(1, 0)
    assert decay(0, 1) == DECAY_ONE


@given(st.integers(-(2**62), 2**62), st.integers(0, DECAY_ONE))
def test_decayed_is_the_floor_of_the_product(amount: int, factor: int) -> None:
    assert decayed(amount, factor) == amount * factor // 2**31
    assert compiled_decayed(amount, factor) == amount * factor // 2**31


@pytest.mark.parametrize(
    ("numerator", "denominator", "last", "time", "expected"),
    [
        pytest.param(0, 0, 7, 7, (0, 0), id="the_first_sample_starts_the_clock"),
        pytest.param(0, 0, 0, S, (12_000 * 1_000, S), id="one_second"),
        pytest.param(4_000, 8, 0, 150 * S, (2_000 + 12_000 * 150_000, 150 * S + 4), id="one_half_life"),
        pytest.param(-3, 3, 0, 150 * S, (-2 + 12_000 * 150_000, 150 * S + 1), id="decay_rounds_down"),
        pytest.param(0, 0, 999_999, 1_000_000, (12_000, 1_000_000), id="a_millisecond_begins"),
        pytest.param(0, 0, 1_000_000, 1_999_999, (0, 0), id="a_millisecond_is_not_over"),
    ],
)
def test_basis_step(
    numerator: int, denominator: int, last: int, time: int, expected: tuple[int, int]
) -> None:
    got = basis_step(numerator, denominator, 12_000, last, time, BASIS_HALF_LIFE_NS)
    assert got == expected
    assert compiled_step(numerator, denominator, 12_000, last, time, BASIS_HALF_LIFE_NS) == expected


@pytest.mark.parametrize(
    ("numerator", "denominator", "basis", "why"),
    table("""
     0           0           0   at_the_start
     7   2_000_000           3   toward_zero
    -7   2_000_000          -3   toward_zero_from_below
   120  10_000_000          12   whole
     3           1   3_000_000   a_nanosecond
"""),
)
def test_basis_subticks(numerator: str, denominator: str, basis: str, why: str) -> None:
    assert basis_subticks(int(numerator), int(denominator)) == int(basis)


samples = st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(0, 10**12)), min_size=1, max_size=6)


@settings(max_examples=50)
@given(samples)
def test_the_basis_is_near_the_exact_average(history: list[tuple[int, int]]) -> None:
    numerator = denominator = time = 0
    exact_numerator = exact_denominator = Decimal(0)
    for sample, delta in history:
        numerator, denominator = basis_step(numerator, denominator, sample, time, time + delta, 150 * S)
        weight = (time + delta) // 10**6 - time // 10**6
        left = Decimal(2) ** (-Decimal(delta) / Decimal(150 * S))
        exact_numerator = exact_numerator * left + sample * weight
        exact_denominator = exact_denominator * left + weight
        time += delta
    if denominator > S:
        spread = max(sample for sample, _ in history) - min(sample for sample, _ in history)
        error = abs(basis_subticks(numerator, denominator) - exact_numerator / exact_denominator)
        assert error <= 2 + Decimal(spread) / 10**6


def test_many_short_steps_keep_the_average() -> None:
    numerator = denominator = 0
    for step in range(20_000):
        numerator, denominator = basis_step(
            numerator, denominator, 12_000, step * 10**7, (step + 1) * 10**7, BASIS_HALF_LIFE_NS
        )
    # 200 s in steps of 10 ms: 150 s / ln 2 x (1 - 2^-(4/3)).
    assert 130_200 < denominator // 10**6 < 130_600
    assert abs(basis_subticks(numerator, denominator) - 12_000) <= 1


@pytest.mark.parametrize(
    ("bid", "ask", "age", "counts", "why"),
    table("""
      995    1_005   0                yes   one_percent_wide
    1_990    2_011   0                no    just_wider
      995    1_005   5_000_000_000    yes   five_seconds_old
      995    1_005   5_000_000_001    no    stale
    1_000    1_000   0                no    locked
    1_001    1_000   0                no    crossed
    1_000    1_001   0                yes   a_tick_apart
        0    1_000   0                no    no_bid
    1_000        0   0                no    no_ask
        0        0   0                no    no_book
        1        2   0                no    a_penny_market
"""),
)
def test_book_counts(bid: str, ask: str, age: str, counts: str, why: str) -> None:
    assert book_counts(int(bid), int(ask), int(age)) is (counts == "yes")


@given(st.permutations([1, 2, 3]), st.lists(st.integers(-9, 9), min_size=3, max_size=3))
def test_median3(order: list[int], values: list[int]) -> None:
    assert median3(*order) == 2
    assert median3(*values) == sorted(values)[1]


@pytest.mark.parametrize(
    ("bid", "ask", "last", "price", "why"),
    table("""
    60_005   60_015   59_700   60_005_000   last_below_the_book
    60_005   60_015   60_020   60_015_000   last_above_the_book
    60_005   60_015   60_007   60_007_000   last_inside
    60_005   60_016        0   60_010_500   no_trade_yet
    60_005   60_016        1   60_005_000   a_trade_at_one_tick
"""),
)
def test_book_price(bid: str, ask: str, last: str, price: str, why: str) -> None:
    assert book_price_subticks(int(bid), int(ask), int(last)) == int(price)


@pytest.mark.parametrize(
    ("index", "rate", "left", "price", "why"),
    table("""
    60_000_000      50_000   3_600   60_003_000   a_whole_hour_left
    60_000_000      50_000   1_800   60_001_500   half_an_hour
    60_000_000      50_000       0   60_000_000   none
    60_000_000     -50_000   1_800   59_998_500   shorts_pay
           999   1_000_000   3_600          999   toward_zero
           999  -1_000_000   3_600          999   toward_zero_below
         1_000   3_000_000   1_199        1_000   toward_zero_in_time
         1_000   3_000_000   1_200        1_001   a_subtick
"""),
)
def test_funding_price(index: str, rate: str, left: str, price: str, why: str) -> None:
    assert funding_price_subticks(int(index), int(rate), int(left) * S, 3_600 * S) == int(price)


@pytest.mark.parametrize(
    ("basis", "book", "third", "with_book", "expected"),
    [
        pytest.param(12_000, 60_005_000, 60_003_000, True, 60_005_000, id="rulebook_R-O8_example"),
        pytest.param(12_000, 99_000_000, 60_003_000, True, 60_012_000, id="a_wild_book_moves_it_to_the_next"),
        pytest.param(12_000, 60_005_000, 60_003_000, False, 60_003_000, id="without_a_book_the_nearer"),
        pytest.param(2_000, 60_005_000, 60_003_000, False, 60_002_000, id="without_a_book_the_basis"),
        pytest.param(-3_000, 60_005_000, 60_003_000, False, 59_997_000, id="equally_near_the_basis"),
        pytest.param(-3_001, 60_005_000, 60_003_000, False, 60_003_000, id="just_nearer"),
        pytest.param(-12_000, 0, 59_997_000, False, 59_997_000, id="nearer_from_below"),
    ],
)
def test_mark(basis: int, book: int, third: int, with_book: bool, expected: int) -> None:
    arguments = (60_000_000, basis, book, third, with_book, MARK_BAND_PPM)
    assert mark_subticks(*arguments) == (expected, expected)
    assert compiled_mark(*arguments) == (expected, expected)


@pytest.mark.parametrize(
    ("third", "mark", "why"),
    table("""
    63_000_000   63_000_000   at_the_band
    63_000_001   63_000_000   above_it
    57_000_000   57_000_000   at_the_lower_band
    56_999_999   57_000_000   below_it
"""),
)
def test_the_mark_is_held_in_its_band(third: str, mark: str, why: str) -> None:
    far = int(third)
    got = mark_subticks(60_000_000, far - 60_000_000, far, 60_000_000, True, MARK_BAND_PPM)
    assert got == (int(mark), far)


def test_the_band_rounds_down_and_needs_an_index() -> None:
    assert mark_subticks(39, 50, 89, 89, True, MARK_BAND_PPM) == (40, 89)
    assert mark_subticks(1, 0, 1, 1, True, MARK_BAND_PPM) == (1, 1)
    with pytest.raises(AssertionError, match="index"):
        mark_subticks(0, 50, 89, 89, True, MARK_BAND_PPM)


def test_the_defaults() -> None:
    assert BASIS_HALF_LIFE_NS == 150 * S
    assert BOOK_AGE_NS == 5 * S
    assert Fraction(MARK_BAND_PPM, 10**6) == Fraction(1, 20)


prices = st.integers(1, 10**9)


@given(prices, prices, prices, st.integers(0, 2), prices)
def test_one_bad_input_cannot_move_the_mark_beyond_the_other_two(
    index: int, book: int, third: int, bad: int, wild: int
) -> None:
    inputs = [index, book, third]
    honest = [price for place, price in enumerate(inputs) if place != bad]
    inputs[bad] = wild
    free = mark_subticks(index, inputs[0] - index, inputs[1], inputs[2], True, MARK_BAND_PPM)[1]
    assert min(honest) <= free <= max(honest)
