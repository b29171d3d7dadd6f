"""The recording that ships, from end to end, with the defaults: every rung, and scenarios T-19 and T-35 as they happen."""

from __future__ import annotations

import numpy as np
import pytest

from flows import replay
from flows.connectors.settings import events_of, journal_of
from flows.journal import entries as en
from flows.journal import events as ev
from flows.registry.parameters import PoolParameters
from flows.rules.breaker.permissions import STATE_PAUSE
from flows.rules.call.levels import BACKSTOP, BANKRUPT, CALL, PARTIAL, SOFT

Day = tuple[replay.Done, dict[str, en.Rows], dict[str, en.Rows]]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """The default replay: 10,000 accounts, nothing placed by hand."""
    folder = tmp_path_factory.mktemp("shipped") / "run"
    asked = replay.Replay("crash-2025-04-07", 10_000, folder, database=False)
    done = replay.execute(asked, lambda _time, _count: None)
    pools = [pool.id for pool in done.run.venue.pools]
    events = {pool: np.concatenate([each.rows for each in events_of(done.run, pool)]) for pool in pools}
    journal = {pool: np.concatenate([each.rows for each in journal_of(done.run, pool)]) for pool in pools}
    return done, journal, events


def parameters(day: Day, pool: str) -> PoolParameters:
    """A pool's parameters."""
    return day[0].run.venue.pool(pool)


def of_type(rows: en.Rows, kind: int) -> en.Rows:
    """Events of one type."""
    return rows[rows[:, ev.TYPE] == kind]


def test_every_rung_is_reached(day: Day) -> None:
    done, _, events = day
    every = np.concatenate(list(events.values()))
    levels = set(of_type(every, ev.LEVEL)[:, ev.CODE].tolist())
    assert {CALL, SOFT, PARTIAL, BACKSTOP, BANKRUPT} <= levels
    for kind in (
        ev.MARGIN_CALL,
        ev.CALL_CLEARED,
        ev.LIQUIDATION_FILL,
        ev.PENALTY,
        ev.OFFER_FILL,
        ev.TAKEOVER,
        ev.VAULT_ORDER,
        ev.COLLATERAL_SOLD,
        ev.FUNDING,
        ev.ADL,
    ):
        assert len(of_type(every, kind)) > 0, ev.TYPE_NAMES[kind]
    assert done.summary["dead_letters"] == {}


def test_nothing_is_created_or_lost(day: Day) -> None:
    summary = day[0].summary
    assert all(each["ok"] for each in summary["value_conserved"].values())
    assert summary["positions_zero_sum"]


def test_t_19_a_deficit_is_paid_in_the_order_of_claims(day: Day) -> None:
    """Each deficit equals fund draws, haircuts, floor draws and charges of its entry; the floor is spent last."""
    found, deleveraged = 0, 0
    for pool, rows in day[2].items():
        floor = parameters(day, pool).fund_floor_quanta
        for offset in of_type(rows, ev.BANKRUPT)[:, ev.OFFSET]:
            own = rows[rows[:, ev.OFFSET] == offset]
            deficit = int(of_type(own, ev.BANKRUPT)[:, ev.QUANTA].sum())
            fund = of_type(own, ev.FUND)
            drawn = -int(fund[np.isin(fund[:, ev.CODE], (ev.FUND_DRAW,)), ev.QUANTA].sum())
            floored = -int(fund[fund[:, ev.CODE] == ev.FUND_FLOOR_DRAW, ev.QUANTA].sum())
            cut = int(
                of_type(own, ev.ADL)[:, ev.FEE_QUANTA].sum()
                + of_type(own, ev.ADL_CASH)[:, ev.FEE_QUANTA].sum()
            )
            charged = int(of_type(own, ev.LOSS_CHARGE)[:, ev.QUANTA].sum())
            assert deficit == drawn + cut + floored + charged, f"{pool}:{offset}"
            general = fund[(fund[:, ev.MARKET] < 0) & (fund[:, ev.CODE] == ev.FUND_DRAW)]
            assert np.all(general[:, ev.BALANCE_QUANTA] >= floor), "a draw stops at the floor"
            if cut > 0:
                assert len(general) == 0 or general[-1, ev.BALANCE_QUANTA] == floor, (
                    "winners pay after the fund"
                )
            found += 1
            deleveraged += cut > 0
    assert found > 0
    assert deleveraged > 0, "the day has a deficit that winners bear"


def test_t_35_the_price_band_pauses_a_market_and_opens_it_again(day: Day) -> None:
    done, _, events = day
    pauses = 0
    for rows in events.values():
        status = of_type(rows, ev.MARKET_STATUS)
        began = status[
            (status[:, ev.QUANTA] & STATE_PAUSE > 0) & (status[:, ev.FEE_QUANTA] & STATE_PAUSE == 0)
        ]
        for start in began:
            market = start[ev.MARKET]
            ended = status[
                (status[:, ev.MARKET] == market)
                & (status[:, ev.OFFSET] > start[ev.OFFSET])
                & (status[:, ev.QUANTA] & STATE_PAUSE == 0)
            ]
            assert len(ended) > 0, "the market opened again"
            span = rows[(rows[:, ev.OFFSET] > start[ev.OFFSET]) & (rows[:, ev.OFFSET] < ended[0, ev.OFFSET])]
            seconds = (ended[0, ev.TIME_NS] - start[ev.TIME_NS]) // 1_000_000_000
            assert seconds >= 300, "a pause lasts five minutes"
            own = span[span[:, ev.MARKET] == market]
            assert len(of_type(own, ev.LIQUIDATION_ORDER)) == 0, "no market order while it lasts"
            pauses += 1
    assert pauses > 0, f"a band trips in {done.described.title}"
