"""Faults against the real flows: what an operator's bad day has, each once; `make chaos-slice` draws more by seed.

Each drill ends in the whole check: the journal executed again, topics, ClickHouse, and one fate for every record.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.live.broker import Broker
from flows.live.chaos.drill import Drilled, Plan, drill, plan
from flows.live.chaos.faults import FAULTS, KILLS, OF_DATABASE
from flows.live.chaos.report import page
from flows.live.chaos.show import line

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.compiled]

PATIENCE = 4
"""Other tests run beside these."""


def drilled(broker: Broker, folder: Path, *faults: str, seed: int = 1) -> Drilled:
    done = drill(broker, folder, Plan(seed, faults, (0.3,) * len(faults)), patience=PATIENCE)
    assert done.is_sound, line(done)
    assert done.liquidations > 0, "a fall in which nobody is liquidated proves little"
    assert all(each.recover_s is not None for each in done.struck)
    return done


def signs(done: Drilled) -> str:
    return "\n".join(sign for each in done.struck for sign in each.signs)


def test_a_kill_of_any_flow_loses_nothing(broker: Broker, tmp_path: Path) -> None:
    done = drilled(broker, tmp_path, *KILLS)
    assert "ended with -9" in signs(done)
    assert done.terms >= 4, "two pools: each start of market and intake claims a term, if it lives to"
    assert signs(done).count("ended with -9") == 4


def test_a_writer_that_was_paused_and_revived_stops_by_itself(broker: Broker, tmp_path: Path) -> None:
    done = drilled(broker, tmp_path, "revived-intake", "revived-market", "revived-clearing")
    for flow in ("intake", "market"):
        assert f"former {flow} ended with 5: " in signs(done), "a line and a code, not a traceback"
    assert signs(done).count("has taken the lane over; this process stops.") >= 2


def test_checkpoints_that_are_missing_damaged_or_ahead_cost_time_alone(
    broker: Broker, tmp_path: Path
) -> None:
    """Another machine, too: it has the broker and a copy of the checkpoints, and fills a database of its own."""
    done = drilled(
        broker, tmp_path, "checkpoint-damaged", "checkpoint-ahead", "checkpoints-gone", "another-machine"
    )
    assert "checkpoint" in signs(done), "it is said aloud"


# ---- the plans themselves --------------------------------------------------------------------------------------------
def test_a_seed_is_a_plan() -> None:
    among = tuple(FAULTS)
    assert plan(7, among, 2, 4) == plan(7, among, 2, 4)
    assert len({plan(seed, among, 2, 4) for seed in range(20)}) == 20
    assert {fault for seed in range(300) for fault in plan(seed, among, 2, 4).faults} == set(FAULTS)


def test_every_fault_says_what_it_does() -> None:
    done = Drilled(1)
    assert page([done], "--seed 1").count("| `") == 0
    assert set(OF_DATABASE) < set(FAULTS)
    assert all(getattr(fault, "func", fault).__doc__ for fault in FAULTS.values())
