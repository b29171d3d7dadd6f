"""Small valid worlds: a pool's parameters and random journals that a venue could really have."""

from __future__ import annotations

import random
from dataclasses import replace

from flows.journal import entries as en
from flows.journal import events as ev
from flows.registry.parameters import AssetParameters, CommandParameters, MarketParameters, PoolParameters
from flows.rules.margin.maintenance import tier_amounts
from tests.keys import public_key

SECOND = 1_000_000_000
START = 1_744_000_000 * SECOND


def market(name: str, price_scale: int = 10, **changes: object) -> MarketParameters:
    """A market of lots of 0.001 and ticks of 0.1: v = 100 quanta."""
    floors = (0, 100_000_000_000, 1_000_000_000_000)
    maintenance, initial = (10_000, 25_000, 50_000), (20_000, 50_000, 100_000)
    of = MarketParameters(
        id=name,
        index_asset=name.split("-", maxsplit=1)[0],
        lot_scale=1_000,
        tick_scale=price_scale,
        lot_tick_quanta=100,
        max_price_ticks=10_000_000,
        max_position_lots=10_000_000,
        max_open_interest_lots=100_000_000,
        tier_floor_quanta=floors,
        tier_maintenance_ppm=maintenance,
        tier_maintenance_amount_quanta=tier_amounts(floors, maintenance),
        tier_initial_ppm=initial,
        tier_initial_amount_quanta=tier_amounts(floors, initial),
        bracket_limit_quanta=20_000_000_000_000,
        leverage=50,
        taker_fee_ppm=450,
        maker_rebate_ppm=50,
        penalty_ppm=5_000,
        penalty_liquidator_ppm=500_000,
        penalty_insurance_ppm=300_000,
        penalty_venue_ppm=200_000,
        impact_notional_quanta=10_000_000_000,
        funding_interval_ns=3_600 * SECOND,
        funding_cap_ppb=7_500_000,
        mark_band_ppm=50_000,
        sigma_table_ppm=40_000,
        adv_quanta=50_000_000_000_000,
        fund_opening_quanta=0,
        sources=("a", "b", "c"),
        source_weights=(1, 1, 1),
        heartbeat_ns=(SECOND,) * 3,
    )
    return replace(of, **changes)  # type: ignore[arg-type]


def asset(name: str, scale: int = 100_000_000) -> AssetParameters:
    """A collateral asset with two size tiers; the settlement asset counts in full."""
    weights = ((1_000_000,), (1_000_000,)) if name == "USDT" else ((950_000, 800_000), (900_000, 750_000))
    floors = (0,) if name == "USDT" else (0, 50_000_000_000)
    sources = () if name == "USDT" else ("a", "b", "c")
    return AssetParameters(
        id=name,
        unit_scale=1_000_000 if name == "USDT" else scale,
        maintenance_floor_quanta=floors,
        maintenance_weight_ppm=weights[0],
        initial_floor_quanta=floors,
        initial_weight_ppm=weights[1],
        max_units=10**15 if name == "USDT" else 10**5 * scale,
        max_price_quanta=10**6 if name == "USDT" else 10**13,
        sale_cost_ppm=3_000,
        sources=sources,
        source_weights=(1,) * len(sources),
        heartbeat_ns=(SECOND,) * len(sources),
    )


COMMANDS = CommandParameters(
    venue="test",
    names=("ada", "bea", "cyd"),
    keys=tuple(public_key(name) for name in ("ada", "bea", "cyd")),
    halt_needed=1,
    release_needed=2,
    skip_needed=2,
    parameters_needed=2,
    cancel_needed=1,
    delay_ns=60 * SECOND,
    life_ns=3_600 * SECOND,
)
"""Three signers: any one may halt and cancel, any two do the rest."""


def pool(**changes: object) -> PoolParameters:
    """A pool of two markets that takes USDT and BTC."""
    of = PoolParameters(
        id="test",
        version=1,
        assets=(asset("USDT"), asset("BTC")),
        markets=(market("BTC-PERP"), market("ETH-PERP")),
        producers=("engine", "wallet", "gateway", "a", "b", "c"),
        commands=COMMANDS,
        clear_ppm=1_350_000,
        call_ppm=1_250_000,
        target_ppm=1_100_000,
        hard_ppm=800_000,
        backstop_ppm=666_667,
        liquidate_at_equality=False,
        window_ns=300 * SECOND,
        window_least_ns=30 * SECOND,
        pacing_ns=5 * SECOND,
        soft_initial_ppm=100_000,
        soft_full_quanta=50_000_000,
        participation_ppm=100_000,
        participation_hard_ppm=200_000,
        slice_ppm=100_000,
        slice_least_quanta=1_000_000_000,
        dust_quanta=100_000_000,
        order_life_ns=5 * SECOND,
        offer_life_ns=60 * SECOND,
        bonus_max_ppm=30_000,
        bonus_base_ppm=2_500,
        bonus_slope_ppm=50_000,
        bonus_step_ppm=500,
        bonus_step_ns=3 * SECOND,
        bonus_reserve_ppm=500,
        offer_insurance_ppm=2_500,
        offer_venue_ppm=500,
        patience_ns=120 * SECOND,
        vault_opening_quanta=20_000_000_000,
        vault_leverage_ppm=5_000_000,
        vault_market_share_ppm=300_000,
        unwind_horizon_ns=1_800 * SECOND,
        unwind_step_ns=10 * SECOND,
        unwind_band_ppm=10_000,
        fund_opening_quanta=5_000_000_000,
        fund_floor_quanta=1_000_000_000,
        fee_to_fund_ppm=100_000,
        debt_optimal_ppm=800_000,
        debt_rate_optimal_ppb=11_416,
        debt_rate_max_ppb=114_160,
        convert_floor_quanta=5_000_000_000,
        convert_share_ppm=50_000,
        gain_weight_ppm=1_000_000,
        withdrawal_floor_ppm=100_000,
        gate_cool_ns=60 * SECOND,
        loss_scope=1,
        audit_block_ns=3_600 * SECOND,
    )
    return replace(of, **changes)  # type: ignore[arg-type]


class History:
    """A random journal: prices wander and jump, people trade, pay in and out, time passes in seconds and hours."""

    def __init__(self, seed: int, of: PoolParameters, accounts: int = 8) -> None:
        """Genesis, one state a market and asset, the accounts' deposits."""
        self.dice = random.Random(seed)
        self.of = of
        self.time_ns = START
        self.rows: list[list[int]] = []
        self.price = [self.dice.randrange(5_000, 900_000) for _ in of.markets]
        self.asset_price = [self.dice.randrange(10_000, 90_000) * 1_000_000 for _ in of.assets]
        self.status = [0] * len(of.markets)
        self.accounts = 1
        self.entry(en.GENESIS)
        for at in range(len(of.markets)):
            self.market_state(at)
        for at in range(1, len(of.assets)):
            self.asset_state(at)
        for _ in range(accounts):
            self.open_account()

    def entry(self, kind: int, **columns: int) -> list[int]:
        """Append an entry; columns are named as in the kind's class."""
        row = [0] * en.WIDTH
        row[en.KIND], row[en.TIME_NS], row[en.SOURCE] = kind, self.time_ns, -1
        for name, value in columns.items():
            row[getattr(en.PAYLOADS[kind], name.upper())] = value
        self.rows.append(row)
        return row

    def open_account(self) -> None:
        """A deposit that opens an account; every third belongs to the owner before."""
        at = self.accounts
        self.accounts += 1
        owner = at - 1 if at % 3 == 0 and at > 1 else at
        amount = self.dice.choice((1_000, 5_000, 20_000, 100_000)) * 1_000_000
        self.entry(
            en.DEPOSIT, account=at, asset=0, amount_units=amount, owner=owner, opens=1, isolated_market=-1
        )
        if len(self.of.assets) > 1 and self.dice.random() < 0.4:
            units = self.dice.randrange(1, 200_000_000)
            self.entry(en.DEPOSIT, account=at, asset=1, amount_units=units, owner=owner, isolated_market=-1)

    def market_state(self, at: int, flags: int = 0, rate: int = 0) -> None:
        """The market's present price, a book around it, and its status."""
        mark = self.price[at]
        row = self.entry(
            en.MARKET_STATE,
            market=at,
            status=self.status[at],
            flags=flags,
            mark_ticks=mark,
            index_ticks=mark,
            index_low_ticks=mark - 1,
            index_high_ticks=mark + 1,
            volume_60s_lots=self.dice.choice((0, 500, 20_000)),
            sigma_ppm=self.dice.choice((20_000, 60_000, 200_000)),
            funding_rate_ppb=rate,
        )
        if self.dice.random() < 0.9:
            depth = self.dice.choice((50, 1_000, 20_000))
            row[en.MarketState.BID_TICKS], row[en.MarketState.ASK_TICKS] = mark - 1, mark + 1
            for ring in range(6):
                row[en.MarketState.BID_DEPTH_LOTS + ring] = depth * (ring + 1)
                row[en.MarketState.ASK_DEPTH_LOTS + ring] = depth * (ring + 1)

    def asset_state(self, at: int) -> None:
        """The asset's present price, half a percent wide."""
        low = self.asset_price[at]
        self.entry(en.ASSET_STATE, asset=at, low_quanta=low, high_quanta=low + low // 200, sigma_ppm=40_000)

    def trade(self, order: tuple[int, int] = (-1, -1)) -> None:
        """A fill between two accounts at about the mark."""
        at = self.dice.randrange(len(self.of.markets))
        buyer, seller = self.dice.randrange(1, self.accounts), self.dice.randrange(1, self.accounts)
        mark = self.price[at]
        money = self.dice.choice((100, 5_000, 40_000, 300_000)) * 1_000_000
        lots = max(1, money // (mark * 100))
        price = max(1, mark + self.dice.randrange(-mark // 200 - 1, mark // 200 + 2))
        self.entry(
            en.FILL,
            market=at,
            buyer=buyer,
            seller=seller,
            taker=self.dice.randrange(2),
            lots=lots,
            price_ticks=price,
            order_offset=order[0],
            order_index=order[1],
        )

    def step(self) -> None:
        """One more thing that happens."""
        dice = self.dice
        what = dice.random()
        self.time_ns += dice.choice((0, 1_000, SECOND // 3))
        if what < 0.25:
            at = dice.randrange(len(self.of.markets))
            move = dice.choice((1, 5, 20, 60, 200, 1_500)) if dice.random() < 0.97 else 3_000
            self.price[at] = min(
                9_000_000,
                max(
                    50, self.price[at] * (10_000 + dice.choice((-1, 1)) * dice.randrange(move + 1)) // 10_000
                ),
            )
            if dice.random() < 0.02:
                self.status[at] = dice.choice((0, 0, 1, 2))
            elif self.status[at] and dice.random() < 0.2:
                self.status[at] = 0
            flags, rate = 0, 0
            if dice.random() < 0.05:
                flags, rate = en.FLAG_FUNDING, dice.randrange(-7_500_000, 7_500_001)
            self.market_state(at, flags, rate)
        elif what < 0.30 and len(self.of.assets) > 1:
            self.asset_price[1] = max(
                1_000_000, self.asset_price[1] * dice.randrange(9_500, 10_450) // 10_000
            )
            self.asset_state(1)
        elif what < 0.55:
            self.trade()
        elif what < 0.62:
            self.request()
        elif what < 0.72:
            self.check()
        else:
            self.time_ns = (self.time_ns // SECOND + 1) * SECOND
            if dice.random() < 0.02:
                self.time_ns = (self.time_ns // (3_600 * SECOND) + 1) * 3_600 * SECOND
            self.entry(en.CLOCK)

    def request(self) -> None:
        """A deposit, a withdrawal, or a transfer into an isolated account."""
        dice = self.dice
        at = dice.randrange(1, self.accounts)
        kind = dice.random()
        if kind < 0.5:
            asset_row = dice.randrange(len(self.of.assets))
            amount = dice.randrange(1, 3_000_000_000) if asset_row == 0 else dice.randrange(1, 50_000_000)
            self.entry(
                dice.choice((en.DEPOSIT, en.WITHDRAWAL)),
                account=at,
                asset=asset_row,
                amount_units=amount,
                isolated_market=-1,
            )
        elif kind < 0.6 and self.accounts < 14:
            to = self.accounts
            self.accounts += 1
            self.entry(
                en.TRANSFER,
                account=at,
                amount_units=dice.randrange(1, 2_000_000_000),
                owner=at,
                opens=1,
                isolated_market=0,
                to_account=to,
            )

    def check(self) -> None:
        """An order check at about the mark."""
        dice = self.dice
        at = dice.randrange(len(self.of.markets))
        mark = self.price[at]
        lots = max(1, dice.choice((10, 1_000, 50_000, 1_000_000)) * 1_000_000 // (mark * 100))
        self.entry(
            en.ORDER_CHECK,
            account=dice.choice((-1, *range(1, self.accounts))),
            market=at,
            lots=lots * dice.choice((-1, 1)),
            price_ticks=max(1, mark + dice.randrange(-mark // 100 - 1, mark // 100 + 2)),
            reduce_only=int(dice.random() < 0.3),
        )


def answers(history: History, events: list[list[int]], dice: random.Random) -> None:
    """Somebody answers some of what was just decided: fills of orders, in part or in full, and bids on offers."""
    for event in events:
        kind, at = event[ev.TYPE], event[ev.MARKET]
        if kind in (ev.LIQUIDATION_ORDER, ev.VAULT_ORDER) and dice.random() < 0.7:
            maker, lots = dice.randrange(1, history.accounts), abs(event[ev.LOTS])
            sells = event[ev.LOTS] < 0
            mark = history.price[at]
            history.entry(
                en.FILL,
                market=at,
                buyer=maker if sells else event[ev.ACCOUNT],
                seller=event[ev.ACCOUNT] if sells else maker,
                taker=int(sells),
                lots=lots if dice.random() < 0.7 else max(1, lots // 2),
                price_ticks=(event[ev.PRICE_TICKS] + mark) // 2 if dice.random() < 0.5 else mark,
                order_offset=event[ev.OFFSET],
                order_index=event[ev.INDEX],
            )
        elif kind == ev.OFFER_OPENED and dice.random() < 0.6:
            history.entry(
                en.BID,
                offer_offset=event[ev.OFFSET],
                offer_index=event[ev.INDEX],
                account=dice.randrange(1, history.accounts),
                lots=max(1, abs(event[ev.LOTS]) // dice.choice((1, 1, 2))),
                minimum_bonus_ppm=dice.choice((0, 0, 20_000)),
                limit_ticks=history.price[at],
            )
