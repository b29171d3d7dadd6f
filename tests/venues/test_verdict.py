"""Verdicts can fail: no case keeps its verdict when what is expected changes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.venues.amounts import UnfitError, exact, places, ppm, scale_for, scaled, whole
from tests.venues.loader import CASES, Case, load
from tests.venues.mapping import REGISTRY, Inputs, mapping_of, run
from tests.venues.report import MODULES
from tests.venues.verdict import Answer, Difference, RoundsTo, Verdict, explains, judge, matches, shown

STEP = 7
"""No two conventions of a case lie that far apart by chance."""


def changed(value: Any, tolerance: Fraction) -> Any:
    """Give a value that is surely another one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, dict):
        first = next(iter(value))
        return {**value, first: changed(value[first], tolerance)}
    if isinstance(value, list):
        return [changed(value[0], tolerance), *value[1:]] if value else [STEP]
    try:
        return str(exact(value) + STEP + 3 * tolerance)
    except (TypeError, ValueError):
        return f"{value} or not"


def answered() -> list[Case]:
    return [case for case in load() if run(case)[0].verdict in {Verdict.REPRODUCED, Verdict.DIFFERS}]


def test_no_verdict_outlives_a_changed_expectation() -> None:
    kept = []
    for case in answered():
        mapping = mapping_of(case)
        assert mapping is not None
        answer = mapping.mapper(Inputs(case.inputs))
        for key, value in case.expected.items():
            other = changed(value, case.tolerance)
            if key in answer.ours and matches(answer.ours[key], other, case.tolerance):
                continue  # of two answers, yes and no, one is ours and the other theirs
            expected = {**case.expected, key: other}
            if judge(answer, expected, case.tolerance).verdict is not Verdict.FAILED:
                kept.append(f"{case.name} {key}: {expected[key]}")
    assert not kept, "\n".join(kept)


def test_every_stated_convention_holds_wherever_it_is_stated() -> None:
    """Also where our value is the expected one: then both conventions agree."""
    wrong = []
    for case in answered():
        mapping = mapping_of(case)
        assert mapping is not None
        stated = mapping.mapper(Inputs(case.inputs)).differs
        wrong += [
            f"{case.name} {key}: {shown(stated[key].theirs)} by the stated convention, {value} expected"
            for key, value in case.expected.items()
            if key in stated and not explains(stated[key], value, case.tolerance)
        ]
    assert not wrong, "\n".join(wrong)


def test_most_cases_are_answered() -> None:
    cases, answers = load(), answered()
    assert len(cases) == 753
    assert len(answers) >= 448


def test_no_mapper_sees_what_is_expected() -> None:
    """A mapper takes inputs alone, so an answer cannot be made to measure."""
    seen: list[Inputs] = []
    for case in answered()[::10]:
        mapping = mapping_of(case)
        assert mapping is not None
        given = Inputs(case.inputs)
        mapping.mapper(given)
        seen.append(given)
        assert set(given) == set(case.inputs)
    assert seen


def test_every_mapping_is_asked_by_a_case_that_ships() -> None:
    assert MODULES
    asked = {id(mapping_of(case)) for case in load(CASES)}
    idle = [group for group, mappings in REGISTRY.items() for mapping in mappings if id(mapping) not in asked]
    assert not idle, f"mapped, and no case asks it: {idle}"


# ---- judging -----------------------------------------------------------------------------------------------------------
OTHER = Difference(4, "another rounding")


@pytest.mark.parametrize(
    ("answer", "expected", "verdict", "why"),
    [
        pytest.param(Answer({"x": 3}), {"x": "3"}, "reproduced", "", id="text_is_a_number"),
        pytest.param(Answer({"x": Fraction(1, 3)}), {"x": "1/3"}, "reproduced", "", id="fractions"),
        pytest.param(Answer({"x": 3}, {"x": OTHER}), {"x": 4}, "differs", "another rounding", id="explained"),
        pytest.param(
            Answer({"x": 3}, {"x": OTHER}), {"x": 5}, "failed", "4 by the stated", id="explained_wrongly"
        ),
        pytest.param(Answer({"x": 3}), {"x": 4}, "failed", "3 here, but 4 expected", id="unexplained"),
        pytest.param(Answer({"x": True}), {"x": 1}, "failed", "True here", id="truth_is_no_number"),
        pytest.param(Answer({"x": 3}), {"x": 3, "y": 1}, "missing", 'mapped to "y"', id="a_value_too_many"),
        pytest.param(Answer({}, {}, {"*": "R-D5: x"}), {"x": 1}, "missing", "R-D5: x", id="rule_to_come"),
        pytest.param(
            Answer({}, {}, {"x": "bids"}), {"x": 1}, "missing", "no rule for bids", id="no_rule_planned"
        ),
        pytest.param(
            Answer({"x": 2}, {}, {"y": "z"}),
            {"x": 1, "y": 1},
            "failed",
            "x: 2 here",
            id="wrong_beats_missing",
        ),
        pytest.param(Answer({"error": "no"}), {"x": 1}, "failed", 'refused here as "no"', id="refused"),
        pytest.param(Answer({"x": [1, 2]}), {"x": [1]}, "failed", "[1, 2] here", id="lists_have_lengths"),
        pytest.param(Answer({"x": {"a": 1}}), {"x": {"b": 1}}, "failed", "here", id="keys"),
        pytest.param(Answer({"x": None}), {"x": None}, "reproduced", "", id="nothing"),
    ],
)
def test_judge(answer: Answer, expected: dict[str, Any], verdict: str, why: str) -> None:
    outcome = judge(answer, expected)
    assert outcome.verdict == verdict
    assert why in outcome.reason


@pytest.mark.parametrize(
    ("number", "up", "holds"),
    [
        pytest.param("2.1", True, True, id="above"),
        pytest.param("3", True, True, id="at_the_step"),
        pytest.param("2", True, False, id="the_step_below"),
        pytest.param("3.9", False, True, id="below_from_above"),
        pytest.param("4", False, False, id="the_step_above"),
    ],
)
def test_rounding_names_every_number_it_takes(number: str, up: bool, holds: bool) -> None:
    assert RoundsTo(3, Fraction(1), up).holds(number, Fraction(0)) is holds


# ---- numbers -----------------------------------------------------------------------------------------------------------
def test_numbers_are_exact() -> None:
    assert exact("0.1") + exact("0.2") == exact("3/10")
    assert places("1.50", 2, "0.125") == 3
    assert scaled("1.5", 3) == 1_500
    assert ppm("0.0006") == 600
    assert shown(exact("-0.050")) == "-0.05"
    assert shown(Fraction(1, 3)) == "1/3"


@pytest.mark.parametrize("value", [1.5, True, None, "x", [1]])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        exact(value)


def test_what_fits_no_unit_is_refused() -> None:
    with pytest.raises(UnfitError, match="parts per million"):
        ppm("1/3")
    with pytest.raises(ValueError, match="no finite decimal"):
        places("1/3")
    with pytest.raises(ValueError, match="no integer"):
        whole("1.5")


def test_a_scale_makes_products_whole() -> None:
    scale = scale_for(("0.001",), ("0.05",), ("1.2345678",))
    assert scale.lots("2.5") * scale.ticks("10.05") * scale.v == scale.quanta("25.125")
