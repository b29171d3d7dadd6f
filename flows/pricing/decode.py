"""From merged lines to what each pool reads: quotes, depth and trades as records, account topics as entries-to-be.

    slice -> quotes, depth, trades, clocks -> records of each pool -> its market stage -> states ┐
          -> account topics -> items of each pool ──────────────────────────────────────────────┴-> admission

A quote goes to every pool that uses its asset. What can be refused without knowing a pool's accounts is refused here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from flows.journal import entries as en
from flows.journal.admission import Merged, in_order
from flows.journal.dead_letters import DeadLetter
from flows.journal.entries import Rows
from flows.journal.items import OTHER_LANE, Items, account_items, joined
from flows.journal.items import TOPICS as ACCOUNT_TOPICS
from flows.journal.merge import Part, Slice
from flows.journal.numbers import Numbers
from flows.journal.screen import Faults, Screen
from flows.journal.tables import NOT_THERE, Tables
from flows.journal.wire import BEYOND, NUMBER, TIME_NS, Ints, Read
from flows.pricing import records as record
from flows.pricing.feeds import feeds_of
from flows.pricing.records import NANO, NANO_MOST, Levels, Records
from flows.registry.text import show
from flows.rules.scale.time import MAX_LATE_MARKET_NS
from schemas.dead_letter import Reason

if TYPE_CHECKING:
    from flows.registry.load import Venue


@dataclass(frozen=True, slots=True)
class PoolSlice:
    """One pool's share of a slice. Places are the slice's; every pool sees every clock."""

    pool: str
    records: Records
    levels: Levels
    places: Ints  # of the records
    clocks: Rows  # the clocks again, as entries
    clock_places: Ints
    items: Items
    dead: list[tuple[int, DeadLetter]]  # by place; what no pool can claim is told to the first

    def merged(self, states: Rows, after: Ints) -> Merged:
        """The market stage's states (``MarketStage.apply``) in the places of the records that made them."""
        return in_order(self.clocks, self.clock_places, states, self.places[after], self.items, self.dead)


class Router:
    """A venue's door: every line to the pools that need it, or to the dead letters."""

    def __init__(self, venue: Venue, start_ns: int, lane: int | None = None) -> None:
        """``start_ns`` of the recording. ``lane``: the one pool, by its place, that is served; else all are."""
        self.tables = Tables(venue)
        self.lane = lane
        self._screen = Screen(self.tables, start_ns)
        self._quoted = _Quoted(venue, self.tables)
        self._pool_ids = [pool.id for pool in venue.pools]

    def snapshot(self) -> bytes:
        """What is remembered between slices: the producers' last numbers."""
        return self._screen.numbers.state()

    def restore(self, snapshot: bytes) -> None:
        """Go on from a snapshot of a router of the same venue."""
        self._screen.numbers = Numbers.restore(snapshot)

    def note(self, rows: Rows) -> None:
        """Make known the numbers of entries that were admitted before."""
        self._screen.note(rows)

    def route(self, piece: Slice) -> tuple[PoolSlice, ...]:
        """One slice a pool, in the order of the venue's pools; on a lane its own pool's alone."""
        drafts = [_Draft() for _ in self.tables.pools]
        dead: list[tuple[int, DeadLetter]] = []
        for part in piece.parts:
            if part.topic in ACCOUNT_TOPICS:
                items, letters = account_items(part, self.tables, self._screen, self.lane)
                for draft, each in zip(drafts, items, strict=True):
                    draft.items.append(each)
                dead += letters
            else:
                letters = MARKET_TOPICS[part.topic](self, part, drafts)
                # Every lane reads the prices: the first one tells what is wrong with them.
                dead += letters if part.topic != en.TOPIC_ORACLE_PRICES or not self.lane else []
        clocks = self._clocks(piece)
        if self.lane is not None:
            return (drafts[self.lane].finish(self._pool_ids[self.lane], piece, clocks, dead),)
        first = [dead, *([] for _ in drafts[1:])]
        return tuple(
            draft.finish(pool, piece, clocks, letters)
            for pool, draft, letters in zip(self.tables.pools, drafts, first, strict=True)
        )

    def _clocks(self, piece: Slice) -> Rows:
        """Clocks as entries: made by the system."""
        rows = en.empty(len(piece.clock_ns))
        rows[:, en.KIND], rows[:, en.TIME_NS] = en.CLOCK, piece.clock_ns
        rows[:, en.TOPIC], rows[:, en.SOURCE] = en.TOPIC_CLOCK, -1
        rows[:, en.ORIGIN_OFFSET] = piece.clock_offsets
        return rows

    # --- market topics: each gives its dead letters by place ---
    def quotes(self, part: Part, drafts: list[_Draft]) -> list[tuple[int, DeadLetter]]:
        """Prices, to every pool that asks their publisher."""
        faults, amounts = Faults(part, self.tables), part.read.amounts
        asset = faults.spread(faults.numbers(self._quoted.assets, "asset"))
        faults.mark(asset < 0, Reason.UNKNOWN_ASSET, "asset", _quote(part, "asset", "no pool uses"))
        asked = self._quoted.asked[asset, faults.producer]
        faults.mark(
            ~asked, Reason.UNKNOWN_PRODUCER, "source", _quote(part, "source", "no pool asks this asset of")
        )
        for column, name in enumerate(("price", "confidence")):
            beyond = (amounts[:, column] == BEYOND) | (amounts[:, column] > NANO_MOST)
            detail = _quote(part, name, f"{show(NANO_MOST, NANO)} is the most, but it is")
            faults.mark(beyond, Reason.OUT_OF_RANGE, name, detail)
        self._screen.judge(faults, MAX_LATE_MARKET_NS, refuse_known=True)
        rows = self._records(part, record.QUOTE)
        rows[:, record.PRICE], rows[:, record.CONFIDENCE_NANO] = amounts[:, 0], amounts[:, 1]
        for pool, draft in enumerate(drafts):
            slot = self._quoted.slot[pool][asset, faults.producer]
            mine = np.flatnonzero((faults.codes == 0) & (slot >= 0))
            chosen = rows[mine]
            chosen[:, record.ROW] = self._quoted.feed[pool][asset[mine]]
            chosen[:, record.SOURCE_SLOT] = slot[mine]
            draft.add(chosen, part.places[mine])
        return _letters(faults)

    def depth(self, part: Part, drafts: list[_Draft]) -> list[tuple[int, DeadLetter]]:
        """Snapshots of books: one level off the tick, and the book is refused."""
        faults, tables, read = Faults(part, self.tables), self.tables, part.read
        market = self._market(part, faults)
        level_row = np.repeat(np.arange(len(part.lines)), np.diff(read.level_from))
        of = market[level_row]
        ticks = faults.units(
            read.levels[:, 0], tables.price, of, partial(_level, read, level_row, 0), level_row
        )
        lots = faults.units(
            read.levels[:, 1], tables.book, of, partial(_level, read, level_row, 1), level_row
        )
        self._screen.judge(faults, MAX_LATE_MARKET_NS, refuse_known=True)
        rows = self._records(part, record.DEPTH)
        rows[:, [record.BIDS, record.ASKS]] = read.sides
        levels = np.stack([ticks, lots], axis=1)
        good = faults.codes == 0
        for pool, draft in enumerate(drafts):
            mine = np.flatnonzero(good & (market >= 0) & (tables.market_pool[market] == pool))
            chosen, counts = rows[mine], read.sides[mine].sum(axis=1)
            chosen[:, record.ROW] = tables.market_row[market[mine]]
            chosen[:, record.LEVEL] = np.cumsum(counts) - counts + draft.level_count
            kept = np.zeros(len(part.lines), np.bool_)
            kept[mine] = True
            draft.add(chosen, part.places[mine], levels[kept[level_row]])
        return _letters(faults)

    def trades(self, part: Part, drafts: list[_Draft]) -> list[tuple[int, DeadLetter]]:
        """The tape."""
        faults, tables, amounts = Faults(part, self.tables), self.tables, part.read.amounts
        market = self._market(part, faults)
        rows = self._records(part, record.TRADE)
        rows[:, record.PRICE] = faults.units(amounts[:, 0], tables.price, market, "price")
        rows[:, record.LOTS] = faults.units(amounts[:, 1], tables.book, market, "quantity")
        self._screen.judge(faults, MAX_LATE_MARKET_NS, refuse_known=True)
        rows[:, record.ROW] = tables.market_row[market]
        for pool, draft in enumerate(drafts):
            mine = np.flatnonzero((faults.codes == 0) & (tables.market_pool[market] == pool))
            draft.add(rows[mine], part.places[mine])
        return _letters(faults)

    def _market(self, part: Part, faults: Faults) -> Ints:
        market = faults.spread(faults.numbers(self.tables.markets, "market"))
        faults.mark(market < 0, Reason.UNKNOWN_MARKET, "market", _quote(part, "market", "there is no market"))
        if self.lane is not None:
            strays = (market >= 0) & (self.tables.market_pool[market] != self.lane)
            faults.mark(strays, Reason.WRONG_LANE, "market", _quote(part, "market", OTHER_LANE))
        return market

    def _records(self, part: Part, kind: int) -> Records:
        """What all records of a part have."""
        rows = record.empty(len(part.lines))
        rows[:, record.KIND], rows[:, record.TOPIC] = kind, part.topic
        rows[:, record.TIME_NS], rows[:, record.SENT_NS] = part.read.common[:, TIME_NS], part.sent_ns
        rows[:, record.PARTITION], rows[:, record.ORIGIN_OFFSET] = part.partition, part.offsets
        rows[:, record.NUMBER] = part.read.common[:, NUMBER]
        return rows


MARKET_TOPICS: Final = {
    en.TOPIC_ORACLE_PRICES: Router.quotes,
    en.TOPIC_DEPTH: Router.depth,
    en.TOPIC_TRADES: Router.trades,
}


class _Quoted:
    """Whose prices of which assets the pools use. Tables have one column more: -1, an unknown producer, is the last."""

    def __init__(self, venue: Venue, tables: Tables) -> None:
        feeds = [feeds_of(pool) for pool in venue.pools]
        names = dict.fromkeys(feed.asset for each in feeds for feed in each)
        self.assets = {asset: row for row, asset in enumerate(names)}
        shape = (len(self.assets) + 1, len(tables.producers) + 1)
        self.slot: list[Ints] = []  # by pool: asset x producer
        self.feed: list[Ints] = []  # by pool: asset
        self.asked = np.zeros(shape, np.bool_)
        for each in feeds:
            slot, row = np.full(shape, NOT_THERE, np.int64), np.full(shape[0], NOT_THERE, np.int64)
            for feed_row, feed in enumerate(each):
                row[self.assets[feed.asset]] = feed_row
                for place, source in enumerate(feed.sources):
                    slot[self.assets[feed.asset], tables.producers[source]] = place
            self.slot.append(slot)
            self.feed.append(row)
            self.asked |= slot >= 0


class _Draft:
    """A pool's slice while it is made."""

    def __init__(self) -> None:
        self.items: list[Items] = []
        self.level_count = 0
        self._rows: list[Records] = []
        self._places: list[Ints] = []
        self._levels: list[Levels] = []

    def add(self, rows: Records, places: Ints, levels: Levels | None = None) -> None:
        """Records of one topic, and their levels."""
        self._rows.append(rows)
        self._places.append(places)
        if levels is not None:
            self._levels.append(levels)
            self.level_count += len(levels)

    def finish(self, pool: str, piece: Slice, clocks: Rows, dead: list[tuple[int, DeadLetter]]) -> PoolSlice:
        """All records in their places, the clocks among them."""
        ticks = record.empty(len(clocks))
        ticks[:, record.KIND], ticks[:, record.TOPIC] = record.CLOCK, en.TOPIC_CLOCK
        ticks[:, record.TIME_NS] = ticks[:, record.SENT_NS] = clocks[:, en.TIME_NS]
        ticks[:, record.ORIGIN_OFFSET] = clocks[:, en.ORIGIN_OFFSET]
        self.add(ticks, piece.clock_places)
        places = np.concatenate(self._places)
        order = np.argsort(places, kind="stable")
        levels = np.concatenate([*self._levels, np.zeros((0, 2), np.int64)])
        rows = np.concatenate(self._rows)[order]
        items = joined(self.items)
        return PoolSlice(pool, rows, levels, places[order], clocks, piece.clock_places, items, dead)


def _level(read: Read, row: Ints, side: int, level: int) -> str:
    """A level's price (side 0) or quantity (1) as a field: ``asks[3][0]``."""
    place, bids = level - int(read.level_from[row[level]]), int(read.sides[row[level], 0])
    return f"bids[{place}][{side}]" if place < bids else f"asks[{place - bids}][{side}]"


def _quote(part: Part, name: str, before: str) -> Callable[[int], str]:
    """A detail that quotes a field."""
    return lambda row: f"{before} {getattr(part.read.messages[row], name)}"


def _letters(faults: Faults) -> list[tuple[int, DeadLetter]]:
    """The dead letters of a part, by place."""
    return [(int(faults.part.places[row]), faults.letter(row)) for row in sorted(faults.why)]
