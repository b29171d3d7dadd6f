"""Account topics as entries: what a line says in the pool's rows and integers, but for its accounts.

Accounts are numbered as they are opened, so only admission (`flows.journal.admission`) knows their rows. Until then an
item carries its names beside it, and -1 in its account columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, overload

import numpy as np

from flows.journal import entries as en
from flows.journal.dead_letters import DeadLetter, dead_letter
from flows.journal.entries import Rows
from flows.journal.merge import Part
from flows.journal.screen import Faults, Screen
from flows.journal.tables import NOT_THERE, Tables
from flows.journal.wire import NUMBER, TIME_NS, Ints, integers
from flows.rules.scale.time import MAX_LATE_ACCOUNT_NS
from schemas.dead_letter import Reason
from schemas.explain import Refusal

KINDS: Final = {"deposit": en.DEPOSIT, "withdrawal": en.WITHDRAWAL, "transfer": en.TRANSFER}


class Chosen(Sequence[bytes]):
    """Lines of some parts, each got from its part only where it is asked for."""

    def __init__(self, parts: Sequence[Part], part: Ints, rows: Ints) -> None:
        """``part``, by place in ``parts``, and ``rows`` of each line."""
        self.parts, self.part, self.rows = parts, part, rows

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> bytes: ...
    @overload
    def __getitem__(self, place: slice) -> list[bytes]: ...
    def __getitem__(self, place: int | slice) -> bytes | list[bytes]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        return self._of(place).lines[int(self.rows[place])]

    def row(self, place: int) -> int:
        """A line's place in its record."""
        return self._of(place).row(int(self.rows[place]))

    def _of(self, place: int) -> Part:
        return self.parts[int(self.part[place])]

    @classmethod
    def joined(cls, pieces: Sequence[Chosen], order: Ints) -> Chosen:
        """Lines of several pieces, in an order."""
        before = np.cumsum([0, *(len(each.parts) for each in pieces[:-1])])
        part = np.concatenate(
            [each.part + first for each, first in zip(pieces, before.tolist(), strict=True)]
        )
        rows = np.concatenate([each.rows for each in pieces])
        return cls([part for each in pieces for part in each.parts], part[order], rows[order])


NO_LINES: Final = Chosen([], np.zeros(0, np.int64), np.zeros(0, np.int64))


@dataclass(frozen=True, slots=True)
class Items:
    """Account records of one pool in their order, a row a record."""

    rows: Rows
    places: Ints  # within the slice
    first: list[str]  # account, or the buyer
    second: list[str]  # owner of a deposit, target of a transfer, seller of a fill; else empty
    letters: dict[int, DeadLetter]  # of rows that are refused whatever their pool says, but for a repeat
    lines: Chosen

    def letter(self, row: int, why: Refusal) -> DeadLetter:
        """Refuse a row."""
        topic, line = int(self.rows[row, en.TOPIC]), self.lines[row]
        partition, offset = self.rows[row, [en.PARTITION, en.ORIGIN_OFFSET]].tolist()
        return dead_letter(topic, partition, offset, why, line, row=self.lines.row(row))


def none() -> Items:
    """No items."""
    return Items(en.empty(0), np.zeros(0, np.int64), [], [], {}, NO_LINES)


def joined(pieces: Sequence[Items]) -> Items:
    """Items of several topics, in order of place."""
    pieces = [each for each in pieces if len(each.rows)]
    if len(pieces) <= 1:
        return pieces[0] if pieces else none()
    places = np.concatenate([each.places for each in pieces])
    order = np.argsort(places, kind="stable")
    first = [name for each in pieces for name in each.first]
    second = [name for each in pieces for name in each.second]
    letters: dict[int, DeadLetter] = {}
    start = 0
    for each in pieces:
        letters |= {start + row: letter for row, letter in each.letters.items()}
        start += len(each.rows)
    turn = order.tolist()
    return Items(
        np.concatenate([each.rows for each in pieces])[order],
        places[order],
        [first[row] for row in turn],
        [second[row] for row in turn],
        {row: letters[former] for row, former in enumerate(turn) if former in letters} if letters else {},
        Chosen.joined([each.lines for each in pieces], order),
    )


@dataclass(slots=True)
class Drafts:
    """The rows of one part while they are made, a row a line."""

    part: Part
    tables: Tables
    faults: Faults
    rows: Rows
    pool: Ints = field(init=False)
    first: list[str] = field(default_factory=list)  # a name each readable line
    second: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pool = np.full(len(self.rows), NOT_THERE, np.int64)

    def put(self, column: int, values: Ints | int) -> None:
        """Fill a column."""
        self.rows[:, column] = values


OTHER_LANE: Final = "this partition is another pool's lane than that of"


def account_items(
    part: Part, tables: Tables, screen: Screen, lane: int | None = None
) -> tuple[list[Items], list[tuple[int, DeadLetter]]]:
    """Items of one account topic by pool, and the dead letters (by place) of lines that have no pool.

    On a lane, the lines of other pools have none.
    """
    drafts = Drafts(part, tables, Faults(part, tables), en.empty(len(part.lines)))
    TOPICS[part.topic](drafts)
    faults = drafts.faults
    if lane is not None:
        strays = (drafts.pool >= 0) & (drafts.pool != lane)
        named = HOME_FIELDS[part.topic]
        faults.mark(strays, Reason.WRONG_LANE, named, _says(drafts, named, OTHER_LANE))
        drafts.pool[strays] = NOT_THERE
    screen.judge(faults, MAX_LATE_ACCOUNT_NS, refuse_known=False)
    common = part.read.common
    drafts.put(en.TIME_NS, common[:, TIME_NS])
    drafts.put(en.TOPIC, part.topic)
    drafts.put(en.PARTITION, part.partition)
    drafts.put(en.ORIGIN_OFFSET, part.offsets)
    drafts.put(en.SOURCE, faults.producer)
    drafts.put(en.NUMBER, common[:, NUMBER])
    # A line without a producer has no number that its pool could know.
    homeless = (drafts.pool < 0) | (faults.window < 0)
    dead = [(int(part.places[row]), faults.letter(row)) for row in np.flatnonzero(homeless).tolist()]
    at_home = np.where(homeless, NOT_THERE, drafts.pool)
    return [_of_pool(drafts, np.flatnonzero(at_home == pool)) for pool in range(len(tables.pools))], dead


def _of_pool(drafts: Drafts, rows: Ints) -> Items:
    """The items of one pool."""
    if len(rows) == 0:
        return none()
    faults, part = drafts.faults, drafts.part
    turn = rows.tolist()
    named = np.searchsorted(faults.readable, rows).tolist()
    faulty = np.flatnonzero(faults.codes[rows]).tolist()
    return Items(
        drafts.rows[rows],
        part.places[rows],
        [drafts.first[place] for place in named],
        [drafts.second[place] for place in named],
        {place: faults.letter(turn[place]) for place in faulty},
        Chosen([part], np.zeros(len(rows), np.int64), rows),
    )


# --- topics -----------------------------------------------------------------------------------------------------------
def _collateral(drafts: Drafts) -> None:
    faults, tables, read = drafts.faults, drafts.tables, drafts.part.read
    drafts.pool = faults.spread(faults.numbers(tables.pools, "pool"))
    faults.mark(drafts.pool < 0, Reason.UNKNOWN_POOL, "pool", _says(drafts, "pool", "there is no pool"))
    drafts.put(en.KIND, faults.spread(faults.numbers(KINDS, "kind")))
    drafts.first = faults.told("account")
    drafts.second = [
        (owner or to) or "" for owner, to in zip(faults.told("owner"), faults.told("to"), strict=True)
    ]
    home = drafts.pool[faults.readable].tolist()
    held = [
        tables.assets[pool].get(name, -1) if pool >= 0 else -1
        for pool, name in zip(home, faults.told("asset"), strict=True)
    ]
    asset = faults.spread(np.array(held, np.int64))
    faults.mark(asset < 0, Reason.UNKNOWN_ASSET, "asset", _says(drafts, "asset", "the pool does not take"))
    foreign = (drafts.rows[:, en.KIND] == en.TRANSFER) & (asset > 0)
    only = _says(drafts, "asset", "a transfer moves the settlement asset, not")
    faults.mark(foreign, Reason.BAD_VALUE, "asset", only)
    _isolated(drafts)
    held_of = tables.holding_from[drafts.pool] + asset
    drafts.put(en.Deposit.AMOUNT_UNITS, faults.units(read.amounts[:, 0], tables.holding, held_of, "amount"))
    drafts.put(en.Deposit.ACCOUNT, -1)
    drafts.put(en.Deposit.ASSET, asset)
    drafts.put(en.Deposit.OWNER, -1)
    drafts.rows[drafts.rows[:, en.KIND] == en.TRANSFER, en.Transfer.TO_ACCOUNT] = -1


def _isolated(drafts: Drafts) -> None:
    """The market of the isolated account that is paid into; it must be one of the pool's."""
    faults, tables = drafts.faults, drafts.tables
    market = np.full(len(drafts.rows), NOT_THERE, np.int64)
    for place, row in enumerate(faults.readable.tolist()):
        to_isolated = ":" in drafts.second[place]
        account = drafts.second[place] if to_isolated else drafts.first[place]
        if ":" not in account:
            continue
        number = tables.markets.get(account.partition(":")[2], NOT_THERE)
        if number < 0 or tables.market_pool[number] != drafts.pool[row]:
            detail = f"the pool does not have the market of this isolated account: {account}"
            faults.put(row, Refusal(Reason.ACCOUNT_MARKET, "to" if to_isolated else "account", detail))
        elif to_isolated or drafts.rows[row, en.KIND] != en.TRANSFER:
            market[row] = tables.market_row[number]
    drafts.put(en.Deposit.ISOLATED_MARKET, market)


def _market(drafts: Drafts) -> Ints:
    """Numbers of the lines' markets, and with them their pools."""
    faults, tables = drafts.faults, drafts.tables
    number = faults.spread(faults.numbers(tables.markets, "market"))
    faults.mark(number < 0, Reason.UNKNOWN_MARKET, "market", _says(drafts, "market", "there is no market"))
    drafts.pool = np.where(number >= 0, tables.market_pool[number], NOT_THERE)
    return number


def _priced(drafts: Drafts, number: Ints, price: str = "price") -> tuple[Ints, Ints]:
    """Price in ticks and quantity in lots of fills, checks and bids."""
    faults, tables, amounts = drafts.faults, drafts.tables, drafts.part.read.amounts
    ticks = faults.units(amounts[:, 0], tables.price, number, price)
    lots = faults.units(amounts[:, 1], tables.position, number, "quantity")
    return ticks, lots


def _fills(drafts: Drafts) -> None:
    faults = drafts.faults
    number = _market(drafts)
    drafts.put(en.KIND, en.FILL)
    drafts.first, drafts.second = faults.told("buyer"), faults.told("seller")
    ticks, lots = _priced(drafts, number)
    drafts.put(en.Fill.MARKET, drafts.tables.market_row[number])
    drafts.put(en.Fill.BUYER, -1)
    drafts.put(en.Fill.SELLER, -1)
    drafts.put(en.Fill.TAKER, faults.spread(faults.is_text("taker", "seller")))
    drafts.put(en.Fill.LOTS, lots)
    drafts.put(en.Fill.PRICE_TICKS, ticks)
    events = _events(drafts, faults.told("liquidation"))
    foreign = (events[:, 0] != drafts.pool) & (events[:, 0] != _NO_EVENT) & (drafts.pool >= 0)
    detail = _says(drafts, "liquidation", "this is no event of the market's pool:")
    faults.mark(foreign, Reason.BAD_VALUE, "liquidation", detail)
    drafts.put(en.Fill.ORDER_OFFSET, events[:, 1])
    drafts.put(en.Fill.ORDER_INDEX, events[:, 2])


def _order_checks(drafts: Drafts) -> None:
    faults = drafts.faults
    number = _market(drafts)
    drafts.put(en.KIND, en.ORDER_CHECK)
    drafts.first, drafts.second = faults.told("account"), [""] * len(faults.good)
    ticks, lots = _priced(drafts, number)
    sign = 2 * faults.is_text("side", "buy") - 1
    drafts.put(en.OrderCheck.ACCOUNT, -1)
    drafts.put(en.OrderCheck.MARKET, drafts.tables.market_row[number])
    drafts.put(en.OrderCheck.LOTS, lots * faults.spread(sign))
    drafts.put(en.OrderCheck.PRICE_TICKS, ticks)
    drafts.put(en.OrderCheck.REDUCE_ONLY, faults.spread(integers(faults.good, "reduce_only")))


def _bids(drafts: Drafts) -> None:
    faults = drafts.faults
    number = _market(drafts)
    drafts.put(en.KIND, en.BID)
    drafts.first, drafts.second = faults.told("account"), [""] * len(faults.good)
    events = _events(drafts, faults.told("offer"))
    foreign = (events[:, 0] != drafts.pool) & (drafts.pool >= 0)
    detail = _says(drafts, "offer", "this is no event of the market's pool:")
    faults.mark(foreign, Reason.BAD_VALUE, "offer", detail)
    ticks, lots = _priced(drafts, number, "limit_price")
    bonus = integers(faults.good, "minimum_bonus_ppm")
    drafts.put(en.Bid.OFFER_OFFSET, events[:, 1])
    drafts.put(en.Bid.OFFER_INDEX, events[:, 2])
    drafts.put(en.Bid.ACCOUNT, -1)
    drafts.put(en.Bid.LOTS, lots)
    drafts.put(en.Bid.MINIMUM_BONUS_PPM, faults.spread(bonus))
    drafts.put(en.Bid.LIMIT_TICKS, ticks)
    drafts.put(en.Bid.NAMED, drafts.tables.market_row[number] + 1)


def _commands(drafts: Drafts) -> None:
    """What was ordered and who signed it is read at the pool's door (`flows.journal.commands`)."""
    faults, tables = drafts.faults, drafts.tables
    drafts.put(en.KIND, en.COMMAND)
    drafts.first, drafts.second = [""] * len(faults.good), [""] * len(faults.good)
    drafts.pool = faults.spread(faults.numbers(tables.pools, "pool"))
    faults.mark(drafts.pool < 0, Reason.UNKNOWN_POOL, "pool", _says(drafts, "pool", "there is no pool"))
    number = faults.spread(faults.numbers(tables.markets, "market"))
    told = np.array([each is not None for each in faults.told("market")], np.int64)
    named = faults.spread(told, 0) == 1
    foreign = named & ((number < 0) | (tables.market_pool[number] != drafts.pool))
    faults.mark(foreign, Reason.UNKNOWN_MARKET, "market", _says(drafts, "market", "the pool has no market"))


_NO_EVENT: Final = -2
"""Where a line names no event; -1 is a pool that the venue does not have."""


def _events(drafts: Drafts, names: list[str | None]) -> Ints:
    """Pool, journal offset and index of the event that each line names."""
    pools = drafts.tables.pools
    found = np.full((len(drafts.rows), 3), (_NO_EVENT, -1, -1), np.int64)
    for row, name in zip(drafts.faults.readable.tolist(), names, strict=True):
        if name is not None:
            pool, offset, index = name.split(":")
            found[row] = (pools.get(pool, NOT_THERE), int(offset), int(index))
    return found


def _says(drafts: Drafts, name: str, before: str) -> Callable[[int], str]:
    """A detail that quotes a field."""
    messages = drafts.part.read.messages
    return lambda row: f"{before} {getattr(messages[row], name)}"


TOPICS: Final = {
    en.TOPIC_COLLATERAL: _collateral,
    en.TOPIC_FILLS: _fills,
    en.TOPIC_ORDER_CHECKS: _order_checks,
    en.TOPIC_BIDS: _bids,
    en.TOPIC_COMMANDS: _commands,
}
"""How the rows of each account topic are made."""

HOME_FIELDS: Final = {
    en.TOPIC_COLLATERAL: "pool",
    en.TOPIC_FILLS: "market",
    en.TOPIC_ORDER_CHECKS: "market",
    en.TOPIC_BIDS: "market",
    en.TOPIC_COMMANDS: "pool",
}
"""The field of each that says which pool a record is for."""
