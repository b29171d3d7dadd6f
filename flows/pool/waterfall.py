"""An account under water: the fund, the vault, winners, the floor, all traders, in this order (R-K, L, M)."""

from __future__ import annotations

import numpy as np

from flows.journal import events as ev
from flows.pool import auction, backstop
from flows.pool.bookkeeping import lots_of
from flows.pool.holders import holders_against, stakes, traders
from flows.pool.layout import (
    AWAITS,
    COMPARTMENT,
    GATE_CLOSED,
    HELD_MAINTENANCE,
    HELD_MARKET,
    INSOLVENT,
    LIQUIDATING,
    MARK,
    OUTAGE,
    STATUS,
    UNIT_QUANTA,
)
from flows.pool.state import VAULT, PoolState
from flows.pool.valuation import HALTED
from flows.rules.adl.allocation import allocate_lots, cash_haircuts
from flows.rules.adl.price import haircuts, quotes
from flows.rules.adl.severity import feasible_deficit, split_deficit
from flows.rules.breaker.permissions import ADL_BANKRUPT
from flows.rules.fund.draw import draw
from flows.rules.loss.gate import withdrawals_open
from flows.rules.loss.socialize import ALL, MARKET, TRADERS, socialize


def resolve(state: PoolState, row: int) -> None:
    """Bring an account that owes more than it has to exactly nothing; wait while a market of its is halted."""
    markets = state.markets_of(row)
    if state.insolvent and not markets:
        return  # its claim is on record
    if not all(state.allowed(m) & ADL_BANKRUPT for m in markets):
        close_gate(state, row)
        return
    close_gate(state, row)
    auction.withdraw_all(state, row, auction.TAKEN_OVER)
    collateral_to_fund(state, row)
    v = state.value(row)
    state.evidence(row, v)
    deficit = -v[2]
    state.emit(
        ev.BANKRUPT,
        1201,
        [
            (ev.ACCOUNT, row),
            (ev.QUANTA, deficit),
            (ev.EQUITY_QUANTA, v[1]),
            (ev.EQUITY_LOW_QUANTA, v[2]),
            (ev.MAINTENANCE_MARGIN_QUANTA, v[5]),
            (ev.BALANCE_QUANTA, v[0]),
        ],
    )
    deficit = draw_fund(state, row, deficit, markets, ev.FUND_DRAW)
    if markets and deficit == 0 and row != VAULT:
        backstop.take_over(state, row)
    if state.markets_of(row):
        deficit = deleverage(state, row, deficit)
    deficit = draw_fund(state, row, deficit, markets, ev.FUND_FLOOR_DRAW)
    if deficit > 0:
        socialize_loss(state, row, deficit, markets)
    hand_rest_over(state, row)
    state.set_flag(row, LIQUIDATING, on=False)
    state.touch(row)


def hand_rest_over(state: PoolState, row: int) -> None:
    """Collateral that the fund had no cash for goes to the vault, with the debt it covers: nothing is left (R-J2)."""
    if row == VAULT or state.markets_of(row) or not state.units_of(row):
        return
    vault = state.value(VAULT)
    if vault[2] > 0 and vault[1] >= vault[5]:
        backstop.give_all(state, row, VAULT)


def collateral_to_fund(state: PoolState, row: int) -> None:
    """Insurance buys the collateral in kind at its low price, so that the deficit is money (R-J2)."""
    for asset, units in state.units_of(row):
        if state.c.market[state.asset_market(asset), STATUS] != HALTED:
            backstop.sell_to_fund(state, row, asset, units, 0)


def draw_fund(state: PoolState, row: int, deficit: int, markets: list[int], reason: int) -> int:
    """The markets' compartments, then the general part to its floor, or at last the floor itself (R-K1, K2)."""
    if reason == ev.FUND_DRAW:
        for m in markets:
            deficit = pay(state, row, deficit, int(state.c.market[m, COMPARTMENT]), reason, m)
        above = max(0, state.fund_quanta - state.parameters.fund_floor_quanta)
        return pay(state, row, deficit, above, reason, -1)
    return pay(state, row, deficit, state.fund_quanta, reason, -1)


def pay(state: PoolState, row: int, deficit: int, available: int, reason: int, m: int) -> int:
    """One draw; what is left of the deficit is returned."""
    paid, left = draw(deficit, available)
    if paid > 0:
        state.pay(row, paid)
        state.fund(-paid, reason, 1101, m, account=row)
        state.touch(row)
    return left


# --- deleveraging -----------------------------------------------------------------------------------------------------
def deleverage(state: PoolState, row: int, deficit: int) -> int:
    """Close every position against the other side; gains there bear the deficit. What they can't is returned."""
    v = state.value(row)
    held = [
        each for each in state.c.held[: v[9]].tolist() if each[HELD_MARKET] < len(state.parameters.markets)
    ]
    parts = split_deficit(deficit, [each[HELD_MAINTENANCE] for each in held])
    left = 0
    for each, part in zip(held, parts, strict=True):
        left += deleverage_market(state, row, each[HELD_MARKET], part)
    return left


def deleverage_market(state: PoolState, row: int, m: int, deficit: int) -> int:
    """Close one position against its winners, pro-rata on gains, split-proof by owner (R-L2, R-L3)."""
    mark, unit = int(state.c.market[m, MARK]), int(state.c.market[m, UNIT_QUANTA])
    lots = state.lots(row, m)
    rows, held, gains, owners = (each.tolist() for each in holders_against(state.c, m, row, lots))
    feasible, left = feasible_deficit(deficit, sum(gains))
    parts = allocate_lots(abs(lots), feasible, gains, held, owners, rows)
    money = quotes(parts.first_lots, parts.haircut_quanta, lots > 0, mark, unit, rows)
    taken = haircuts(parts.first_lots, money, mark, unit)
    for place, winner in enumerate(rows):
        if parts.first_lots[place]:
            close(state, row, winner, m, parts.first_lots[place], money[place], taken[place], 1)
    for place, winner in enumerate(rows):
        second = parts.second_lots[place]
        if second:
            close(state, row, winner, m, second, second * mark * unit, 0, 2)
    if parts.cash_quanta > 0:
        for place, cash in enumerate(cash_haircuts(parts.cash_quanta, gains, taken, owners, rows)):
            if cash > 0:
                cut_gain(state, row, rows[place], m, cash)
    return left


def cut_gain(state: PoolState, row: int, winner: int, m: int, cash: int) -> None:
    """A winner's part of what lots could not raise, in cash."""
    state.pay(winner, -cash)
    state.pay(row, cash)
    state.emit(
        ev.ADL_CASH,
        1202,
        [
            (ev.ACCOUNT, winner),
            (ev.COUNTER_ACCOUNT, row),
            (ev.MARKET, m),
            (ev.FEE_QUANTA, cash),
            (ev.BALANCE_QUANTA, state.balance(winner)),
            *state.marks(m),
        ],
    )
    state.touch(winner)


def close(
    state: PoolState, row: int, winner: int, m: int, lots: int, money: int, haircut: int, rank: int
) -> None:
    """One winner's part: ``lots`` unsigned against ``money``; no fee, no penalty."""
    signed = lots if state.lots(row, m) > 0 else -lots  # what the winner buys
    quote = money if signed > 0 else -money
    realized = state.trade(row, m, -signed, -quote)
    state.write_position(row, m, winner, -signed, realized=realized)
    realized = state.trade(winner, m, signed, quote)
    state.emit(
        ev.ADL,
        1203,
        [
            (ev.ACCOUNT, winner),
            (ev.COUNTER_ACCOUNT, row),
            (ev.MARKET, m),
            (ev.LOTS, signed),
            (ev.QUANTA, quote),
            (ev.FEE_QUANTA, haircut),
            (ev.CODE, rank),
            (ev.BALANCE_QUANTA, state.balance(winner)),
            (ev.POSITION_LOTS, lots_of(state.c, winner, m)),
            *state.marks(m),
        ],
    )
    state.write_position(winner, m, row, signed, realized=realized)
    auction.clip(state, winner, m)


# --- socialized loss --------------------------------------------------------------------------------------------------
def socialize_loss(state: PoolState, row: int, loss: int, markets: list[int]) -> None:
    """Charge what is left to traders, nearest first; what nobody can bear makes the pool insolvent (R-M1)."""
    scope = state.parameters.loss_scope
    rows, equities, in_market, holding = (
        each.tolist()
        for each in stakes(state.c, traders(state.c, row, scope == ALL), np.array(markets, np.int64))
    )
    nearness = [
        MARKET if near else TRADERS if has else ALL for near, has in zip(in_market, holding, strict=True)
    ]
    charges, unborne = socialize(loss, equities, nearness, rows, scope)
    if sum(charges) > 0:
        reached = max(near for near, charge in zip(nearness, charges, strict=True) if charge > 0)
        base = sum(max(0, each) for each, near in zip(equities, nearness, strict=True) if near <= reached)
        state.emit(
            ev.SOCIALIZED_LOSS,
            1301,
            [(ev.ACCOUNT, row), (ev.QUANTA, sum(charges)), (ev.BALANCE_QUANTA, base)],
        )
    for each, charge in zip(rows, charges, strict=True):
        if charge > 0:
            state.pay(each, -charge)
            state.pay(row, charge)
            state.emit(
                ev.LOSS_CHARGE,
                1301,
                [
                    (ev.ACCOUNT, each),
                    (ev.COUNTER_ACCOUNT, row),
                    (ev.QUANTA, charge),
                    (ev.BALANCE_QUANTA, state.balance(each)),
                ],
            )
            state.touch(each)
    if unborne > 0:
        state.insolvent = True
        state.c.pool[0, INSOLVENT] = 1
        state.emit(ev.INSOLVENT, 1303, [(ev.ACCOUNT, row), (ev.QUANTA, unborne)])


# --- the withdrawal gate ----------------------------------------------------------------------------------------------
def close_gate(state: PoolState, row: int) -> None:
    """No withdrawals from the entry that finds a deficit until a while after it is resolved (R-M2)."""
    state.gate_opens_ns = state.time_ns + state.parameters.gate_cool_ns
    if not state.gate_closed:
        state.gate_closed = True
        state.c.pool[0, GATE_CLOSED] = 1
        state.emit(ev.GATE, 1302, [(ev.ACCOUNT, row), (ev.CODE, 1), (ev.DEADLINE_NS, state.gate_opens_ns)])


def awaits_prices(state: PoolState) -> bool:
    """Whether a market has had no fresh price since the journal's last long silence."""
    return bool(state.c.market[: len(state.parameters.markets), AWAITS].any())


def note_outage(state: PoolState) -> None:
    """At the first clock after a long silence of the journal: no withdrawals until prices are fresh again (R-M2)."""
    if not state.c.pool[0, OUTAGE]:
        return
    state.c.pool[0, OUTAGE] = 0
    if not state.gate_closed:
        state.gate_closed, state.gate_opens_ns = True, state.time_ns
        state.c.pool[0, GATE_CLOSED] = 1
        state.emit(ev.GATE, 1302, [(ev.CODE, 1), (ev.DEADLINE_NS, state.gate_opens_ns)])


def open_gate(state: PoolState) -> None:
    """At a clock: the gate opens again once it has cooled and nobody is under water."""
    if not state.gate_closed:
        return
    unresolved = sum(bool(state.markets_of(row)) for row in state.under_water)
    cool = state.parameters.gate_cool_ns
    if not withdrawals_open(
        unresolved, state.gate_opens_ns - cool, cool, awaits_prices(state), state.time_ns
    ):
        return
    state.gate_closed = False
    state.c.pool[0, GATE_CLOSED] = 0
    state.emit(ev.GATE, 1302, [(ev.CODE, 0)])
