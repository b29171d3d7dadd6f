"""Every worked case: what our rules make of it is what is expected, or the difference is the stated one."""

from __future__ import annotations

import pytest

from tests.venues.loader import Case
from tests.venues.report import line_of
from tests.venues.verdict import Verdict


def test_case(venue_case: Case, request: pytest.FixtureRequest) -> None:
    line = line_of(venue_case)
    request.node.user_properties.append(("venue_case", tuple(line)))
    if line.verdict == Verdict.FAILED.value:
        pytest.fail(f"{line.name}: {line.reason}", pytrace=False)
