"""A pool while a scenario runs: its journal so far, the state machine, the opinions beside it, and who answers orders.

entry -> state machine -> events -> the same events by every opinion? -> execution's answers -> entries
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import numpy as np

from flows.journal import entries as en
from flows.journal import events as ev
from flows.pool.layout import HELD_PLACE, V_COUNT
from flows.pool.pool import Pool
from flows.registry.parameters import PoolParameters
from flows.scenario.amounts import shown
from flows.scenario.draft import HIGHEST_PRICE, QUANTA, Draft
from flows.scenario.entries import Board, Row, entry
from flows.scenario.errors import MismatchError, ScenarioError
from flows.scenario.settings import NEVER
from flows.scenario.vocabulary import unknown

THE_VAULT: Final = "the vault"
THE_MARKET: Final = "the market"
ENOUGH_QUANTA: Final = 10**11 * QUANTA
"""What the market, the other side of every trade that names none, has deposited."""

ANSWERS_MOST: Final = 1_000
"""An entry's answers come to an end: each closes lots, and there are not this many slices."""

WITHDRAWAL_RULE: Final = 603
"""R-F3: of the movement that pays a withdrawal out."""

Event = list[int]


class Opinion(Protocol):
    """A second state machine that must say the same, entry by entry."""

    def apply(self, row: list[int], text: str) -> list[list[int]]:
        """The events that follow from an entry and its text."""
        ...


Opinions = Sequence[Callable[[PoolParameters], Opinion]]


class PoolInPlay:
    """One pool of a scenario."""

    def __init__(self, draft: Draft, opinions: Opinions, fills: str, *, absent: bool) -> None:
        self.draft, self.absent = draft, absent
        self._opinions = opinions
        self.fills = fills  # how orders are answered
        self.fill_ticks: dict[int, int] = {}  # but in these markets, at this price
        self.accounts = [THE_VAULT, THE_MARKET]
        self.owners = [0, 1]
        self.rows: list[Row] = []
        self.events: list[Event] = []
        self.block_events = 0  # events before the last When
        self.deposited = [0]  # by asset row, what the scenario put in less what it was paid out
        self.offers: dict[tuple[int, int], Event] = {}  # (account, market) -> its last offer
        self.orders: dict[int, Event] = {}  # account -> its last order
        self.ordered = 0  # id of the last command of people that can be cancelled
        self.boards: list[Board] = []
        self.block_values: list[tuple[int, ...]] = []  # of accounts, before the last When
        self.block_bytes: list[bytes] = []

    # --- opening ------------------------------------------------------------------------------------------------------
    @property
    def is_open(self) -> bool:
        """Whether genesis has been."""
        return bool(self.rows)

    def open(self, time_ns: int) -> None:
        """Fix the parameters: genesis, and the deposit of the market as the other side of trades."""
        if self.is_open or self.absent:
            return
        of = self.draft.parameters()
        self.real = Pool(of)
        self.seconds = [make(of) for make in self._opinions]
        self.boards = [Board(row, market.max_open_interest_lots) for row, market in enumerate(of.markets)]
        self.deposited = [0] * len(of.assets)
        self.deposited[0] = (
            of.vault_opening_quanta
            + of.fund_opening_quanta
            + sum(each.fund_opening_quanta for each in of.markets)
        )
        self._apply(entry(en.GENESIS, time_ns))
        self.deposited[0] += ENOUGH_QUANTA
        self._apply(
            entry(
                en.DEPOSIT,
                time_ns,
                account=1,
                owner=1,
                opens=1,
                amount_units=ENOUGH_QUANTA,
                isolated_market=-1,
            )
        )

    @property
    def parameters(self) -> PoolParameters:
        """Those in force."""
        return self.real.state.parameters

    # --- names --------------------------------------------------------------------------------------------------------
    def account(self, name: str) -> int:
        """An account's row."""
        if name not in self.accounts:
            raise unknown("account", name, self.accounts)
        return self.accounts.index(name)

    def name(self, row: int) -> str:
        """An account's name, or nothing for -1."""
        return self.accounts[row] if row >= 0 else ""

    def market(self, name: str) -> int:
        """A market's row."""
        row = next((row for row, each in enumerate(self.draft.markets) if each.id == name), -1)
        if row < 0:
            raise unknown("market", name, [each.id for each in self.draft.markets])
        return row

    def asset(self, name: str) -> int:
        """An asset's row; the settlement asset's is 0."""
        known = [self.draft.settlement, *(each.id for each in self.draft.assets)]
        if name not in known:
            raise unknown("asset", name, known)
        return known.index(name)

    # --- entries ------------------------------------------------------------------------------------------------------
    def send(self, row: Row, text: str = "") -> list[Event]:
        """An entry, and the answers of execution to what follows from it; the entry's own events are returned."""
        if self.absent:
            return []
        self._check_bounds(row)
        time_ns = row[en.TIME_NS]
        self.open(time_ns)
        first = self._apply(row, text)
        waiting = deque(self._answers(first, time_ns))
        for _ in range(ANSWERS_MOST):
            if not waiting:
                return first
            waiting.extend(self._answers(self._apply(waiting.popleft()), time_ns))
        raise AssertionError("answers to orders do not come to an end")

    def _check_bounds(self, row: Row) -> None:
        """What intake would not admit (R-A2)."""
        if row[en.KIND] == en.FILL:
            market = self.parameters.markets[row[en.Fill.MARKET]]
            if row[en.Fill.PRICE_TICKS] > market.max_price_ticks:
                raise ScenarioError(f"{market.id} is bounded at a price of {HIGHEST_PRICE:,}.")
            for side, signed in ((en.Fill.BUYER, 1), (en.Fill.SELLER, -1)):
                held = self.lots(row[side], row[en.Fill.MARKET]) + signed * row[en.Fill.LOTS]
                if abs(held) > market.max_position_lots:
                    most = shown(market.max_position_lots, market.lot_scale)
                    raise ScenarioError(f"a position in {market.id} is bounded at {most}.")
        elif row[en.KIND] == en.MARKET_STATE:
            market = self.parameters.markets[row[en.MarketState.MARKET]]
            if max(row[en.MarketState.MARK_TICKS], row[en.MarketState.INDEX_TICKS]) > market.max_price_ticks:
                raise ScenarioError(f"{market.id} is bounded at a price of {HIGHEST_PRICE:,}.")
        elif row[en.KIND] == en.DEPOSIT:
            asset = self.parameters.assets[row[en.Deposit.ASSET]]
            if self.deposited[row[en.Deposit.ASSET]] > asset.max_units:
                raise ScenarioError(
                    f"a pool holds at most {shown(asset.max_units, asset.unit_scale)} {asset.id}."
                )

    def _apply(self, row: Row, text: str = "") -> list[Event]:
        """One entry through the state machine and every opinion; what must hold is counted anew after it."""
        offset = len(self.rows)
        self.rows.append(row)
        self.real.run(np.array([row], np.int64), 0, offset, answering=False, texts={0: text})
        events: list[Event] = self.real.take_events().tolist()
        self.real.check()
        self.events.extend(events)
        for second in self.seconds:
            other = second.apply(list(row), text)
            if other != events:
                raise disagreement(offset, row, events, other)
        for event in events:
            self._note(event)
        return events

    def _note(self, event: Event) -> None:
        """Remember what later sentences refer to."""
        if event[ev.TYPE] == ev.OFFER_OPENED:
            self.offers[event[ev.ACCOUNT], event[ev.MARKET]] = event
        elif event[ev.TYPE] == ev.LIQUIDATION_ORDER:
            self.orders[event[ev.ACCOUNT]] = event
        elif event[ev.TYPE] == ev.COLLATERAL and event[ev.RULE] == WITHDRAWAL_RULE:
            self.deposited[event[ev.MARKET]] += event[ev.QUANTA]

    def _answers(self, events: list[Event], time_ns: int) -> list[Row]:
        """Fills of the orders among these events, where execution answers them."""
        orders = [each for each in events if each[ev.TYPE] in (ev.LIQUIDATION_ORDER, ev.VAULT_ORDER)]
        return [row for order in orders if (row := self._answer(order, time_ns)) is not None]

    def _answer(self, order: Event, time_ns: int) -> Row | None:
        """The fill of one order in full; none beyond its limit."""
        market, lots = order[ev.MARKET], order[ev.LOTS]
        if market not in self.fill_ticks and self.fills == NEVER:
            return None
        price = self.fill_ticks.get(market, self.boards[market].mark_ticks)
        limit = order[ev.PRICE_TICKS]
        if (price < limit) if lots < 0 else (price > limit):
            return None
        return order_fill(order, lots, price, 1, time_ns)

    # --- since when ---------------------------------------------------------------------------------------------------
    def begin_block(self) -> None:
        """A When begins: what follows is looked at from here."""
        self.block_events = len(self.events)
        self.block_values = [self.value(row) for row in range(self.opened)]
        self.block_bytes = [self.bytes_of(row) for row in range(self.opened)]

    @property
    def opened(self) -> int:
        """Accounts that exist in the pool."""
        return len(self.accounts) if self.is_open else 0

    def before(self, row: int) -> tuple[tuple[int, ...], bytes]:
        """An account's value and bytes before the last When."""
        if row >= len(self.block_values):
            raise ScenarioError(f"{self.name(row)} was not there before the last When.")
        return self.block_values[row], self.block_bytes[row]

    def recent(self) -> list[Event]:
        """Events since the last When."""
        return self.events[self.block_events :]

    # --- what it holds ------------------------------------------------------------------------------------------------
    def value(self, row: int) -> tuple[int, ...]:
        """An account at the present marks (`flows.pool.layout`, V_ columns)."""
        return self.real.state.value(row)

    def lots(self, row: int, market: int) -> int:
        """Signed lots held."""
        return self.real.state.lots(row, market)

    def bytes_of(self, row: int) -> bytes:
        """All that the pool keeps of an account in its book: its record and the places of its positions."""
        count = self.value(row)[V_COUNT]
        columns = self.real.state.c
        places = columns.held[:count, HELD_PLACE].tolist()
        return b"".join([bytes(columns.record[row]), *(bytes(columns.place[place]) for place in places)])


def order_fill(order: Event, lots: int, price: int, other: int, time_ns: int) -> Row:
    """A fill of ``lots``, signed as the order, against another account."""
    account = order[ev.ACCOUNT]
    buyer, seller = (account, other) if lots > 0 else (other, account)
    return entry(
        en.FILL,
        time_ns,
        market=order[ev.MARKET],
        buyer=buyer,
        seller=seller,
        taker=0 if lots > 0 else 1,
        lots=abs(lots),
        price_ticks=price,
        order_offset=order[ev.OFFSET],
        order_index=order[ev.INDEX],
    )


def disagreement(offset: int, row: Row, events: list[Event], other: list[Event]) -> MismatchError:
    """Two state machines that do not say the same of an entry: the first event in which they differ."""
    place = next(
        (place for place, pair in enumerate(zip(events, other, strict=False)) if pair[0] != pair[1]),
        min(len(events), len(other)),
    )
    ours = events[place] if place < len(events) else []
    theirs = other[place] if place < len(other) else []
    columns = [
        name
        for at, name in enumerate(ev.COLUMNS)
        if not ours or not theirs or ours[at] != theirs[at] or at == ev.TYPE
    ]
    cells = [
        [[cell_of(at, each[at]) for at, name in enumerate(ev.COLUMNS) if name in columns]] if each else []
        for each in (theirs, ours)
    ]
    about = (
        f"entry {offset} ({en.KIND_NAMES[row[en.KIND]]}): the pool and its plain twin differ"
        f" in event {place}; expected is the twin's"
    )
    return MismatchError(about, columns, cells[0], cells[1])


def cell_of(column: int, value: int) -> str:
    """A column of an event as text; its type by name."""
    return ev.TYPE_NAMES[value] if column == ev.TYPE else str(value)


def refuse_open(pool: PoolInPlay) -> None:
    """Parameters are fixed once anything has happened in a pool."""
    if pool.is_open:
        raise ScenarioError(f"pool {pool.draft.id} is open already: settings come before what happens in it.")
