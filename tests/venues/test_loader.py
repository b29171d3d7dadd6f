"""Files of any kind: what can be read is run, what cannot is one readable failure."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from tests.venues.loader import CASES, Case, load
from tests.venues.report import line_of
from tests.venues.verdict import Verdict

ROOT = Path(__file__).resolve().parents[2]
GOOD = (
    '{"id": "a", "group": "median3", "inputs": {"a": "1", "b": "2.5", "c": 3}, "expected": {"mark": "2.5"}}'
)


def one(folder: Path, text: str | bytes) -> Case:
    (folder / "some.json").write_bytes(text.encode() if isinstance(text, str) else text)
    (case,) = load(folder)
    return case


def test_a_good_case_is_reproduced(tmp_path: Path) -> None:
    case = one(tmp_path, f'{{"cases": [{GOOD}]}}')
    assert case.name == "some:a"
    assert line_of(case).verdict == Verdict.REPRODUCED


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(b"{", "cannot be read", id="truncated"),
        pytest.param(b"\xff\xfe\x00", "cannot be read", id="not_utf8"),
        pytest.param(b"[" * 100_000, "cannot be read", id="too_deep"),
        pytest.param(b'{"cases": [{"x": NaN}]}', "NaN is no number", id="not_a_number"),
        pytest.param(b"[]", 'an object with a list "cases"', id="a_list"),
        pytest.param(b'{"peer": "x"}', 'an object with a list "cases"', id="no_cases"),
        pytest.param(b'{"cases": []}', '"cases" is empty', id="empty"),
        pytest.param(b'{"cases": [7]}', "a case is an object", id="no_object"),
        pytest.param(b'{"cases": [{"group": "g"}]}', 'has no "id"', id="no_id"),
        pytest.param(
            b'{"cases": [{"id": "a", "group": "g", "inputs": {}}]}', '"inputs" is {}', id="no_inputs"
        ),
        pytest.param(b'{"cases": [{"id": "a", "group": 4}]}', '"group" is 4', id="group_is_a_number"),
        pytest.param(
            GOOD[:-1] + ', "tolerance_abs": "x"}', "\"tolerance_abs\" is 'x'", id="tolerance_is_text"
        ),
        pytest.param(GOOD[:-1] + ', "tolerance_abs": -1}', "negative", id="tolerance_is_negative"),
        pytest.param(GOOD.replace('"1"', '"one"'), "malformed, or not understood", id="input_is_a_word"),
        pytest.param(GOOD.replace('"1"', "null"), "malformed, or not understood", id="input_is_null"),
    ],
)
def test_what_is_malformed_says_so(text: str | bytes, said: str, tmp_path: Path) -> None:
    if isinstance(text, str):
        text = f'{{"cases": [{text}]}}'
    line = line_of(one(tmp_path, text))
    assert line.verdict == Verdict.FAILED
    assert said in line.reason


def test_an_id_stands_once(tmp_path: Path) -> None:
    (tmp_path / "some.json").write_text(f'{{"cases": [{GOOD}, {GOOD}]}}')
    first, second = load(tmp_path)
    assert not first.fault
    assert "stands twice" in second.fault
    assert first.name != second.name


def test_a_bad_file_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text(f'{{"cases": [{GOOD}]}}')
    (tmp_path / "notes.txt").write_text("no cases")
    assert [(case.file, bool(case.fault)) for case in load(tmp_path)] == [("a", True), ("b", False)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(("median3", "median5"), 'nothing is mapped to "median5"', id="group"),
        pytest.param(('"c"', '"d"'), '"median3" is known with a, b, c only', id="inputs"),
        pytest.param(('"c": 3', '"c": 3, "d": 4'), "nothing reads the input d", id="one_input_more"),
        pytest.param(('"mark"', '"index"'), 'nothing is mapped to "index"', id="expectation"),
    ],
)
def test_what_is_unknown_is_missing(change: tuple[str, str], said: str, tmp_path: Path) -> None:
    line = line_of(one(tmp_path, f'{{"cases": [{GOOD.replace(*change)}]}}'))
    assert line.verdict == Verdict.MISSING
    assert said in line.reason


def test_decimals_never_become_floats(tmp_path: Path) -> None:
    case = one(tmp_path, f'{{"cases": [{GOOD[:-1]}, "tolerance_abs": 0.1}}]}}')
    assert case.tolerance == Fraction(1, 10)


def test_every_file_names_its_source() -> None:
    assert all('"source"' in path.read_text(encoding="utf-8") for path in CASES.glob("*.json"))


# ---- the option --------------------------------------------------------------------------------------------------------
def collected(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_another_folder_takes_the_place_of_the_cases(tmp_path: Path) -> None:
    one(tmp_path, f'{{"cases": [{GOOD}]}}')
    found = collected("tests/venues/test_cases.py", "--cases", str(tmp_path))
    assert found.returncode == 0, found.stdout
    assert "test_case[some:a]" in found.stdout
    assert "dydx" not in found.stdout


def test_a_folder_without_cases_is_refused(tmp_path: Path) -> None:
    found = collected("tests/venues/test_cases.py", "--cases", str(tmp_path))
    assert found.returncode != 0
    assert f"no *.json in {tmp_path}" in found.stdout + found.stderr
