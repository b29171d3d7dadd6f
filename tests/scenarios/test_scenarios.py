"""Every scenario through the real pool, in each way it can work, and through the pool in plain Python."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flows.pool.layout import MODE_BANDS, MODE_FULL
from flows.pool.pool import Pool
from flows.registry.parameters import PoolParameters
from flows.scenario.feature import Scenario, read
from flows.scenario.run import run
from flows.verify.plain import PlainPool

FOLDER = Path(__file__).parent
SCENARIOS = [scenario for path in sorted(FOLDER.glob("*.feature")) for scenario in read(path)]

RULEBOOK = (
    *("T-01", "T-02", "T-03", "T-04", "T-06", "T-07", "T-08", "T-09", "T-10", "T-11", "T-12", "T-13", "T-14"),
    *("T-15", "T-16", "T-17", "T-19", "T-20", "T-22", "T-23", "T-24", "T-25", "T-26", "T-28", "T-29", "T-35"),
)
"""The rulebook's scenarios that this version must play."""


class Compiled:
    """The pool again, bound to one of its two ways of finding whom a price moves."""

    def __init__(self, parameters: PoolParameters, mode: int) -> None:
        self.pool, self.offset = Pool(parameters, mode), 0

    def apply(self, row: list[int], text: str) -> list[list[int]]:
        self.pool.run(np.array([row], np.int64), 0, self.offset, answering=False, texts={0: text})
        self.offset += 1
        events: list[list[int]] = self.pool.take_events().tolist()
        return events


def bands(parameters: PoolParameters) -> Compiled:
    return Compiled(parameters, MODE_BANDS)


def full_pass(parameters: PoolParameters) -> Compiled:
    return Compiled(parameters, MODE_FULL)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: f"{each.path.stem}: {each.name}")
def test_the_scenario_holds(scenario: Scenario) -> None:
    outcome = run(scenario, [PlainPool, bands, full_pass])
    assert outcome.passed, f"line {outcome.failure.step.line}: {outcome.failure.mismatch}"  # type: ignore[union-attr]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: f"{each.path.stem}: {each.name}")
def test_it_ends_in_conservation(scenario: Scenario) -> None:
    assert scenario.steps[-1].bound.text == "no value is created or lost"


def test_the_rulebooks_scenarios_are_all_played() -> None:
    played = {tag.removeprefix("@") for scenario in SCENARIOS for tag in scenario.tags}
    assert played == set(RULEBOOK)


def test_names_are_told_apart() -> None:
    names = [(scenario.path, scenario.name) for scenario in SCENARIOS]
    assert len(set(names)) == len(names)
