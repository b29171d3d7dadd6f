"""Exact integers: named roundings, products through 128 bits, threshold tests. Alone here in knowing Numba.

A rule is one text for two machines: Python runs it on unbounded ints, kernels run it compiled on int64. All
of this module gives the same answer on both wherever the answer fits int64. Where it does not, the compiled
two-factor functions raise; plain sums and products rely on the bounds that registration proves (R-A2).
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy as np
from numba.extending import overload, register_jitable

PPM = 1_000_000
"""Parts per million: the unit of margin rates, haircuts, fees, levels."""

PPB = 1_000_000_000
"""Parts per billion: the unit of funding and interest, where a ppm an hour is too coarse."""

Rule = TypeVar("Rule", bound=Callable[..., Any])


class Ints(Protocol):
    """A row of integers: a tuple when Python calls a rule, an int64 column when a kernel does."""

    def __len__(self) -> int: ...

    def __getitem__(self, place: int, /) -> int: ...


def rule(function: Rule) -> Rule:
    """One text, two machines: unbounded ints when Python calls it, int64 when a kernel does."""
    compilable: Rule = register_jitable(function)
    return compilable


# ---- rates (R-A3) ------------------------------------------------------------------------------------------
@rule
def mul_ppm_floor(amount: int, rate_ppm: int) -> int:
    """``floor(amount x rate / 1e6)``, toward minus infinity, without ever forming ``amount x rate``."""
    whole, part = amount // PPM, amount % PPM
    return whole * rate_ppm + part * rate_ppm // PPM


@rule
def mul_ppm_ceil(amount: int, rate_ppm: int) -> int:
    """``ceil(amount x rate / 1e6)``, toward plus infinity, without ever forming ``amount x rate``."""
    whole, part = amount // PPM, amount % PPM
    return whole * rate_ppm + (part * rate_ppm + PPM - 1) // PPM


# ---- quotients by a positive divisor -----------------------------------------------------------------------
@rule
def div_ceil(amount: int, divisor: int) -> int:
    """``amount / divisor``, toward plus infinity."""
    assert divisor > 0, "a divisor here is positive"
    return -(-amount // divisor)


@rule
def div_trunc(amount: int, divisor: int) -> int:
    """``amount / divisor``, toward zero."""
    assert divisor > 0, "a divisor here is positive"
    return amount // divisor if amount >= 0 else -(-amount // divisor)


@rule
def div_half_even(amount: int, divisor: int) -> int:
    """``amount / divisor`` to the nearest integer, a tie to the even one: it favours no side."""
    assert divisor > 0, "a divisor here is positive"
    below, rest = amount // divisor, amount % divisor
    room = divisor - rest  # compared instead of 2 x rest, which may leave int64
    if rest > room or (rest == room and below % 2 == 1):
        return below + 1
    return below


@rule
def isqrt_ceil(square: int) -> int:
    """Smallest integer whose square is at least ``square``; for 0 <= square <= 2^62."""
    assert square >= 0, "a square is not negative"
    if square == 0:
        return 0
    root = 1
    while root * root < square:
        root *= 2
    step = (root + square // root) // 2
    while step < root:
        root = step
        step = (root + square // root) // 2
    return root if root * root >= square else root + 1


# ---- two full-size factors (R-A3) --------------------------------------------------------------------------
def mul_div_floor(a: int, b: int, c: int) -> int:
    """``a x b / c``, toward minus infinity, exact. Raises where c is 0, compiled also past int64."""
    return int(a) * int(b) // int(c)


def mul_div_ceil(a: int, b: int, c: int) -> int:
    """``a x b / c``, toward plus infinity, exact. Raises where c is 0, compiled also past int64."""
    return -(-(int(a) * int(b)) // int(c))


def mul_div_trunc(a: int, b: int, c: int) -> int:
    """``a x b / c``, toward zero, exact. Raises where c is 0, compiled also past int64."""
    size = abs(int(a) * int(b)) // abs(int(c))
    return -size if (a < 0) != ((b < 0) != (c < 0)) else size


def compare_products(a: int, b: int, c: int, d: int) -> int:
    """-1, 0 or 1 as ``a x b`` is below, equal to or above ``c x d``, exactly."""
    left, right = int(a) * int(b), int(c) * int(d)
    return int(left > right) - int(left < right)


# ---- thresholds and order (R-A5) ---------------------------------------------------------------------------
@rule
def is_below(value: int, base: int, level_ppm: int) -> bool:
    """Whether ``value < level x base`` exactly: an integer is below a number iff below its ceiling."""
    return value < mul_ppm_ceil(base, level_ppm)


@rule
def is_at_or_below(value: int, base: int, level_ppm: int) -> bool:
    """Whether ``value <= level x base`` exactly: an integer is at most a number iff at most its floor."""
    return value <= mul_ppm_floor(base, level_ppm)


@rule
def riskier(
    equity_1_quanta: int,
    margin_1_quanta: int,
    id_1: int,
    equity_2_quanta: int,
    margin_2_quanta: int,
    id_2: int,
) -> bool:
    """Whether account 1 comes before account 2 in the order of risk: a total order.

    Lower equity / margin first, by cross products since a rounded ratio would tie what differs; then the
    larger margin; then the smaller equity (both margins are 0: nothing but equity tells them apart); then the
    id.
    """
    order = compare_products(equity_1_quanta, margin_2_quanta, equity_2_quanta, margin_1_quanta)
    if order != 0:
        return order < 0
    if margin_1_quanta != margin_2_quanta:
        return margin_1_quanta > margin_2_quanta
    if equity_1_quanta != equity_2_quanta:
        return equity_1_quanta < equity_2_quanta
    return id_1 < id_2


# ---- 128 bits on a machine of 64: what the compiled side does for the two-factor functions -----------------
# Every word below is uint64: a product of two 32-bit halves fits it, and differences may wrap on the way.
_U = np.uint64
_ZERO, _ONE, _HALF, _WORD = _U(0), _U(1), _U(32), _U(64)
_LOW = _U(0xFFFFFFFF)
_BASE = _U(1 << 32)
_SIGN = _U(1 << 63)


@register_jitable
def _size(value: Any) -> Any:
    """|value| as uint64, -2^63 included."""
    return _U(value) if value >= 0 else _U(-(value + 1)) + _ONE


@register_jitable
def _wide_product(a: Any, b: Any) -> Any:
    """High and low word of a x b, by schoolbook on halves."""
    a_high, a_low, b_high, b_low = a >> _HALF, a & _LOW, b >> _HALF, b & _LOW
    low, cross_1, cross_2 = a_low * b_low, a_low * b_high, a_high * b_low
    middle = (low >> _HALF) + (cross_1 & _LOW) + (cross_2 & _LOW)
    high = a_high * b_high + (cross_1 >> _HALF) + (cross_2 >> _HALF) + (middle >> _HALF)
    return high, (middle << _HALF) | (low & _LOW)


@register_jitable
def _leading_zeros(word: Any) -> Any:
    """How far a word other than 0 can be shifted left before a bit is lost."""
    count, width = _ZERO, _HALF
    while width > _ZERO:
        if word >> (_WORD - width) == _ZERO:
            word = word << width
            count += width
        width = width >> _ONE
    return count


@register_jitable
def _digit(rest: Any, next_half: Any, divisor: Any) -> Any:
    """One 32-bit digit of a long division, and the rest: ``rest < divisor``, whose top bit is set."""
    top, bottom = divisor >> _HALF, divisor & _LOW
    digit = rest // top
    spare = rest - digit * top
    # The guess from the top half alone is never too small and at most two too large.
    while digit >= _BASE or digit * bottom > ((spare << _HALF) | next_half):
        digit -= _ONE
        spare += top
        if spare >= _BASE:
            break
    # Both products wrap; their difference is the rest, which fits.
    return digit, ((rest << _HALF) | next_half) - digit * divisor


@register_jitable
def _wide_quotient(high: Any, low: Any, divisor: Any) -> Any:
    """Quotient and rest of (high, low) / divisor, for high < divisor."""
    if high == _ZERO:
        return low // divisor, low % divisor
    shift = _leading_zeros(divisor)
    divisor = divisor << shift
    if shift > _ZERO:
        high = (high << shift) | (low >> (_WORD - shift))
        low = low << shift
    first, rest = _digit(high, low >> _HALF, divisor)
    second, rest = _digit(rest, low & _LOW, divisor)
    return (first << _HALF) | second, rest >> shift


@register_jitable
def _signed(size: Any, negative: Any) -> Any:
    """The int64 of this size and sign."""
    if negative:
        if size > _SIGN:
            raise OverflowError("a product over a divisor leaves int64")
        return -np.int64(size - _ONE) - np.int64(1) if size > _ZERO else np.int64(0)
    if size >= _SIGN:
        raise OverflowError("a product over a divisor leaves int64")
    return np.int64(size)


@register_jitable
def _wide_mul_div(a: Any, b: Any, c: Any, away_if_negative: Any, away_if_positive: Any) -> Any:
    """a x b / c; a rest moves the quotient away from zero where its sign's flag says so."""
    if c == 0:
        raise ZeroDivisionError("a product over zero")
    negative = (a < 0) != ((b < 0) != (c < 0))
    high, low = _wide_product(_size(a), _size(b))
    divisor = _size(c)
    if high >= divisor:
        raise OverflowError("a product over a divisor leaves int64")
    size, rest = _wide_quotient(high, low, divisor)
    if rest != _ZERO and (away_if_negative if negative else away_if_positive):
        if size > _SIGN:  # asked before one is added, which could wrap to 0
            raise OverflowError("a product over a divisor leaves int64")
        size += _ONE
    return _signed(size, negative)


@register_jitable
def _wide_floor(a: Any, b: Any, c: Any) -> Any:
    return _wide_mul_div(a, b, c, True, False)


@register_jitable
def _wide_ceil(a: Any, b: Any, c: Any) -> Any:
    return _wide_mul_div(a, b, c, False, True)


@register_jitable
def _wide_trunc(a: Any, b: Any, c: Any) -> Any:
    return _wide_mul_div(a, b, c, False, False)


@register_jitable
def _wide_compare(a: Any, b: Any, c: Any, d: Any) -> Any:
    left_sign = np.sign(a) * np.sign(b)
    right_sign = np.sign(c) * np.sign(d)
    if left_sign != right_sign:
        return 1 if left_sign > right_sign else -1
    left_high, left_low = _wide_product(_size(a), _size(b))
    right_high, right_low = _wide_product(_size(c), _size(d))
    if left_high == right_high and left_low == right_low:
        return 0
    larger = left_high > right_high or (left_high == right_high and left_low > right_low)
    return 1 if larger == (left_sign > 0) else -1


# Numba asks these what stands for each function when it compiles a caller.
@overload(mul_div_floor)
def _compiled_floor(a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return _wide_floor


@overload(mul_div_ceil)
def _compiled_ceil(a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return _wide_ceil


@overload(mul_div_trunc)
def _compiled_trunc(a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return _wide_trunc


@overload(compare_products)
def _compiled_compare(a: Any, b: Any, c: Any, d: Any) -> Any:  # noqa: ARG001
    return _wide_compare
