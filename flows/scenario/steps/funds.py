"""Expectations about what is nobody's account: fund, fees, the gate, a pool's whole value, other pools."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from flows.journal import entries as en
from flows.journal import events as ev
from flows.pool.layout import COMPARTMENT, FEES, FUND_UNITS, FUNDING_SUM, V_BALANCE
from flows.rules.exact import PPB
from flows.scenario.compare import must_agree, must_be
from flows.scenario.pools import PoolInPlay
from flows.scenario.view import NONE, asset_units, money
from flows.scenario.vocabulary import Chapter
from flows.scenario.world import World

CHAPTER: Final = Chapter(
    "Expectations on funds and pools",
    "Every scenario ends in `no value is created or lost`. Conservation and zero-sum are also counted anew after"
    " every single entry, and the plain twin of the pool must have given the same events.",
)


@CHAPTER.expectation(
    "the insurance fund[ of pool {pool}] holds {amount}[ {asset}]", "the insurance fund holds 10,020.9875"
)
def fund_holds(world: World, pool: str | None, amount: str, asset: str | None) -> None:
    """The general part of the fund: money, or units of an asset it has bought."""
    of = world.pool(pool)
    row = of.asset(asset) if asset else 0
    if row == 0:
        must_be("insurance fund", "holds", amount, money(of.real.state.fund_quanta))
        return
    held = int(of.real.state.c.market[of.real.state.asset_market(row), FUND_UNITS])
    must_be("insurance fund", asset or "", amount, asset_units(of, row, held))


@CHAPTER.expectation("the compartment of {market} holds {amount}", "the compartment of BTC-PERP holds 300")
def compartment_holds(world: World, market: str, amount: str) -> None:
    """The market's own part of the fund (R-K2)."""
    pool = world.pool_of_market(market)
    held = int(pool.real.state.c.market[pool.market(market), COMPARTMENT])
    must_be(f"compartment of {market}", "holds", amount, money(held))


@CHAPTER.expectation("the fees[ of pool {pool}] hold {amount}", "the fees hold 20.9875")
def fees_hold(world: World, pool: str | None, amount: str) -> None:
    """The venue's fees (R-B2), with its part of penalties and offers."""
    of = world.pool(pool)
    must_be("fees", "hold", amount, money(int(of.real.state.c.pool[0, FEES])))


@CHAPTER.expectation("withdrawals are closed[ in pool {pool}]", "withdrawals are closed")
def gate_closed(world: World, pool: str | None) -> None:
    """The gate of R-M2."""
    must_be("gate", "withdrawals", "closed", gate(world.pool(pool)))


@CHAPTER.expectation("withdrawals are open[ in pool {pool}]", "withdrawals are open")
def gate_open(world: World, pool: str | None) -> None:
    """The gate of R-M2."""
    must_be("gate", "withdrawals", "open", gate(world.pool(pool)))


def gate(pool: PoolInPlay) -> str:
    """Whether withdrawals are open."""
    return "closed" if pool.real.state.gate_closed else "open"


@CHAPTER.expectation("pool {pool} is insolvent for {amount}", "pool a is insolvent for 1,000")
def insolvent(world: World, pool: str, amount: str) -> None:
    """Nobody was left to bear that much (R-M1): it is on record, and new risk is refused from then on."""
    of = world.pool(pool)
    unborne = sum(each[ev.QUANTA] for each in of.events if each[ev.TYPE] == ev.INSOLVENT)
    must_be(f"pool {pool}", "insolvent for", amount, money(unborne) if of.real.state.insolvent else NONE)


@CHAPTER.expectation("all balances together are unchanged", "all balances together are unchanged")
def balances_unchanged(world: World) -> None:
    """What funding moves sums to exactly 0 over all accounts since the last When (R-N4)."""
    for pool in world.present():
        before = sum(value[V_BALANCE] for value in pool.block_values)
        after = sum(pool.value(row)[V_BALANCE] for row in range(len(pool.block_values)))
        must_be(f"pool {pool.draft.id}", "change of all balances", "0", money(after - before))


@CHAPTER.expectation(
    "a lot of {market} has paid its funding to within one quantum",
    "a lot of BTC-PERP has paid its funding to within one quantum",
)
def carried(world: World, market: str) -> None:
    """The sum of whole quanta a lot differs from the exact sum of index x rate by less than one (R-N4's carry)."""
    pool = world.pool_of_market(market)
    row = pool.market(market)
    of, exact = en.MarketState, Fraction(0)
    for entry in pool.rows:
        if (
            entry[en.KIND] == en.MARKET_STATE
            and entry[of.MARKET] == row
            and entry[of.FLAGS] & en.FLAG_FUNDING
        ):
            lot = entry[of.INDEX_TICKS] * pool.parameters.markets[row].lot_tick_quanta
            exact += Fraction(lot * entry[of.FUNDING_RATE_PPB], PPB)
    paid = int(pool.real.state.c.market[row, FUNDING_SUM])
    within = "under a quantum" if abs(exact - paid) < 1 else f"{paid} quanta, exactly {exact}"
    must_be(f"funding of a lot of {market}", "off by", "under a quantum", within)


# --- the whole --------------------------------------------------------------------------------------------------------
@CHAPTER.expectation("no value is created or lost", "no value is created or lost")
def conserved(world: World) -> None:
    """What was paid in, less what was paid out, is what accounts at their marks, fund and fees hold (R-A7).

    Every long lot has a short lot (R-B4).
    """
    for pool in world.present():
        pool.open(world.time_ns)
        names, expected, found = [pool.draft.settlement], [money(pool.deposited[0])], [money(held(pool))]
        for asset, each in enumerate(pool.draft.assets, 1):
            names.append(each.id)
            expected.append(asset_units(pool, asset, pool.deposited[asset]))
            found.append(asset_units(pool, asset, units_held(pool, asset)))
        for market, drafted in enumerate(pool.draft.markets):
            names.append(f"{drafted.id} long less short")
            expected.append("0")
            found.append(str(sum(pool.lots(row, market) for row in range(len(pool.accounts)))))
        must_agree(f"pool {pool.draft.id}: paid in, and held", names, [expected], [found])


def held(pool: PoolInPlay) -> int:
    """The settlement asset that a pool holds: accounts at their marks, fund, compartments, fees."""
    state = pool.real.state
    total = state.fund_quanta + int(state.c.pool[0, FEES])
    for market, of in enumerate(pool.parameters.markets):
        total += int(state.c.market[market, COMPARTMENT])
        for row in range(len(pool.accounts)):
            lots = pool.lots(row, market)
            if lots:
                total += lots * pool.boards[market].mark_ticks * of.lot_tick_quanta - state.cost(row, market)
    return total + sum(pool.value(row)[V_BALANCE] for row in range(len(pool.accounts)))


def units_held(pool: PoolInPlay, asset: int) -> int:
    """Units of a collateral asset that accounts and the fund hold."""
    state = pool.real.state
    of_accounts = sum(
        units for row in range(len(pool.accounts)) for at, units in state.units_of(row) if at == asset
    )
    return of_accounts + int(state.c.market[state.asset_market(asset), FUND_UNITS])


@CHAPTER.expectation(
    "pool {pool} is bit-identical to a run without pool {absent:pool}",
    "pool b is bit-identical to a run without pool a",
)
def isolated_pools(world: World, pool: str, absent: str) -> None:
    """The whole scenario again without the other pool: the same entries, and the same events of this one."""
    here, there = world.pool(pool), world.without(world.pool(absent).draft.id).pool(pool)
    must_agree(
        f"pool {pool}",
        ["entries", "events"],
        [["the same", "the same"]],
        [
            [
                "the same" if one == other else "different"
                for one, other in ((here.rows, there.rows), (here.events, there.events))
            ]
        ],
    )
