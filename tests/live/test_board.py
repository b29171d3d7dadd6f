"""The board: what it holds after which messages, whatever pieces they come in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.connectors.settings import venue_of
from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.codes import BREAKERS, LEVELS
from flows.live.board import Board, FlowBoard, PoolBoard, line_of

VENUE = venue_of("crash-2025-04-07.toml")
POOL = VENUE.pools[0]
SECOND = 1_000_000_000
BTC = 0
LEVEL = {name: level for level, name in LEVELS.items()}


def event(offset: int, index: int, kind: int, **columns: int) -> list[int]:
    """An event's row; columns by their names in small letters."""
    row = list(ev.BLANK)
    row[ev.OFFSET], row[ev.INDEX], row[ev.TYPE], row[ev.TIME_NS] = offset, index, kind, offset * SECOND
    for name, value in columns.items():
        row[getattr(ev, name.upper())] = value
    return row


def moved(offset: int, account: int, former: str, level: str) -> list[int]:
    return event(offset, 0, ev.LEVEL, account=account, former_code=LEVEL[former], code=LEVEL[level])


STORY = [
    event(0, 0, ev.ACCOUNT_OPENED, account=0),
    event(0, 1, ev.FUND, market=-1, quanta=250, balance_quanta=250),
    event(0, 2, ev.FUND, market=BTC, quanta=50, balance_quanta=50),
    *(event(number, 0, ev.ACCOUNT_OPENED, account=number) for number in (1, 2, 3)),
    moved(4, 1, "ok", "call"),
    event(4, 1, ev.MARGIN_CALL, account=1),
    moved(5, 1, "call", "partial"),
    event(5, 1, ev.LIQUIDATION_ORDER, account=1, market=BTC, lots=-100, deadline_ns=9 * SECOND),
    event(6, 0, ev.LIQUIDATION_FILL, account=1, market=BTC, lots=-60, reference_offset=5, reference_index=1),
    event(6, 1, ev.FUND, market=BTC, quanta=7, balance_quanta=57),
    event(7, 0, ev.OFFER_OPENED, account=1, market=BTC, lots=-40, deadline_ns=20 * SECOND),
    event(
        7, 1, ev.LIQUIDATION_LAPSED, account=1, market=BTC, lots=-40, reference_offset=5, reference_index=1
    ),
    event(8, 0, ev.OFFER_FILL, account=1, market=BTC, lots=-10, reference_offset=7, reference_index=0),
    moved(9, 1, "partial", "backstop"),
    event(9, 1, ev.TAKEOVER, account=1, market=BTC, lots=-30),
    event(9, 2, ev.POSITION, account=0, market=BTC, lots=30, position_lots=30),
    event(9, 3, ev.OFFER_WITHDRAWN, account=1, market=BTC, reference_offset=7, reference_index=0),
    event(10, 0, ev.BANKRUPT, account=1, quanta=11),
    event(10, 1, ev.GATE, code=1),
    event(11, 0, ev.POSITION, account=0, market=BTC, lots=-10, position_lots=20),
]
ROWS = np.array(STORY, np.int64)


def told(rows: en.Rows, cuts: list[int]) -> PoolBoard:
    """A pool that hears these events, cut behind some entries."""
    pool = PoolBoard(POOL)
    first = 0
    for end in [*sorted(cuts), int(rows[-1, ev.OFFSET]) + 1]:
        pool.add_events(end, rows[(rows[:, ev.OFFSET] >= first) & (rows[:, ev.OFFSET] < end)])
        first = max(first, end)
    return pool


def figures(pool: PoolBoard) -> dict[str, Any]:
    return {
        "accounts": pool.accounts,
        "standing": {level: count for level, count in pool.standing.items() if count},
        "orders": pool.open_of(pool.orders),
        "offers": [each.lots for each in pool.offers.values()],
        "fund": pool.fund_now_quanta,
        "vault": pool.vault_lots[BTC],
        "deficit": pool.deficit_quanta,
        "closed": pool.gate_closed,
    }


AFTER = {
    4: {"standing": {"ok": 3}, "orders": 0, "offers": [], "fund": 300, "vault": 0},
    5: {"standing": {"ok": 2, "call": 1}, "orders": 0, "offers": [], "fund": 300, "vault": 0},
    6: {"standing": {"ok": 2, "partial": 1}, "orders": 1, "offers": [], "fund": 300, "vault": 0},
    7: {"standing": {"ok": 2, "partial": 1}, "orders": 1, "offers": [], "fund": 307, "vault": 0},
    8: {"standing": {"ok": 2, "partial": 1}, "orders": 0, "offers": [40], "fund": 307, "vault": 0},
    9: {"standing": {"ok": 2, "partial": 1}, "orders": 0, "offers": [30], "fund": 307, "vault": 0},
    10: {"standing": {"ok": 2, "backstop": 1}, "orders": 0, "offers": [], "fund": 307, "vault": 30},
    12: {"standing": {"ok": 2, "backstop": 1}, "orders": 0, "offers": [], "fund": 307, "vault": 20},
}


@pytest.mark.parametrize("entries", AFTER)
def test_after_so_many_entries(entries: int) -> None:
    pool = told(ROWS[ROWS[:, ev.OFFSET] < entries], [])
    assert figures(pool).items() >= {"accounts": 3, **AFTER[entries]}.items()
    assert pool.entries == entries
    assert (pool.deficit_quanta, pool.gate_closed) == ((11, True) if entries > 10 else (0, False))


@given(st.lists(st.integers(0, 12)))
def test_the_pieces_do_not_matter_and_repeats_are_nothing(cuts: list[int]) -> None:
    pool = told(ROWS, cuts)
    pool.add_events(12, ROWS)
    pool.add_events(7, ROWS[ROWS[:, ev.OFFSET] < 7])
    assert figures(pool) == figures(told(ROWS, []))
    assert pool.counts.tolist() == np.bincount(ROWS[:, ev.TYPE], minlength=len(ev.TYPE_NAMES)).tolist()


def test_an_order_whose_time_is_over_is_not_open() -> None:
    pool = told(ROWS[ROWS[:, ev.OFFSET] < 6], [])
    assert pool.open_of(pool.orders) == 1
    pool.add_states(state(BTC, 70_000, time_s=10))
    assert pool.open_of(pool.orders) == 0
    assert pool.worth_quanta(pool.orders) == 0


# ---- markets ---------------------------------------------------------------------------------------------------------
def state(market: int, mark: int, status: int = 0, breakers: int = 0, time_s: int = 1) -> en.Rows:
    row = np.zeros((1, en.WIDTH), np.int64)
    row[0, en.KIND], row[0, en.TIME_NS] = en.MARKET_STATE, time_s * SECOND
    row[0, en.MarketState.MARKET], row[0, en.MarketState.MARK_TICKS] = market, mark
    row[0, en.MarketState.STATUS], row[0, en.MarketState.BREAKERS] = status, breakers
    return row


def test_a_market_is_as_its_last_state_says() -> None:
    pool = PoolBoard(POOL)
    market = pool.markets[BTC]
    assert market.words == "no price yet"
    limit = next(bit for bit, name in BREAKERS.items() if name == "limit")
    pool.add_states(np.concatenate([state(BTC, 100), state(BTC, 90, 1, limit), state(1, 5)]))
    assert (market.first_ticks, market.mark_ticks, market.words) == (100, 90, "degraded, limit")
    pool.add_states(state(BTC, 0, 2))  # a halted index has no mark: the last one stays
    assert (market.mark_ticks, market.words) == (90, "halted")
    pool.vault_lots[BTC] = -3
    assert pool.vault_quanta == 3 * 90 * POOL.markets[BTC].lot_tick_quanta


# ---- flows -----------------------------------------------------------------------------------------------------------
PAGE = """# HELP marginline_input_lag_records Records of a lane that are not read yet.
# TYPE marginline_input_lag_records gauge
marginline_input_lag_records{{flow="intake",lane="0",topic="fills"}} {fills}
marginline_input_lag_records{{flow="intake",lane="1",topic="fills"}} 2.0
marginline_input_lag_records{{flow="intake",lane="0",topic="clock"}} 0.0
marginline_input_records_total{{flow="intake",topic="fills"}} {read}
marginline_flow_ready_bool{{flow="intake"}} 1.0
marginline_flow_beat_timestamp_seconds{{flow="intake"}} 9.5
process_resident_memory_bytes 3.5e+08
"""


def test_a_page_says_what_waits_and_how_fast_it_goes() -> None:
    flow = FlowBoard("intake")
    flow.take_page(PAGE.format(fills="1.0", read="100.0"), 10.0)
    assert (flow.answers, flow.ready, flow.waiting, flow.rate) == (True, True, 3, 0.0)
    assert (flow.memory_bytes, flow.silent_s) == (350_000_000, 0.5)
    flow.take_page(PAGE.format(fills="5.0", read="1.1e+03"), 12.0)
    assert flow.lag == {"fills": 7, "clock": 0}
    assert flow.rate == 500.0
    flow.no_page()
    assert (flow.answers, flow.ready) == (False, False)
    flow.take_page(PAGE.format(fills="0.0", read="5.0"), 20.0)  # started again: it counts from zero
    assert flow.rate == 0.0


# ---- the log ---------------------------------------------------------------------------------------------------------
LINES = [
    (
        "liquidations",
        {
            "type": "liquidation-order",
            "account": "a-000017",
            "detail": "partial",
            "side": "sell",
            "quantity": "0.412",
            "market": "BTC-PERP",
            "price": "74100.0",
        },
        "a-000017 partial liquidation: sell 0.412 BTC-PERP at 74100.0 or better",
    ),
    (
        "margin-calls",
        {"type": "margin-call", "account": "a-000017", "cure": "12.5"},
        "a-000017 called: 12.5 cures it",
    ),
    (
        "adl",
        {"type": "socialized-loss", "bankrupt": "a-000017", "amount": "7.25"},
        "loss of a-000017 shared: 7.25",
    ),
]


@pytest.mark.parametrize(("topic", "said", "line"), LINES)
def test_what_is_worth_a_line(topic: str, said: dict[str, Any], line: str) -> None:
    time_ns = (3 * 86_400 + 7 * 3_600 + 3 * 60 + 12) * SECOND + 5
    found = line_of(topic, {"pool": "majors", "time_ns": time_ns, **said})
    assert " ".join(found.split()) == f"07:03:12 majors {line}"


def test_what_is_not_is_left_out() -> None:
    board = Board(VENUE, ("market",))
    board.add_message("liquidations", {"type": "penalty", "pool": "majors", "time_ns": 0})
    board.add_message("margin-calls", {"type": "level", "pool": "majors", "time_ns": 0})
    assert (list(board.log), board.logged) == ([], 0)
    board.add_message("liquidations", {"type": "bankrupt", "pool": "majors", "time_ns": 0, "amount": "1"})
    assert board.logged == 1
