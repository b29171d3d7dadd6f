"""Rougher histories: many markets, isolated positions, self-trades, answers that come late or answer nothing."""

from __future__ import annotations

import json
from dataclasses import replace

from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.signing import canonical
from flows.registry.canonical import canonical_json
from flows.registry.parameters import AssetParameters, MarketParameters, PoolParameters
from flows.rules.breaker.command import CANCEL, HALT, PARAMETERS, RELEASE, SKIP
from flows.rules.breaker.permissions import (
    STATE_DIVERGENCE,
    STATE_LIMIT,
    STATE_OI_JUMP,
    STATE_PAUSE,
    STATE_VENUE_WIDE,
)
from flows.rules.margin.maintenance import tier_amounts
from tests.worlds import SECOND, History, asset, market, pool

BREAKERS = (STATE_LIMIT, STATE_PAUSE, STATE_OI_JUMP, STATE_VENUE_WIDE, STATE_DIVERGENCE)


def wide(**changes: object) -> PoolParameters:
    """Eleven markets of different sizes and three assets: more than an account's record holds."""
    markets = [market(f"M{at}-PERP") for at in range(11)]
    markets[1] = replace(markets[1], lot_tick_quanta=7, fund_opening_quanta=1_000_000_000)
    markets[2] = replace(markets[2], penalty_ppm=0, taker_fee_ppm=0, maker_rebate_ppm=0)
    markets[3] = replace(markets[3], adv_quanta=1, leverage=3)
    markets[4] = replace(markets[4], max_open_interest_lots=3_000, max_position_lots=2_000)
    return pool(markets=tuple(markets), assets=(asset("USDT"), asset("BTC"), asset("ETH", 10**6)), **changes)


def scaled(of: MarketParameters, scale_ppm: int) -> MarketParameters:
    """A market with other rates, sometimes with a tier more, and a smaller cap."""
    floors = of.tier_floor_quanta if scale_ppm < 1_000_000 else (*of.tier_floor_quanta, 5_000_000_000_000)
    rates = [
        tuple(rate * scale_ppm // 1_000_000 for rate in (*table, 2 * table[-1]))[: len(floors)]
        for table in (of.tier_maintenance_ppm, of.tier_initial_ppm)
    ]
    return replace(
        of,
        tier_floor_quanta=floors,
        tier_maintenance_ppm=rates[0],
        tier_maintenance_amount_quanta=tier_amounts(floors, rates[0]),
        tier_initial_ppm=rates[1],
        tier_initial_amount_quanta=tier_amounts(floors, rates[1]),
        max_position_lots=of.max_position_lots // 2,
        taker_fee_ppm=of.taker_fee_ppm + scale_ppm // 10_000,
    )


def weighed(of: AssetParameters, tiers: int) -> AssetParameters:
    """An asset that counts in one to three steps."""
    weights = (900_000, 700_000, 100_000)[: tiers + 1]
    floors = (0, 10_000_000_000, 60_000_000_000)[: tiers + 1]
    return replace(
        of,
        maintenance_floor_quanta=floors,
        maintenance_weight_ppm=weights,
        initial_floor_quanta=floors,
        initial_weight_ppm=weights,
    )


class Commanded(History):
    """As History, and people who give orders: halts, releases, skips, cancellations, now and then wrong ones."""

    def __init__(self, seed: int, of: PoolParameters, accounts: int = 8) -> None:
        """Nothing has been ordered."""
        self.ids: list[int] = []
        self.skips: dict[int, int] = {}  # entries that no pool applies, and the skip that names each
        self.texts: dict[int, str] = {}
        super().__init__(seed, of, accounts)

    def step(self) -> None:
        """One more thing that happens."""
        what = self.dice.random()
        if what < 0.03:
            self.halt_or_release()
        elif what < 0.04:
            self.cancel()
        elif what < 0.05:
            self.skip()
        elif what < 0.06:
            self.change()
        elif what < 0.08:  # a minute and more: what waits takes effect
            self.time_ns += 70 * SECOND
            self.entry(en.CLOCK)
        else:
            super().step()

    def order(self, command: int, **columns: int) -> None:
        """A command as admission lets it in."""
        self.ids.append(self.dice.getrandbits(63))
        named = {"market": -1, "journal_offset": -1, "cancels": -1, **columns}
        self.entry(en.COMMAND, command=command, id=self.ids[-1], **named)

    def halt_or_release(self) -> None:
        """One market, or all."""
        market = self.dice.randrange(-1, len(self.of.markets))
        self.order(self.dice.choice((HALT, RELEASE, RELEASE)), market=market)

    def cancel(self) -> None:
        """A command that waits, is done, or never was."""
        waits = self.ids[-3:] if self.ids and self.dice.random() < 0.8 else [1]
        self.order(CANCEL, cancels=self.dice.choice(waits))

    def change(self) -> None:
        """New parameters: perhaps the next version, perhaps one that another has overtaken."""
        dice = self.dice
        scale = dice.choice((800_000, 1_000_000, 2_500_000))
        new = replace(
            self.of,
            version=dice.choice((2, 2, 3, 4)),
            call_ppm=dice.choice((1_150_000, 1_250_000, 1_300_000)),
            hard_ppm=dice.choice((700_000, 800_000, 900_000)),
            gain_weight_ppm=dice.choice((0, 1_000_000)),
            liquidate_at_equality=dice.random() < 0.2,
            slice_ppm=dice.choice((100_000, 500_000)),
            pacing_ns=dice.choice((1, 5, 20)) * SECOND,
            markets=tuple(scaled(each, scale) for each in self.of.markets),
            assets=(self.of.assets[0], *(weighed(each, dice.randrange(3)) for each in self.of.assets[1:])),
        )
        self.order(PARAMETERS)
        order = {"order": {"parameters": json.loads(canonical_json(new))}, "signatures": []}
        self.texts[len(self.rows) - 1] = canonical(order)

    def skip(self) -> None:
        """An entry that the pool is to pass over, with what lets it; or a skip of one that it could apply."""
        if self.dice.random() < 0.3:
            self.order(SKIP, journal_offset=self.dice.randrange(len(self.rows) + 2))
            return
        poison = len(self.rows)
        self.dice.choice((self.trade, self.request, self.open_account))()
        if len(self.rows) > poison:
            self.skips[poison] = len(self.rows)
            self.order(SKIP, journal_offset=poison)


class Rough(History):
    """As History, and what a venue rarely sees but a journal may hold."""

    def __init__(self, seed: int, of: PoolParameters, accounts: int = 8) -> None:
        """Nobody has an isolated position, and nothing was ordered."""
        self.isolated: dict[int, tuple[int, int]] = {}  # account -> cross account, market
        self.ordered: list[list[int]] = []  # events that could once be answered
        super().__init__(seed, of, accounts)

    def note(self, events: list[list[int]]) -> None:
        """Remember what could be answered, so that it may be answered too late."""
        answerable = (ev.LIQUIDATION_ORDER, ev.VAULT_ORDER, ev.OFFER_OPENED)
        self.ordered.extend(event for event in events if event[ev.TYPE] in answerable)

    def step(self) -> None:
        """One more thing that happens."""
        what = self.dice.random()
        if what < 0.06:
            self.isolate()
        elif what < 0.16 and self.isolated:
            self.trade_isolated()
        elif what < 0.20:
            self.trade_alone()
        elif what < 0.28:
            self.answer_late()
        elif what < 0.32:
            self.trip()
        elif what < 0.42:
            self.gather_positions()
        else:
            super().step()

    def isolate(self) -> None:
        """A transfer into a new isolated account, into an old one, or out of it."""
        dice = self.dice
        amount = dice.choice((1, 10, 100, 5_000, 10**9)) * 1_000_000
        if self.isolated and (self.accounts >= 30 or dice.random() < 0.5):
            at = dice.choice(sorted(self.isolated))
            parent, _ = self.isolated[at]
            pays, gets = (at, parent) if dice.random() < 0.5 else (parent, at)
            self.entry(en.TRANSFER, account=pays, amount_units=amount, owner=parent, to_account=gets)
            return
        cross = [row for row in range(1, self.accounts) if row not in self.isolated]
        parent, at, m = dice.choice(cross), self.accounts, dice.randrange(len(self.of.markets))
        self.accounts += 1
        self.isolated[at] = (parent, m)
        self.entry(
            en.TRANSFER,
            account=parent,
            amount_units=amount,
            owner=parent,
            opens=1,
            isolated_market=m,
            to_account=at,
        )

    def trade_isolated(self) -> None:
        """An isolated account trades in its market; by and by it closes what it has."""
        dice = self.dice
        at = dice.choice(sorted(self.isolated))
        m, other = self.isolated[at][1], dice.randrange(1, self.accounts)
        lots = dice.choice((1, 1, 50))
        buyer, seller = (at, other) if dice.random() < 0.5 else (other, at)
        self.fill(m, buyer, seller, lots)
        if dice.random() < 0.6:
            self.fill(m, seller, buyer, lots)

    def trade_alone(self) -> None:
        """Both sides are one account; sometimes an order is named, too."""
        row, m = self.dice.randrange(1, self.accounts), self.dice.randrange(len(self.of.markets))
        order = (-1, -1)
        if self.ordered and self.dice.random() < 0.5:
            event = self.dice.choice(self.ordered)
            order, row, m = (event[ev.OFFSET], event[ev.INDEX]), event[ev.ACCOUNT], event[ev.MARKET]
        self.fill(m, row, row, self.dice.randrange(1, 100), order)

    def answer_late(self) -> None:
        """A fill or a bid that names something that is gone, is still open, or never was."""
        dice = self.dice
        if not self.ordered or dice.random() < 0.2:
            unknown = (dice.randrange(len(self.rows)), dice.randrange(9))
            self.trade(unknown)
            offer = {"offer_offset": unknown[0], "offer_index": unknown[1]}
            self.entry(en.BID, account=dice.randrange(-1, self.accounts), lots=1, **offer)
            return
        event = dice.choice(self.ordered[-12:])
        row, other, lots = event[ev.ACCOUNT], dice.randrange(1, self.accounts), abs(event[ev.LOTS])
        if event[ev.TYPE] == ev.OFFER_OPENED:
            self.time_ns += dice.choice((0, SECOND, 70 * SECOND))
            self.entry(
                en.BID,
                offer_offset=event[ev.OFFSET],
                offer_index=event[ev.INDEX],
                account=dice.choice((-1, row, other)),
                lots=dice.choice((0, 1, lots, 2 * lots)),
                minimum_bonus_ppm=dice.choice((0, 0, 100_000)),
                limit_ticks=self.price[event[ev.MARKET]] + dice.choice((-1, 0, 1)),
                named=dice.choice((0, event[ev.MARKET] + 1, event[ev.MARKET] + 1, event[ev.MARKET] + 2)),
            )
            return
        sells = (event[ev.LOTS] < 0) == (dice.random() < 0.9)
        buyer, seller = (other, row) if sells else (row, other)
        order = (event[ev.OFFSET], event[ev.INDEX])
        self.fill(event[ev.MARKET], buyer, seller, dice.choice((1, max(1, lots // 2), lots, 3 * lots)), order)

    def trip(self) -> None:
        """A breaker trips or clears, and a price band with it."""
        dice = self.dice
        m = dice.randrange(len(self.of.markets))
        self.market_state(m)
        row = self.rows[-1]
        row[en.MarketState.BREAKERS] = dice.choice((0, 0, *BREAKERS))
        mark = row[en.MarketState.MARK_TICKS]
        row[en.MarketState.BAND_LOW_TICKS] = max(1, mark - mark // dice.choice((30, 1_000)))
        row[en.MarketState.BAND_HIGH_TICKS] = mark + mark // dice.choice((30, 1_000))
        row[en.MarketState.OPENED_NS] = dice.choice((0, self.time_ns))
        row[en.MarketState.FLAGS] = dice.choice((0, 0, en.FLAG_FUNDING_SKIPPED))

    def gather_positions(self) -> None:
        """One account takes lots in all markets, or leaves all."""
        row, sign = self.dice.randrange(1, self.accounts), self.dice.choice((-1, 1))
        for m in range(len(self.of.markets)):
            other = self.dice.randrange(1, self.accounts)
            lots = max(1, 300_000_000 // (self.price[m] * self.of.markets[m].lot_tick_quanta))
            self.fill(m, row if sign > 0 else other, other if sign > 0 else row, lots)

    def fill(self, m: int, buyer: int, seller: int, lots: int, order: tuple[int, int] = (-1, -1)) -> None:
        """A match at the mark."""
        self.entry(
            en.FILL,
            market=m,
            buyer=buyer,
            seller=seller,
            taker=self.dice.randrange(2),
            lots=lots,
            price_ticks=self.price[m],
            order_offset=order[0],
            order_index=order[1],
        )
