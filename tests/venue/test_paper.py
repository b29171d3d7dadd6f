"""The paper venue fills around the recorded book, whatever the engine marks at, and never better than that."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from flows.journal import entries as en
from flows.journal import events as ev
from flows.pool.pool import Pool
from flows.venue.paper import PaperVenue
from tests.worlds import History, pool

MAKER = 3
FREE, ANY = 1, 9_000_000
"""Limits that no price of these tests is beyond, of a seller and of a buyer."""


class Book(NamedTuple):
    """What the market-state says of a market: the engine's mark, and the recorded book."""

    mark: int
    bid: int
    ask: int
    depth: int = 1_000  # more lots in each ring


def at(book: Book) -> tuple[Pool, PaperVenue]:
    """A pool that was told one book, and a venue with one market maker."""
    history = History(1, pool())
    history.price[0] = book.mark
    history.market_state(0)
    row, of = history.rows[-1], en.MarketState
    row[of.STATUS] = 0
    row[of.BID_TICKS], row[of.ASK_TICKS] = book.bid, book.ask
    for ring in range(6):
        row[of.BID_DEPTH_LOTS + ring] = row[of.ASK_DEPTH_LOTS + ring] = book.depth * (ring + 1)
    history.entry(en.DEPOSIT, account=MAKER, amount_units=10**13, isolated_market=-1)
    told, venue = Pool(pool()), PaperVenue()
    told.run(np.array(history.rows, np.int64), 0, 0, answering=False)
    venue.makers = [MAKER]
    return told, venue


def order(lots: int, limit: int) -> list[int]:
    """A liquidation order of account 1."""
    event = [0] * ev.WIDTH
    event[ev.TYPE], event[ev.ACCOUNT], event[ev.OFFSET] = ev.LIQUIDATION_ORDER, 1, 7
    event[ev.LOTS], event[ev.PRICE_TICKS] = lots, limit
    return event


def filled(told: Pool, venue: PaperVenue, lots: int, limit: int) -> list[tuple[int, int]]:
    """Lots and price of each fill."""
    answers = venue.answer(told, np.array([order(lots, limit)], np.int64))
    return [(row[en.Fill.LOTS], row[en.Fill.PRICE_TICKS]) for row in answers]


ROWS = (
    # what,                                    mark,    book,              lots, limit,  fill
    ("sold at the market below the mark", 500_000, (399_990, 400_010), -10, FREE, (10, 399_800)),
    ("bought at the market below the mark", 500_000, (399_990, 400_010), 10, ANY, (10, 400_200)),
    ("sold at the market above the mark", 300_000, (399_990, 400_010), -10, FREE, (10, 399_800)),
    ("not sold beyond the limit", 500_000, (399_990, 400_010), -10, 399_801, None),
    ("sold at the limit", 500_000, (399_990, 400_010), -10, 399_800, (10, 399_800)),
    ("not bought beyond the limit", 300_000, (399_990, 400_010), 10, 400_199, None),
    # The mid is 400.5, and the first ring's middle half of 0.1 % from it.
    ("a seller's price is rounded down", 400, (400, 401), -10, FREE, (10, 400)),
    ("a buyer's price is rounded up", 400, (400, 401), 10, ANY, (10, 401)),
    # 1,000 lots at 399,800 and 500 at 399,300: 399,633 1/3 on average.
    ("an average is rounded against the seller", 400_000, (400_000, 400_000), -1_500, FREE, (1_500, 399_633)),
    ("an average is rounded against the buyer", 400_000, (400_000, 400_000), 1_500, ANY, (1_500, 400_367)),
    ("a part is sold within the limit", 400_000, (400_000, 400_000), -1_500, 399_500, (1_000, 399_800)),
    ("nothing without a usable book", 400_000, (0, 0), -10, FREE, None),
    ("no price below a tick", 1, (1, 1), -10, FREE, (10, 1)),
)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_fill_is_of_the_recorded_market(
    row: tuple[str, int, tuple[int, int], int, int, tuple[int, int] | None],
) -> None:
    _, mark, (bid, ask), lots, limit, expected = row
    told, venue = at(Book(mark, bid, ask, 1_000 if bid else 0))
    assert filled(told, venue, lots, limit) == ([] if expected is None else [expected])


def test_depth_is_used_up_until_the_next_state() -> None:
    told, venue = at(Book(500_000, 400_000, 400_000))
    assert filled(told, venue, -1_000, 399_800) == [(1_000, 399_800)]
    assert filled(told, venue, -1_000, 399_800) == [], "the first ring is empty"
    assert filled(told, venue, 1_000, 400_200) == [(1_000, 400_200)], "the other side is not"


def test_an_order_is_named_by_its_fill() -> None:
    told, venue = at(Book(500_000, 400_000, 400_000))
    (row,) = venue.answer(told, np.array([order(-10, FREE)], np.int64))
    assert (row[en.Fill.BUYER], row[en.Fill.SELLER], row[en.Fill.TAKER]) == (MAKER, 1, 1)
    assert (row[en.Fill.ORDER_OFFSET], row[en.Fill.ORDER_INDEX]) == (7, 0)
