"""Reference pages that are written from the code: commands, exit codes, topics, settings, the rulebook: `make docs`.

A page that no longer says what the code says fails tests/docs/test_reference.py.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from rich.text import Text
from typer.main import get_command

from flows.cli.main import COMMANDS, app, load
from flows.connectors.database_settings import PREFIX as CLICKHOUSE_PREFIX
from flows.connectors.database_settings import Environment as ClickHouseSettings
from flows.connectors.exits import MEANING
from flows.connectors.kafka.settings import PREFIX as KAFKA_PREFIX
from flows.connectors.kafka.settings import KafkaSettings
from flows.connectors.telemetry import metrics
from flows.connectors.telemetry.settings import PREFIX, TelemetrySettings
from flows.scenario import page as scenarios
from schemas import bulk
from schemas.catalogue import TOPICS, Topic
from schemas.config.text import Bounds
from schemas.config.venue import Venue

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
NOTE = "<!-- Written by `make docs`; edit the code instead. -->"

CHAPTERS = (
    *("scale", "position", "collateral", "margin", "orders", "call", "liquidation", "offer"),
    *("backstop", "fund", "adl", "loss", "funding", "oracle", "breaker", "volatility"),
)
"""Folders of flows/rules in the order of the rulebook's chapters; any other follows by name."""


# ---- commands --------------------------------------------------------------------------------------------------------
def plain(markup: str | None) -> str:
    """Take the colours out of a help text."""
    return Text.from_markup(markup or "").plain.strip()


def unwrapped(text: str) -> str:
    """Join a paragraph's lines; keep blocks that are indented."""
    blocks = text.split("\n\n")
    return "\n\n".join(block if block.startswith("    ") else " ".join(block.split()) for block in blocks)


def shown_default(parameter: Any) -> str:
    """Name what holds where nothing is given."""
    if parameter.required:
        return "required"
    default = parameter.default
    if default is None or callable(default) or default is False or default == ():
        return ""
    return f"`{getattr(default, 'value', default)}`".replace(f"{ROOT}/", "")


def shown_name(parameter: Any) -> str:
    """An option's spellings, or an argument's name."""
    if parameter.param_type_name == "option":
        return " ".join(parameter.opts)
    return str(parameter.metavar or parameter.name or "").upper()


def parameters_table(command: Any) -> list[str]:
    """Lay out a command's arguments and options: name, meaning, default."""
    rows = [
        f"| `{shown_name(parameter)}` "
        f"| {plain(parameter.help).replace('|', chr(92) + '|')} | {shown_default(parameter)} |"
        for parameter in command.params
        if parameter.name != "help" and not getattr(parameter, "hidden", False)
    ]
    return ["| | | default |", "|---|---|---|", *rows] if rows else []


def command_section(words: list[str], command: Any) -> Iterator[str]:
    """Write one command and, below it, its sub-commands."""
    yield f"{'#' * min(len(words) + 1, 4)} `{' '.join(words)}`"
    yield unwrapped(plain(command.help))
    if table := parameters_table(command):
        yield "\n".join(table)
    if command.epilog:
        yield unwrapped(plain(command.epilog))
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        yield from command_section([*words, name], inner)


def commands_page() -> str:
    """Write every command's help as one page."""
    top = get_command(app)
    blocks = [NOTE, "# Commands", unwrapped(plain(top.help)), unwrapped(plain(top.epilog))]
    for name in COMMANDS:
        blocks += command_section(["marginline", name], load(name))
    return "\n\n".join(block for block in blocks if block) + "\n"


# ---- exit codes ------------------------------------------------------------------------------------------------------
def exit_codes_page() -> str:
    """Write the table of flows/connectors/exits.py."""
    rows = [f"| {code.value} | {meaning} |" for code, meaning in MEANING.items()]
    return "\n".join(
        [
            NOTE,
            "",
            "# Exit codes",
            "",
            "Whatever a user can cause ends in one line on stderr and one of these codes; scripts may rely on them.",
            "",
            "| code | meaning |",
            "|---|---|",
            *rows,
            "",
        ]
    )


# ---- topics ----------------------------------------------------------------------------------------------------------
def cell(text: object) -> str:
    """Fit a text into a cell of a table."""
    return " ".join(str(text).split()).replace("|", "\\|")


def kind_of(schema: dict[str, Any]) -> str:
    """Name a field's type as JSON sees it."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema:
        return f'"{schema["const"]}"'
    if "enum" in schema:
        return " or ".join(f'"{value}"' for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(kind_of(choice) for choice in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {kind_of(schema.get('items', {}))}"
    return str(schema.get("type", "any"))


def topic_section(topic: Topic) -> str:
    """Write a topic's fields, each with its meaning and an example."""
    schema = topic.model.model_json_schema()
    lines = [f"## {topic.name}", "", f"{topic.description} Key: {topic.key}. {topic.content_type}.", ""]
    lines += ["| field | type | | example |", "|---|---|---|---|"]
    for name, field in schema["properties"].items():
        shown = name if name in schema.get("required", []) else f"{name} (optional)"
        example = field.get("examples", [""])[0]
        lines.append(
            f"| {shown} | {cell(kind_of(field))} | {cell(field.get('description', ''))} | {cell(example)} |"
        )
    return "\n".join(lines)


def topics_page() -> str:
    """Write every topic: what it carries, and its fields."""
    top = [NOTE, "# Topics", "| topic | | key | |\n|---|---|---|---|"]
    top[-1] += "".join(
        f"\n| [{topic.name}](#{topic.name}) | {topic.direction} | {topic.key} | {cell(topic.description)} |"
        for topic in TOPICS
    )
    return "\n\n".join([*top, *(topic_section(topic) for topic in TOPICS), bulk.page()]) + "\n"


# ---- the venue's file ------------------------------------------------------------------------------------------------
VENUE = """
A venue is one TOML file; `venues/` holds those that ship. Who may speak, what is priced, what is traded, what each pool
holds, and every figure that the rules leave to the venue stand there: **a setting has no default**, and a file that lacks
one is refused (exit code 3). Only the keys of an asset that say "absent" may be left out.

Numbers are texts in quotes, so that no float reads them: a decimal such as `"0.001"`; a rate such as `"0.5 %"`,
`"450 ppm"` or `"11416 ppb"`; a time such as `"500 ms"`, `"5 min"` or `"1 h"`. A rate is a whole number of ppm, one that is
paid by the hour of ppb, an amount of money a whole number of quanta. R-A2 is the bound that keeps every reachable amount
within 2^62 quanta ([scale](rules/scale.md)). `marginline` checks the whole file before it starts anything; each refusal
names the key, what it found and what is allowed.
""".strip()


LIMITS = ("ge", "le", "min_length", "max_length", "pattern")
"""What pydantic itself keeps of a setting's bounds."""


def models_in(kind: Any) -> Iterator[tuple[str, type[BaseModel]]]:
    """Tables below a setting: how their place is written behind its name, and their model."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield "", kind
    elif get_origin(kind) is dict:
        yield from ((f".NAME{behind}", model) for behind, model in models_in(get_args(kind)[1]))
    elif get_origin(kind) is tuple:
        yield from ((f"[]{behind}", model) for behind, model in models_in(get_args(kind)[0]))
    else:
        for each in get_args(kind):
            yield from models_in(each)


def bounds_of(field: FieldInfo) -> Bounds:
    """Unit and bounds of a setting: the last that were told of it, else what its type says."""
    told = [each for each in field.metadata if isinstance(each, Bounds)]
    if told:
        return told[-1]
    limits = {name: getattr(each, name) for each in field.metadata for name in LIMITS if hasattr(each, name)}
    kind, is_table = field.annotation, bool(list(models_in(field.annotation)))
    if get_origin(kind) is Literal:
        return Bounds("name", " or ".join(get_args(kind)))
    if kind is bool:
        return Bounds("", "true or false")
    if kind is int:
        return Bounds("number", f"{limits['ge']:,} to {limits['le']:,}")
    if get_origin(kind) in {dict, tuple}:
        least, most = limits.get("min_length", 0), limits.get("max_length")
        count = f"{least} to {most:,}" if most is not None else f"{least} or more"
        return Bounds("tables" if is_table else "list", count)
    pattern = limits.get("pattern")
    return Bounds("table" if is_table else "name", f"`{pattern}`" if pattern else "")


def toml(value: object) -> str:
    """Write an example as it stands in the file."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {toml(each)}' for key, each in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value)


def settings_section(place: str, model: type[BaseModel]) -> Iterator[str]:
    """Write one table of the file and, behind it, those below it."""
    yield f"## {f'`{place}`' if place else 'The file'}"
    yield " ".join((model.__doc__ or "").split())
    lines = ["| key | unit | allowed | default | | example |", "|---|---|---|---|---|---|"]
    below: list[str] = []
    for name, field in model.model_fields.items():
        told, tables = bounds_of(field), list(models_in(field.annotation))
        said = field.description or (tables[0][1].__doc__ if tables else "")
        example = f"`{toml(field.examples[0])}`" if field.examples and not tables else ""
        default = "required" if field.is_required() else "absent"
        row = (f"`{name}`", told.unit, told.allowed, default, said, example)
        lines.append(f"| {' | '.join(cell(each) for each in row)} |")
        for behind, inner in tables:
            below.extend(settings_section(f"{place}.{name}{behind}".lstrip("."), inner))
    yield "\n".join(lines)
    yield from below


def venue_page() -> str:
    """Write every setting of the venue's file."""
    return "\n\n".join([NOTE, "# The venue's file", VENUE, *settings_section("", Venue)]) + "\n"


# ---- metrics ---------------------------------------------------------------------------------------------------------
METRICS_TOP = """A flow shows these under `/metrics` on the address in `MARGINLINE_HTTP`, with the process's own memory,
processor time, open files and start (`process_...`). Units are base units; `quanta` are millionths of the pool's settlement
asset, event time is the journal's. [Alerts](../how-to/runbooks/index.md) and the dashboard in `infra/grafana` read them."""


def metrics_page() -> str:
    """Write every metric: name, kind, labels, meaning; and the settings of what operators see."""
    lines = [NOTE, "", "# Metrics", "", METRICS_TOP, "", "| setting | | default |", "|---|---|---|"]
    for name, setting in TelemetrySettings.model_fields.items():
        lines.append(
            f"| `{PREFIX}{name.upper()}` | {cell(setting.description)} | {setting.default or 'off'} |"
        )
    area = ""
    for each in metrics.every():
        found = each.name.removeprefix(metrics.PREFIX).partition("_")[0]
        if found != area:
            area = found
            lines += ["", f"## {area}", "", "| | kind | labels | |", "|---|---|---|---|"]
        kind = type(each.parent).__name__.lower()
        lines.append(f"| `{each.name}` | {kind} | {', '.join(each.labels)} | {cell(each.meaning)} |")
    return "\n".join([*lines, ""])


# ---- connections -----------------------------------------------------------------------------------------------------
CONNECTIONS_TOP = """How to reach the broker and the database. An empty variable counts as not set; a misspelt one is refused.
[Use a Kafka with TLS and passwords](../how-to/kafka.md) shows them at work."""


def connections_page() -> str:
    """Write every setting of Kafka and of ClickHouse."""
    lines = [NOTE, "", "# Connections", "", CONNECTIONS_TOP]
    for title, prefix, settings in (
        ("Kafka", KAFKA_PREFIX, KafkaSettings),
        ("ClickHouse", CLICKHOUSE_PREFIX, ClickHouseSettings),
    ):
        lines += ["", f"## {title}", "", "| variable | | not set |", "|---|---|---|"]
        for name, setting in settings.model_fields.items():
            default = "" if setting.default in {None, ""} else f"`{setting.default}`"
            lines.append(f"| `{prefix}{name.upper()}` | {cell(setting.description)} | {default} |")
    return "\n".join([*lines, ""])


# ---- the rulebook ----------------------------------------------------------------------------------------------------
def chapters() -> list[Path]:
    """List the rulebook's folders in its own order."""
    folders = [
        path for path in sorted((ROOT / "flows" / "rules").iterdir()) if (path / "__init__.py").exists()
    ]
    known = {name: place for place, name in enumerate(CHAPTERS)}
    return sorted(folders, key=lambda folder: (known.get(folder.name, len(known)), folder.name))


def docstring_of(path: Path) -> str:
    """Read a module's docstring without importing it."""
    return ast.get_docstring(ast.parse(path.read_text())) or ""


def rules_of(path: Path) -> Iterator[tuple[str, str]]:
    """Signature and docstring of each rule in a module."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
            yield f"{node.name}({ast.unparse(node.args)}){returns}", ast.get_docstring(node) or ""


def chapter_page(folder: Path) -> str:
    """Write a chapter's rules, module by module, in their own words."""
    blocks = [NOTE, f"# {folder.name.capitalize()}", docstring_of(folder / "__init__.py")]
    for path in sorted(folder.glob("*.py")):
        if path.name == "__init__.py":
            continue
        blocks += [f"## {folder.name}/{path.name}", docstring_of(path)]
        for signature, docstring in rules_of(path):
            first, _, rest = docstring.partition("\n")
            blocks += [f"### `{signature}`", first, f"```text\n{rest.strip()}\n```"]
    return "\n\n".join(blocks) + "\n"


def rulebook_page() -> str:
    """Write the rulebook's first page."""
    lines = [NOTE, "", "# The rulebook", "", docstring_of(ROOT / "flows" / "rules" / "exact.py"), ""]
    lines += ["| chapter | | rules |", "|---|---|---|"]
    for folder in chapters():
        names = [path.stem for path in sorted(folder.glob("*.py")) if path.name != "__init__.py"]
        about = " ".join(docstring_of(folder / "__init__.py").split())
        lines.append(f"| [{folder.name}]({folder.name}.md) | {about} | {', '.join(names)} |")
    return "\n".join([*lines, ""])


# ---- all of them -----------------------------------------------------------------------------------------------------
def pages() -> dict[str, str]:
    """Every generated page: its path below docs/reference, and its text."""
    rulebook = {f"rules/{folder.name}.md": chapter_page(folder) for folder in chapters()}
    return {
        "commands.md": commands_page(),
        "exit-codes.md": exit_codes_page(),
        "topics.md": topics_page(),
        "metrics.md": metrics_page(),
        "connections.md": connections_page(),
        "scenarios.md": scenarios.text(),
        "venue.md": venue_page(),
        "rules/index.md": rulebook_page(),
        **rulebook,
    }


def stale(folder: Path = REFERENCE) -> list[str]:
    """Pages that do not say what the code says, and those that no code stands behind any more."""
    wanted = pages()
    changed = [
        name
        for name, text in wanted.items()
        if not (folder / name).exists() or (folder / name).read_text() != text
    ]
    rules = sorted(f"rules/{path.name}" for path in (folder / "rules").glob("*.md"))
    return changed + [name for name in rules if name not in wanted]


def write(folder: Path = REFERENCE) -> None:
    """Write every page, and remove those of chapters that are gone."""
    wanted = pages()
    for path in sorted((folder / "rules").glob("*.md")):
        if f"rules/{path.name}" not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


if __name__ == "__main__":
    write()
