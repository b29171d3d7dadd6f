"""Executor and liquidator against a real broker: what they answer, what they leave, and that a kill doubles nothing."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter, defaultdict
from pathlib import Path

import orjson
import pytest

from flows.connectors.kafka.clients import consumer, ends
from flows.journal.wire import FORMS
from schemas.catalogue import BY_NAME
from tests.system.kafka.beside import SECOND, START_S, Beside, Read, kill, log_of, until
from tests.system.kafka.conftest import Kafka

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

BIDS = [["99.5", "0.3"], ["99.0", "0.4"], ["89.0", "9"]]
DEEP = [["99.5", "100000"]]


@pytest.fixture
def venue(kafka: Kafka) -> Beside:
    return Beside(kafka(2), 2)


def told(read: list[Read], *names: str) -> list[tuple[str, ...]]:
    """Some fields of each message."""
    return [tuple(str(each.said.get(name)) for name in names) for each in read]


# ---- the executor ----------------------------------------------------------------------------------------------------------
def test_an_order_is_filled_level_by_level_within_its_limit(venue: Beside, tmp_path: Path) -> None:
    venue.clock(0)
    venue.depth("BTC-PERP", BIDS, [["100.0", "1"]])
    with venue.running("executor", tmp_path / "state"):
        first = venue.order()
        venue.order(quantity="1.000", lane=1, side="buy", price="100.0", type="vault-order", account="vault")
        fills = venue.wait("fills", 3)
        late = venue.order(second=-5)
        second = venue.order(quantity="5")
        fills = venue.wait("fills", 4)
    assert told([each for each in fills if each.lane == 0], "quantity", "price", "liquidation") == [
        ("0.3", "99.5", first),
        ("0.2", "99.0", first),
        ("0.2", "99.0", second),  # what the first one left, and no more: the next level is beyond the limit
    ]
    [vault] = [each.said for each in fills if each.lane == 1]
    assert (vault["buyer"], vault["seller"], vault["taker"]) == ("vault", "mm-p1-1", "buyer")
    assert late not in {each.said["liquidation"] for each in fills}
    assert sorted(each.said["number"] for each in fills) == [1, 2, 3, 4]
    for each in fills:
        BY_NAME["fills"].model.model_validate(each.said)
        FORMS["fills"].decoder.decode(orjson.dumps(each.said))
        assert each.headers["ce_causationid"].decode() == each.said["liquidation"]
        assert each.headers["content-type"] == b"application/json"


def test_accepted_orders_trade_only_if_they_are_asked_for_and_fresh(venue: Beside, tmp_path: Path) -> None:
    venue.clock(0)
    venue.depth("BTC-PERP", BIDS, [["100.0", "1"]])
    fields = {
        "account": "bob",
        "market": "BTC-PERP",
        "side": "buy",
        "quantity": "0.1",
        "price": "101.0",
        "decision": "ACCEPT",
    }
    venue.event("order-decisions", 0, -6, **fields)
    venue.event("order-decisions", 0, **fields | {"decision": "HALTED"})
    venue.event("order-decisions", 0, **fields | {"price": "99.0"})
    fresh = venue.event("order-decisions", 0, **fields)
    with venue.running("executor", tmp_path / "one"):
        time.sleep(1.5)
        assert venue.read("fills") == []
    with venue.running("executor", tmp_path / "two", "--match", "--maker", "bob", "--maker", "mm"):
        [fill] = venue.wait("fills", 1)
    assert (fill.said["buyer"], fill.said["seller"]) == ("bob", "mm")  # nobody trades with itself
    assert "liquidation" not in fill.said
    assert fill.headers["ce_causationid"].decode() == fresh


def test_what_is_no_message_is_passed_over(venue: Beside, tmp_path: Path) -> None:
    venue.clock(0)
    for topic in ("depth", "clock"):
        for value in (b"", b"\xff", b"[]", b"7", b'{"market": 5, "sent_ns": "x"}'):
            venue.say(topic, 0, value)
    wrong = {"source": "mallory", "number": 1, "time_ns": 4 * 10**18, "sent_ns": 4 * 10**18}
    venue.say("clock", 0, wrong)  # with another's word for the time, every order would be late
    venue.say("fills", 0, b"{")
    venue.depth("BTC-PERP", DEEP, [["100.0", "1"]])
    with venue.running("executor", tmp_path / "state"):
        order = venue.order()
        venue.out.flush()
        until(lambda: order in log_of(tmp_path / "state").read_text(), 20, "the answer")
    client = consumer(venue.settings, "looker")
    assert ends(client, venue.settings.topic("fills"), 0)[1] == 2
    client.close()


@pytest.mark.parametrize("seed", [1, 2])
def test_kills_at_any_moment_lose_and_double_nothing(venue: Beside, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    venue.clock(0)
    venue.depth("BTC-PERP", DEEP, [["100.0", "1"]])
    state = tmp_path / "state"
    orders: list[str] = []
    for turn in range(6):
        process = venue.start("executor", state)
        end = time.monotonic() + 0.9 + dice.random()
        while time.monotonic() < end:
            orders += [venue.order(lane=dice.randrange(2)) for _ in range(dice.randrange(40))]
            venue.out.poll()
            time.sleep(0.02)
        kill(process)
        if turn == 3:
            state.unlink(missing_ok=True)  # it only knows where to begin
    venue.out.flush()
    with venue.running("executor", state):
        fills = venue.wait("fills", len(orders), 60)
        time.sleep(1)
    fills = venue.read("fills")
    answers = Counter(each.said["liquidation"] for each in fills)
    assert set(answers) == set(orders), "no order is left out: none was late"
    assert set(answers.values()) == {1}
    numbers: dict[int, list[int]] = defaultdict(list)
    for each in fills:
        numbers[each.lane].append(each.said["number"])
    assert len({each.said["number"] for each in fills}) == len(fills)
    assert all(found == sorted(found) for found in numbers.values())


def test_a_process_that_was_paused_leaves_alone_what_has_lapsed(venue: Beside, tmp_path: Path) -> None:
    venue.clock(0)
    venue.depth("BTC-PERP", DEEP, [["100.0", "1"]])
    state = tmp_path / "state"
    with venue.running("executor", state) as process:
        until(state.exists, 20, "the first start")
        process.send_signal(signal.SIGSTOP)
        venue.order()
        venue.clock(5)
        process.send_signal(signal.SIGCONT)
        fresh = venue.order(second=5)
        assert told(venue.wait("fills", 1), "liquidation") == [(fresh,)]


def test_one_state_one_process(venue: Beside, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with venue.running("executor", state):
        until(state.exists, 20, "the first start")
        assert venue.start("executor", state).wait(10) == 1
    assert log_of(state).read_text() == f"{state}: another process holds it\n"


# ---- the liquidator --------------------------------------------------------------------------------------------------------
def offer(venue: Beside, second: int = 0, **changes: object) -> str:
    fields = {
        "type": "offer-opened",
        "account": "alice",
        "market": "BTC-PERP",
        "side": "sell",
        "quantity": "2.000",
        "bonus_ppm": 5_000,
        "mark_price": "100.0",
        "tick": "0.5",
        "lot": "0.001",
        "deadline_ns": (START_S + second + 60) * SECOND,
    }
    return venue.event("liquidations", 0, second, **fields | changes)


def decide(venue: Beside, bid: Read, detail: str, second: int = 0) -> None:
    fields = {"bid_source": "liquidator", "bid_number": bid.said["number"], "quantity": bid.said["quantity"]}
    said = {
        "type": "bid-decision",
        "account": "liq-1",
        "detail": detail,
        "answers": bid.said["offer"],
        **fields,
    }
    venue.event("liquidations", 0, second, **said)
    venue.out.flush()


def test_a_liquidator_bids_once_the_bonus_is_worth_it(venue: Beside, tmp_path: Path) -> None:
    venue.clock(0)
    options = ("--account", "liq-1", "--minimum-bonus-ppm", "5000", "--limit-ppm", "20000", "--most", "100")
    with venue.running("liquidator", tmp_path / "state", *options):
        good = offer(venue)
        poor = offer(venue, bonus_ppm=4_000, side="buy", mark_price="100.5", quantity="0.5")
        [first] = venue.wait("liquidation-bids", 1)
        assert first.said["offer"] == good
        assert (first.said["quantity"], first.said["limit_price"]) == ("1", "102")
        venue.clock(3)
        first, second = venue.wait("liquidation-bids", 2)
        assert (second.said["offer"], second.said["limit_price"]) == (poor, "98.5")
        decide(venue, second, "BONUS_BELOW_MIN", 3)
        venue.clock(6)
        second_again = venue.wait("liquidation-bids", 3)[2]
        assert second_again.said["offer"] == poor
        decide(venue, second_again, "SELF_DEALING", 6)
        decide(venue, first, "VALID", 6)
        rest = venue.wait("liquidation-bids", 4)[3]
        assert (rest.said["offer"], rest.said["quantity"]) == (good, "1")
        decide(venue, rest, "UNDERFUNDED", 6)
        half = venue.wait("liquidation-bids", 5)[4]
        assert (half.said["offer"], half.said["quantity"]) == (good, "0.5")
        venue.event("liquidations", 0, 7, type="offer-withdrawn", answers=good, detail="recovered")
        venue.clock(20)
        time.sleep(0.5)
        assert len(venue.read("liquidation-bids")) == 5
    for each in venue.read("liquidation-bids"):
        BY_NAME["liquidation-bids"].model.model_validate(each.said)


def test_orders_and_other_bidders_leave_less_of_an_offer(venue: Beside, tmp_path: Path) -> None:
    venue.clock(0)
    offered = offer(venue, bonus_ppm=1_000)
    venue.order(quantity="0.400")
    venue.order(quantity="0.700", account="bob")
    fill = {"type": "offer-fill", "answers": offered, "quantity": "0.600", "counter_account": "liq-9"}
    venue.event("liquidations", 0, **fill)
    with venue.running("liquidator", tmp_path / "state", "--account", "liq-1"):
        venue.clock(3)
        [bid] = venue.wait("liquidation-bids", 1)
    assert bid.said["quantity"] == "1"


def test_a_kill_does_not_repeat_a_bid(venue: Beside, tmp_path: Path) -> None:
    venue.clock(0)
    state, options = tmp_path / "state", ("--account", "liq-1")
    offers = [offer(venue) for _ in range(3)]
    process = venue.start("liquidator", state, *options)
    bids = venue.wait("liquidation-bids", 3)
    kill(process)
    decide(venue, bids[0], "VALID")
    state.unlink(missing_ok=True)
    with venue.running("liquidator", state, *options):
        time.sleep(1.5)
        assert told(venue.read("liquidation-bids"), "offer", "number") == [
            (each, str(number)) for number, each in enumerate(offers, 1)
        ]
        decide(venue, bids[1], "BONUS_BELOW_MIN")
        venue.clock(3)
        again = venue.wait("liquidation-bids", 4)[3]
    assert (again.said["offer"], again.said["number"]) == (offers[1], 4)
