"""Bands and gates: where trading stops, when withdrawals wait."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from flows.rules.breaker.band import is_at_band
from flows.rules.breaker.permissions import is_within
from flows.rules.loss.gate import withdrawals_open
from tests.venues.amounts import exact, is_ppm, places, ppm, scaled, whole
from tests.venues.mapping import Inputs, lacks, maps
from tests.venues.verdict import Answer, Difference


def first(holds: Callable[[int], bool], near: int, far: int) -> int:
    """Find the first price from ``near`` on, towards ``far``, for which a test holds: it does from there on."""
    while abs(far - near) > 1:
        middle = (near + far) // 2
        if holds(middle):
            far = middle
        else:
            near = middle
    return far


def band_answer(reference: object, width_ppm: int) -> Answer:
    """Give the prices at which a band is touched (R-P1): the first on each side."""
    digits = places(reference) + 6
    centre = scaled(reference, digits)

    def touched(price: int) -> bool:
        return is_at_band(price, centre, width_ppm)

    lower, upper = first(touched, centre, 0), first(touched, centre, 3 * centre)
    return Answer(
        {"lower": Fraction(lower, 10**digits), "upper": Fraction(upper, 10**digits)},
        note="the width is the venue's",
    )


def luld_width(close: Fraction, tier: int, reference: Fraction) -> Fraction:
    """Read LULD's table: 5 or 10 % above 3 dollars, 20 % down to 0.75, below the smaller of 0.15 and 75 %."""
    if close > 3:
        return Fraction(tier * 5, 100)
    if close >= Fraction(3, 4):
        return Fraction(20, 100)
    return min(Fraction(15, 100) / reference, Fraction(75, 100))


@maps("luld", "R-P1", ("previous_close", "reference", "tier"))
def luld_of(given: Inputs) -> Answer:
    width = luld_width(exact(given["previous_close"]), whole(given["tier"]), exact(given["reference"]))
    width *= 2 if given["doubled"] else 1
    if not is_ppm(width) or width >= 1:
        return Answer(missing={"*": "a band that is an amount, or wider than the price (R-P1's is a rate)"})
    return band_answer(given["reference"], ppm(width))


@maps("hourly-limit", "R-P1", ("reference", "percent"))
def hourly_limit_of(given: Inputs) -> Answer:
    return band_answer(given["reference"], ppm(exact(given["percent"]) / 100))


# ---- Percolator ------------------------------------------------------------------------------------------------------
@maps("oracle-alignment", "R-P4", ("oracle", "mark", "tolerance_bps"))
def alignment_of(given: Inputs) -> Answer:
    oracle, mark = whole(given["oracle"]), whole(given["mark"])
    aligned = is_within(mark, oracle, whole(given["tolerance_bps"]) * 100)
    unknown = Difference(
        aligned and oracle != 0, "an oracle at zero is never aligned; here zero lies within zero (R-P4)"
    )
    return Answer({"aligned": aligned}, {"aligned": unknown})


@maps("price-band", "R-P4", ("oracle", "band_bps"))
def percolator_band_of(given: Inputs) -> Answer:
    oracle, width = whole(given["oracle"]), whole(given["band_bps"]) * 100

    def outside(price: int) -> bool:
        return not is_within(price, oracle, width)

    return Answer(
        {"lower": first(outside, oracle, -1) + 1, "upper": first(outside, oracle, 3 * oracle + 1) - 1}
    )


# ---- Perpetual Protocol v2 (Curie) -----------------------------------------------------------------------------------
@maps("price-band", "R-P4", ("index_price", "price_before", "price_after"))
def curie_band_of(given: Inputs) -> Answer:
    digits = places(given["index_price"], given["price_before"], given["price_after"]) + 6
    index, before, after = (
        scaled(given[key], digits) for key in ("index_price", "price_before", "price_after")
    )
    band = whole(given["band_ppm"])
    same_side = (before > index) == (after > index)
    nearer = same_side and abs(after - index) <= abs(before - index)
    allowed = is_within(after, index, band)
    return Answer(
        {"allowed": allowed},
        {
            "allowed": Difference(
                allowed or nearer,
                "a trade that brings a price nearer from outside passes; here the band alone decides (R-P4)",
            )
        },
        {"spread_after_ppm": "a spread that is shown: R-P4 only compares it"},
    )


# ---- withdrawals -----------------------------------------------------------------------------------------------------
GATE_BLOCKS = 50


@maps("gate", "R-M2", ("current_block", "update", "pools_touched"))
def gate_of(given: Inputs) -> Answer:
    now, seen, touched = (
        whole(given["current_block"]),
        given["negative_account_seen_at_block"],
        given["pools_touched"],
    )
    if given["update"] == "deposit":
        return Answer({"blocked": False}, note="deposits never ask (R-M2)")
    found = [whole(seen[pool]) for pool in touched if seen.get(pool) is not None]
    is_open = all(withdrawals_open(0, block, GATE_BLOCKS, False, now) for block in found)
    return Answer(
        {"blocked": not is_open}, note="blocks stand for nanoseconds, the block seen for the one resolved"
    )


LIMITER = "withdrawals limited by an amount that refills: R-M2 is a gate"
lacks("baseline", "R-M2", ("tvl", "limiter"), LIMITER)
lacks("capacity", "R-M2", ("tvl", "limiter", "capacity"), LIMITER)
lacks("withdraw", "R-M2", ("amount", "capacities"), LIMITER)
lacks("exit-limit", "R-M2", ("user_bps", "requests"), f"{LIMITER}, with a queue")
