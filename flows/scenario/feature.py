"""A feature file to scenarios; a step that is no sentence of the vocabulary stops here, with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from gherkin.errors import CompositeParserException, ParserError
from gherkin.parser import Parser
from gherkin.pickles.compiler import Compiler

from flows.scenario.errors import ScenarioError
from flows.scenario.vocabulary import ACTION, EXPECTATION, Bound, Table, bind
from flows.scenario.words import CHAPTERS

KINDS: Final = {"Context": ACTION, "Action": ACTION, "Outcome": EXPECTATION}
LARGEST_FILE: Final = 1_000_000


@dataclass(frozen=True)
class Step:
    """One step of a scenario, with its place; ``begins`` if it is a When that begins a new block."""

    line: int
    keyword: str
    begins: bool
    bound: Bound


@dataclass(frozen=True)
class Scenario:
    """A scenario with its background, ready to run."""

    path: Path
    line: int
    feature: str
    name: str
    tags: tuple[str, ...]
    steps: tuple[Step, ...]


def read(path: Path) -> list[Scenario]:
    """The scenarios of a file; an outline gives one for each row of its examples."""
    try:
        text = path.read_bytes()[: LARGEST_FILE + 1].decode()
    except UnicodeDecodeError as fault:
        raise ScenarioError(f"{path}: not UTF-8 text (byte {fault.start}).") from fault
    if len(text) > LARGEST_FILE:
        raise ScenarioError(f"{path}: over {LARGEST_FILE:,} characters; a feature is a page.")
    document = parsed(path, text)
    if "feature" not in document:
        raise ScenarioError(f"{path}: no feature in it; it begins with `Feature: what it shows`.")
    document["uri"] = str(path)
    refuse_prose(path, document["feature"])
    nodes = {node["id"]: node for node in walk(document["feature"])}
    return [
        scenario_of(path, document["feature"]["name"], each, nodes)
        for each in Compiler().compile(cast("Any", document))
    ]


def parsed(path: Path, text: str) -> dict[str, Any]:
    """Gherkin's tree of a file."""
    try:
        document: dict[str, Any] = dict(Parser().parse(text))
    except CompositeParserException as fault:
        raise ScenarioError(located(path, fault.errors[0])) from fault
    except ParserError as fault:
        raise ScenarioError(located(path, fault)) from fault
    return document


def located(path: Path, fault: ParserError) -> str:
    """``file:line: what the parser says``."""
    line = getattr(fault, "location", {}).get("line", 1)
    said = " ".join(str(fault).split()).partition(": ")[2]
    return f"{path}:{line}: {said}."


def refuse_prose(path: Path, feature: Any) -> None:
    """A line that is no step, or a scenario without any: a slip of the pen must not pass as a scenario that holds."""
    for child in feature["children"]:
        for part in child.values():
            line = part["location"]["line"]
            if "rule" in child:
                raise ScenarioError(f"{path}:{line}: Gherkin's Rule is not used here; write a feature.")
            if part["description"].strip():
                raise ScenarioError(
                    f"{path}:{line + 1}: {part['description'].split(chr(10))[0].strip()!r} is no step; begin with"
                    " Given, When, Then, And or But, or with # for a comment."
                )
            if not part["steps"]:
                raise ScenarioError(f"{path}:{line}: {part['keyword'].lower()} without a step.")


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Every node of a tree that has an id."""
    if isinstance(node, Mapping):
        if "id" in node and "location" in node:
            yield dict(node)
        for inner in node.values():
            yield from walk(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from walk(inner)


def scenario_of(path: Path, feature: str, pickle: Any, nodes: Mapping[str, dict[str, Any]]) -> Scenario:
    """One scenario with its steps bound."""
    origin = nodes[pickle["astNodeIds"][-1]]
    return Scenario(
        path=path,
        line=origin["location"]["line"],
        feature=feature,
        name=pickle["name"],
        tags=tuple(tag["name"] for tag in pickle["tags"]),
        steps=tuple(step_of(path, each, nodes) for each in pickle["steps"]),
    )


def step_of(path: Path, step: Any, nodes: Mapping[str, dict[str, Any]]) -> Step:
    """One step, its sentence found."""
    node = nodes[step["astNodeIds"][0]]
    line = node["location"]["line"]
    kind = KINDS.get(step["type"])
    if kind is None:
        raise ScenarioError(f"{path}:{line}: begin with Given, When or Then.")
    try:
        table = table_of(step.get("argument", {}).get("dataTable"))
        bound = bind(CHAPTERS, step["text"], kind, table)
    except ScenarioError as fault:
        raise ScenarioError(f"{path}:{line}: {fault}") from fault
    keyword = node["keyword"].strip()
    return Step(line, keyword, node.get("keywordType") == "Action", bound)


def table_of(data: Any) -> Table | None:
    """The table of a step: its first row names the columns."""
    if data is None:
        return None
    head, *rows = [[cell["value"].strip() for cell in row["cells"]] for row in data["rows"]]
    for name in head:
        if head.count(name) > 1:
            raise ScenarioError(f"two columns are called {name!r}.")
    if not rows:
        raise ScenarioError("a table needs rows below its head.")
    return Table(tuple(head), tuple(dict(zip(head, row, strict=True)) for row in rows))
