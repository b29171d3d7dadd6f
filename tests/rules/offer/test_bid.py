"""R-I3: each bid gets one answer, the first reason in the order of the codes."""

from typing import Any

import pytest

from flows.rules.offer import bid
from flows.rules.offer.bid import VALID, first_reason, judge_bidder, judge_offer, judge_size
from tests.tables import table

REASONS = [
    "VALID",
    "UNKNOWN_OFFER",
    "NOT_OPEN",
    "EXPIRED",
    "WRONG_SIDE",
    "ZERO_LOTS",
    "OVERSIZED",
    "BELOW_MIN_SLICE",
    "SELF_DEALING",
    "BONUS_BELOW_MIN",
    "PRICE_MOVED",
    "LIQUIDATOR_IN_CALL",
    "UNDERFUNDED",
    "HEALTH_GUARD",
    "HALTED",
]


def test_the_codes_on_the_wire_never_change() -> None:
    assert [getattr(bid, name) for name in REASONS] == list(range(15))


OFFER: dict[str, Any] = {
    "is_known": True,
    "is_open": True,
    "time_ns": 60,
    "expires_ns": 60,
    "bid_side": 1,
    "offer_side": -1,
}
OFFER_FAILS = [
    ("is_known", False, bid.UNKNOWN_OFFER),
    ("is_open", False, bid.NOT_OPEN),
    ("time_ns", 61, bid.EXPIRED),
    ("bid_side", -1, bid.WRONG_SIDE),
]


def test_a_bid_at_the_moment_of_expiry_is_in_time() -> None:
    assert judge_offer(**OFFER) == VALID
    assert judge_offer(**OFFER | {"bid_side": -1, "offer_side": 1}) == VALID
    assert judge_offer(**OFFER | {"offer_side": 1}) == bid.WRONG_SIDE


@pytest.mark.parametrize("first", range(len(OFFER_FAILS)))
def test_an_offer_is_refused_with_the_first_reason(first: int) -> None:
    facts = OFFER | {name: value for name, value, _ in OFFER_FAILS[first:]}
    assert judge_offer(**facts) == OFFER_FAILS[first][2]
    alone = OFFER | {OFFER_FAILS[first][0]: OFFER_FAILS[first][1]}
    assert judge_offer(**alone) == OFFER_FAILS[first][2]


@pytest.mark.parametrize(
    ("lots", "left", "least", "code", "why"),
    table("""
      1000   800   10  6  rulebook_R-I3_example_oversized
       800   800   10  0  rulebook_R-I3_example_filled
       801   800   10  6  a_lot_too_many
         0   800   10  5  no_lots
        -1   800   10  5  fewer_than_none
         1     0   10  6  nothing_left
         0     0   10  5  nothing_of_nothing
         1   800    0  0  one_lot_where_no_least_is_set
        10   800   10  0  the_least_slice
         9   800   10  7  a_lot_under_it
         5     5   10  0  all_that_is_left_is_always_enough
         4     5   10  7  a_part_of_it_is_not
"""),
)
def test_judge_size(lots: str, left: str, least: str, code: str, why: str) -> None:
    assert judge_size(int(lots), int(left), int(least)) == int(code)


BIDDER: dict[str, Any] = {
    "same_owner": False,
    "bonus_ppm": 500,
    "bonus_least_ppm": 500,
    "bid_side": 1,
    "mark_ticks": 1_000,
    "limit_ticks": 1_000,
    "in_call": False,
    "is_funded": True,
    "keeps_health": True,
    "offers_allowed": True,
}
BIDDER_FAILS = [
    ("same_owner", True, bid.SELF_DEALING),
    ("bonus_ppm", 499, bid.BONUS_BELOW_MIN),
    ("mark_ticks", 1_001, bid.PRICE_MOVED),
    ("in_call", True, bid.LIQUIDATOR_IN_CALL),
    ("is_funded", False, bid.UNDERFUNDED),
    ("keeps_health", False, bid.HEALTH_GUARD),
    ("offers_allowed", False, bid.HALTED),
]


def test_limits_are_inclusive_and_a_seller_looks_down() -> None:
    assert judge_bidder(**BIDDER) == VALID
    assert judge_bidder(**BIDDER | {"mark_ticks": 999}) == VALID
    seller = BIDDER | {"bid_side": -1}
    assert judge_bidder(**seller) == VALID
    assert judge_bidder(**seller | {"mark_ticks": 1_001}) == VALID
    assert judge_bidder(**seller | {"mark_ticks": 999}) == bid.PRICE_MOVED


@pytest.mark.parametrize("first", range(len(BIDDER_FAILS)))
def test_a_bidder_is_refused_with_the_first_reason(first: int) -> None:
    facts = BIDDER | {name: value for name, value, _ in BIDDER_FAILS[first:]}
    assert judge_bidder(**facts) == BIDDER_FAILS[first][2]
    alone = BIDDER | {BIDDER_FAILS[first][0]: BIDDER_FAILS[first][1]}
    assert judge_bidder(**alone) == BIDDER_FAILS[first][2]


@pytest.mark.parametrize(
    ("offer", "size", "bidder", "code", "why"),
    table("""
      1  5   8  1  the_offer_first
      0  5   8  5  then_the_size
      0  0   8  8  then_the_bidder
      0  0   0  0  valid
      4  0   0  4  the_offer_alone
      0  7   0  7  the_size_alone
"""),
)
def test_first_reason(offer: str, size: str, bidder: str, code: str, why: str) -> None:
    assert first_reason(int(offer), int(size), int(bidder)) == int(code)
