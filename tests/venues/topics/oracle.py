"""Oracle and mark: many quotes to one price, a price held near another."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flows.rules.exact import PPM
from flows.rules.oracle.admission import is_fresh
from flows.rules.oracle.aggregate import aggregate
from flows.rules.oracle.flags import clamp_index
from flows.rules.oracle.mark import mark_subticks, median3
from tests.venues.amounts import places, ppm, scaled, whole
from tests.venues.mapping import Inputs, maps
from tests.venues.verdict import Answer

FRESH_SLOTS = 25


def counts(quote: dict[str, Any], slots: int) -> bool:
    """Tell whether a quote votes: trading, a confidence, not too old. R-O1 counts in thirds of the longest age."""
    fresh = is_fresh(3 * whole(quote.get("slot_diff", 0)), slots)
    return quote.get("status", "trading") == "trading" and whole(quote["conf"]) > 0 and fresh


@maps("aggregate-few", "R-O2, R-O1", ("quotes",), ("exponent",))
@maps("aggregate-some", "R-O2, R-O1", ("quotes",), ("exponent",))
@maps("aggregate-many", "R-O2, R-O1", ("quotes",), ("exponent",))
def aggregate_of(given: Inputs) -> Answer:
    slots = whole(given.get("max_slot_latency", FRESH_SLOTS))
    quotes = [quote for quote in given["quotes"] if counts(quote, slots)]
    count, least = len(quotes), whole(given.get("min_publishers", 1))
    if count < max(least, 1):
        return Answer(
            {"status": "unknown"}, missing={"*": "a price that stays when no source counts (here none, R-O5)"}
        )
    prices = [whole(quote["price"]) for quote in quotes]
    confidences = [whole(quote["conf"]) for quote in quotes]
    price, confidence, _, _ = aggregate(
        prices, confidences, [1] * count, count, [0] * 3 * count, [0] * 3 * count
    )
    return Answer({"status": "trading", "price": price, "conf": confidence}, note="equal weights")


# ---- mark prices -----------------------------------------------------------------------------------------------------
def subticks(*prices: object) -> tuple[list[int], int]:
    digits = places(*prices) + 6
    return [scaled(price, digits) for price in prices], digits


@maps("median3", "R-O8", ("a", "b", "c"))
def median_of(given: Inputs) -> Answer:
    (a, b, c), digits = subticks(given["a"], given["b"], given["c"])
    return Answer({"mark": Fraction(median3(a, b, c), 10**digits)})


@maps("band-last", "R-O8", ("index", "bid", "ask", "last"))
def band_last_of(given: Inputs) -> Answer:
    (index, bid, ask, last), digits = subticks(*(given[key] for key in ("index", "bid", "ask", "last")))
    book = median3(bid, ask, last)
    mark, _ = mark_subticks(index, book - index, book, book, True, ppm(given["max_deviation"]))
    return Answer({"mark": Fraction(mark, 10**digits)}, note="the book's price stands for all three")


@maps("mark-median", "R-O8", ("market_price", "market_twap_30m", "index_price"))
def mark_median_of(given: Inputs) -> Answer:
    keys = ("market_price", "market_twap_30m", "index_price", "market_twap_15m", "index_twap_15m")
    (market, twap, index, market_mean, index_mean), digits = subticks(*(given[key] for key in keys))
    _, mark = mark_subticks(index, market_mean - index_mean, market, twap, True, PPM)
    return Answer({"mark_price": Fraction(mark, 10**digits)}, note="the premium is the basis; no band")


# ---- a price near another --------------------------------------------------------------------------------------------
TIER_WIDTHS_PPM = {"A": 2_000, "B": 2_000, "C": 10_000}


@maps("trigger-clamp", "R-O4", ("tier", "oracle_price", "median_price"))
def trigger_price_of(given: Inputs) -> Answer:
    width = TIER_WIDTHS_PPM.get(given["tier"], 25_000)
    price, _ = clamp_index(whole(given["median_price"]), whole(given["oracle_price"]), width)
    return Answer({"trigger_price": price}, note="the oracle stands for the average")
