"""A feature file that cannot be run is one line with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.scenario.errors import ScenarioError
from flows.scenario.feature import LARGEST_FILE, read
from tests.scenario.worlds import BACKGROUND, feature, played


def test_a_scenario_carries_its_background_tags_and_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.feature"
    path.write_text(
        BACKGROUND.replace("  Scenario: one", "  @T-99\n  Scenario: one") + "    When 1 second passes\n"
    )
    (scenario,) = read(path)
    assert (scenario.feature, scenario.name, scenario.tags) == ("tried out", "one", ("@T-99",))
    assert [step.line for step in scenario.steps] == [3, 4, 7, 10]
    assert [step.begins for step in scenario.steps] == [False, False, False, True]


def test_an_outline_is_a_scenario_for_each_example(tmp_path: Path) -> None:
    path = tmp_path / "a.feature"
    path.write_text(
        "Feature: f\n  Scenario Outline: <n> pass\n    When <n> pass\n    Examples:\n"
        "      | n         |\n      | 1 second  |\n      | 2 minutes |\n"
    )
    assert [each.name for each in read(path)] == ["1 second pass", "2 minutes pass"]
    assert [each.line for each in read(path)] == [6, 7]


@pytest.mark.parametrize(
    ("steps", "line", "said"),
    [
        ("When the moon is full", 9, "no sentence is 'the moon is full'; the nearest: "),
        (
            "When 1 second passes\nThen no moon event follows",
            10,
            "no type of event is called 'moon'; there are: ",
        ),
        ("When bob buys 0.2 BTC-PERP at 60,000", 9, "no account is called 'bob'; there are: the vault, "),
        ("When alice buys 0.2 ETH-PERP at 60,000", 9, "no market is called 'ETH-PERP'; there are: BTC-PERP."),
        (
            "When alice buys 0.0002 BTC-PERP at 60,000",
            9,
            "0.0002 is no whole number of lots; the smallest is 0.001.",
        ),
        ("When alice buys 0.2 BTC-PERP at 60,000.05", 9, "60,000.05 is no whole number of ticks"),
        ("When alice buys 0 BTC-PERP at 60,000", 9, "0 must be above 0."),
        ("When alice deposits 1 BTC", 9, "no asset is called 'BTC'; there are: USDC."),
        ("When it is 11:59:59", 9, "it is 12:00:00 already; time does not run back."),
        ("Given a vault of 10", 9, "no sentence is "),
        ("Given the market BTC-PERP\n| lot | tick |\n| 1 | 1 |", 9, "pool pool is open already"),
        ("Given a pool settled in USDC", 9, "there is a pool pool already"),
        ("When carol bids for 0.1 of alice's BTC-PERP offer", 9, "alice has had no offer in BTC-PERP."),
        ("When the order of alice is filled for 0.1 at 60,000", 9, "alice has had no liquidation order."),
        ("When alice moves 5 to bob", 9, "bob has no account; a transfer opens isolated positions only."),
        ("When the mark price of BTC-PERP is 3,000,000", 9, "BTC-PERP is bounded at a price of 2,000,000."),
        ("When alice has deposited 10,000,000,000,000", 9, "a pool holds at most 1,000,000,000,000 USDC."),
        ("Then the order is accepted", 9, "no order check has been answered since the last When."),
        ("Then the bid is refused: NO_SUCH_CODE", 9, "no code is called 'NO_SUCH_CODE'; there are: VALID, "),
        ("* 1 second passes", 9, "begin with Given, When or Then."),
    ],
)
def test_one_line_names_the_place_and_what_is_wrong(tmp_path: Path, steps: str, line: int, said: str) -> None:
    path = feature(tmp_path, steps)
    with pytest.raises(ScenarioError) as refused:
        played(tmp_path, steps)
    assert str(refused.value).startswith(f"{path}:{line}: {said}")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("| 0.001 | 0.1  | 5 %         |", "| 0.003 | 0.1  | 5 %         |"),
        ("| 0.001 | 0.1  | 5 %         |", "| 0.001 |      | 5 %         |"),
        ("| 0.001 | 0.1  | 5 %         |", "| 0.001 | 0.1  |             |"),
        ("| 0.001 | 0.1  | 5 %         |", "| 0.001 | 0.1  | 60 %        |"),
        ("an insurance fund of 10,000", "an insurance fund of 1 with a floor of 2"),
        ("slices of any size", "levels clear 1.35, call 1.25, target 1.3, hard 0.8, backstop 0.6"),
    ],
)
def test_a_venue_that_cannot_be_is_refused(tmp_path: Path, head: str, said: str) -> None:
    assert head in BACKGROUND
    with pytest.raises(ScenarioError, match=r"tried\.feature:[0-9]+: "):
        played(tmp_path, "When 1 second passes", head=BACKGROUND.replace(head, said))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no feature in it"),
        (b"\xff\xfe", "not UTF-8"),
        (
            b"Feature: f\n  Scenario: s\n    Whenever it rains\n    When 1 second passes\n",
            ":3: 'Whenever it rains' is no step",
        ),
        (b"Feature: f\n  Scenario: s\n", ":2: scenario without a step"),
        (
            b"Feature: f\n  Rule: r\n    Scenario: s\n      When 1 second passes\n",
            ":2: Gherkin's Rule is not used",
        ),
        (b"Feature: f\n  Scenario: s\n    When 1 second passes\n      | a | b |\n      | 1 |\n", ":5: "),
        (b"# \n" * LARGEST_FILE, "a feature is a page"),
    ],
)
def test_a_file_that_is_no_feature(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.feature"
    path.write_bytes(content)
    with pytest.raises(ScenarioError) as refused:
        read(path)
    assert said in str(refused.value)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


def test_a_scenario_begins_with_a_keyword(tmp_path: Path) -> None:
    path = tmp_path / "a.feature"
    path.write_text("Feature: f\n  Scenario: s\n    And 1 second passes\n")
    with pytest.raises(ScenarioError, match=":3: begin with Given, When or Then"):
        read(path)
