"""What a flow does before it takes records reaches the code of every decision."""

from __future__ import annotations

import pytest

from flows.connectors.settings import venue_of
from flows.journal import events as ev
from flows.lanes.warm import fall
from flows.pool.driver import Driver
from flows.pool.pool import Pool

pytestmark = pytest.mark.compiled

DECIDED = {
    *("order-decision", "collateral-decision", "margin-call", "liquidation-order", "offer-opened"),
    *("takeover", "vault-order", "bankrupt", "adl"),
}


@pytest.mark.parametrize("name", ["crash-2025-04-07.toml", "crash-2025-10-10.toml"])
def test_every_stage_of_the_ladder_is_reached(name: str) -> None:
    parameters = venue_of(name).pools[0]
    pool = Pool(parameters)
    rows, texts = fall(parameters)
    events = Driver(pool, None).drive(rows, texts).events
    pool.check()
    assert {ev.TYPE_NAMES[kind] for kind in events[:, ev.TYPE].tolist()} >= DECIDED
