"""`marginline scenario`: exit codes, one line for a bad file, a readable difference for a wrong expectation."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.cli.main import main
from flows.connectors.exits import ExitCode
from tests.scenario.worlds import feature

GOOD = "When the mark price of BTC-PERP is 57,500\nThen alice has had 1 margin-call event"
WRONG = "When the mark price of BTC-PERP is 59,000\nThen alice has equity 801"


def test_a_scenario_that_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "run", str(feature(tmp_path, GOOD))]) == ExitCode.OK
    said = capsys.readouterr().out
    assert "holds  one" in said
    assert said.splitlines()[-1].split()[:3] == ["tried", "1", "0"]


def test_one_that_does_not_prints_the_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = feature(tmp_path, WRONG)
    assert main(["scenario", "run", str(path)]) == ExitCode.DIFFERENCE
    said = capsys.readouterr().out
    assert f"{path}:10: Then alice has equity 801" in said
    assert [line.split() for line in said.splitlines() if "expected" in line] == [["expected", "801"]]
    assert [line.split() for line in said.splitlines() if "found" in line] == [["found", "800"]]


def test_verbose_prints_entries_and_events(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "run", str(feature(tmp_path, GOOD)), "--verbose"]) == ExitCode.OK
    said = capsys.readouterr().out
    assert "12:00:00  market-state" in said
    assert "alice: margin call: 276.250000 clears it" in said


def test_a_folder_stands_for_its_features(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feature(tmp_path, GOOD)
    (tmp_path / "more").mkdir()
    feature(tmp_path / "more", WRONG)
    assert main(["scenario", "run", str(tmp_path)]) == ExitCode.DIFFERENCE
    assert capsys.readouterr().out.splitlines()[-1].split()[:3] == ["all", "2", "1"]


@pytest.mark.parametrize("name", ["missing.feature", "empty", "bad.feature"])
def test_a_file_that_cannot_be_run_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.feature").write_text("Feature: f\n  Scenario: s\n    When pigs fly\n")
    assert main(["scenario", "run", str(tmp_path / name)]) == ExitCode.INPUT
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith(str(tmp_path / name))


def test_words_lists_every_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "words"]) == ExitCode.OK
    said = capsys.readouterr().out
    for sentence in (
        "the mark price of {market} is {price:amount}",
        "no value is created or lost",
        "no soft window",
    ):
        assert sentence in said


def test_the_reference_page_says_what_the_vocabulary_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "words", "--markdown"]) == ExitCode.OK
    page = Path(__file__).resolve().parents[2] / "docs" / "reference" / "scenarios.md"
    assert page.read_text() == capsys.readouterr().out, "write it anew: marginline scenario words --markdown"
