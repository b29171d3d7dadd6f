"""What linters can't see, each with its reason in the message. `make check` runs it; so does `make test`."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from flows.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FUNCTION = 70
LONGEST_FILE = 400

LONG_FILES: dict[str, str] = {}
"""Files that may be longer, each with its reason. The list only ever gets shorter."""

EXACT_ROOMS = ("flows/rules", "flows/pool")
FLOAT_ROOM = "flows/rules/volatility"
"""R-R1: log returns and their decay are floats inside, an integer comes out."""

HEADINGS = ("Formula", "Units", "Rounding", "Errors", "Source")
FIRST_LINE = re.compile(r".+: rules? R-[A-Z]+[0-9].*, version [0-9]+\.$")

ENTRANCES = {
    "flows.__main__": "python -m flows",
    "flows.cli.main": "the marginline script",
    "flows.replay": "python -m bytewax.run flows.replay",
    "flows.market": "python -m bytewax.run flows.market",
    "flows.intake": "python -m bytewax.run flows.intake",
    "flows.clearing": "python -m bytewax.run flows.clearing",
    "flows.audit": "python -m bytewax.run flows.audit",
    **{f"flows.cli.{command.replace('-', '_')}": f"marginline {command}" for command in COMMANDS},
}
"""Modules that nobody imports because they are where a user comes in."""

UNIMPORTED = {
    "chdb-core": "clickhouse-connect finds it by the address chdb://",
    "confluent-kafka": "bytewax's Kafka connector and the live flows",
}
"""Runtime dependencies that no module names, each with who needs it."""


# ---- reading the tree ------------------------------------------------------------------------------------------------
def files(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def place(path: Path, node: ast.AST | None = None) -> str:
    """``file:line``, as an editor opens it."""
    name = path.relative_to(ROOT).as_posix()
    return name if node is None else f"{name}:{getattr(node, 'lineno', 1)}"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def functions(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def calls(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def rule_modules() -> list[Path]:
    """Chapters' modules: the rulebook without its arithmetic, and without what only names a type."""
    modules = [path for path in files("flows/rules") if path.name not in {"__init__.py", "exact.py"}]
    return [path for path in modules if "@rule" in path.read_text() or "\ndef " in path.read_text()]


def complain(found: list[str], reason: str) -> None:
    assert not found, "\n".join([f"{reason}:", *(f"  {line}" for line in found)])


# ---- exact integers --------------------------------------------------------------------------------------------------
def is_inexact(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp | ast.AugAssign):
        return isinstance(node.op, ast.Div)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float | complex)
    return calls(node, "float", "round")


def test_rules_and_pool_divide_exactly() -> None:
    found = [
        place(path, node)
        for path in files(*EXACT_ROOMS)
        if not place(path).startswith(FLOAT_ROOM)
        for node in ast.walk(tree(path))
        if is_inexact(node)
    ]
    complain(
        found,
        "`/`, a float, float() or round() near money; name the rounding: use // or flows/rules/exact.py",
    )


# ---- order -----------------------------------------------------------------------------------------------------------
def is_set(node: ast.AST, names: frozenset[str] = frozenset()) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr | ast.Sub):
        return is_set(node.left, names) or is_set(node.right, names)
    if isinstance(node, ast.Name):
        return node.id in names
    return isinstance(node, ast.Set | ast.SetComp) or calls(node, "set", "frozenset")


def names_of_sets(function: ast.AST) -> frozenset[str]:
    """Names that a function gives to sets."""
    return frozenset(
        target.id
        for node in ast.walk(function)
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and is_set(node.value)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    )


def walks_a_set(node: ast.AST, names: frozenset[str]) -> bool:
    if isinstance(node, ast.For | ast.comprehension):
        return is_set(node.iter, names)
    if calls(node, "list", "tuple", "enumerate", "iter", "map", "zip") and isinstance(node, ast.Call):
        return any(is_set(argument, names) for argument in node.args)
    return False


def test_nothing_walks_a_set() -> None:
    found = []
    for path in files("flows", "schemas"):
        module = tree(path)
        for scope in [module, *functions(module)]:
            names = names_of_sets(scope) if scope is not module else frozenset()
            found += [place(path, node) for node in ast.walk(scope) if walks_a_set(node, names)]
    complain(
        sorted(set(found)),
        "a set has no order, two workers would differ; sort it by a key that is in the journal",
    )


# ---- size ------------------------------------------------------------------------------------------------------------
def test_functions_fit_a_screen() -> None:
    found = [
        f"{place(path, function)} {function.name}: {length} lines"
        for path in files("flows", "schemas", "tests", "docs", "benchmarks")
        for function in functions(tree(path))
        if (length := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_FUNCTION
    ]
    complain(found, f"a function over {LONGEST_FUNCTION} lines; give its parts names")


def test_files_hold_one_subject() -> None:
    lengths = {
        place(path): len(path.read_text().splitlines()) for path in files("flows", "schemas", "tests", "docs")
    }
    found = [
        f"{name}: {lines}"
        for name, lines in lengths.items()
        if lines > LONGEST_FILE and name not in LONG_FILES
    ]
    complain(
        found,
        f"a file over {LONGEST_FILE} lines; split it by subject, or list it with a reason in tests/test_tidy.py",
    )
    stale = [name for name in LONG_FILES if lengths.get(name, 0) <= LONGEST_FILE]
    complain(stale, "listed as long, and is not any more")


# ---- nothing in vain -------------------------------------------------------------------------------------------------
def imported_by(path: Path) -> set[str]:
    """Every module name that a file may mean by its imports, submodules included."""
    names: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def test_every_module_is_imported() -> None:
    imported = {name for path in files("flows", "schemas") for name in imported_by(path)}
    modules = [(path, module_name(path)) for path in files("flows", "schemas") if path.name != "__init__.py"]
    found = [place(path) for path, name in modules if name not in imported and name not in ENTRANCES]
    complain(found, "no module imports it: code that only tests reach is not part of the product")


def test_every_dependency_is_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [re.split(r"[<>=!~ ]", line, maxsplit=1)[0] for line in project["dependencies"]]
    imported = {name.partition(".")[0] for path in files("flows", "schemas") for name in imported_by(path)}
    module_of = {"gherkin-official": "gherkin"}
    found = [
        name
        for name in wanted
        if module_of.get(name, name.replace("-", "_")) not in imported and name not in UNIMPORTED
    ]
    complain(
        found,
        "in pyproject.toml and imported nowhere; take it out, or say who needs it in tests/test_tidy.py",
    )


# ---- the rulebook ----------------------------------------------------------------------------------------------------
def rules() -> Iterator[tuple[Path, ast.FunctionDef]]:
    for path in rule_modules():
        for node in tree(path).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield path, node


def faults(docstring: str | None) -> list[str]:
    if docstring is None:
        return ["no docstring"]
    lines = [line.strip() for line in docstring.splitlines()]
    missing = [heading for heading in HEADINGS if not any(line.startswith(f"{heading} ") for line in lines)]
    wrong_first = (
        [] if FIRST_LINE.match(lines[0]) else [f'first line is not "...: rule R-XX, version 1.": {lines[0]}']
    )
    return wrong_first + [f"no {heading}" for heading in missing]


def test_every_rule_says_what_it_is() -> None:
    found = [
        f"{place(path, rule)} {rule.name}: {'; '.join(wrong)}"
        for path, rule in rules()
        if (wrong := faults(ast.get_docstring(rule)))
    ]
    complain(found, f"a rule's docstring names its rule and has the headings {', '.join(HEADINGS)}")


def test_every_rule_has_its_test_file() -> None:
    found = []
    for path in [*rule_modules(), ROOT / "flows/rules/exact.py"]:
        mirrored = Path("tests") / path.relative_to(ROOT / "flows").parent / f"test_{path.name}"
        if not (ROOT / mirrored).exists():
            found.append(f"{place(path)}: no {mirrored}")
    complain(found, "a rule without its mirrored test file")


# ---- the project stands alone ----------------------------------------------------------------------------------------
OUTSIDE = re.compile(r"(?<![\w./:])/(?:home|root|work|Users|opt|mnt)/\w+")
TEXTS = {".py", ".md", ".toml", ".sql", ".feature", ".yaml", ".yml", ".json", ".cfg", ".lock"}


def texts() -> Iterator[Path]:
    for name in sorted(path.name for path in ROOT.iterdir()):
        if name.startswith(".") or name in {"runs", "build"} or name.endswith(".egg-info"):
            continue
        top = ROOT / name
        inside = sorted(top.rglob("*")) if top.is_dir() else [top]
        yield from (
            path for path in inside if path.is_file() and (path.suffix in TEXTS or path.name == "Makefile")
        )


def test_no_path_leads_outside() -> None:
    found = [
        f"{place(path)}:{number}: {line.strip()[:80]}"
        for path in texts()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if OUTSIDE.search(line)
    ]
    complain(found, "a path of one machine; the project stands alone")


# ---- only the command line prints ------------------------------------------------------------------------------------
def test_only_commands_print() -> None:
    found = [
        place(path, node)
        for path in files("flows", "schemas")
        if not place(path).startswith("flows/cli/")
        for node in ast.walk(tree(path))
        if calls(node, "print")
    ]
    complain(found, "print outside flows/cli; return it, log it or raise it")


# ---- the checks themselves -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("text", ["a / b", "a /= b", "x = 0.5", "float(a)", "round(a)"])
def test_inexact_is_seen(text: str) -> None:
    assert any(is_inexact(node) for node in ast.walk(ast.parse(text)))


@pytest.mark.parametrize(
    "text",
    [
        "for x in {1, 2}: pass",
        "[x for x in set(a)]",
        "list(set(a))",
        "s = set(a)\nfor x in s: pass",
        "tuple({a} | b)",
    ],
)
def test_walking_a_set_is_seen(text: str) -> None:
    module = ast.parse(text)
    assert any(walks_a_set(node, names_of_sets(module)) for node in ast.walk(module))


@pytest.mark.parametrize(
    "text", ["sorted(set(a))", "x in {1, 2}", "len(set(a))", "for x in sorted({1}): pass"]
)
def test_sorting_a_set_is_fine(text: str) -> None:
    module = ast.parse(text)
    assert not any(walks_a_set(node, names_of_sets(module)) for node in ast.walk(module))


def test_a_bare_docstring_is_seen() -> None:
    good = "What it asks: rule R-D1, version 1.\n\n" + "\n".join(f"{heading}   x" for heading in HEADINGS)
    assert not faults(good)
    assert faults(good.replace("Rounding", "rounds"))
    assert faults(good.replace("R-D1", "D1"))
    assert faults(None)
