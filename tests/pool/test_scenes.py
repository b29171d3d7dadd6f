"""Single situations that random histories seldom meet, each through both pools."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from flows.journal import entries as en
from flows.journal import events as ev
from flows.pool.layout import BASE, MODE_AUTO, MODE_BANDS, PASSES, SUM_BASE, WOKEN
from flows.pool.pool import Pool, PoolStoppedError
from flows.rules.breaker.permissions import STATE_PAUSE
from flows.rules.offer.bid import UNDERFUNDED
from flows.rules.orders.check import ACCEPT, HALTED, OI_LIMIT, POSITION_LIMIT
from flows.verify.opinion.holdings import VAULT
from flows.verify.plain import PlainPool
from tests.pool.scenes import PLENTY, PRICE, Scene, names, of_type
from tests.worlds import SECOND, START, History, asset, market, pool

USD = 1_000_000
LOTS = 1_000
"""One coin: $60,000 at the opening mark, maintenance margin $600."""

BARE = {"vault_opening_quanta": 0, "fund_opening_quanta": 0, "fund_floor_quanta": 0}
HALT = 2


def long_of(scene: Scene, cash: int, lots: int = LOTS) -> tuple[int, int]:
    """An account that is long in the first market, and the one it bought from, with funds enough."""
    alice, rich = scene.open(cash), scene.open(PLENTY)
    scene.trade(0, alice, rich, lots, PRICE)
    return alice, rich


# ---- the vault -----------------------------------------------------------------------------------------------------------
def strong_vault(**changes: object) -> Scene:
    """A vault that may carry twenty times its capital, and no fund."""
    of = {
        **BARE,
        "vault_opening_quanta": 5_000 * USD,
        "vault_leverage_ppm": 20_000_000,
        "vault_market_share_ppm": 1_000_000,
    }
    return Scene(pool(**{**of, **changes}))


def test_a_vault_under_water_is_resolved_like_anybody() -> None:
    scene = strong_vault()
    alice, rich = long_of(scene, 1_000 * USD)
    taken = of_type(scene.mark(0, 593_000), ev.TAKEOVER)
    assert [event[ev.ACCOUNT] for event in taken] == [alice]
    assert scene.account(VAULT).lots(0) == LOTS
    events = scene.mark(0, 535_000)
    [found] = of_type(events, ev.BANKRUPT)
    assert found[ev.ACCOUNT] == VAULT
    assert [event[ev.ACCOUNT] for event in of_type(events, ev.ADL)] == [rich]
    assert sum(event[ev.FEE_QUANTA] for event in of_type(events, ev.ADL)) == found[ev.QUANTA]
    assert (scene.account(VAULT).balance_quanta, scene.account(VAULT).positions) == (0, {})


def test_an_unanswered_vault_order_is_not_doubled() -> None:
    """Steps of 10 s, orders that live 25 s: the next order follows the lapse."""
    scene = strong_vault(order_life_ns=25 * 10**9)
    _, rich = long_of(scene, 1_000 * USD)
    scene.mark(0, 593_000)
    first = of_type(scene.wait(1), ev.VAULT_ORDER)
    assert len(first) == 1
    assert of_type(scene.live(24), ev.VAULT_ORDER) == []
    later = scene.live(12)
    assert names(of_type(later, ev.LIQUIDATION_LAPSED)) == ["liquidation-lapsed"]
    [second] = of_type(later, ev.VAULT_ORDER)
    order = (second[ev.OFFSET], second[ev.INDEX])
    scene.trade(0, rich, VAULT, -second[ev.LOTS] + 3, 593_000, order)  # more than was ordered
    assert scene.account(VAULT).lots(0) == LOTS + second[ev.LOTS] - 3
    assert scene.plain.state.vault_orders == {}


def test_a_halted_index_keeps_the_vault_away() -> None:
    """Stuck for want of depth, then halted: nothing is taken over, sold or offered until there is a price."""
    thin = market("BTC-PERP", adv_quanta=1)
    scene = strong_vault(markets=(thin,), bonus_reserve_ppm=1_000_000)
    alice, _ = long_of(scene, 1_000 * USD)
    assert "liquidation-stuck" in names(scene.mark(0, 595_500, depth=0))
    scene.mark(0, 595_000, depth=0, status=HALT)
    assert set(names(scene.live(305))) <= {"window-over", "level", "margin", "position-margin"}
    assert scene.account(alice).lots(0) == LOTS
    assert "takeover" in names([*scene.mark(0, 595_000, depth=0), *scene.live(6)])


# ---- collateral ----------------------------------------------------------------------------------------------------------
def weighing(name: str, weight_ppm: int) -> object:
    """An asset that counts this much, whatever the size, and costs 0.3 % to sell."""
    return replace(
        asset(name),
        maintenance_floor_quanta=(0,),
        maintenance_weight_ppm=(weight_ppm,),
        initial_floor_quanta=(0,),
        initial_weight_ppm=(weight_ppm,),
    )


NAMES = ("USDT", "AAA", "BBB", "CCC", "DDD", "EEE", "FFF")
BASKET = (
    asset("USDT"),
    weighing("AAA", 950_000),
    weighing("BBB", 900_000),  # gains most, goes first
    weighing("CCC", 950_000),  # as AAA, but calmer
    weighing("DDD", 1_000_000),  # a sale would cost more than it frees
    weighing("EEE", 500_000),  # halted
    weighing("FFF", 500_000),  # worth nothing
)


def basket_of(scene: Scene, row: int, units: int) -> None:
    for at in range(1, len(BASKET)):
        scene.price(
            at, 1_000 if NAMES[at] != "FFF" else 0, sigma_ppm=20_000 if NAMES[at] == "CCC" else 40_000
        )
        scene.deposit(row, units, at)
    scene.price(NAMES.index("EEE"), 1_000, status=HALT)


def test_collateral_is_sold_where_it_gains_most() -> None:
    """Debt of about $1,000 and $300 of each asset: BBB, then CCC, then AAA, then a part of nothing else."""
    scene = Scene(pool(assets=BASKET))
    alice, rich = scene.open(1), scene.open(PLENTY)
    basket_of(scene, alice, 30_000_000)
    scene.trade(0, alice, rich, LOTS, PRICE)
    scene.trade(0, rich, alice, LOTS, PRICE - 10_000)
    events = scene.trade(0, alice, rich, LOTS, PRICE)
    assert "orders-cancelled" in names(events)
    sold = of_type(events, ev.COLLATERAL_SOLD)
    assert [NAMES[event[ev.MARKET]] for event in sold] == ["BBB", "CCC", "AAA"]
    assert all(event[ev.LOTS] == 30_000_000 for event in sold)
    assert all(event[ev.QUANTA] == 299_100_000 for event in sold), "at the low price less its cost"


def test_no_more_is_sold_than_is_owed() -> None:
    scene = Scene(pool(assets=BASKET))
    alice, rich = scene.open(1), scene.open(PLENTY)
    basket_of(scene, alice, 120_000_000)  # $1,200 of each
    scene.trade(0, alice, rich, LOTS, PRICE)
    scene.trade(0, rich, alice, LOTS, PRICE - 10_000)
    owed = -scene.account(alice).balance_quanta
    assert 1_000 * USD < owed < 1_100 * USD
    scene.trade(0, alice, rich, 3 * LOTS, PRICE)
    sold = of_type(scene.mark(0, PRICE - 10_000), ev.COLLATERAL_SOLD)
    assert [NAMES[event[ev.MARKET]] for event in sold] == ["BBB"]
    assert 0 <= sold[0][ev.BALANCE_QUANTA] < 10, "a smallest unit is worth 10 quanta"


def test_a_halted_asset_stays_with_its_owner() -> None:
    """Bankrupt with two assets: the priced one goes to the fund, the halted one is not sold at an old price."""
    scene = Scene(pool(assets=BASKET, vault_opening_quanta=0))
    alice, _ = long_of(scene, 1_000 * USD)
    basket_of(scene, alice, 1_000)
    events = scene.mark(0, 580_000)
    assert "bankrupt" in names(events)
    sold = [NAMES[event[ev.MARKET]] for event in of_type(events, ev.COLLATERAL_SOLD)]
    assert "EEE" not in sold
    assert {"AAA", "BBB", "CCC", "DDD"} <= set(sold)
    assert scene.account(alice).units[NAMES.index("EEE")] == 1_000


def test_what_is_halted_costs_nothing_to_withdraw() -> None:
    """It counts nothing for initial margin (R-C1), so its leaving frees nothing and takes nothing."""
    scene = Scene(pool(assets=BASKET))
    alice, _ = long_of(scene, 9_000 * USD)
    basket_of(scene, alice, 1_000)
    [decision] = of_type(scene.withdraw(alice, 1_000, NAMES.index("EEE")), ev.COLLATERAL_DECISION)
    assert decision[ev.CODE] == ACCEPT


# ---- calls and windows ------------------------------------------------------------------------------------------------------
def test_a_call_that_comes_back_within_a_minute_is_announced_at_its_end() -> None:
    """R-G3: one call event a minute, unless it gets worse."""
    scene = Scene(pool())
    alice, _ = long_of(scene, 1_000 * USD)
    called = 597_600  # equity $733 or so: under 1.25 x $597.6
    assert "margin-call" in names(scene.mark(0, called))
    assert "call-cleared" in names(scene.wait(5) + scene.mark(0, PRICE))
    again = scene.wait(5) + scene.mark(0, called)
    assert "level" in names(again)
    assert "margin-call" not in names(again)
    assert of_type(scene.live(49), ev.MARGIN_CALL) == []
    [call] = of_type(scene.wait(1), ev.MARGIN_CALL)
    assert call[ev.ACCOUNT] == alice


def test_a_call_cleared_before_its_announcement_is_never_announced() -> None:
    scene = Scene(pool())
    long_of(scene, 1_000 * USD)
    scene.mark(0, 597_600)
    scene.mark(0, PRICE)
    scene.mark(0, 597_600)
    scene.mark(0, PRICE)
    assert of_type(scene.live(70), ev.MARGIN_CALL) == []


def test_a_pause_stops_orders_and_leaves_offers() -> None:
    scene = Scene(pool(vault_opening_quanta=0))
    alice, _ = long_of(scene, 1_000 * USD)
    scene.mark(0, 595_800, breakers=STATE_PAUSE)  # under margin, the window open: soft orders wait
    assert "liquidation-order" not in names(scene.live(20))
    scene.mark(0, 594_900, breakers=STATE_PAUSE)  # under hard: offers go on
    events = scene.log
    assert "offer-opened" in names(events)
    assert of_type(events, ev.LIQUIDATION_ORDER) == []
    assert "liquidation-order" in names(scene.mark(0, 594_900) + scene.live(6))
    assert scene.account(alice).order is not None


# ---- time ----------------------------------------------------------------------------------------------------------------
def test_an_hour_without_fees_sweeps_nothing() -> None:
    scene = Scene(pool())
    scene.wait(1)
    assert of_type(scene.wait(3_600), ev.FEES_SWEPT) == []
    long_of(scene, 1_000 * USD)
    [swept] = of_type(scene.wait(3_600), ev.FEES_SWEPT)
    assert swept[ev.QUANTA] == 24 * USD // 10, "10 % of 450 less 50 ppm of $60,000"


def test_nothing_is_paid_out_at_prices_from_before_a_long_silence() -> None:
    """R-M2: six minutes without an entry; a clock says that the gate is shut, fresh prices in all markets open it."""
    scene = Scene(pool())
    alice = scene.open(1_000 * USD)
    scene.time_ns += 360 * SECOND
    [decision] = of_type(scene.withdraw(alice, USD), ev.COLLATERAL_DECISION)
    assert decision[ev.CODE] != ACCEPT
    assert [event[ev.CODE] for event in of_type(scene.wait(1), ev.GATE)] == [1]
    scene.mark(0, PRICE)
    assert of_type(scene.wait(1), ev.GATE) == []
    scene.mark(1, PRICE)
    assert [event[ev.CODE] for event in of_type(scene.wait(1), ev.GATE)] == [0]
    [decision] = of_type(scene.withdraw(alice, USD), ev.COLLATERAL_DECISION)
    assert decision[ev.CODE] == ACCEPT


def test_an_order_before_the_first_price() -> None:
    scene = Scene(pool(), priced=False)
    alice = scene.open(1_000 * USD)
    scene.price(1, 50_000)
    [decision] = of_type(
        scene.add(en.ORDER_CHECK, account=alice, market=0, lots=1, price_ticks=PRICE), ev.ORDER_DECISION
    )
    assert (decision[ev.CODE], decision[ev.QUANTA]) == (HALTED, 0)


# ---- orders --------------------------------------------------------------------------------------------------------------
def answer(scene: Scene, row: int, lots: int) -> tuple[int, int]:
    """Code and largest size that passes, for an order at the mark."""
    columns = {"account": row, "lots": lots, "price_ticks": PRICE}
    [decision] = of_type(scene.add(en.ORDER_CHECK, market=0, **columns), ev.ORDER_DECISION)
    return decision[ev.CODE], decision[ev.QUANTA]


def test_open_interest_has_a_cap() -> None:
    """R-D6: 100 lots may be open; 60 are. Whoever closes, or takes over from somebody, is not stopped."""
    scene = Scene(pool(markets=(market("BTC-PERP", max_open_interest_lots=100),)))
    alice, rich = long_of(scene, PLENTY, 60)
    assert answer(scene, rich, -40) == (ACCEPT, 40)
    assert answer(scene, rich, -41) == (OI_LIMIT, 40)
    assert answer(scene, alice, 41) == (OI_LIMIT, 40)
    assert answer(scene, alice, -60) == (ACCEPT, 60)
    assert answer(scene, alice, -100) == (ACCEPT, 100)
    assert answer(scene, alice, -101) == (OI_LIMIT, 100)
    scene.trade(0, alice, rich, 50, PRICE)  # a fact, whatever the cap
    assert answer(scene, rich, -1) == (OI_LIMIT, 0)
    assert answer(scene, rich, 110) == (ACCEPT, 110)


def test_a_position_has_a_bound_whatever_its_notional() -> None:
    scene = Scene(pool(markets=(market("BTC-PERP", max_position_lots=70),)))
    alice, _ = long_of(scene, PLENTY, 60)
    assert answer(scene, alice, 10) == (ACCEPT, 10)
    assert answer(scene, alice, 11) == (POSITION_LIMIT, 10)
    assert answer(scene, alice, -131) == (POSITION_LIMIT, 130)


# ---- offers --------------------------------------------------------------------------------------------------------------
def test_an_unknown_bidder_is_not_told_to_deal_with_himself() -> None:
    scene = Scene(pool(vault_opening_quanta=0))
    long_of(scene, 1_000 * USD)
    [offer] = of_type(scene.mark(0, 594_900), ev.OFFER_OPENED)
    event = {"offer_offset": offer[ev.OFFSET], "offer_index": offer[ev.INDEX]}
    bid = {"lots": 20, "limit_ticks": 594_900, **event}
    [decision] = of_type(scene.add(en.BID, account=-1, **bid), ev.BID_DECISION)
    assert decision[ev.CODE] == UNDERFUNDED


def test_the_vault_leaves_alone_who_meets_his_margin() -> None:
    """R-J1: stuck in partial liquidation, and the price comes back over the margin line but not to the target."""
    thin = market("BTC-PERP", adv_quanta=1)
    scene = strong_vault(markets=(thin,), bonus_reserve_ppm=1_000_000, vault_leverage_ppm=1)
    alice, _ = long_of(scene, 1_000 * USD)
    scene.mark(0, 594_900, depth=0)
    scene.live(6)
    assert scene.account(alice).stuck
    scene.deposit(VAULT, PLENTY)  # now it could
    assert [*scene.mark(0, 596_600, depth=0), *scene.live(20)] == []
    value = scene.plain.state.value(scene.account(alice))
    assert value.maintenance_quanta <= value.equity_quanta < value.maintenance_quanta * 11 // 10
    assert scene.account(alice).liquidating
    assert "takeover" in names([*scene.mark(0, 595_500, depth=0), *scene.live(6)])


def test_after_a_reopening_the_vault_has_half_the_budget_too() -> None:
    """R-P3: 20 % of 4 x 100 lots within 1 %, half of it in the first minute."""
    for opened_ns, lots in ((0, 80), (START, 40)):
        scene = strong_vault(unwind_horizon_ns=10**10)
        long_of(scene, 1_000 * USD)
        scene.mark(0, 593_000, depth=100, opened_ns=opened_ns)
        [order] = of_type(scene.wait(1), ev.VAULT_ORDER)
        assert -order[ev.LOTS] == lots


# ---- the engine ----------------------------------------------------------------------------------------------------------
def crash(mode: int) -> Scene:
    """A hundred and fifty longs with little, one short with plenty, and a market that falls by a third."""
    scene = Scene(pool(markets=(market("BTC-PERP"),)), mode)
    rich = scene.open(PLENTY)
    for at in range(150):
        row = scene.open((2_000 + 137 * at) * USD)
        scene.trade(0, row, rich, LOTS + 10 * at, PRICE)
    for ticks in (599_000, 560_000, 540_000, 541_000, 400_000, 401_000):
        scene.mark(0, ticks)
    return scene


def test_a_crash_takes_the_full_pass_and_says_the_same() -> None:
    by_bands, by_measure = crash(MODE_BANDS), crash(MODE_AUTO)
    assert by_measure.log == by_bands.log
    assert int(by_bands.pool.state.c.pool[0, PASSES]) == 0
    assert int(by_measure.pool.state.c.pool[0, PASSES]) > 0
    assert int(by_bands.pool.state.c.pool[0, WOKEN]) > 150
    assert {"bankrupt", "adl", "takeover", "liquidation-order"} <= set(names(by_bands.log))


def squeeze(mode: int) -> Scene:
    """A hundred and fifty shorts, all alike, and a market that climbs to where they are called."""
    scene = Scene(pool(markets=(market("BTC-PERP"),)), mode)
    rich = scene.open(PLENTY)
    for _ in range(150):
        scene.trade(0, rich, scene.open(10_000 * USD), LOTS, PRICE)
    for ticks in range(686_000, 692_000, 100):
        scene.mark(0, ticks)
    return scene


def test_a_pass_that_moves_nobody_leaves_the_bands_for_the_next_tick() -> None:
    by_bands, by_measure = squeeze(MODE_BANDS), squeeze(MODE_AUTO)
    assert by_measure.log == by_bands.log
    assert int(by_measure.pool.state.c.pool[0, PASSES]) > 1
    assert len(of_type(by_bands.log, ev.MARGIN_CALL)) == 150


def test_an_unsound_book_stops_an_entry_that_python_takes() -> None:
    scene = Scene(pool())
    alice, _ = long_of(scene, 1_000 * USD)
    scene.pool.state.c.record[alice, BASE] += 1
    scene.pool.state.c.pool[0, SUM_BASE] += 1
    row = [0] * en.WIDTH
    row[en.KIND], row[en.TIME_NS] = en.WITHDRAWAL, scene.time_ns
    row[en.Deposit.ACCOUNT], row[en.Deposit.AMOUNT_UNITS] = alice, 1
    with pytest.raises(PoolStoppedError, match=f"entry {scene.length} breaks conservation"):
        scene.pool.run(np.array([row], np.int64), 0, scene.length, answering=False)
    assert scene.pool.offset == scene.length


def test_a_whole_journal_at_once() -> None:
    """The plain pool's run over rows is what it says entry by entry, and what the compiled pool says of one batch."""
    history = History(3, pool())
    for _ in range(300):
        history.step()
    rows = np.array(history.rows, np.int64)
    one = Pool(history.of)
    one.run(rows, 0, 0, answering=False)
    assert PlainPool(history.of).run(rows) == one.take_events().tolist()
