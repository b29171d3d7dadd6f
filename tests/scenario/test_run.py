"""What does not hold fails, with the difference; what two state machines do not agree on fails, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.journal import entries as en
from flows.journal import events as ev
from flows.registry.parameters import PoolParameters
from flows.scenario.draft import POOL
from flows.verify.plain import PlainPool
from tests.scenario.worlds import played
from tests.worlds import pool as rulebook_pool


def test_a_true_expectation_holds(tmp_path: Path) -> None:
    outcome = played(tmp_path, "When the mark price of BTC-PERP is 59,000\nThen alice has equity 800")
    assert outcome.passed
    assert outcome.steps == 5
    assert (outcome.entries, outcome.events > 0) == (6, True)


@pytest.mark.parametrize(
    ("expectation", "column", "found"),
    [
        ("alice has equity 801", "equity", "800"),
        ("alice has maintenance margin 589.999999", "maintenance margin", "590"),
        ("alice has health 1.356", "health", "1.355"),
        ("alice is long 0.201 BTC-PERP", "BTC-PERP", "0.2"),
        ("alice is short 0.2 BTC-PERP", "side", "long"),
        ("alice is long 0.2 BTC-PERP with an entry cost of 12,001", "entry cost", "12,000"),
        ("alice has no position", "positions", "0.2 BTC-PERP"),
        ("alice is at level call", "level", "ok"),
        ("alice is being liquidated", "liquidation", "none"),
        (
            "the liquidation price of alice in BTC-PERP is 57,894.8",
            "liquidation price in BTC-PERP",
            "57,894.7",
        ),
        ("the insurance fund holds 9,999.999999", "holds", "10,000"),
        ("the fees hold 1", "hold", "0"),
        ("withdrawals are closed", "withdrawals", "open"),
        ("alice has had 1 margin-call event", "margin-call events", "0"),
        ("alice has realized 1", "realized", "0"),
        ("the balance of alice has risen by 1", "balance change", "0"),
        ("alice had equity 800", "decided on", "none"),
    ],
)
def test_a_wrong_expectation_fails(tmp_path: Path, expectation: str, column: str, found: str) -> None:
    outcome = played(tmp_path, f"When the mark price of BTC-PERP is 59,000\nThen {expectation}")
    assert not outcome.passed
    assert outcome.failure is not None
    assert outcome.failure.step.line == 10
    mismatch = outcome.failure.mismatch
    assert dict(zip(mismatch.columns, mismatch.found[0], strict=True))[column] == found


@pytest.mark.parametrize(
    "table",
    [
        "| quantity | price  |\n| 0.049    | 57,500 |",
        "| quantity | price  |\n| 0.05     | 57,500 |\n| 0.05     | 57,500 |",
        "| quantity | penalty |\n| 0.05     | 14.375 |",
    ],
)
def test_a_wrong_table_fails(tmp_path: Path, table: str) -> None:
    assert not played(
        tmp_path, f"When the mark price of BTC-PERP is 57,500\nThen alice is liquidated\n{table}"
    ).passed


def test_the_right_table_holds(tmp_path: Path) -> None:
    # A tenth of 0.046 at once: (1.1 x 575 - 500) / (1.1 x 5 % - 0.5 %) = 2,650 of notional restores.
    table = "| quantity | price  | penalty |\n| 0.004    | 57,500 | 1.15    |"
    assert played(
        tmp_path, f"When the mark price of BTC-PERP is 57,500\nThen alice is liquidated\n{table}"
    ).passed


class OffByOne(PlainPool):
    """A twin that books a quantum too much to whoever trades."""

    def apply(self, row: list[int], text: str = "") -> list[list[int]]:
        events = super().apply(row, text)
        for event in events:
            if row[en.KIND] == en.FILL and event[ev.TYPE] == ev.POSITION:
                event[ev.BALANCE_QUANTA] += 1
        return events


class Silent(PlainPool):
    """A twin that says nothing of clocks and prices."""

    def apply(self, row: list[int], text: str = "") -> list[list[int]]:
        events = super().apply(row, text)
        return [] if row[en.KIND] == en.MARKET_STATE else events


@pytest.mark.parametrize(
    ("twin", "kind", "column"), [(OffByOne, "fill", "balance_quanta"), (Silent, "market-state", "type")]
)
def test_a_twin_that_differs_fails_the_scenario(
    tmp_path: Path, twin: type[PlainPool], kind: str, column: str
) -> None:
    outcome = played(tmp_path, "When 1 second passes\nThen no value is created or lost", opinions=(twin,))
    assert outcome.failure is not None
    assert f"({kind}): the pool and its plain twin differ" in outcome.failure.mismatch.about
    assert column in outcome.failure.mismatch.columns


def test_value_that_appears_is_seen(tmp_path: Path) -> None:
    outcome = played(tmp_path, "When 1 second passes\nThen no value is created or lost")
    (pool,) = outcome.world.pools.values()
    pool.deposited[0] -= 1
    step = outcome.scenario.steps[-1].bound
    with pytest.raises(Exception, match="paid in, and held"):
        outcome.world.perform(step)


def test_time_passes_a_clock_a_second_and_the_moment_itself_comes_last(tmp_path: Path) -> None:
    outcome = played(
        tmp_path,
        """
        When at 12:00:02.5 alice deposits 1
        And at 12:00:04 alice deposits 1
        And 1 second passes
        And at 12:00:05 alice deposits 1
        """,
    )
    (pool,) = outcome.world.pools.values()
    last = [(row[en.KIND], row[en.TIME_NS] % 60_000_000_000 / 1e9) for row in pool.rows[5:]]
    deposit, clock = en.DEPOSIT, en.CLOCK
    assert last == [
        (clock, 1.0), (clock, 2.0), (deposit, 2.5), (clock, 3.0), (deposit, 4.0), (clock, 4.0), (clock, 5.0), (deposit, 5.0),
    ]  # fmt: skip


def test_an_order_is_not_filled_beyond_its_limit(tmp_path: Path) -> None:
    steps = (
        "Given orders in BTC-PERP are filled at 50,000\nWhen the mark price of BTC-PERP is 57,500\nThen {}"
    )
    assert played(tmp_path, steps.format("no liquidation-fill event follows")).passed
    assert not played(tmp_path, steps.format("no liquidation-order event follows")).passed


def test_a_run_without_a_pool_leaves_out_all_that_concerns_it(tmp_path: Path) -> None:
    head = """Feature: two
  Scenario: one
    Given a pool a settled in USDC
    And the market BTC-PERP of pool a
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And a pool b settled in USDC
    And the market ETH-PERP of pool b
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
"""
    outcome = played(
        tmp_path,
        """
        And alice has deposited 100 in pool a
        And bob has deposited 100 in pool b
        When alice buys 0.01 BTC-PERP at 60,000
        And bob buys 0.1 ETH-PERP at 3,000
        And 2 seconds pass
        Then pool b is bit-identical to a run without pool a
        """,
        head=head,
    )
    assert outcome.passed
    other = outcome.world.without("a")
    assert other.pools["a"].rows == []
    assert len(other.pools["b"].rows) == len(outcome.world.pools["b"].rows) == 7
    other.pools["b"].rows.pop()
    assert outcome.world.pools["b"].rows != other.pools["b"].rows


def test_defaults_are_those_of_the_rulebook() -> None:
    of: PoolParameters = rulebook_pool()
    said_by_scenarios = {"vault_opening_quanta", "fund_opening_quanta", "fund_floor_quanta"}
    differing = [
        name for name, value in POOL.items() if name not in said_by_scenarios and getattr(of, name) != value
    ]
    assert not differing
