"""An account under water: the fund, the vault, winners, the floor, all traders, in this order (R-K, L, M)."""

from __future__ import annotations

from flows.journal import events as ev
from flows.rules.adl.allocation import allocate_lots, cash_haircuts
from flows.rules.adl.price import haircuts, quotes
from flows.rules.adl.severity import capacity, feasible_deficit, split_deficit
from flows.rules.breaker.permissions import ADL_BANKRUPT
from flows.rules.call.zone import UNDER_WATER
from flows.rules.fund.draw import draw
from flows.rules.loss.claims import INSOLVENT, waterfall
from flows.rules.loss.gate import withdrawals_open
from flows.rules.loss.socialize import MARKET, TRADERS, socialize
from flows.rules.oracle.status import HALTED
from flows.verify.opinion import auction, backstop
from flows.verify.opinion.holdings import VAULT, Account
from flows.verify.opinion.state import State


def resolve(state: State, account: Account) -> None:
    """Bring an account that owes more than it has to exactly nothing; wait while a market of its is halted."""
    if state.insolvent and not account.positions:
        return  # its claim is on record
    if any(not state.markets[m].permissions() & ADL_BANKRUPT for m in account.positions):
        close_gate(state, account)
        return
    close_gate(state, account)
    markets = sorted(account.positions)
    auction.withdraw_all(state, account, auction.TAKEN_OVER)
    collateral_to_fund(state, account)
    value = state.value(account)
    state.evidence(account, value)
    deficit = -value.equity_low_quanta
    state.emit(
        ev.BANKRUPT,
        1201,
        account=account.row,
        quanta=deficit,
        equity_quanta=value.equity_quanta,
        equity_low_quanta=value.equity_low_quanta,
        maintenance_margin_quanta=value.maintenance_quanta,
        balance_quanta=value.balance_quanta,
    )
    compartments = sum(state.markets[market].fund_quanta for market in markets)
    above = max(0, state.fund_quanta - state.parameters.fund_floor_quanta)
    left = draw_fund(state, account, deficit, markets, ev.FUND_DRAW)
    if account.positions and left == 0 and account.row != VAULT:
        backstop.take_over(state, account)
    before_winners = left
    if account.positions:
        left = deleverage(state, account, left)
    raised, floor = before_winners - left, state.fund_quanta
    left = draw_fund(state, account, left, markets, ev.FUND_FLOOR_DRAW)
    unborne = socialize_loss(state, account, left, markets) if left > 0 else 0
    claims = waterfall(deficit, 0, compartments, above, 0, raised, floor, left - unborne)
    assert claims[INSOLVENT] == unborne, "a later step pays only what those before it could not (R-M3)"
    hand_rest_over(state, account)
    account.liquidating = False
    state.touch(account.row)


def hand_rest_over(state: State, account: Account) -> None:
    """Collateral that the fund had no cash for goes to the vault, with the debt it covers: nothing is left (R-J2)."""
    if account.row == VAULT or account.positions or not any(account.units):
        return
    vault = state.value(state.accounts[VAULT])
    if vault.equity_low_quanta > 0 and vault.equity_quanta >= vault.maintenance_quanta:
        backstop.give_all(state, account, state.accounts[VAULT])


def collateral_to_fund(state: State, account: Account) -> None:
    """Insurance buys the collateral in kind at its low price, so that the deficit is money (R-J2)."""
    for asset, units in enumerate(account.units):
        if units and state.assets[asset].status != HALTED:
            backstop.sell_to_fund(state, account, asset, units, 0)


def draw_fund(state: State, account: Account, deficit: int, markets: list[int], reason: int) -> int:
    """The markets' compartments, then the general part to its floor, or at last the floor itself (R-K1, K2)."""
    if reason == ev.FUND_DRAW:
        for market in markets:
            deficit = pay(state, account, deficit, state.markets[market].fund_quanta, reason, market)
        above = max(0, state.fund_quanta - state.parameters.fund_floor_quanta)
        return pay(state, account, deficit, above, reason, -1)
    return pay(state, account, deficit, state.fund_quanta, reason, -1)


def pay(state: State, account: Account, deficit: int, available: int, reason: int, market: int) -> int:
    """One draw; what is left of the deficit is returned."""
    paid, left = draw(deficit, available)
    if paid > 0:
        account.balance_quanta += paid
        state.fund(-paid, reason, 1101, market, account=account.row)
        state.touch(account.row)
    return left


# --- deleveraging -----------------------------------------------------------------------------------------------------
def deleverage(state: State, account: Account, deficit: int) -> int:
    """Close every position against the other side; gains there bear the deficit. What they can't is returned."""
    value = state.value(account)
    markets = sorted(account.positions)
    parts = split_deficit(deficit, [value.maintenance_by_market[market] for market in markets])
    left = 0
    for market, part in zip(markets, parts, strict=True):
        left += deleverage_market(state, account, market, part)
    return left


def deleverage_market(state: State, account: Account, market: int, deficit: int) -> int:
    """Close one position against its winners, pro-rata on gains, split-proof by owner (R-L2, R-L3)."""
    held = state.markets[market]
    v, mark = held.parameters.lot_tick_quanta, held.mark_ticks
    lots = account.lots(market)
    other_side = [each for each in state.accounts if each.row != account.row and each.lots(market) * lots < 0]
    rows = [each.row for each in other_side]
    owners = [each.owner for each in other_side]
    gains = [
        capacity(each.lots(market) * mark * v - each.positions[market].cost_quanta) for each in other_side
    ]
    feasible, left = feasible_deficit(deficit, sum(gains))
    parts = allocate_lots(
        abs(lots), feasible, gains, [abs(each.lots(market)) for each in other_side], owners, rows
    )
    money = quotes(parts.first_lots, parts.haircut_quanta, lots > 0, mark, v, rows)
    taken = haircuts(parts.first_lots, money, mark, v)
    for place, winner in enumerate(other_side):
        close(state, account, winner, market, parts.first_lots[place], money[place], taken[place], 1)
    for place, winner in enumerate(other_side):
        second = parts.second_lots[place]
        close(state, account, winner, market, second, second * mark * v, 0, 2)
    for place, cash in enumerate(cash_haircuts(parts.cash_quanta, gains, taken, owners, rows)):
        if cash > 0:
            winner = other_side[place]
            winner.balance_quanta -= cash
            account.balance_quanta += cash
            state.emit(
                ev.ADL_CASH,
                1202,
                account=winner.row,
                counter_account=account.row,
                market=market,
                fee_quanta=cash,
                balance_quanta=winner.balance_quanta,
                **state.marks(market),
            )
            state.touch(winner.row)
    return left


def close(
    state: State,
    account: Account,
    winner: Account,
    market: int,
    lots: int,
    money: int,
    haircut: int,
    rank: int,
) -> None:
    """One winner's part: ``lots`` unsigned against ``money``; no fee, no penalty."""
    if lots == 0:
        return
    signed = lots if account.lots(market) > 0 else -lots  # what the winner buys
    quote = money if signed > 0 else -money
    realized = state.trade(account, market, -signed, -quote)
    state.position_event(account, market, counter_account=winner.row, lots=-signed, quanta=realized)
    realized = state.trade(winner, market, signed, quote)
    state.emit(
        ev.ADL,
        1203,
        account=winner.row,
        counter_account=account.row,
        market=market,
        lots=signed,
        quanta=quote,
        fee_quanta=haircut,
        code=rank,
        balance_quanta=winner.balance_quanta,
        position_lots=winner.lots(market),
        **state.marks(market),
    )
    state.position_event(winner, market, counter_account=account.row, lots=signed, quanta=realized)
    auction.clip(state, winner, market)


# --- socialized loss --------------------------------------------------------------------------------------------------
def socialize_loss(state: State, account: Account, loss: int, markets: list[int]) -> int:
    """Charge what is left to traders, nearest first; what nobody can bear makes the pool insolvent (R-M1), and is returned."""
    others = [each for each in state.accounts if each.row != account.row]
    if state.parameters.loss_scope != 2:
        others = [each for each in others if each.positions]
    equities = [state.value(each).equity_low_quanta for each in others]
    nearness = [nearness_of(each, markets) for each in others]
    charges, unborne = socialize(
        loss, equities, nearness, [each.row for each in others], state.parameters.loss_scope
    )
    if sum(charges) > 0:
        reached = max(near for near, charge in zip(nearness, charges, strict=True) if charge > 0)
        base = sum(max(0, each) for each, near in zip(equities, nearness, strict=True) if near <= reached)
        state.emit(ev.SOCIALIZED_LOSS, 1301, account=account.row, quanta=sum(charges), balance_quanta=base)
    for each, charge in zip(others, charges, strict=True):
        if charge > 0:
            each.balance_quanta -= charge
            account.balance_quanta += charge
            state.emit(
                ev.LOSS_CHARGE,
                1301,
                account=each.row,
                counter_account=account.row,
                quanta=charge,
                balance_quanta=each.balance_quanta,
            )
            state.touch(each.row)
    if unborne > 0:
        state.insolvent = True
        state.emit(ev.INSOLVENT, 1303, account=account.row, quanta=unborne)
    return unborne


def nearness_of(account: Account, markets: list[int]) -> int:
    """How near an account is to a loss: in the failing market, elsewhere in the pool, or flat."""
    if any(market in account.positions for market in markets):
        return MARKET
    return TRADERS if account.positions else 2


# --- the withdrawal gate ----------------------------------------------------------------------------------------------
def close_gate(state: State, account: Account) -> None:
    """No withdrawals from the entry that finds a deficit until a while after it is resolved (R-M2)."""
    state.gate_opens_ns = state.time_ns + state.parameters.gate_cool_ns
    if not state.gate_closed:
        state.gate_closed = True
        state.emit(ev.GATE, 1302, account=account.row, code=1, deadline_ns=state.gate_opens_ns)


def note_outage(state: State) -> None:
    """At the first clock after a long silence of the journal: no withdrawals until prices are fresh again (R-M2)."""
    if not state.outage:
        return
    state.outage = False
    if not state.gate_closed:
        state.gate_closed, state.gate_opens_ns = True, state.time_ns
        state.emit(ev.GATE, 1302, code=1, deadline_ns=state.gate_opens_ns)


def open_gate(state: State) -> None:
    """At a clock: the gate opens again once it has cooled and nobody is under water."""
    if not state.gate_closed:
        return
    unresolved = sum(each.zone == UNDER_WATER and bool(each.positions) for each in state.accounts)
    cool = state.parameters.gate_cool_ns
    if not withdrawals_open(
        unresolved, state.gate_opens_ns - cool, cool, bool(state.awaiting), state.time_ns
    ):
        return
    state.gate_closed = False
    state.emit(ev.GATE, 1302, code=0)
