"""What the slow path works with: the book, the cases, the timers, and the events of the entry at hand.

Entries that change nobody's zone never come here; those that do are finished here, one account at a time, with every sum
asked of a compiled kernel.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence

import numpy as np

from flows.journal import events as ev
from flows.pool import book, bookkeeping, sizing, valuation
from flows.pool.bands import refresh
from flows.pool.case import Case, Order
from flows.pool.layout import (
    CALL_OPEN,
    COMPARTMENT,
    COMPARTMENTS,
    COST,
    EVENT_INDEX,
    EVENTS,
    FEES,
    FLAGS,
    FLOOR,
    FUND,
    HELD_INITIAL,
    HELD_LOTS,
    HELD_MAINTENANCE,
    HELD_MARKET,
    HELD_PLACE,
    INDEX_TICKS,
    LIQUIDATING,
    MARK,
    MARK_OFFSET,
    MARKETS,
    MODE_AUTO,
    OFFSET,
    OWNER,
    RATE,
    TIME,
    UNIT_QUANTA,
    UNIT_SCALE,
    VERSION,
    WATCHED,
    ZONE_MASK,
    Columns,
)
from flows.pool.ordered import Ordered
from flows.pool.orders import allowed_in
from flows.pool.valuation import Valuation
from flows.registry.parameters import PoolParameters
from flows.rules.call.zone import UNDER_WATER
from flows.rules.collateral.haircut import tiered_credit
from flows.rules.collateral.value import asset_value

VAULT = 0
"""Account row of the backstop vault: genesis opens it."""

MINUTE_NS = 60_000_000_000
ANSWERABLE = frozenset((ev.LIQUIDATION_ORDER, ev.VAULT_ORDER, ev.OFFER_OPENED))
"""Event types that somebody outside may answer at once (membership only)."""


class PoolState:
    """One pool between two compiled calls."""

    def __init__(self, parameters: PoolParameters, mode: int = MODE_AUTO) -> None:
        """Nothing is open; entry 0 is genesis."""
        self.registered = self.parameters = parameters
        self.c: Columns = book.with_room(book.new_columns(parameters, mode), 64)
        self.cases: dict[int, Case] = {}
        self.parents: dict[int, int] = {}  # isolated account -> cross account that opened it
        self.isolated: dict[int, int] = {}  # isolated account -> its market
        self.held_lots: dict[int, bool] = {}  # isolated accounts that have had their position
        self.offers: dict[tuple[int, int], int] = {}  # event id -> account row
        self.vault_orders: dict[int, Order] = {}
        self.vault_started_ns = [0] * len(parameters.markets)
        self.vault_next_ns = 0
        self.hour_ns = 0
        self.gate_closed = False
        self.gate_opens_ns = 0
        self.insolvent = False
        self.under_water: dict[
            int, bool
        ] = {}  # accounts in that zone: with positions they keep the gate closed
        self.timers: list[tuple[int, int]] = []  # heap of (when, account row)
        self.forced: list[deque[tuple[int, int]]] = [deque() for _ in parameters.markets]
        self.forced_sums = [0] * len(parameters.markets)
        self.waiting: list[Ordered] = []  # commands that are not in effect yet
        self.passed: dict[int, int] = {}  # entries passed over, and the skip that allowed each
        self.touched: dict[int, bool] = {}  # in order of change
        self.dirty: dict[int, bool] = {}  # accounts whose bands are to be made anew, in order of change
        self.evident: dict[int, bool] = {}
        self.answerable = False
        self._planned = np.zeros((len(parameters.markets), sizing.SALE), np.int64)
        self._scratch = np.zeros(
            (2, max(sizing.SALE, len(parameters.markets) + len(parameters.assets))), np.int64
        )

    # --- the entry at hand --------------------------------------------------------------------------------------------
    @property
    def time_ns(self) -> int:
        """Pool time."""
        return int(self.c.pool[0, TIME])

    @property
    def offset(self) -> int:
        """Journal offset of the entry at hand."""
        return int(self.c.pool[0, OFFSET])

    def begin(self) -> None:
        """Python takes an entry over."""
        self.touched, self.dirty, self.evident = {}, {}, {}
        self.answerable = False

    def finish(self) -> None:
        """The entry has come to rest: new bands for whom it changed."""
        for row in self.dirty:
            refresh(self.c, row)

    def touch(self, row: int) -> None:
        """The account was changed by this entry: it is assessed, with new evidence, before the entry ends."""
        self.touched[row] = True
        self.evident.pop(row, None)
        self.dirty[row] = True

    def case(self, row: int) -> Case:
        """The account's case, opened when first asked for."""
        found = self.cases.get(row)
        if found is None:
            found = self.cases[row] = Case()
        return found

    def at(self, when_ns: int, row: int) -> None:
        """Look after an account at the first clock at or after this time."""
        heapq.heappush(self.timers, (when_ns, row))

    def reserve(self) -> None:
        """Room for a few more positions and events."""
        self.c = book.with_event_room(book.with_room(self.c, 64), 64)

    # --- events -------------------------------------------------------------------------------------------------------
    def emit(self, kind: int, rule: int, columns: Sequence[tuple[int, int]]) -> int:
        """Write an event; its index. Columns are places of `flows.journal.events`."""
        c = self.c = book.with_event_room(self.c, 1)
        event = list(ev.BLANK)
        pool = c.pool[0]
        index = int(pool[EVENT_INDEX])
        event[ev.OFFSET], event[ev.INDEX] = int(pool[OFFSET]), index
        event[ev.TYPE], event[ev.TIME_NS] = kind, int(pool[TIME])
        event[ev.RULE], event[ev.RULE_VERSION], event[ev.PARAMETERS_VERSION] = rule, 1, int(pool[VERSION])
        for place, number in columns:
            event[place] = number
        at = int(pool[EVENTS])
        c.event[at] = event
        pool[EVENTS], pool[EVENT_INDEX] = at + 1, index + 1
        if kind in ANSWERABLE:
            self.answerable = True
        return index

    def marks(self, m: int) -> list[tuple[int, int]]:
        """Columns that name the price a decision was taken at."""
        market = self.c.market[m]
        return [
            (ev.MARK_OFFSET, int(market[MARK_OFFSET])),
            (ev.MARK_TICKS, int(market[MARK])),
            (ev.INDEX_TICKS, int(market[INDEX_TICKS])),
        ]

    def evidence(self, row: int, v: Valuation) -> None:
        """Write down, once for each state of the account, what its next decision is taken on."""
        if row in self.evident:
            return
        self.evident[row] = True
        c = self.c
        case = self.cases.get(row)
        count = valuation.value(c, row)[9]  # `held` may hold another account by now
        held = c.held[:count].tolist()
        self.emit(
            ev.MARGIN,
            501,
            [(ev.ACCOUNT, row), (ev.CODE, case.level if case else 0), (ev.QUANTA, v[7]), *amounts(v)],
        )
        markets = len(self.parameters.markets)
        for at, each in enumerate(held):
            m, lots = each[HELD_MARKET], each[HELD_LOTS]
            market = c.market[m]
            if m < markets:
                self.emit(
                    ev.POSITION_MARGIN,
                    401,
                    [
                        (ev.ACCOUNT, row),
                        (ev.MARKET, m),
                        (ev.POSITION_LOTS, lots),
                        (ev.POSITION_COST_QUANTA, int(c.place[each[HELD_PLACE], COST])),
                        (ev.PRICE_TICKS, int(valuation.liquidation_price(c, v, at))),
                        (ev.QUANTA, abs(lots) * int(market[MARK]) * int(market[UNIT_QUANTA])),
                        (ev.MAINTENANCE_MARGIN_QUANTA, each[HELD_MAINTENANCE]),
                        (ev.INITIAL_MARGIN_QUANTA, each[HELD_INITIAL]),
                        *self.marks(m),
                    ],
                )
                continue
            worth = asset_value(lots, int(market[MARK]), int(market[UNIT_SCALE]))
            credit = tiered_credit(worth, c.tiers[m, FLOOR].tolist(), c.tiers[m, RATE].tolist())
            self.emit(
                ev.COLLATERAL_MARGIN,
                301,
                [
                    (ev.ACCOUNT, row),
                    (ev.MARKET, m - markets),
                    (ev.QUANTA, lots),
                    (ev.EQUITY_QUANTA, credit),
                    (ev.EQUITY_LOW_QUANTA, worth),
                ],
            )

    # --- accounts -----------------------------------------------------------------------------------------------------
    def value(self, row: int) -> Valuation:
        """Revalue an account; its positions are then in `held`."""
        b, e, lo, ei, wd, mm, im, n, credit, count = valuation.value(self.c, row)
        return (int(b), int(e), int(lo), int(ei), int(wd), int(mm), int(im), int(n), int(credit), int(count))

    def zone_now(self, row: int, v: Valuation) -> int:
        """The zone that an account is in by a valuation."""
        return int(valuation.zone(self.c, row, v[1], v[2], v[5]))

    def zone(self, row: int) -> int:
        """The zone on record."""
        return int(self.c.record[row, FLAGS]) & ZONE_MASK

    def set_zone(self, row: int, zone: int) -> None:
        """Put a zone on record."""
        self.c.record[row, FLAGS] = int(self.c.record[row, FLAGS]) & ~ZONE_MASK | zone
        self.dirty[row] = True
        if zone == UNDER_WATER:
            self.under_water[row] = True
        else:
            self.under_water.pop(row, None)

    def is_flagged(self, row: int, flag: int) -> bool:
        """Whether a flag of an account is set."""
        return bool(int(self.c.record[row, FLAGS]) & flag)

    def set_flag(self, row: int, flag: int, on: bool) -> None:
        """Set or clear a flag of an account."""
        flags = int(self.c.record[row, FLAGS])
        self.c.record[row, FLAGS] = flags | flag if on else flags & ~flag
        self.dirty[row] = True

    def watch(self, row: int) -> None:
        """Python looks after each entry of accounts with offers, of isolated ones, and of the vault."""
        case = self.cases.get(row)
        on = row == VAULT or row in self.parents or (case is not None and bool(case.offers))
        self.set_flag(row, WATCHED, on)

    def call_open(self, row: int) -> bool:
        """Whether a margin call is open."""
        return self.is_flagged(row, CALL_OPEN)

    def liquidating(self, row: int) -> bool:
        """Whether a liquidation is under way."""
        return self.is_flagged(row, LIQUIDATING)

    def owner(self, row: int) -> int:
        """Row of the owner's first account."""
        return int(self.c.record[row, OWNER])

    def markets_of(self, row: int) -> list[int]:
        """Markets that an account has a position in, ascending."""
        count = valuation.gather(self.c, row)
        markets = len(self.parameters.markets)
        return [m for m in self.c.held[:count, HELD_MARKET].tolist() if m < markets]

    def units_of(self, row: int) -> list[tuple[int, int]]:
        """Collateral assets but the settlement one that an account holds, with their units."""
        count = valuation.gather(self.c, row)
        markets = len(self.parameters.markets)
        return [
            (m - markets, lots)
            for m, lots in self.c.held[:count, [HELD_MARKET, HELD_LOTS]].tolist()
            if m >= markets
        ]

    def lots(self, row: int, m: int) -> int:
        """Signed lots held in a market."""
        return int(bookkeeping.lots_of(self.c, row, m))

    def cost(self, row: int, m: int) -> int:
        """What the position in a market cost."""
        _, place = bookkeeping.find(self.c, row, m)
        return int(self.c.place[place, COST]) if place >= 0 else 0

    def allowed(self, m: int) -> int:
        """What R-P4 allows in a market now."""
        return int(allowed_in(self.c, m))

    def plan(self, v: Valuation, allowed: int, most: int) -> list[list[int]]:
        """`flows.pool.sizing.plan` of the account just valued, as rows of S_* columns."""
        done = sizing.plan(self.c, v, allowed, most, self._planned, self._scratch)
        planned: list[list[int]] = self._planned[:done].tolist()
        return planned

    # --- money --------------------------------------------------------------------------------------------------------
    def trade(self, row: int, m: int, delta: int, quote: int) -> int:
        """Change a position for money; the realized gain."""
        self.reserve()
        realized = int(bookkeeping.trade(self.c, row, m, delta, quote))
        if row in self.parents:
            self.held_lots[row] = True
        self.touch(row)
        return realized

    def write_position(
        self, row: int, m: int, counter: int, lots: int, price: int = 0, realized: int = 0, fee: int = 0
    ) -> None:
        """The position and balance after a change."""
        self.c = book.with_event_room(self.c, 1)
        bookkeeping.write_position(self.c, row, m, counter, lots, price, realized, fee)

    def pay(self, row: int, quanta: int) -> None:
        """Money into (or out of) an account's balance."""
        bookkeeping.pay(self.c, row, quanta)

    def balance(self, row: int) -> int:
        """The balance as it is booked."""
        return int(valuation.balance_of(self.c, row))

    def fund(self, quanta: int, reason: int, rule: int, m: int = -1, account: int = -1) -> None:
        """Move money in or out of the insurance fund: a market's compartment, or the general part."""
        if quanta == 0:
            return
        pool = self.c.pool[0]
        if m >= 0:
            self.c.market[m, COMPARTMENT] += quanta
            pool[COMPARTMENTS] += quanta
            after = int(self.c.market[m, COMPARTMENT])
        else:
            pool[FUND] += quanta
            after = int(pool[FUND])
        assert after >= 0, "the fund pays out no more than it holds"
        self.emit(
            ev.FUND,
            rule,
            [
                (ev.ACCOUNT, account),
                (ev.MARKET, m),
                (ev.QUANTA, quanta),
                (ev.CODE, reason),
                (ev.BALANCE_QUANTA, after),
            ],
        )

    def fee(self, quanta: int) -> None:
        """Money to the venue's fee account."""
        self.c.pool[0, FEES] += quanta

    @property
    def fund_quanta(self) -> int:
        """The fund's general part."""
        return int(self.c.pool[0, FUND])

    # --- forced volume (R-G5) -----------------------------------------------------------------------------------------
    def forced_quanta(self, m: int) -> int:
        """Forced notional in the minute that ends now."""
        queue = self.forced[m]
        while queue and queue[0][0] <= self.time_ns - MINUTE_NS:
            self.forced_sums[m] -= queue.popleft()[1]
        return self.forced_sums[m]

    def force(self, m: int, quanta: int) -> None:
        """A forced order of this notional goes out now."""
        self.forced[m].append((self.time_ns, quanta))
        self.forced_sums[m] += quanta

    def lot_quanta(self, m: int) -> int:
        """Notional of one lot at the mark."""
        return int(self.c.market[m, MARK]) * int(self.c.market[m, UNIT_QUANTA])

    def asset_market(self, asset: int) -> int:
        """Row of an asset behind the markets'."""
        return int(self.c.pool[0, MARKETS]) + asset


def amounts(v: Valuation) -> list[tuple[int, int]]:
    """The account's amounts, as columns of an event."""
    return [
        (ev.EQUITY_QUANTA, v[1]),
        (ev.EQUITY_LOW_QUANTA, v[2]),
        (ev.MAINTENANCE_MARGIN_QUANTA, v[5]),
        (ev.INITIAL_MARGIN_QUANTA, v[6]),
        (ev.BALANCE_QUANTA, v[0]),
    ]
