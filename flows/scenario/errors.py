"""How a scenario can fail: its file is malformed, or what it expects is not what happened."""

from __future__ import annotations

from collections.abc import Sequence

from flows.scenario.difference import laid_out


class ScenarioError(Exception):
    """A file that cannot be run: one line, ``file:line: what is wrong and what is allowed``."""


class AbsentPoolError(Exception):
    """A step concerns a pool that this run leaves out."""


class MismatchError(Exception):
    """An expectation that did not come true: what was expected and what was found, column by column."""

    def __init__(
        self,
        about: str,
        columns: Sequence[str],
        expected: Sequence[Sequence[str]],
        found: Sequence[Sequence[str]],
    ) -> None:
        super().__init__(about)
        self.about = about
        self.columns = tuple(columns)
        self.expected = tuple(tuple(row) for row in expected)
        self.found = tuple(tuple(row) for row in found)

    def __str__(self) -> str:
        return "\n".join([self.about, *laid_out(self.columns, self.expected, self.found)])
