"""Small features for the tests of this room."""

from __future__ import annotations

from pathlib import Path

from flows.scenario.feature import read
from flows.scenario.pools import Opinions
from flows.scenario.run import Outcome, run
from flows.verify.plain import PlainPool

BACKGROUND = """Feature: tried out
  Background:
    Given a pool settled in USDC, slices of any size, an insurance fund of 10,000, fills at the mark price
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And alice has deposited 1,000 and bought 0.2 BTC-PERP at 60,000
  Scenario: one
"""


def feature(folder: Path, steps: str, head: str = BACKGROUND) -> Path:
    """A feature file with these steps in its only scenario."""
    path = folder / "tried.feature"
    path.write_text(head + "".join(f"    {line.strip()}\n" for line in steps.strip().splitlines()))
    return path


def played(folder: Path, steps: str, opinions: Opinions = (PlainPool,), head: str = BACKGROUND) -> Outcome:
    """The outcome of that scenario."""
    (scenario,) = read(feature(folder, steps, head))
    return run(scenario, opinions)
