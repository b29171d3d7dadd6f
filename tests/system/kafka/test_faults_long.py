"""Many drills, one a seed: `make test-slow`. The bars of 100 kill runs and 50 mixed ones are `make chaos-bars`."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.live.broker import Broker
from flows.live.chaos.drill import drill, plan
from flows.live.chaos.faults import FAULTS, KILLS
from flows.live.chaos.show import line

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.long, pytest.mark.compiled]

KILL_SEEDS = range(1, 31)
MIXED_SEEDS = range(1001, 1026)


@pytest.mark.parametrize("seed", KILL_SEEDS)
def test_random_kills(broker: Broker, tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    done = drill(broker, _folder(tmp_path_factory), plan(seed, KILLS, 2, 5), patience=2)
    assert done.is_sound, line(done)


@pytest.mark.parametrize("seed", MIXED_SEEDS)
def test_mixed_faults(broker: Broker, tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    done = drill(broker, _folder(tmp_path_factory), plan(seed, tuple(FAULTS), 2, 4), patience=2)
    assert done.is_sound, line(done)


def _folder(factory: pytest.TempPathFactory) -> Path:
    """One for all: the fall is cut once."""
    folder = factory.getbasetemp() / "drills"
    folder.mkdir(exist_ok=True)
    return folder
