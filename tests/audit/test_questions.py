"""The questions of `marginline audit`, and the states that follow from events, against the same counted by hand."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from flows.connectors.clickhouse import Client, Writer, ask
from flows.journal import entries as en
from flows.journal import events as ev
from flows.verify.opinion.state import State
from tests.audit.story import Story, story
from tests.connectors.engine import NewDatabase

Told = tuple[Client, Story]
MINUTE = 60_000_000_000


@pytest.fixture(scope="module", params=[3, 8])
def told(request: pytest.FixtureRequest, new_database: NewDatabase) -> Told:
    """A story in a database, written twice over in odd pieces: a repeat must not count."""
    client, of = new_database(), story(request.param)
    writer = Writer(client)
    for first in (0, 200, 0, 200):
        end = 200 if first == 0 else len(of.entries)
        within = (of.events[:, ev.OFFSET] >= first) & (of.events[:, ev.OFFSET] < end)
        texts = {place - first: text for place, text in of.texts.items() if first <= place < end}
        writer.insert_block(of.pool.id, first, of.entries[first:end], texts, of.events[within])
    return client, of


def ids(rows: list[dict[str, int]]) -> list[tuple[int, int]]:
    return [(row["journal_offset"], row["event_index"]) for row in rows]


def places(of: Story, chosen: np.ndarray) -> list[tuple[int, int]]:
    return [(int(offset), int(index)) for offset, index in of.events[chosen][:, [ev.OFFSET, ev.INDEX]]]


# ---- states ----------------------------------------------------------------------------------------------------------
def final(of: Story) -> State:
    return of.plain.state


def test_positions_now_are_the_pools(told: Told) -> None:
    client, of = told
    rows = client.query(
        "select account, market, position_lots, position_cost_quanta from position_state order by all"
    )
    assert rows.result_rows == [
        (account.row, market, held.lots, held.cost_quanta)
        for account in final(of).accounts
        for market, held in sorted(account.positions.items())
    ]


def test_balances_and_levels_now_are_the_pools(told: Told) -> None:
    client, of = told
    rows = client.query(
        "select account, name, settled_quanta, level from account_state order by account"
    ).result_rows
    assert rows == [
        (each.row, "vault" if each.row == 0 else f"trader-{each.row}", each.balance_quanta, each.level)
        for each in final(of).accounts
    ]


def test_holdings_now_are_the_pools(told: Told) -> None:
    client, of = told
    rows = client.query("select account, asset, held_units from collateral_state order by all").result_rows
    assert rows == [
        (each.row, asset, units)
        for each in final(of).accounts
        for asset, units in enumerate(each.units)
        if units
    ]
    assert (of.events[:, ev.TYPE] == ev.COLLATERAL_SOLD).any()


def test_names_and_scales_come_from_genesis(told: Told) -> None:
    client, of = told
    markets = client.query(
        "select market, name, lot_scale, tick_scale, lot_tick_quanta, sources from markets"
    ).result_rows
    assert markets == [
        (row, each.id, each.lot_scale, each.tick_scale, each.lot_tick_quanta, list(each.sources))
        for row, each in enumerate(of.pool.markets)
    ]
    assets = client.query("select asset, name, unit_scale from assets").result_rows
    assert assets == [(row, each.id, each.unit_scale) for row, each in enumerate(of.pool.assets)]
    producers = client.query("select source, name from producers").result_rows
    assert producers == list(enumerate(of.pool.producers))


def test_a_price_names_its_quotes(told: Told) -> None:
    client, of = told
    states = of.entries[:, en.KIND] == en.MARKET_STATE
    rows = client.query(
        "select journal_offset, market, slot, source, number from quotes order by all"
    ).result_rows
    assert rows == [
        (offset, int(of.entries[offset, en.MarketState.MARKET]), slot, source, number)
        for offset in np.flatnonzero(states).tolist()
        for slot, (source, number) in enumerate(
            zip("abc", of.entries[offset, en.MarketState.QUOTE_NUMBER :].tolist(), strict=False)
        )
        if number >= 0
    ]


def test_the_funds_ledger_ends_with_what_the_fund_holds(told: Told) -> None:
    client, of = told
    rows = ask(client, "fund", pool="")
    assert ids(rows) == places(of, of.events[:, ev.TYPE] == ev.FUND)
    assert rows[0]["reason"] == "opening"
    general = [row for row in rows if row["market"] == -1]
    assert sum(row["quanta"] for row in general) == general[-1]["balance_quanta"] == final(of).fund_quanta


# ---- questions -------------------------------------------------------------------------------------------------------
def test_an_accounts_steps_name_their_causes(told: Told) -> None:
    client, of = told
    (found,) = ask(client, "accounts_named", name="trader-3", pool="usdt")
    steps = ask(client, "account", pool="usdt", account=found["account"], evidence=0, limit=1_000_000)
    mine = of.events[:, ev.ACCOUNT] == 3
    evidence = np.isin(of.events[:, ev.TYPE], [ev.MARGIN, ev.POSITION_MARGIN, ev.COLLATERAL_MARGIN])
    assert ids(steps) == places(of, mine & ~evidence)
    for step in steps:
        cause = of.entries[step["journal_offset"]]
        assert step["cause_kind"] == en.KIND_NAMES[cause[en.KIND]]
        assert (step["cause_topic"], step["cause_origin_offset"]) == ("fills", cause[en.ORIGIN_OFFSET])
    last = ask(client, "account", pool="usdt", account=3, evidence=1, limit=7)
    assert ids(last) == places(of, mine)[-7:]


def test_an_account_may_be_in_one_pool_or_in_none(told: Told) -> None:
    client, _ = told
    assert ask(client, "accounts_named", name="trader-3", pool="other") == []
    assert ask(client, "accounts_named", name="nobody", pool="") == []


FORCED = [
    ev.LIQUIDATION_ORDER,
    ev.LIQUIDATION_FILL,
    ev.LIQUIDATION_LAPSED,
    ev.LIQUIDATION_STUCK,
    ev.OFFER_FILL,
    ev.TAKEOVER,
    ev.COLLATERAL_SOLD,
    ev.BANKRUPT,
]


@pytest.mark.parametrize("market", [-1, 0, 1])
@pytest.mark.parametrize("half", [0, 1, 2], ids=["all", "first_half", "second_half"])
def test_liquidations_by_market_and_window(market: int, half: int, told: Told) -> None:
    client, of = told
    forced = np.isin(of.events[:, ev.TYPE], FORCED)
    middle = int(of.events[forced][:, ev.TIME_NS][forced.sum() // 2])
    start, end = ((0, 2**63 - 1), (0, middle), (middle, 2**63 - 1))[half]
    rows = ask(
        client,
        "liquidations",
        market_name=of.pool.markets[market].id if market >= 0 else "",
        pool="",
        from_ns=start,
        to_ns=end,
    )
    chosen = forced & (of.events[:, ev.TIME_NS] >= start) & (of.events[:, ev.TIME_NS] < end)
    if market >= 0:
        chosen &= (of.events[:, ev.MARKET] == market) & (of.events[:, ev.TYPE] != ev.COLLATERAL_SOLD)
    assert ids(rows) == places(of, chosen)
    assert half or market > 0 or rows


def test_deleveraging(told: Told) -> None:
    client, of = told
    chosen = np.isin(
        of.events[:, ev.TYPE], [ev.ADL, ev.ADL_CASH, ev.SOCIALIZED_LOSS, ev.LOSS_CHARGE, ev.INSOLVENT]
    )
    assert ids(ask(client, "adl", pool="usdt")) == places(of, chosen)
    assert ask(client, "adl", pool="other") == []


def test_counts_and_paths(told: Told) -> None:
    client, of = told
    types, counts = np.unique(of.events[:, ev.TYPE], return_counts=True)
    found = {row["type"]: row["events"] for row in ask(client, "event_counts", pool="")}
    assert found == {
        ev.TYPE_NAMES[type_]: count for type_, count in zip(types.tolist(), counts.tolist(), strict=True)
    }
    path = ask(client, "market_path")
    for market, row in enumerate(path):
        states = of.entries[of.entries[:, en.KIND] == en.MARKET_STATE]
        marks = states[states[:, en.MarketState.MARKET] == market][:, en.MarketState.MARK_TICKS]
        assert (row["market_name"], row["first_mark_ticks"], row["last_mark_ticks"]) == (
            of.pool.markets[market].id,
            marks[0],
            marks[-1],
        )
        assert (row["least_mark_ticks"], row["most_mark_ticks"]) == (marks.min(), marks.max())


def test_notional_by_minute(told: Told) -> None:
    client, of = told
    expected: dict[tuple[int, int, str], int] = defaultdict(int)
    for event in of.events.tolist():
        if event[ev.TYPE] in (ev.LIQUIDATION_FILL, ev.OFFER_FILL, ev.TAKEOVER, ev.ADL):
            price = event[ev.PRICE_TICKS] or event[ev.MARK_TICKS]
            key = (event[ev.TIME_NS] // MINUTE * MINUTE, event[ev.MARKET], ev.TYPE_NAMES[event[ev.TYPE]])
            expected[key] += abs(event[ev.LOTS]) * price * 100
    rows = ask(client, "liquidated_by_minute")
    assert {
        (row["minute_ns"], row["market"], row["type"]): row["notional_quanta"] for row in rows
    } == expected


def test_levels_by_minute_end_with_those_that_stand_there(told: Told) -> None:
    client, of = told
    last = {row["code"]: row["accounts"] for row in ask(client, "levels_by_minute")}
    standing = np.bincount([each.level for each in final(of).accounts], minlength=6)
    assert last == {code: standing[code] for code in last}
    assert sum(last.values()) == standing[1:].sum()


def test_the_worst_accounts_lead(told: Told) -> None:
    client, of = told
    rows = ask(client, "worst_accounts", limit=3)
    deficits: dict[int, int] = defaultdict(int)
    for event in of.events[of.events[:, ev.TYPE] == ev.BANKRUPT].tolist():
        deficits[event[ev.ACCOUNT]] += event[ev.QUANTA]
    assert [row["deficit_quanta"] for row in rows] == sorted(deficits.values(), reverse=True)[:3]
    assert [deficits[row["account"]] for row in rows] == [row["deficit_quanta"] for row in rows]
