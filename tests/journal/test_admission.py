"""Admission: accounts numbered as they open, what is known, what is held, and a memory that the journal rebuilds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.journal import entries as en
from flows.journal.admission import Admission, Admitted, genesis, in_order
from flows.journal.dead_letters import dead_letter
from flows.journal.numbers import WINDOW
from flows.registry.canonical import from_canonical
from flows.registry.parameters import PoolParameters
from schemas.dead_letter import Reason
from schemas.explain import Refusal
from tests.journal.script import ETH, POOL, TIME, Script
from tests.journal.small import venue


def admitted(script: Script, door: Admission | None = None) -> Admitted:
    return (door or Admission(POOL)).admit(script.merged())


def told(found: Admitted, kind: int, *names: str) -> list[tuple[int, ...]]:
    """Columns of the entries of one kind."""
    columns = [getattr(en.PAYLOADS[kind], name) for name in names]
    return [tuple(row) for row in found.rows[found.rows[:, en.KIND] == kind][:, columns].tolist()]


def reasons(found: Admitted) -> list[tuple[Reason, str]]:
    return [(letter.reason, letter.field) for letter in found.dead]


# --- accounts ---------------------------------------------------------------------------------------------------------
def test_a_first_deposit_opens_the_next_row_behind_the_vault() -> None:
    found = admitted(Script().deposit("alice").deposit("bob").deposit("alice").deposit("vault"))
    assert told(found, en.DEPOSIT, "ACCOUNT", "OWNER", "OPENS") == [
        (1, 1, 1),
        (2, 2, 1),
        (1, 1, 0),
        (0, 0, 0),
    ]
    assert found.texts == {0: "alice", 1: "bob"}
    assert found.dead == []


def test_an_owner_is_the_row_of_the_first_account_that_it_opened() -> None:
    script = Script().deposit("one", owner="carol").deposit("two", owner="carol").deposit("carol")
    found = admitted(script.deposit("two", owner="carol").deposit("dave", owner="dave"))
    assert told(found, en.DEPOSIT, "ACCOUNT", "OWNER", "OPENS") == [
        (1, 1, 1),
        (2, 1, 1),
        (3, 1, 1),
        (2, 1, 0),
        (4, 4, 1),
    ]
    assert found.texts == {0: "one carol", 1: "two carol", 2: "carol", 4: "dave"}


def test_an_account_keeps_its_owner() -> None:
    found = admitted(
        Script().deposit("one", owner="carol").deposit("one", owner="dave").deposit("one", owner="one")
    )
    assert reasons(found) == [(Reason.BAD_VALUE, "owner")] * 2
    assert found.dead[0].detail == "one is carol's, not dave's"


def test_a_transfer_opens_the_isolated_account_of_its_owner() -> None:
    script = Script().deposit("alice", owner="carol").transfer("alice", "alice:BTC-PERP")
    found = admitted(
        script.transfer("alice:BTC-PERP", "alice")
        .deposit("alice:BTC-PERP")
        .transfer("alice", "alice:BTC-PERP")
    )
    columns = ("ACCOUNT", "OWNER", "OPENS", "TO_ACCOUNT")
    assert told(found, en.TRANSFER, *columns) == [(1, 1, 1, 2), (2, 1, 0, 1), (1, 1, 0, 2)]
    assert told(found, en.DEPOSIT, "ACCOUNT", "OWNER", "OPENS")[1] == (2, 1, 0)
    assert found.texts == {0: "alice carol", 1: "alice:BTC-PERP carol"}


def test_a_deposit_does_not_open_an_isolated_account() -> None:
    found = admitted(Script().deposit("alice").deposit("alice:BTC-PERP"))
    assert reasons(found) == [(Reason.UNKNOWN_ACCOUNT, "account")]
    assert len(found.rows) == 1


@pytest.mark.parametrize("kind", [en.WITHDRAWAL, en.TRANSFER])
def test_a_request_about_money_needs_its_account(kind: int) -> None:
    found = admitted(Script().item(kind, "nobody", "nobody:BTC-PERP"))
    assert reasons(found) == [(Reason.UNKNOWN_ACCOUNT, "account")]
    assert (found.dead[0].detail, found.dead[0].raw) == ("nobody opened nobody", b"line 0")


def test_a_withdrawal_names_its_account() -> None:
    found = admitted(Script().deposit("alice").item(en.WITHDRAWAL, "alice", amount_units=5))
    assert told(found, en.WITHDRAWAL, "ACCOUNT", "OWNER", "AMOUNT_UNITS") == [(1, 1, 5)]


# --- fills, checks, bids ----------------------------------------------------------------------------------------------
def test_a_fill_names_both_sides_and_may_be_with_oneself() -> None:
    script = Script().deposit("alice").deposit("bob").state()
    found = admitted(script.fill("alice", "bob").fill("bob", "bob").fill("vault", "alice"))
    assert told(found, en.FILL, "BUYER", "SELLER") == [(1, 2), (2, 2), (0, 1)]
    assert found.dead == []


@pytest.mark.parametrize(
    ("buyer", "seller", "field"), [("x", "alice", "buyer"), ("alice", "x", "seller"), ("x", "y", "buyer")]
)
def test_a_fill_of_an_unknown_account_is_a_dead_letter(buyer: str, seller: str, field: str) -> None:
    found = admitted(Script().state().deposit("alice").fill(buyer, seller))
    assert reasons(found) == [(Reason.UNKNOWN_ACCOUNT, field)]


def test_a_fill_needs_a_market_with_a_price() -> None:
    script = Script().deposit("alice").fill("alice", "alice").state(mark=0).fill("alice", "alice")
    script.state(ETH).fill("alice", "alice").state().fill("alice", "alice")
    door = Admission(POOL)
    found = admitted(script, door)
    assert reasons(found) == [(Reason.MARKET_NOT_OPEN, "market")] * 3
    assert found.dead[0].detail == "BTC-PERP has no market state yet"
    later = Script().fill("alice", "alice", number=90).fill("alice", "alice", ETH, number=91)
    assert admitted(later, door).dead == []


def test_an_unknown_account_on_a_check_is_an_entry_with_its_name() -> None:
    found = admitted(Script().deposit("alice").check("bob").check("alice"))
    assert told(found, en.ORDER_CHECK, "ACCOUNT") == [(-1,), (1,)]
    assert found.texts == {0: "alice", 1: "bob"}


def test_a_bid_is_left_to_clearing_whatever_it_is_on() -> None:
    bid = Script().deposit("liq").item(en.BID, "liq", offer_offset=7, offer_index=2, lots=15, limit_ticks=6)
    found = Admission(POOL).admit(bid.merged())
    assert told(found, en.BID, "ACCOUNT", "LOTS", "LIMIT_TICKS") == [(1, 15, 6)]


def test_an_unknown_bidder_is_named() -> None:
    found = Admission(POOL).admit(Script().item(en.BID, "liq", offer_offset=7, offer_index=2).merged())
    assert found.texts == {0: "liq"}
    assert told(found, en.BID, "ACCOUNT") == [(-1,)]


# --- bounds -----------------------------------------------------------------------------------------------------------
def test_deposits_stop_at_what_the_pool_was_registered_for() -> None:
    held = POOL.vault_opening_quanta + POOL.fund_opening_quanta
    most = POOL.assets[0].max_units
    script = Script().deposit("a", most - held - 5).deposit("b", 6).deposit("a", 5).deposit("a", 1)
    found = admitted(script.deposit("a", POOL.assets[1].max_units, asset=1).deposit("a", 1, asset=1))
    assert reasons(found) == [(Reason.POOL_BOUND, "amount")] * 3
    assert found.dead[0].detail == "the pool has taken 999999999.999995 USDT in all; 1000000000 is the most"
    assert [row[0] for row in told(found, en.DEPOSIT, "ACCOUNT")] == [1, 1, 1]


def test_the_compartments_of_the_fund_are_held_too() -> None:
    markets = tuple(replace(each, fund_opening_quanta=7) for each in POOL.markets)
    of: PoolParameters = replace(POOL, markets=markets)
    held = of.vault_opening_quanta + of.fund_opening_quanta + 14
    found = admitted(Script().deposit("a", of.assets[0].max_units - held + 1), Admission(of))
    assert reasons(found) == [(Reason.POOL_BOUND, "amount")]


# --- repeats ----------------------------------------------------------------------------------------------------------
def test_a_number_is_known_once_it_was_admitted_and_by_its_topic() -> None:
    script = Script().deposit("alice", number=5).deposit("alice", number=5).check("alice", number=5)
    script.fill("alice", "alice", number=9).fill("alice", "alice", number=9).state()
    found = admitted(script.fill("alice", "alice", number=9).fill("alice", "alice", number=9))
    assert [reason for reason, _ in reasons(found)] == [
        Reason.DUPLICATE,
        Reason.MARKET_NOT_OPEN,
        Reason.MARKET_NOT_OPEN,
        Reason.DUPLICATE,
    ]
    assert found.dead[0].detail == "number 5 of engine was seen before"


def test_a_repeat_is_a_repeat_whatever_else_is_wrong_with_it() -> None:
    script = Script().deposit("alice", number=5).deposit("alice", number=5).faulty()
    found = admitted(script.deposit("alice", number=6).faulty().deposit("alice", number=6))
    assert [reason for reason, _ in reasons(found)] == [Reason.DUPLICATE, Reason.LATE]
    assert len(found.rows) == 2


def test_far_behind_is_refused_and_far_ahead_is_the_sources_to_judge() -> None:
    script = Script().deposit("alice", number=WINDOW + 10).deposit("alice", number=10)
    found = admitted(script.deposit("alice", number=11).deposit("alice", number=9 * WINDOW))
    assert reasons(found) == [(Reason.NUMBER_JUMP, "number")]


# --- order, and what the journal rebuilds -----------------------------------------------------------------------------
def test_dead_letters_stand_by_place() -> None:
    early = dead_letter(4, 0, 99, Refusal(Reason.NOT_JSON, "", ""), b"x")
    script = Script().deposit("alice").check("alice").fill("x", "y")
    found = Admission(POOL).admit(script.merged(dead=[(9, early), (1, early)]))
    assert [letter.reason for letter in found.dead] == [
        Reason.NOT_JSON,
        Reason.UNKNOWN_ACCOUNT,
        Reason.NOT_JSON,
    ]


def test_a_clock_comes_before_the_states_that_it_makes() -> None:
    clocks, states = en.empty(1), en.empty(2)
    clocks[:, en.KIND] = en.CLOCK
    states[:, en.KIND], states[:, en.MarketState.MARKET] = en.MARKET_STATE, [0, 1]
    merged = in_order(clocks, np.array([4]), states, np.array([4, 4]))
    assert merged.rows[:, en.KIND].tolist() == [en.CLOCK, en.MARKET_STATE, en.MARKET_STATE]
    assert merged.rows[1:, en.MarketState.MARKET].tolist() == [0, 1]
    assert Admission(POOL).admit(merged).rows.tolist() == merged.rows.tolist()


names = st.sampled_from(["alice", "bob", "carol"])
isolated = st.sampled_from(["alice:BTC-PERP", "bob:ETH-PERP"])
number = st.integers(0, 12)
steps = st.one_of(
    st.tuples(
        st.just("deposit"),
        names | isolated,
        st.sampled_from([1, 10**15]),
        st.sampled_from(["", "alice", "zed"]),
        number,
    ),
    st.tuples(st.just("transfer"), isolated, number),
    st.tuples(st.just("withdrawal"), names | isolated, number),
    st.tuples(st.just("fill"), names | isolated, names, st.integers(0, 1), number),
    st.tuples(st.just("check"), names | isolated, number),
    st.tuples(st.just("state"), st.integers(0, 1)),
    st.just(("faulty",)),
)


def scripted(history: list[tuple[Any, ...]]) -> Script:
    script = Script()
    for what, *of in history:
        if what == "deposit":
            script.deposit(of[0], of[1], of[2], number=of[3])
        elif what == "transfer":
            script.transfer(of[0].partition(":")[0], of[0], number=of[1])
        elif what == "withdrawal":
            script.item(en.WITHDRAWAL, of[0], number=of[1])
        elif what == "fill":
            script.fill(of[0], of[1], of[2], number=of[3])
        elif what == "check":
            script.check(of[0], number=of[1])
        elif what == "state":
            script.state(of[0])
        elif script.rows:
            script.faulty()
    return script


@given(st.lists(steps, max_size=40), st.integers(0, 40))
@settings(max_examples=100)
def test_neither_a_cut_nor_a_restart_shows(history: list[tuple[Any, ...]], cut: int) -> None:
    script = scripted(history)
    whole = admitted(script)
    door = Admission(POOL)
    before = door.admit(script.merged(0, cut))
    after = door.admit(script.merged(cut))
    restarted = Admission(POOL)
    restarted.replay(before.rows, before.texts)
    again = restarted.admit(script.merged(cut))
    for rest in (after, again):
        assert before.rows.tolist() + rest.rows.tolist() == whole.rows.tolist()
        shifted = {len(before.rows) + place: text for place, text in rest.texts.items()}
        assert before.texts | shifted == whole.texts
        assert before.dead + rest.dead == whole.dead
    assert (restarted.names, restarted.owner_of, restarted.deposited) == (
        door.names,
        door.owner_of,
        door.deposited,
    )
    assert restarted.numbers.state() == door.numbers.state()


@given(st.lists(steps, max_size=40))
@settings(max_examples=60)
def test_rows_are_counted_without_a_gap_and_name_what_exists(history: list[tuple[Any, ...]]) -> None:
    found = admitted(scripted(history))
    opened = 1
    for row in found.rows.tolist():
        kind = row[en.KIND]
        if kind in {en.DEPOSIT, en.TRANSFER} and row[en.Deposit.OPENS]:
            column = en.Deposit.ACCOUNT if kind == en.DEPOSIT else en.Transfer.TO_ACCOUNT
            assert row[column] == opened
            opened += 1
        if kind in en.PAYLOADS:
            sides = [
                name
                for name in ("ACCOUNT", "BUYER", "SELLER", "TO_ACCOUNT")
                if hasattr(en.PAYLOADS[kind], name)
            ]
            assert all(row[getattr(en.PAYLOADS[kind], name)] < opened for name in sides)
    assert len(found.rows) + len(found.dead) == sum(1 for each in history if each[0] != "faulty")


@pytest.mark.parametrize("row", [0, 1])
def test_genesis_is_the_pools_parameters(row: int) -> None:
    of = venue().pools[row]
    rows, text = genesis(of, TIME)
    assert from_canonical(text.encode()) == of
    assert rows[0, : en.PAYLOAD].tolist() == [en.GENESIS, TIME, en.TOPIC_POOL, 0, 0, -1, 0]
    door = Admission(of)
    door.replay(rows, {0: text})
    assert door.names == ["vault"]
    assert (door.rows.get("vault", -1), door.rows.get("alice", -1)) == (0, -1)
