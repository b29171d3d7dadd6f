"""Events as messages: every event of every scenario fits its topic's schema, and says what it says in the right units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.views.texts import decimal
from flows.journal.views.views import TOPIC_OF, TOPICS, View, Views
from flows.registry.parameters import PoolParameters
from flows.scenario.feature import Scenario, read
from flows.scenario.run import run
from schemas.catalogue import BY_NAME
from tests.pool.scenes import PRICE, Scene
from tests.tables import table
from tests.worlds import START, pool

SCENARIOS = [
    scenario
    for path in sorted((Path(__file__).parents[1] / "scenarios").glob("*.feature"))
    for scenario in read(path)
]
USD = 1_000_000


# ---- help ------------------------------------------------------------------------------------------------------------------
def opened(rows: en.Rows, names: list[str]) -> dict[int, str]:
    """The texts that entries of a pool without texts would have: the names of the accounts they open."""
    texts = {}
    for place, row in enumerate(rows.tolist()):
        if row[en.KIND] in {en.DEPOSIT, en.TRANSFER} and row[en.Deposit.OPENS]:
            column = en.Deposit.ACCOUNT if row[en.KIND] == en.DEPOSIT else en.Transfer.TO_ACCOUNT
            texts[place] = names[row[column]]
        elif row[en.KIND] in {en.ORDER_CHECK, en.BID}:
            texts[place] = "nobody"
    return texts


def viewed(of: PoolParameters, rows: en.Rows, events: list[list[int]], names: list[str]) -> list[View]:
    views = Views(of)
    texts = opened(rows, names)
    views.open_accounts(rows, texts)
    return views.of(np.array(events, np.int64).reshape(-1, ev.WIDTH), rows, texts, 0)


def said(view: View) -> dict[str, Any]:
    """The message, which must fit its schema."""
    BY_NAME[view.topic].model.model_validate_json(view.value)
    message: dict[str, Any] = orjson.loads(view.value)
    return message


class Watched(Scene):
    """A scene whose entries are kept."""

    def __init__(self, of: PoolParameters) -> None:
        self.rows: list[list[int]] = []
        super().__init__(of)

    def apply(self, row: list[int], text: str = "") -> list[list[int]]:
        self.rows.append(row)
        return super().apply(row, text)

    def said(self) -> list[dict[str, Any]]:
        names = ["vault", *(f"a-{row}" for row in range(1, self.accounts))]
        return [said(view) for view in viewed(self.of, np.array(self.rows), self.log, names)]


# ---- all of them -------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def messages() -> list[dict[str, Any]]:
    """Every message of every scenario; each was held against its schema."""
    found = []
    for scenario in SCENARIOS:
        found += played(scenario)
    return found


def played(scenario: Scenario) -> list[dict[str, Any]]:
    found = []
    for each in run(scenario, []).world.pools.values():
        names = [name.replace(" ", "-").replace("/", ":") for name in each.accounts]
        names[0] = "vault"
        views = viewed(each.parameters, np.array(each.rows, np.int64), each.events, names)
        assert [(view.offset, view.index, view.topic) for view in views] == [
            (event[ev.OFFSET], event[ev.INDEX], TOPIC_OF[event[ev.TYPE]])
            for event in each.events
            if event[ev.TYPE] in TOPIC_OF
        ]
        found += [{"topic": view.topic, **said(view)} for view in views]
    return found


def test_every_event_of_every_scenario_fits_its_schema(messages: list[dict[str, Any]]) -> None:
    assert len(messages) > 1_000
    assert {each["topic"] for each in messages} == set(TOPICS)


def test_the_scenarios_meet_every_type_but_one(messages: list[dict[str, Any]]) -> None:
    typed = {ev.TYPE_NAMES[kind] for kind, topic in TOPIC_OF.items() if topic in {"liquidations", "adl"}}
    met = {each["type"] for each in messages if each["topic"] in {"liquidations", "adl"}}
    assert typed - met == {"adl-cash"}


def test_a_gain_cut_in_cash_is_told_as_amount_and_haircut() -> None:
    event = list(ev.BLANK)
    event[ev.TYPE], event[ev.TIME_NS], event[ev.RULE] = ev.ADL_CASH, START, 1202
    event[ev.RULE_VERSION] = event[ev.PARAMETERS_VERSION] = 1
    event[ev.OFFSET], event[ev.INDEX], event[ev.ACCOUNT], event[ev.COUNTER_ACCOUNT] = 5, 2, 1, 2
    event[ev.MARKET], event[ev.FEE_QUANTA], event[ev.MARK_TICKS] = 0, 12_345, PRICE
    views = Views(pool(), ["vault", "winner", "loser"])
    [view] = views.of(np.array([event]), en.empty(0), {}, 0)
    cut = said(view)
    assert (cut["id"], cut["rule"], cut["account"], cut["bankrupt"]) == (
        "test:5:2",
        "R-L2",
        "winner",
        "loser",
    )
    assert (cut["amount"], cut["haircut"], cut["mark_price"]) == ("0.012345", "0.012345", "60000.0")


def test_every_typed_topic_is_in_the_catalogue_and_no_event_goes_to_two() -> None:
    for topic in TOPICS:
        assert BY_NAME[topic].direction == "output"
    assert set(TOPIC_OF) <= set(range(len(ev.TYPE_NAMES)))


def test_an_id_is_the_same_as_in_the_events(messages: list[dict[str, Any]]) -> None:
    for each in messages:
        assert each["id"] == f"{each['pool']}:{each['journal_offset']}:{each['event_index']}"


# ---- what they say -----------------------------------------------------------------------------------------------------------
def test_an_order_says_all_that_execution_needs() -> None:
    scene = Watched(pool(window_ns=0, window_least_ns=0))
    alice, rich = scene.open(1_000 * USD), scene.open(10**15)
    scene.trade(0, alice, rich, 1_000, PRICE)
    scene.mark(0, 596_000)
    order = next(each for each in scene.said() if each.get("type") == "liquidation-order")
    row = next(each for each in scene.log if each[ev.TYPE] == ev.LIQUIDATION_ORDER)
    assert (order["account"], order["market"], order["side"]) == ("a-1", "BTC-PERP", "sell")
    assert order["quantity"] == f"{-row[ev.LOTS] // 1_000}.{-row[ev.LOTS] % 1_000:03d}"
    assert order["price"] == f"{row[ev.PRICE_TICKS] // 10}.{row[ev.PRICE_TICKS] % 10}"
    assert (order["tick"], order["lot"], order["mark_price"]) == ("0.1", "0.001", "59600.0")
    assert order["deadline_ns"] == row[ev.DEADLINE_NS] == row[ev.TIME_NS] + pool().order_life_ns
    assert order["rule"] == "R-H1"
    assert "answers" not in order


def test_a_decision_names_the_check_that_it_answers() -> None:
    scene = Watched(pool())
    alice = scene.open(10_000 * USD)
    row = [0] * en.WIDTH
    row[en.KIND], row[en.TIME_NS], row[en.TOPIC] = en.ORDER_CHECK, scene.time_ns, en.TOPIC_ORDER_CHECKS
    row[en.SOURCE], row[en.NUMBER] = 2, 41_207
    row[en.OrderCheck.ACCOUNT], row[en.OrderCheck.MARKET] = alice, 1
    row[en.OrderCheck.LOTS], row[en.OrderCheck.PRICE_TICKS] = -50, PRICE
    row[en.OrderCheck.REDUCE_ONLY] = 0
    scene.apply(row)
    for account, lots, reduce_only in ((alice, 50_000, 0), (alice, 5, 1), (-1, 5, 0)):
        row = list(row)
        row[en.NUMBER] += 1
        row[en.OrderCheck.ACCOUNT], row[en.OrderCheck.LOTS] = account, lots
        row[en.OrderCheck.REDUCE_ONLY] = reduce_only
        scene.apply(row)
    decisions = [each for each in scene.said() if "check_number" in each]
    assert [each["check_number"] for each in decisions] == [41_207, 41_208, 41_209, 41_210]
    assert {each["check_source"] for each in decisions} == {"gateway"}
    assert [each["decision"] for each in decisions] == [
        "ACCEPT", "INSUFFICIENT_MARGIN", "NOT_REDUCING", "UNKNOWN_ACCOUNT",
    ]  # fmt: skip
    assert [each["account"] for each in decisions] == ["a-1", "a-1", "a-1", "nobody"]
    assert [each["reduce_only"] for each in decisions] == [False, False, True, False]
    first = decisions[0]
    assert (first["market"], first["side"], first["quantity"]) == ("ETH-PERP", "sell", "0.050")
    assert (first["price"], first["largest_quantity"]) == ("60000.0", "0.050")
    assert (first["equity"], first["initial_margin"]) == ("10000.000000", "0.000000")


def test_a_bid_on_nothing_is_answered_with_its_number_in_the_market_it_names() -> None:
    scene = Watched(pool())
    row = [0] * en.WIDTH
    row[en.KIND], row[en.TIME_NS], row[en.TOPIC] = en.BID, scene.time_ns, en.TOPIC_BIDS
    row[en.SOURCE], row[en.NUMBER], row[en.Bid.ACCOUNT], row[en.Bid.OFFER_OFFSET] = 1, 7, -1, 99
    row[en.Bid.NAMED], row[en.Bid.LOTS], row[en.Bid.LIMIT_TICKS] = 2, 1_500, PRICE
    scene.apply(row)
    answer = next(each for each in scene.said() if each.get("type") == "bid-decision")
    assert (answer["bid_source"], answer["bid_number"], answer["account"]) == ("wallet", 7, "nobody")
    assert (answer["detail"], answer["answers"]) == ("UNKNOWN_OFFER", "test:99:0")
    assert (answer["market"], answer["quantity"], answer["price"]) == ("ETH-PERP", "1.500", "60000.0")
    assert "counter_account" not in answer


def test_a_withdrawal_in_kind_is_told_in_units_of_its_asset() -> None:
    scene = Watched(pool())
    scene.price(1, 60_000)
    alice = scene.open(1_000 * USD)
    scene.deposit(alice, 250_000_000, 1)
    scene.withdraw(alice, 50_000_001, 1)
    answer = next(each for each in scene.said() if "request_number" in each)
    assert (answer["asset"], answer["amount"], answer["decision"]) == ("BTC", "0.50000001", "ACCEPT")


def test_names_that_were_kept_go_on() -> None:
    of = pool()
    views = Views(of)
    rows = en.empty(2)
    rows[:, en.KIND], rows[:, en.Deposit.OPENS] = en.DEPOSIT, 1
    rows[:, en.Deposit.ACCOUNT] = 1, 2
    views.open_accounts(rows, {0: "alice", 1: "alice-2 alice"})
    later = Views(of, views.names)
    rows[:, en.Deposit.ACCOUNT] = 3, 4
    later.open_accounts(rows, {0: "bob", 1: "carol"})
    assert later.names == ["vault", "alice", "alice-2", "bob", "carol"]
    assert views.names == ["vault", "alice", "alice-2"]


@pytest.mark.parametrize(
    ("scale", "value", "text", "why"),
    table("""
           1          -3  -3           whole_units
          10      600_001  60000.1     ticks_of_a_tenth
        1000           73  0.073       zeros_in_front
        1000         2000  2.000       zeros_behind_stay
           2            3  1.5         half_ticks
           4           -1  -0.25       quarters_below_zero
           8            1  0.125       three_decimals
     1000000  -9223372036854775808  -9223372036854.775808  the_least_int64
    """),
)
def test_decimals_are_exact(scale: str, value: str, text: str, why: str) -> None:
    assert decimal(int(scale))(int(value)) == text
