"""The paper venue: fills liquidation orders and accepted checks against the recorded market, and lets liquidators bid.

It is a pure function of the journal. An order trades into the depth that the last market-state carries, less what orders
have used of it since: each ring of depth at the middle of its distance from the recorded mid, rounded against the order.
The engine's mark has no say in it: where an index stands above the market, orders sell at the market's price, or not at
all if that is beyond their limit. The other side is a generated market maker, an account under the same rules, in fixed
rotation among those that pass R-F1; if none does, there is no fill. Its impact moves its own fills only: nothing flows
back to recorded prices.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from flows.journal import entries as en
from flows.journal import events as ev
from flows.pool.layout import ACCOUNTS, ASK_DEPTH, BEST_ASK, BEST_BID, BID_DEPTH, MARK, MARK_OFFSET
from flows.pool.orders import judge_order
from flows.pool.pool import Pool
from flows.rules.exact import PPM, div_ceil
from flows.rules.orders.check import ACCEPT

MILLION2 = 2 * PPM


@dataclass(slots=True)
class PaperState:
    """What the venue remembers: depth used since the last market-state, turns, bids it has promised, its own number."""

    used: dict[tuple[int, int], tuple[int, int]] = field(
        default_factory=dict
    )  # (market, side) -> (state, lots)
    turn: int = 0
    bidder_turn: int = 0
    promised: list[tuple[int, int, int, int]] = field(
        default_factory=list
    )  # heap: when, offer, index, bidder
    number: int = 0


class PaperVenue:
    """Answers for one pool. ``makers`` and ``bidders`` are account rows, ascending; those not yet open don't count."""

    def __init__(self, state: PaperState | None = None) -> None:
        """From the start, or from a state that was kept."""
        self.state = state or PaperState()
        self.makers: list[int] = []
        self.bidders: list[int] = []

    # --- answers ------------------------------------------------------------------------------------------------------
    def answer(self, pool: Pool, events: en.Rows) -> Sequence[list[int]]:
        """The answers to one entry's events, in their order."""
        answers: list[list[int]] = []
        for event in events.tolist():
            kind = event[ev.TYPE]
            if kind in (ev.LIQUIDATION_ORDER, ev.VAULT_ORDER):
                answers.extend(self._fill_order(pool, event))
            elif kind == ev.ORDER_DECISION and event[ev.CODE] == ACCEPT:
                answers.extend(self._fill_check(pool, event))
            elif kind == ev.OFFER_OPENED:
                answers.extend(self._consider(pool, event))
        return answers

    def next_due_ns(self) -> int:
        """The first clock at which a promised bid is made."""
        return self.state.promised[0][0] if self.state.promised else 1 << 62

    def on_clock(self, pool: Pool, time_ns: int) -> Sequence[list[int]]:
        """Bids on offers whose bonus has grown to what a liquidator waits for."""
        bids: list[list[int]] = []
        while self.state.promised and self.state.promised[0][0] <= time_ns:
            _, offset, index, bidder = heapq.heappop(self.state.promised)
            if (offset, index) in pool.state.offers:
                row = pool.state.offers[(offset, index)]
                offers = pool.state.case(row).offers.values()
                found = next(each for each in offers if (each.offset, each.index) == (offset, index))
                bids.append(self._bid(pool, found.market, found.lots, (offset, index), bidder, time_ns))
        return bids

    # --- orders -------------------------------------------------------------------------------------------------------
    def _fill_order(self, pool: Pool, event: list[int]) -> list[list[int]]:
        """As much of the order as the depth gives within its limit, at the average price of what it takes."""
        m, wanted, limit = event[ev.MARKET], event[ev.LOTS], event[ev.PRICE_TICKS]
        side = 1 if wanted > 0 else -1
        lots, money = self._take(pool, m, abs(wanted), side, limit)
        if lots == 0:
            return []
        price = max(1, money // lots if side < 0 else div_ceil(money, lots))
        maker = self._maker(pool, m, -side * lots, price)
        if maker < 0:
            return []
        self._use(pool, m, side, lots)
        return [self._fill(pool, event, m, side * lots, price, maker, (event[ev.OFFSET], event[ev.INDEX]))]

    def _take(self, pool: Pool, m: int, wanted: int, side: int, limit: int) -> tuple[int, int]:
        """Lots that can be had within the limit, and lots x ticks that they cost. Without a usable book, none."""
        market = pool.state.c.market[m]
        mid2 = int(market[BEST_BID]) + int(market[BEST_ASK])
        first = ASK_DEPTH if side > 0 else BID_DEPTH
        used = self._used(pool, m, side)
        lots, money, inner = 0, 0, 0
        for ring, distance in enumerate(en.DEPTH_DISTANCES_PPM):
            middle = inner + distance
            price = _price(mid2, side, middle)
            inner = distance
            if (side > 0 and price > limit) or (side < 0 and price < limit):
                break
            taken = min(wanted - lots, max(0, int(market[first + ring]) - used - lots))
            lots += taken
            money += taken * price
            if lots == wanted:
                break
        return lots, money

    def _used(self, pool: Pool, m: int, side: int) -> int:
        """Lots used on this side since the last market-state."""
        of, lots = self.state.used.get((m, side), (-1, 0))
        return lots if of == int(pool.state.c.market[m, MARK_OFFSET]) else 0

    def _use(self, pool: Pool, m: int, side: int, lots: int) -> None:
        self.state.used[(m, side)] = (
            int(pool.state.c.market[m, MARK_OFFSET]),
            self._used(pool, m, side) + lots,
        )

    def _maker(self, pool: Pool, m: int, delta: int, price: int) -> int:
        """The next market maker in turn that may do the trade, -1 for none."""
        makers = bisect_left(self.makers, int(pool.state.c.pool[0, ACCOUNTS]))
        for nth in range(makers):
            at = (self.state.turn + nth) % makers
            row = self.makers[at]
            code, _ = judge_order(pool.state.c, row, pool.state.value(row), m, delta, price, 0)
            if code == ACCEPT:
                self.state.turn = (at + 1) % makers
                return row
        return -1

    # --- checks -------------------------------------------------------------------------------------------------------
    def _fill_check(self, pool: Pool, event: list[int]) -> list[list[int]]:
        """An accepted order trades in full at its limit, with a market maker."""
        m, lots, price = event[ev.MARKET], event[ev.LOTS], event[ev.PRICE_TICKS]
        maker = self._maker(pool, m, -lots, price)
        if maker < 0 or maker == event[ev.ACCOUNT]:
            return []
        return [self._fill(pool, event, m, lots, price, maker, (-1, -1))]

    def _fill(
        self, pool: Pool, event: list[int], m: int, lots: int, price: int, maker: int, order: tuple[int, int]
    ) -> list[int]:
        row = self._entry(en.FILL, pool.state.time_ns)
        account = event[ev.ACCOUNT]
        buyer, seller = (account, maker) if lots > 0 else (maker, account)
        row[en.Fill.MARKET], row[en.Fill.LOTS], row[en.Fill.PRICE_TICKS] = m, abs(lots), price
        row[en.Fill.BUYER], row[en.Fill.SELLER] = buyer, seller
        row[en.Fill.TAKER] = 0 if lots > 0 else 1
        row[en.Fill.ORDER_OFFSET], row[en.Fill.ORDER_INDEX] = order
        return row

    # --- bids ---------------------------------------------------------------------------------------------------------
    def _consider(self, pool: Pool, event: list[int]) -> list[list[int]]:
        """The next liquidator in turn bids now if the bonus is what it wants, else when it will have grown to that."""
        bidders = bisect_left(self.bidders, int(pool.state.c.pool[0, ACCOUNTS]))
        if bidders == 0:
            return []
        at = self.state.bidder_turn % bidders
        self.state.bidder_turn = (at + 1) % bidders
        bidder = self.bidders[at]
        offer_id = (event[ev.OFFSET], event[ev.INDEX])
        missing = self._wants_ppm(at) - event[ev.FEE_QUANTA]
        if missing <= 0:
            return [self._bid(pool, event[ev.MARKET], event[ev.LOTS], offer_id, bidder, pool.state.time_ns)]
        of = pool.state.parameters
        when = pool.state.time_ns + div_ceil(missing, of.bonus_step_ppm) * of.bonus_step_ns
        if when <= event[ev.DEADLINE_NS]:
            heapq.heappush(self.state.promised, (when, *offer_id, bidder))
        return []

    @staticmethod
    def _wants_ppm(at: int) -> int:
        """The bonus that the liquidator at this place waits for: half a percent and up, in six grades."""
        return 5_000 + 2_000 * (at % 6)

    def _bid(
        self, pool: Pool, m: int, offered: int, offer_id: tuple[int, int], bidder: int, time_ns: int
    ) -> list[int]:
        """A bid for all that is offered, or what the bidder can carry at five times its equity."""
        v = pool.state.value(bidder)
        mark = int(pool.state.c.market[m, MARK])
        carries = max(0, 5 * v[3] - v[7]) // pool.state.lot_quanta(m)
        row = self._entry(en.BID, time_ns)
        row[en.Bid.OFFER_OFFSET], row[en.Bid.OFFER_INDEX] = offer_id
        row[en.Bid.ACCOUNT] = bidder
        row[en.Bid.LOTS] = max(1, min(abs(offered), carries))
        row[en.Bid.MINIMUM_BONUS_PPM] = 0
        row[en.Bid.LIMIT_TICKS] = mark + mark // 50 if offered < 0 else mark - mark // 50
        return row

    def _entry(self, kind: int, time_ns: int) -> list[int]:
        row = [0] * en.WIDTH
        row[en.KIND], row[en.TIME_NS], row[en.TOPIC] = kind, time_ns, en.TOPIC_PAPER
        row[en.ORIGIN_OFFSET] = row[en.NUMBER] = self.state.number
        row[en.SOURCE] = -1
        self.state.number += 1
        return row


def _price(mid2: int, side: int, distance2_ppm: int) -> int:
    """Ticks at a distance from the mid, both given twice; up for a buyer, down for a seller, at least one."""
    if side > 0:
        return div_ceil(mid2 * (MILLION2 + distance2_ppm), 2 * MILLION2)
    return max(1, mid2 * (MILLION2 - distance2_ppm) // (2 * MILLION2))
