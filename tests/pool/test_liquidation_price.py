"""The liquidation price that evidence prints is the first tick at which the engine acts, and no tick earlier (R-E4)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flows.journal import entries as en
from flows.journal import events as ev
from flows.pool.pool import Pool
from flows.registry.parameters import MarketParameters, PoolParameters
from flows.rules.margin.maintenance import tier_amounts
from tests.tables import table
from tests.worlds import START, market, pool

MILLION = 1_000_000
ALICE, RICH = 1, 2
PRICE = 600_000


def rulebook_market() -> MarketParameters:
    """The brackets of R-D1's example, and no fee."""
    floors = tuple(units * MILLION for units in (0, 50_000, 600_000, 3_000_000, 12_000_000))
    maintenance, initial = (4_000, 5_000, 6_500, 10_000, 20_000), (8_000, 10_000, 13_000, 20_000, 40_000)
    return market(
        "BTC-PERP",
        tier_floor_quanta=floors,
        tier_maintenance_ppm=maintenance,
        tier_maintenance_amount_quanta=tier_amounts(floors, maintenance),
        tier_initial_ppm=initial,
        tier_initial_amount_quanta=tier_amounts(floors, initial),
        taker_fee_ppm=0,
        maker_rebate_ppm=0,
    )


@dataclass
class Day:
    """A journal in the making: marks, deposits, fills."""

    of: PoolParameters
    rows: list[list[int]] = field(default_factory=list)

    def add(self, kind: int, at: type, **columns: int) -> None:
        row = [0] * en.WIDTH
        row[en.KIND], row[en.TIME_NS] = kind, START
        for name, value in columns.items():
            row[getattr(at, name.upper())] = value
        self.rows.append(row)

    def mark(self, m: int, ticks: int) -> None:
        self.add(en.MARKET_STATE, en.MarketState, market=m, mark_ticks=ticks, index_ticks=ticks)

    def deposit(self, row: int, amount: int, asset: int = 0, opens: int = 0) -> None:
        own = {"account": row, "owner": row, "opens": opens, "isolated_market": -1}
        self.add(en.DEPOSIT, en.Deposit, asset=asset, amount_units=amount, **own)

    def trade(self, m: int, lots: int, price: int) -> None:
        """Alice buys from, or sells to, somebody with funds enough."""
        buyer, seller = (ALICE, RICH) if lots > 0 else (RICH, ALICE)
        sides = {"buyer": buyer, "seller": seller, "order_offset": -1}
        self.add(en.FILL, en.Fill, market=m, lots=abs(lots), price_ticks=price, **sides)

    def ask_for_evidence(self, m: int) -> None:
        """An order far too large: its refusal shows how the account stands."""
        check = {"account": ALICE, "lots": 9_000_000, "price_ticks": 10_000_000}
        self.add(en.ORDER_CHECK, en.OrderCheck, market=m, **check)

    def all_events(self) -> list[list[int]]:
        """What the pool makes of it."""
        one = Pool(self.of)
        one.run(np.array(self.rows, np.int64), 0, 0, answering=False)
        events: list[list[int]] = one.take_events().tolist()
        return events

    def events(self, *more: tuple[int, int]) -> list[list[int]]:
        """Events of the last entry, if these marks follow the day so far."""
        day = Day(self.of, list(self.rows))
        for m, ticks in more:
            day.mark(m, ticks)
        return [event for event in day.all_events() if event[ev.OFFSET] == len(day.rows) - 1]


def begun(of: PoolParameters) -> Day:
    """Genesis, and two accounts; the second has funds for everything."""
    day = Day(of)
    day.add(en.GENESIS, en.Deposit)
    for m in range(len(of.markets)):
        day.mark(m, PRICE)
    day.add(en.ASSET_STATE, en.AssetState, asset=1, low_quanta=50_000 * MILLION, high_quanta=50_001 * MILLION)
    day.deposit(ALICE, 1, opens=1)
    day.deposit(RICH, 10**16, opens=1)
    return day


def acts(events: list[list[int]]) -> bool:
    """Whether a liquidation of alice's begins."""
    return any(event[ev.TYPE] == ev.ORDERS_CANCELLED and event[ev.ACCOUNT] == ALICE for event in events)


def printed(events: list[list[int]]) -> dict[int, int]:
    """Liquidation prices of alice's positions, by market."""
    return {
        event[ev.MARKET]: event[ev.PRICE_TICKS]
        for event in events
        if event[ev.TYPE] == ev.POSITION_MARGIN and event[ev.ACCOUNT] == ALICE
    }


@pytest.mark.parametrize(
    ("lots", "price", "step", "why"),
    table("""
         1_000   552_261   -1   rulebook_R-E4_example_long
        -1_000   647_264    1   rulebook_R-E4_example_short
    """),
)
def test_a_price_that_drifts_tick_by_tick(lots: str, price: str, step: str, why: str) -> None:
    """T-01: $5,000 and one BTC at $60,000."""
    day = begun(pool(markets=(rulebook_market(),)))
    day.deposit(ALICE, 5_000 * MILLION - 1)
    day.trade(0, int(lots), PRICE)
    day.ask_for_evidence(0)
    assert printed(day.events()) == {0: int(price)}
    for ticks in range(int(price) - 12 * int(step), int(price) + int(step), int(step)):
        events = day.events((0, ticks))
        assert acts(events) == (ticks == int(price))
        day.mark(0, ticks)


def test_a_margin_call_shows_them() -> None:
    day = begun(pool(markets=(rulebook_market(),)))
    day.deposit(ALICE, 5_000 * MILLION - 1)
    day.trade(0, 1_000, PRICE)
    events = day.events((0, 552_261 + 300))
    assert [event[ev.ACCOUNT] for event in events if event[ev.TYPE] == ev.MARGIN_CALL] == [ALICE]
    assert printed(events) == {0: 552_261}


positions = st.lists(
    st.tuples(st.integers(1, 200_000), st.sampled_from((-1, 1)), st.integers(PRICE - 9_000, PRICE + 9_000)),
    min_size=1,
    max_size=3,
)


def three_markets(held: list[tuple[int, int, int]], units: int, cash: int, at_equality: bool) -> Day:
    """Alice with these positions, collateral in kind and this much cash, as she is shown it; gains come first."""
    names = ("BTC-PERP", "ETH-PERP", "SOL-PERP")
    day = begun(pool(markets=tuple(market(name) for name in names), liquidate_at_equality=at_equality))
    if units:
        day.deposit(ALICE, units, asset=1)
    day.deposit(ALICE, cash)
    gains = [side * lots * (PRICE - price) for lots, side, price in held]
    for m in sorted(range(len(held)), key=lambda m: -gains[m]):
        lots, side, price = held[m]
        day.trade(m, side * lots, price)
    day.ask_for_evidence(0)
    return day


@settings(max_examples=60)
@given(positions, st.booleans(), st.integers(0, 10**8), st.integers(0, 2_000_000))
def test_the_engine_acts_there_and_not_one_tick_before(
    held: list[tuple[int, int, int]], at_equality: bool, units: int, surplus_ppm: int
) -> None:
    """Up to three positions, collateral in kind, any health from the margin line to three times it."""
    plenty = 10**16
    events = three_markets(held, units, plenty, at_equality).events()
    [margin] = [event for event in events if (event[ev.TYPE], event[ev.ACCOUNT]) == (ev.MARGIN, ALICE)]
    required = margin[ev.MAINTENANCE_MARGIN_QUANTA]
    wanted = required + required * surplus_ppm // MILLION + 1
    cash = max(1, plenty - margin[ev.EQUITY_QUANTA] + wanted)
    day = three_markets(held, units, cash, at_equality)
    assume(not acts(day.all_events()))  # on the way, before she had all of them
    found = printed(day.events())
    assert set(found) == set(range(len(held)))
    for m, (_, side, _) in enumerate(held):
        most = day.of.markets[m].max_price_ticks
        if found[m] == 0:
            assert not acts(day.events((m, 1 if side > 0 else most)))
            continue
        assert acts(day.events((m, found[m])))
        if 1 <= found[m] + side <= most:
            assert not acts(day.events((m, found[m] + side)))
