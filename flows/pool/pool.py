"""The pool: a journal's entries in, their events out. One pool, one writer, one state.

entries -> run (compiled) -> nobody moved -> events
              |
              v a zone changed, a request, a timer
           ladder, requests, waterfall (Python over compiled sums) -> events
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flows.journal import entries as en
from flows.journal import events as ev
from flows.pool import auction, book, bookkeeping, commands, fills, kernels, ladder, requests, timers
from flows.pool.layout import AT_ENTRY, CLOCK, DEPOSITED, EVENTS, MODE_AUTO, MOVED, OFFSET
from flows.pool.state import VAULT, PoolState
from flows.registry.errors import ConfigurationError
from flows.registry.parameters import PoolParameters

FAULTS: Final = (AssertionError, ArithmeticError, LookupError, ValueError, ConfigurationError)
"""What an entry that must not be there, or a bug of ours, raises."""

NONE_SKIPPED: Final[Mapping[int, int]] = {}
NO_TEXTS: Final[Mapping[int, str]] = {}


class PoolStoppedError(Exception):
    """An entry cannot be applied: the pool stops before it, and nothing of it is published."""

    def __init__(self, pool: str, offset: int, why: str) -> None:
        self.pool, self.offset = pool, offset
        super().__init__(f"pool {pool}: entry {offset} {why}; the pool stops before it")


class Pool:
    """One pool's state machine over the book."""

    def __init__(
        self, parameters: PoolParameters, mode: int = MODE_AUTO, skips: Mapping[int, int] = NONE_SKIPPED
    ) -> None:
        """Ready for entry 0, genesis. ``skips``: entries to pass over, and the skip that names each."""
        self.state = PoolState(parameters, mode)
        self.skips = skips

    def run(
        self,
        rows: en.Rows,
        start: int,
        first_offset: int,
        *,
        answering: bool,
        texts: Mapping[int, str] = NO_TEXTS,
    ) -> tuple[int, bool]:
        """Apply entries from place ``start`` on: where it stopped, and whether that entry's events may be answered.

        ``first_offset`` is the journal offset of place 0. Without ``answering`` it stops only at the end.
        """
        state = self.state
        at = start
        while at < len(rows):
            if first_offset + at in self.skips:
                self.pass_over(rows[at], first_offset + at)
                at += 1
                continue
            state.c = book.with_room(state.c, len(rows) - at)
            timers.set_next_due(state)
            end = self._next_skip(at, first_offset, len(rows))
            try:
                at, why = kernels.run(state.c, rows[:end], at, first_offset, int(answering))
            except FAULTS as fault:
                raise self.stopped(int(state.c.pool[0, AT_ENTRY]), fault) from fault
            if why == kernels.DONE:
                continue
            if why == kernels.FULL_EVENTS:
                state.c = book.with_event_room(state.c, len(state.c.event))
                continue
            if why == kernels.ANSWER:
                return at + 1, True
            if why == kernels.UNSOUND or not self._by_python(
                why, rows[at], first_offset + at, texts.get(at, "")
            ):
                raise self.stopped(first_offset + at)
            at += 1
            if answering and state.answerable:
                return at, True
        return at, False

    def _next_skip(self, at: int, first_offset: int, end: int) -> int:
        """Place of the next entry to pass over, or the end."""
        ahead = [offset - first_offset for offset in self.skips if offset > first_offset + at]
        return min([end, *ahead])

    def _by_python(self, why: int, row: en.Rows, offset: int, text: str) -> bool:
        """An entry that the kernel leaves, or leaves to be finished; whether the book is sound after it."""
        state = self.state
        state.begin()
        try:
            if why == kernels.MOVED_ON:
                self.after(row)
            else:
                self.whole(row, offset, text)
            state.finish()
        except FAULTS as fault:
            raise self.stopped(offset, fault) from fault
        return bool(bookkeeping.is_sound(state.c))

    def stopped(self, offset: int, fault: BaseException | None = None) -> PoolStoppedError:
        """Stop loudly: a wrong book is worse than none."""
        why = "breaks conservation or zero-sum" if fault is None else f"cannot be applied ({fault})"
        return PoolStoppedError(self.state.parameters.id, offset, why)

    def pass_over(self, row: en.Rows, offset: int) -> None:
        """An entry that a signed skip names: it does nothing, but an account that it opens is open, and empty."""
        state = self.state
        state.reserve()
        kernels.begin(state.c, offset, state.time_ns)
        state.begin()
        open_named(state, row.tolist())
        state.passed[offset] = self.skips[offset]
        columns = [(ev.CODE, int(row[en.KIND])), (ev.REFERENCE_OFFSET, self.skips[offset])]
        state.emit(ev.ENTRY_SKIPPED, commands.RULE, [*columns, (ev.REFERENCE_INDEX, 0)])
        state.finish()

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

    def whole(self, row: en.Rows, offset: int, text: str) -> None:
        """Nothing of the entry has been done yet."""
        state = self.state
        kernels.begin(state.c, offset, max(state.time_ns, int(row[en.TIME_NS])))
        apply_entry(state, row.tolist(), text)
        ladder.settle(state)

    def check(self) -> None:
        """Count everything anew (`flows.pool.book.check`)."""
        book.check(self.state.c)

    @property
    def offset(self) -> int:
        """Journal offset of the last entry applied."""
        return int(self.state.c.pool[0, OFFSET])


def apply_entry(state: PoolState, row: list[int], text: str) -> None:
    """An entry that Python books from its beginning."""
    kind = row[en.KIND]
    if kind == en.CLOCK:
        state.c.pool[0, CLOCK] = max(int(state.c.pool[0, CLOCK]), row[en.TIME_NS])
        timers.clock(state)
    elif kind == en.COMMAND:
        commands.take(state, row, text)
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
            row[bid.NAMED],
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
    open_named(state, row)
    requests.transfer(state, row[of.ACCOUNT], row[of.TO_ACCOUNT], row[of.AMOUNT_UNITS])


def open_named(state: PoolState, row: list[int]) -> None:
    """The account that a deposit or a transfer opens, still empty."""
    if row[en.KIND] == en.DEPOSIT and row[en.Deposit.OPENS]:
        deposit = en.Deposit
        opened, owner, m = row[deposit.ACCOUNT], row[deposit.OWNER], row[deposit.ISOLATED_MARKET]
        bookkeeping.open_account(state.c, opened, owner, m)
    elif row[en.KIND] == en.TRANSFER and row[en.Transfer.OPENS]:
        of = en.Transfer
        to = row[of.TO_ACCOUNT]
        bookkeeping.open_account(state.c, to, row[of.OWNER], row[of.ISOLATED_MARKET])
        state.parents[to], state.isolated[to] = row[of.ACCOUNT], row[of.ISOLATED_MARKET]
        state.watch(to)
