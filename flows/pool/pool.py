"""The pool: a journal's entries in, their events out. One pool, one writer, one state.

entries -> run (compiled) -> nobody moved -> events
              |
              v a zone changed, a request, a timer
           ladder, requests, waterfall (Python over compiled sums) -> events
"""

from __future__ import annotations

from flows.journal import entries as en
from flows.journal import events as ev
from flows.pool import auction, book, bookkeeping, fills, kernels, ladder, requests, timers
from flows.pool.layout import DEPOSITED, EVENTS, MODE_AUTO, MOVED, OFFSET
from flows.pool.state import VAULT, PoolState
from flows.registry.parameters import PoolParameters


class PoolStoppedError(Exception):
    """An entry broke an invariant: the pool stops at it, and nothing of it is published."""


class Pool:
    """One pool's state machine over the book."""

    def __init__(self, parameters: PoolParameters, mode: int = MODE_AUTO) -> None:
        """Ready for entry 0, genesis."""
        self.state = PoolState(parameters, mode)

    def run(self, rows: en.Rows, start: int, first_offset: int, *, answering: bool) -> tuple[int, bool]:
        """Apply entries from place ``start`` on: where it stopped, and whether that entry's events may be answered.

        ``first_offset`` is the journal offset of place 0. Without ``answering`` it stops only at the end.
        """
        state = self.state
        at = start
        while at < len(rows):
            state.c = book.with_room(state.c, len(rows) - at)
            timers.set_next_due(state)
            at, why = kernels.run(state.c, rows, at, first_offset, int(answering))
            if why == kernels.DONE:
                break
            if why == kernels.FULL_EVENTS:
                state.c = book.with_event_room(state.c, len(state.c.event))
                continue
            if why == kernels.UNSOUND:
                self.stop(first_offset + at)
            if why == kernels.ANSWER:
                return at + 1, True
            state.begin()
            if why == kernels.MOVED_ON:
                self.after(rows[at])
            else:
                self.whole(rows[at], first_offset + at)
            state.finish()
            if not bookkeeping.is_sound(state.c):
                self.stop(first_offset + at)
            at += 1
            if answering and state.answerable:
                return at, True
        return at, False

    def stop(self, offset: int) -> None:
        """Stop loudly: a wrong book is worse than none."""
        raise PoolStoppedError(
            f"pool {self.state.parameters.id}: entry {offset} breaks conservation or zero-sum; the pool stops before it"
        )

    def take_events(self) -> en.Rows:
        """The events since the last call."""
        count = int(self.state.c.pool[0, EVENTS])
        events = self.state.c.event[:count].copy()
        self.state.c.pool[0, EVENTS] = 0
        return events

    # --- entries that need Python -------------------------------------------------------------------------------------
    def after(self, row: en.Rows) -> None:
        """The kernel has booked the entry: settle the accounts it touched, or act on those that a price moved."""
        state = self.state
        moved = state.c.woken[: int(state.c.pool[0, MOVED])].tolist()
        if row[en.KIND] in (en.MARKET_STATE, en.ASSET_STATE):
            ladder.act_on(state, moved)
        else:
            for each in moved:
                state.touch(each)
        ladder.settle(state)

    def whole(self, row: en.Rows, offset: int) -> None:
        """Nothing of the entry has been done yet."""
        state = self.state
        kernels.begin(state.c, offset, max(state.time_ns, int(row[en.TIME_NS])))
        apply_entry(state, row.tolist())
        ladder.settle(state)

    def check(self) -> None:
        """Count everything anew (`flows.pool.book.check`)."""
        book.check(self.state.c)

    @property
    def offset(self) -> int:
        """Journal offset of the last entry applied."""
        return int(self.state.c.pool[0, OFFSET])


def apply_entry(state: PoolState, row: list[int]) -> None:
    """An entry that Python books from its beginning."""
    kind = row[en.KIND]
    if kind == en.CLOCK:
        timers.clock(state)
    elif kind == en.FILL:
        fills.fill(state, row)
    elif kind == en.ORDER_CHECK:
        of = en.OrderCheck
        requests.check_order(
            state, row[of.ACCOUNT], row[of.MARKET], row[of.LOTS], row[of.PRICE_TICKS], row[of.REDUCE_ONLY]
        )
    elif kind == en.BID:
        bid = en.Bid
        auction.bid(
            state,
            (row[bid.OFFER_OFFSET], row[bid.OFFER_INDEX]),
            row[bid.ACCOUNT],
            row[bid.LOTS],
            row[bid.MINIMUM_BONUS_PPM],
            row[bid.LIMIT_TICKS],
            row[en.TIME_NS],
        )
    elif kind == en.WITHDRAWAL:
        requests.withdraw(state, row[en.Deposit.ACCOUNT], row[en.Deposit.ASSET], row[en.Deposit.AMOUNT_UNITS])
    elif kind == en.TRANSFER:
        transfer(state, row)
    else:
        assert kind == en.GENESIS, "every other kind is booked by the kernel"
        genesis(state)


def genesis(state: PoolState) -> None:
    """The vault and the fund open with the venue's capital."""
    of = state.parameters
    bookkeeping.open_account(state.c, VAULT, VAULT, -1)
    bookkeeping.credit(state.c, VAULT, 0, of.vault_opening_quanta, 1001)
    state.touch(VAULT)
    state.watch(VAULT)
    state.c.pool[0, DEPOSITED] += of.fund_opening_quanta + sum(
        each.fund_opening_quanta for each in of.markets
    )
    state.fund(of.fund_opening_quanta, ev.FUND_OPENING, 1101)
    for m, each in enumerate(of.markets):
        state.fund(each.fund_opening_quanta, ev.FUND_OPENING, 1101, m)


def transfer(state: PoolState, row: list[int]) -> None:
    """A request; the isolated account it names exists from then on, whatever the answer."""
    of = en.Transfer
    to = row[of.TO_ACCOUNT]
    if row[of.OPENS]:
        bookkeeping.open_account(state.c, to, row[of.OWNER], row[of.ISOLATED_MARKET])
        state.parents[to], state.isolated[to] = row[of.ACCOUNT], row[of.ISOLATED_MARKET]
        state.watch(to)
    requests.transfer(state, row[of.ACCOUNT], to, row[of.AMOUNT_UNITS])
