"""The audit of dependencies tells a vulnerability from silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import audit_deps

GOOD = {"name": "numpy", "version": "2.4.6", "vulns": []}
BAD = {"name": "rich", "version": "15.0", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["15.1"]}]}
SKIPPED = {"name": "mypy", "skip_reason": "not found on PyPI"}


@pytest.mark.parametrize(
    ("packages", "code", "strict", "last"),
    [
        ([GOOD], 0, 0, "1 packages audited, 0 known vulnerabilities."),
        ([GOOD, BAD], 1, 1, "2 packages audited, 1 known vulnerabilities."),
        ([GOOD, SKIPPED], 0, 1, "1 packages audited, 0 known vulnerabilities."),
        ([SKIPPED], 0, 1, "0 packages audited, 0 known vulnerabilities."),
        ("Connection refused", 0, 1, "0 packages audited, 0 known vulnerabilities."),
    ],
)
def test_a_vulnerability_fails_and_silence_is_said(
    packages: Any, code: int, strict: int, last: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask(_: Path) -> Any:
        return packages if silent else {"dependencies": packages}

    silent = isinstance(packages, str)
    assert audit_deps.main([], ask) == code
    said = capsys.readouterr().out
    assert said.splitlines()[-1] == last
    assert ("NOT AUDITED" in said) == (silent or SKIPPED in packages)
    assert ("rich 15.0: PYSEC-2026-1, mended in 15.1" in said) == (not silent and BAD in packages)
    assert audit_deps.main(["--strict"], ask) == strict


def test_where_nothing_answers_one_question_is_all_that_is_asked() -> None:
    asked: list[str] = []

    def ask(file: Path) -> Any:
        asked.append(file.read_text())
        return {"dependencies": [SKIPPED]}

    audit_deps.main([], ask)
    assert len(asked) == 1
    assert asked[0].count("==") == 1
    assert "--hash=sha256:" in asked[0]
    assert not asked[0].rstrip().endswith("\\")
