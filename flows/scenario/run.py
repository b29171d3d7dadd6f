"""Run scenarios: each in a world of its own, to its end or to its first step that does not hold."""

from __future__ import annotations

from dataclasses import dataclass, field

from flows.pool.pool import PoolStoppedError
from flows.scenario.errors import MismatchError, ScenarioError
from flows.scenario.feature import Scenario, Step
from flows.scenario.pools import Opinions
from flows.scenario.world import World


@dataclass(frozen=True)
class Failure:
    """The step that did not hold, and how."""

    step: Step
    mismatch: MismatchError


@dataclass
class Outcome:
    """How a scenario went. The world is as the last step left it."""

    scenario: Scenario
    world: World
    failure: Failure | None = None
    steps: int = field(default=0)

    @property
    def passed(self) -> bool:
        """Whether every expectation came true."""
        return self.failure is None

    @property
    def entries(self) -> int:
        """Journal entries of all its pools."""
        return sum(len(pool.rows) for pool in self.world.pools.values())

    @property
    def events(self) -> int:
        """Events of all its pools."""
        return sum(len(pool.events) for pool in self.world.pools.values())


def run(scenario: Scenario, opinions: Opinions) -> Outcome:
    """Run one scenario. ``opinions`` make further state machines that must give the same events."""
    outcome = Outcome(scenario, World(opinions))
    for step in scenario.steps:
        if step.begins:
            outcome.world.begin_block()
        try:
            outcome.world.perform(step.bound)
        except ScenarioError as fault:
            raise ScenarioError(f"{scenario.path}:{step.line}: {fault}") from fault
        except (
            AssertionError,
            PoolStoppedError,
        ) as fault:  # a bug of the pool: loud, with the step that found it
            fault.add_note(f"{scenario.path}:{step.line}: {step.keyword} {step.bound.text}")
            raise
        except MismatchError as fault:
            outcome.failure = Failure(step, fault)
            return outcome
        outcome.steps += 1
    return outcome
