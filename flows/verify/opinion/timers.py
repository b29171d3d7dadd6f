"""What is due happens at a clock and at no other entry (R-A6): timers, steps, interest, the vault's unwinding."""

from __future__ import annotations

from flows.journal import events as ev
from flows.rules.call.zone import UNDER_WATER
from flows.rules.collateral.interest import HOUR_S, interest_charge, interest_rate_ppb, utilization_ppm
from flows.rules.fund.inflow import split_fee
from flows.verify.opinion import auction, backstop, commands, ladder, waterfall
from flows.verify.opinion.holdings import VAULT, Account, Order
from flows.verify.opinion.state import State

HOUR_NS = HOUR_S * 1_000_000_000


def clock(state: State) -> None:
    """What is due happens at a clock and at no other entry (R-A6); what people ordered comes first."""
    commands.due(state)
    hourly(state)
    for account in list(state.accounts):
        due(state, account)
    for market in sorted(state.vault_orders):
        order = state.vault_orders[market]
        if state.time_ns >= order.lapses_ns:
            lapse(state, VAULT, order)
            del state.vault_orders[market]
    waterfall.note_outage(state)
    waterfall.open_gate(state)
    active = [
        each.row
        for each in state.accounts
        if (each.liquidating or each.zone == UNDER_WATER) and each.next_step_ns <= state.time_ns
    ]
    for at in ladder.by_risk(state, active):
        account = state.accounts[at]
        value = state.value(account)
        if state.zone(account, value) != account.zone:
            ladder.move(state, account, value)
        else:
            ladder.step(state, account)
    ladder.settle(state)
    backstop.unwind(state)


def due(state: State, account: Account) -> None:
    """An account's timers: its order lapses, offers expire, a call is announced, a window ends."""
    if account.order is not None and state.time_ns >= account.order.lapses_ns:
        lapse(state, account.row, account.order)
        account.order = None
        account.next_step_ns = 0
    auction.expire(state, account)
    if not account.call_open:
        return
    if 0 < account.announce_due_ns <= state.time_ns:
        ladder.announce(state, account, state.value(account))
    if 0 < account.deadline_ns <= state.time_ns and not account.window_over:
        value = state.value(account)
        ladder.end_window(state, account, value, by_level=0)
        ladder.relevel(state, account, value)
        account.next_step_ns = 0


def lapse(state: State, row: int, order: Order) -> None:
    """What is left of an order that execution did not answer."""
    state.emit(
        ev.LIQUIDATION_LAPSED,
        804,
        account=row,
        market=order.market,
        lots=order.lots,
        reference_offset=order.offset,
        reference_index=order.index,
    )


def hourly(state: State) -> None:
    """Interest of all debtors together, and the fund's share of the hour's fees (R-C5, R-K1)."""
    hour = state.time_ns // HOUR_NS
    if state.hour_ns == 0:
        state.hour_ns = hour * HOUR_NS
    elapsed_s = (hour * HOUR_NS - state.hour_ns) // 1_000_000_000
    if elapsed_s == 0:
        return
    state.hour_ns = hour * HOUR_NS
    charge_interest(state, elapsed_s)
    share, _ = split_fee(state.fees_unswept_quanta, state.parameters.fee_to_fund_ppm)
    state.fees_unswept_quanta = 0
    if share > 0:
        state.fees_quanta -= share
        state.emit(ev.FEES_SWEPT, 1101, quanta=share, balance_quanta=state.fees_quanta)
        state.fund(share, ev.FUND_FEES, 1101)


def charge_interest(state: State, elapsed_s: int) -> None:
    """Debt pays by utilization; all of it goes to insurance."""
    of = state.parameters
    balances = [state.value(each).balance_quanta for each in state.accounts]
    debts = -sum(balance for balance in balances if balance < 0)
    if debts == 0:
        return
    utilization = utilization_ppm(debts, sum(balance for balance in balances if balance > 0))
    rate = interest_rate_ppb(utilization, of.debt_optimal_ppm, of.debt_rate_optimal_ppb, of.debt_rate_max_ppb)
    charged = 0
    for account, balance in zip(state.accounts, balances, strict=True):
        if balance < 0:
            interest = interest_charge(-balance, rate, elapsed_s)
            account.balance_quanta -= interest
            charged += interest
            state.emit(
                ev.INTEREST,
                305,
                account=account.row,
                quanta=interest,
                threshold_quanta=rate,
                balance_quanta=account.balance_quanta,
            )
            state.touch(account.row)
    state.fund(charged, ev.FUND_INTEREST, 305)
