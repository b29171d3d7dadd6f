"""The vocabulary is closed: each sentence is one, and what is none is refused with its neighbours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows.scenario.draft import Draft
from flows.scenario.errors import ScenarioError
from flows.scenario.feature import read
from flows.scenario.settings import CLAUSES, MARKET_COLUMNS, apply_clauses
from flows.scenario.vocabulary import ACTION, EXPECTATION, Sentence, Table, bind, regex_of
from flows.scenario.words import CHAPTERS

FEATURES = Path(__file__).resolve().parents[1] / "scenarios"
SENTENCES = [sentence for chapter in CHAPTERS for sentence in chapter.sentences]


def table_of(sentence: Sentence) -> Table | None:
    columns = tuple(sentence.columns)
    return Table(columns, (dict.fromkeys(columns, ""),)) if columns else None


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda each: each.example)
def test_each_example_is_its_own_sentence_and_no_other(sentence: Sentence) -> None:
    assert bind(CHAPTERS, sentence.example, sentence.kind, table_of(sentence)).sentence is sentence
    assert sum(each.regex.fullmatch(sentence.example) is not None for each in SENTENCES) == 1


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda each: each.pattern)
def test_each_sentence_says_what_it_does(sentence: Sentence) -> None:
    assert sentence.says.endswith(".")
    assert (sentence.kind == ACTION) == (
        not sentence.act.__module__.endswith(("holdings", "happenings", "funds"))
    )


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda each: each.example)
def test_each_clause_has_an_example(clause: object) -> None:
    apply_clauses(Draft("pool", "USDC"), clause.example)  # type: ignore[attr-defined]


def test_every_sentence_and_every_clause_is_said_by_a_shipped_scenario() -> None:
    said = [
        step.bound
        for path in sorted(FEATURES.glob("*.feature"))
        for each in read(path)
        for step in each.steps
    ]
    used = [bound.sentence for bound in said]
    unused = [sentence.pattern for sentence in SENTENCES if sentence not in used]
    settings = ", ".join(str(bound.arguments.get("settings")) for bound in said)
    unused += [
        each.pattern
        for each in CLAUSES
        if not re.search(rf"(?:^|, ){regex_of(each.pattern)}(?:, |$)", settings)
    ]
    assert not unused, "nobody needs it: take it out, or show it in tests/scenarios"


def test_clauses_may_hold_commas_and_follow_each_other() -> None:
    draft = Draft("pool", "USDC")
    fills = apply_clauses(
        draft,
        "levels clear 1.4, call 1.3, target 1.2, hard 0.9, backstop 0.7, an insurance fund of 10,000, fills at the mark price",
    )
    assert draft.changes["clear_ppm"] == 1_400_000
    assert draft.changes["backstop_ppm"] == 700_000
    assert draft.changes["fund_opening_quanta"] == 10_000_000_000
    assert fills == "at the mark price"


def test_an_unknown_setting_names_the_known_ones() -> None:
    with pytest.raises(ScenarioError, match=r"no setting 'free beer'.*no soft window"):
        apply_clauses(Draft("pool", "USDC"), "no soft window, free beer")


def test_an_unknown_sentence_names_its_neighbours() -> None:
    with pytest.raises(ScenarioError, match=r"no sentence is .*nearest: .*has deposited") as refused:
        bind(CHAPTERS, "alice has deposed 1,000", ACTION, None)
    assert "\n" not in str(refused.value)


def test_an_expectation_is_no_action() -> None:
    with pytest.raises(ScenarioError, match="is an expectation: it belongs under Then"):
        bind(CHAPTERS, "alice has equity 500", ACTION, None)
    with pytest.raises(ScenarioError, match="is an action: it belongs under Given or When"):
        bind(CHAPTERS, "10 seconds pass", EXPECTATION, None)


def test_tables_are_needed_or_refused_and_columns_are_known() -> None:
    with pytest.raises(ScenarioError, match="a table is missing, with columns of: lot, tick"):
        bind(CHAPTERS, "the market BTC-PERP", ACTION, None)
    with pytest.raises(ScenarioError, match="takes no table"):
        bind(CHAPTERS, "10 seconds pass", ACTION, Table(("a",), ({"a": "1"},)))
    with pytest.raises(ScenarioError, match="no column is called 'lots'; there are: lot"):
        bind(CHAPTERS, "the market BTC-PERP", ACTION, Table(("lots",), ({"lots": "1"},)))
    assert list(MARKET_COLUMNS)[:2] == ["lot", "tick"]


def test_any_action_may_name_its_moment() -> None:
    bound = bind(CHAPTERS, "at 12:05:00.000000001 alice deposits 5", ACTION, None)
    assert (bound.at, bound.arguments["amount"]) == ("12:05:00.000000001", "5")
    assert bind(CHAPTERS, "alice deposits 5", ACTION, None).at is None


def test_optional_words_are_left_out_whole() -> None:
    assert regex_of("a[ {asset}] b") == r"a(?:\ (?P<asset>[A-Z][A-Z0-9]*))?\ b".replace(r"\ ", r"\ ")
