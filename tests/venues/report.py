"""The report on other venues' cases: each case's verdict, counts by file and group, the committed page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.venues import topics
from tests.venues.loader import Case
from tests.venues.mapping import run
from tests.venues.verdict import Verdict

MODULES = topics.MODULES
"""Named here so that whoever reports has the mappers loaded."""

SHOWN_REASONS = 4
"""Reasons that one row of a table holds; the rest stand in the report of each case."""


class Line(NamedTuple):
    """A case's line in the report; text only, so that it travels between processes."""

    file: str
    case: str
    group: str
    verdict: str
    reason: str
    values: str
    rules: str

    @property
    def name(self) -> str:
        return f"{self.file}:{self.case}"


def line_of(case: Case) -> Line:
    """Run a case and write down what came of it."""
    outcome, rules = run(case)
    group = case.group or "(no case)"
    return Line(case.file, case.id, group, outcome.verdict.value, outcome.reason, outcome.values, rules)


class Row(NamedTuple):
    """A group's counts, and why its cases differ or miss a rule."""

    file: str
    group: str
    counts: Counter[str]
    rules: str
    reasons: list[str]


def rows(lines: Iterable[Line]) -> list[Row]:
    """Gather lines by file and group, in the order of the files."""
    found: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        found.setdefault((line.file, line.group), []).append(line)
    gathered = []
    for (file, group), inside in found.items():
        reasons = Counter(
            f"{line.verdict}: {line.reason}" for line in inside if line.verdict != Verdict.REPRODUCED.value
        )
        rules = ", ".join(dict.fromkeys(line.rules for line in inside if line.rules))
        told = [f"{reason} ({count})" if len(inside) > 1 else reason for reason, count in reasons.items()]
        gathered.append(Row(file, group, Counter(line.verdict for line in inside), rules, told))
    return gathered


def tally(counts: Counter[str]) -> str:
    """Write counts by verdict; failures only where there are any."""
    shown = [verdict for verdict in Verdict if verdict is not Verdict.FAILED or counts[verdict.value]]
    return ", ".join(f"{counts[verdict.value]} {verdict.value}" for verdict in shown)


def terminal(lines: list[Line]) -> Iterator[str]:
    """Write the table that ends a run of the tests."""
    width = max(len(f"{row.file} {row.group}") for row in rows(lines))
    for row in rows(lines):
        name = f"{row.file} {row.group}"
        yield f"{name:{width}}  {sum(row.counts.values()):4}  {tally(row.counts)}"
        yield from (f"{'':{width}}        {reason}" for reason in row.reasons[:SHOWN_REASONS])
    counts = Counter(line.verdict for line in lines)
    yield f"{'all':{width}}  {len(lines):4}  {tally(counts)}"


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def every_case(lines: list[Line]) -> str:
    """Write the report of each case, in Markdown."""
    counts = Counter(line.verdict for line in lines)
    top = [
        "# Other venues' cases",
        "",
        f"{len(lines)} cases: {tally(counts)}.",
        "",
        "| case | group | verdict | why, or how the rule was configured | values | rules |",
        "|---|---|---|---|---|---|",
    ]
    body = [
        f"| {cell(line.name)} | {cell(line.group)} | {line.verdict} | {cell(line.reason)} | {cell(line.values)} "
        f"| {line.rules} |"
        for line in lines
    ]
    return "\n".join([*top, *body]) + "\n"


INTRODUCTION = """\
<!-- Written by `python -m tests.venues --write`; edit the mappers instead. -->

# Other venues' worked cases

Other venues, protocols and tools publish worked figures: in their tests, their documents, their code. `tests/venues`
puts such cases to this rulebook. The files in `tests/venues/cases` name the source of every figure. Each case ends in
one verdict:

- **reproduced**: our rule, called with the case's own parameters, gives every expected value, exactly or within the
  tolerance that the source prints;
- **differs**: it gives another value, and the convention named accounts for the difference: the expected value is
  computed from that convention too, and must come out exactly;
- **missing**: the case asks for a rule that the rulebook has not got yet, or does not mean to have.

A mapper sees a case's inputs and never what is expected. A case whose value is neither ours nor explained fails, and so
does a case that cannot be read.

    pytest tests/venues                  # every case, a table at the end, build/venues.md with each one
    pytest tests/venues --cases DIR      # the JSON files of another folder, in the same format
    python -m tests.venues DIR           # the table alone, without the tests
"""


def page(lines: list[Line]) -> str:
    """Write the committed summary."""
    gathered = rows(lines)
    counts = Counter(line.verdict for line in lines)
    blocks = [INTRODUCTION, f"{len(lines)} cases: {tally(counts)}.", "", "## By file", ""]
    blocks += ["| file | cases | reproduced | differs | missing |", "|---|---|---|---|---|"]
    for file in dict.fromkeys(row.file for row in gathered):
        inside: Counter[str] = sum((row.counts for row in gathered if row.file == file), Counter())
        blocks.append(f"| [{file}](#{file}) | {sum(inside.values())} | {columns(inside)} |")
    for file in dict.fromkeys(row.file for row in gathered):
        blocks += [
            "",
            f"## {file}",
            "",
            "| group | reproduced | differs | missing | rules | why |",
            "|---|---|---|---|---|---|",
        ]
        blocks += [
            f"| {cell(row.group)} | {columns(row.counts)} | {row.rules} | {cell('; '.join(row.reasons))} |"
            for row in gathered
            if row.file == file
        ]
    return "\n".join(blocks) + "\n"


def columns(counts: Counter[str]) -> str:
    shown = (Verdict.REPRODUCED, Verdict.DIFFERS, Verdict.MISSING)
    return " | ".join(str(counts[verdict.value] or "") for verdict in shown)
