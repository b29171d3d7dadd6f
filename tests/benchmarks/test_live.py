"""The live benchmarks' own parts: what producers say is accepted, lag is an age, a verdict says what it says."""

from __future__ import annotations

import json

import pytest

from benchmarks.live.report import Report, spread, tell_load
from benchmarks.live.sample import Sample, Trail
from benchmarks.live.scenarios import SCENARIOS
from benchmarks.live.world import FALLING, LEAD, PRICES, STEP_NS, Texts, Walk, World
from flows.journal.wire import read

WORLD = World(accounts=40, victims=5, fall_ppm=1_000)
NOW_NS = 1_744_000_000_000_000_000


def lines(heads: list[tuple[bytes, int]], price: bytes) -> list[bytes]:
    stamp = b',"time_ns":%d,"sent_ns":%d}' % (NOW_NS, NOW_NS)
    return [
        b'%b%b","number":%d%b' % (head, price if market >= 0 else b"", number, stamp)
        for number, (head, market) in enumerate(heads)
    ]


@pytest.mark.parametrize(
    ("topic", "of", "price"),
    [
        ("collateral", "opening_deposits", b""),
        ("collateral", "deposits", b""),
        ("fills", "opening_fills", b"10.5"),
        ("fills", "fills", b"10.5"),
        ("order-checks", "checks", b"10.5"),
    ],
)
def test_what_the_producers_say_is_accepted(topic: str, of: str, price: bytes) -> None:
    for lane in getattr(Texts(WORLD), of)().lanes:
        assert lane
        assert not read(topic, lines(list(lane)[:100], price)).refused


def test_quotes_and_books_are_accepted() -> None:
    texts = Texts(WORLD)
    quotes = [(head, 0) for head, _ in texts.quotes()]
    assert len(quotes) == 3 * len(PRICES)
    assert not read("oracle-prices", lines(quotes, b"78000.250000")).refused
    for number, market in enumerate(texts.markets):
        bids, asks = texts.book(market, PRICES[market.asset])
        said = {"source": "binance-usdm", "market": market.id, "number": number, "time_ns": NOW_NS}
        said |= {"sent_ns": NOW_NS, "bids": json.loads(bids), "asks": json.loads(asks)}
        assert not read("depth", [json.dumps(said).encode()]).refused, market.id


def test_prices_rest_until_their_walk_begins_and_are_the_same_in_every_process() -> None:
    one, other = (Walk(NOW_NS, 10, fall_ppm_s=100) for _ in range(2))
    assert one.at(NOW_NS - 1) == PRICES
    late_ns = NOW_NS + 9_000_000_000
    assert one.at(late_ns) == other.at(late_ns)
    for asset in FALLING:
        assert one.at(late_ns)[asset] < PRICES[asset] * (1 - 0.0007)
    assert one.at(late_ns + 3600 * 10**9) == one.at(NOW_NS + 10 * 10**9 + STEP_NS)


def test_victims_reach_the_hard_level_one_after_the_other() -> None:
    texts = Texts(WORLD)
    for _, market in texts.victims:
        held = [texts._held(each, market) for each in range(WORLD.victims)]
        assert held == sorted(held)
        notional = float(market.quantity(10_000)) * PRICES[market.asset]
        falls = LEAD * market.rate + WORLD.fall_ppm * 1e-6
        margin = notional * market.rate * (1 - falls)
        assert held[-1] - notional * falls == pytest.approx(0.8 * margin)
        assert held[0] > 1.25 * notional * market.rate, "the first of them begins above the call"


def test_lag_is_the_time_since_the_input_ended_where_the_flow_stands() -> None:
    trail = Trail()
    for at, end in ((0.0, 100), (1.0, 200), (2.0, 200), (3.0, 400)):
        trail.add(at, end)
    assert trail.age(400, 5.0) == 0.0
    assert trail.age(200, 5.0) == 4.0
    assert trail.age(150, 5.0) == 4.5
    assert trail.age(300, 5.0) == 3.0
    assert trail.age(50, 5.0) == 5.0, "older than what was seen: at least so old"


@pytest.mark.parametrize(("a_second", "bounded"), [(0.0, True), (0.5, False)])
def test_a_lag_that_grows_is_told(a_second: float, bounded: bool) -> None:
    report = Report("throughput", "", {})
    samples = [
        Sample(
            at, NOW_NS + at * 10**9, {"intake": 7}, {"intake": at * a_second}, {"fills": at * 10}, {}, {}, 1.0
        )
        for at in range(30)
    ]
    tell_load(report, samples)
    assert report.figures["lag intake"]["bounded"] is bounded
    assert ("fills sent", "10/s", "") in report.rows


def test_a_spread_ranks() -> None:
    found = spread([float(each) for each in range(100)])
    assert (found["median"], found["p99"], found["max"]) == (50.0, 99.0, 99.0)
    assert set(SCENARIOS) == {"throughput", "latency", "recovery", "surge", "soak"}
