"""Break the rulebook on purpose and count who notices: `make mutate`.

    python tests/mutate.py [--count 300] [--seed 1] [--only margin] [--all]

A mutant is one rule's module with one thing changed: an operator, a comparison, a number, a rounding. Its mirrored test
file runs against it in a forked process, so that nothing is imported twice and no file is ever touched. The JIT is off:
both machines run one text, and compiling each mutant would take minutes. A survivor is a missing row in a table.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import importlib.abc
import importlib.util
import os
import random
import resource
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType

os.environ["NUMBA_DISABLE_JIT"] = "1"
os.environ["HYPOTHESIS_PROFILE"] = "mutate"

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "flows" / "rules"
SEEN, SURVIVED, ENDLESS = "caught", "survived", "endless"
BAR_PERCENT = 90
PATIENCE = 8
"""A mutant that takes this many times its tests' usual time (and at least 10 s) is in an endless loop: caught."""

NO_VERDICT = (4, 5, 99)
"""Exit codes that say nothing about a mutant: pytest's for a wrong call and for no test, and our own."""

MOST_BYTES = 8 << 30
"""A mutant that shifts by a million bits must not take the machine with it."""


# ---- what can be changed ---------------------------------------------------------------------------------------------
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
EDGES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}
OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
}
NAMES = {
    "mul_ppm_floor": "mul_ppm_ceil",
    "mul_ppm_ceil": "mul_ppm_floor",
    "mul_div_floor": "mul_div_ceil",
    "mul_div_ceil": "mul_div_floor",
    "mul_div_trunc": "mul_div_floor",
    "div_ceil": "div_trunc",
    "div_trunc": "div_ceil",
    "div_half_even": "div_trunc",
    "is_below": "is_at_or_below",
    "is_at_or_below": "is_below",
    "min": "max",
    "max": "min",
}
FEW = 32
"""A module's small numbers are codes, names and not amounts: changing one changes no answer."""


@dataclass(frozen=True)
class Mutant:
    """One change in one module: the node's place in the walk, and which of its changes."""

    path: Path
    place: int
    change: int
    line: int
    before: str
    after: str

    @property
    def module(self) -> str:
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts)

    @property
    def test(self) -> Path:
        return ROOT / "tests" / self.path.relative_to(ROOT / "flows").parent / f"test_{self.path.name}"

    def code(self) -> CodeType:
        tree = ast.parse(self.path.read_text())
        changes(list(walk(tree))[self.place])[self.change]()
        return compile(ast.fix_missing_locations(tree), str(self.path), "exec")


def walk(node: ast.AST, inside: bool = False) -> Iterator[ast.AST]:
    """Every node whose change may change an answer, in a fixed order: no assert, docstring, annotation or code."""
    if isinstance(node, ast.Assert | ast.Import | ast.ImportFrom):
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.keyword) and node.arg == "strict":  # zip's: an assert by another name
        return
    is_code = isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value < FEW
    if inside or not is_code:
        yield node
    in_function = inside or isinstance(node, ast.FunctionDef)
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns", "decorator_list"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from walk(child, in_function)


def changes(node: ast.AST) -> list[Change]:
    """The ways to break a node."""
    found: list[Change] = []
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPERATORS:
        found.append(Change(node, "op", OPERATORS[type(node.op)]()))
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            for table in (EDGES, OPPOSITES):
                if type(operator) in table:
                    ops = [*node.ops[:place], table[type(operator)](), *node.ops[place + 1 :]]
                    found.append(Change(node, "ops", ops))
    if isinstance(node, ast.BoolOp):
        found.append(Change(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And()))
    if isinstance(node, ast.If | ast.IfExp):
        found.append(Change(node, "test", ast.UnaryOp(ast.Not(), node.test)))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        kept: ast.unaryop = ast.UAdd() if isinstance(node.op, ast.USub) else ast.Not()
        operand = node.operand if isinstance(node.op, ast.USub) else ast.UnaryOp(ast.Not(), node.operand)
        found.append(
            Change(node, "operand", operand) if isinstance(node.op, ast.Not) else Change(node, "op", kept)
        )
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            found.append(Change(node, "value", not node.value))
        elif isinstance(node.value, int):
            found.append(Change(node, "value", node.value + 1))
        elif isinstance(node.value, float):
            found.append(Change(node, "value", node.value * 1.25 + 0.5))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id in NAMES:
            found.append(Change(node, "func", ast.Name(NAMES[node.func.id], ast.Load())))
        if node.func.id == "abs":
            found.append(Change(node, "func", ast.Name("int", ast.Load())))
    return found


@dataclass(frozen=True)
class Change:
    """One field of one node, and what it becomes. Calling it changes the tree."""

    node: ast.AST
    field: str
    value: object

    def __call__(self) -> None:
        setattr(self.node, self.field, self.value)

    def shown(self) -> str:
        changed = copy.copy(self.node)
        setattr(changed, self.field, self.value)
        return first_line(changed)


def first_line(node: ast.AST) -> str:
    return ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))).splitlines()[0]


def mutants_of(path: Path) -> Iterator[Mutant]:
    for place, node in enumerate(walk(ast.parse(path.read_text()))):
        for number, change in enumerate(changes(node)):
            yield Mutant(path, place, number, getattr(node, "lineno", 0), first_line(node), change.shown())


# ---- running the tests of one ----------------------------------------------------------------------------------------
class MutantFinder(importlib.abc.MetaPathFinder):
    """Serve the mutant wherever its module is imported; every other module comes as ever."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: object = None
    ) -> ModuleSpec | None:
        if fullname != self.mutant.module:
            return None
        code = self.mutant.code()

        class MutantLoader(SourceFileLoader):
            def get_code(self, fullname: str) -> CodeType:
                return code

        spec = PathFinder.find_spec(fullname, path)
        assert spec is not None
        assert spec.origin is not None
        return importlib.util.spec_from_file_location(
            fullname, spec.origin, loader=MutantLoader(fullname, spec.origin)
        )


def run_tests(test: Path, mutant: Mutant | None) -> int:
    """Run one test file in this process and return pytest's exit code."""
    import pytest  # noqa: PLC0415 - after the settings above

    if mutant is not None:
        sys.meta_path.insert(0, MutantFinder(mutant))
    quick = ["-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist"]
    known = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # Hypothesis is there before the fork
    return int(pytest.main([*quick, *known, str(test)]))


@dataclass
class Trial:
    """A forked process that runs one test file, with a mutant or without."""

    test: Path
    mutant: Mutant | None
    deadline: float
    pid: int = 0
    descriptor: int = -1
    started: float = 0.0

    def start(self) -> None:
        self.started = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            self.become()
        self.descriptor = os.pidfd_open(self.pid)

    def become(self) -> None:
        """Be the child: quiet, bounded in memory, in a process group of its own."""
        code = NO_VERDICT[-1]
        try:
            os.setpgid(0, 0)
            resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nowhere, stream)
            code = run_tests(self.test, self.mutant)
        finally:
            os._exit(code)

    def seconds(self) -> float:
        return time.monotonic() - self.started

    def end(self) -> int | None:
        """Collect the exit code; kill it first where its time is over."""
        in_time = bool(select.select([self.descriptor], [], [], 0)[0])
        if not in_time:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.descriptor)
        return os.waitstatus_to_exitcode(status) if in_time else None


def run_all(waiting: Iterator[Trial], workers: int) -> Iterator[tuple[Trial, int | None]]:
    """Run trials side by side; give each with its exit code, None for one that had to be killed."""
    running: list[Trial] = []
    while True:
        while len(running) < workers and (trial := next(waiting, None)) is not None:
            trial.start()
            running.append(trial)
        if not running:
            return
        patience = max(0.0, min(trial.deadline - trial.seconds() for trial in running))
        over, _, _ = select.select([trial.descriptor for trial in running], [], [], patience)
        ended = [trial for trial in running if trial.descriptor in over or trial.seconds() >= trial.deadline]
        running = [trial for trial in running if trial not in ended]
        yield from ((trial, trial.end()) for trial in ended)


# ---- the whole -------------------------------------------------------------------------------------------------------
def rule_files(only: str) -> list[Path]:
    return [
        path for path in sorted(RULES.rglob("*.py")) if path.name != "__init__.py" and only in path.as_posix()
    ]


def usual_seconds(tests: Sequence[Path], workers: int) -> dict[Path, float]:
    """How long each test file takes on the rules as they are; files that are missing or red are left out."""
    trials = (Trial(test, None, deadline=120.0) for test in tests if test.exists())
    return {trial.test: trial.seconds() for trial, code in run_all(trials, workers) if code == 0}


def judge(mutants: Sequence[Mutant], usual: dict[Path, float], workers: int) -> dict[Mutant, str]:
    trials = (Trial(mutant.test, mutant, max(10.0, PATIENCE * usual[mutant.test])) for mutant in mutants)
    verdicts: dict[Mutant, str] = {}
    for trial, code in run_all(trials, workers):
        assert trial.mutant is not None
        assert code not in NO_VERDICT, f"{trial.test} did not run: pytest ended with {code}"
        verdicts[trial.mutant] = ENDLESS if code is None else SURVIVED if code == 0 else SEEN
        if sys.stderr.isatty():
            print(f"\r{len(verdicts)} of {len(mutants)}", end="", file=sys.stderr)
    return verdicts


def report(verdicts: dict[Mutant, str], unmeasured: Sequence[Path]) -> bool:
    """Print what was caught, chapter by chapter, then every survivor. True if the bar is met."""
    print(f"{'chapter':14} mutants  caught  endless  survived")
    chapters = sorted({chapter_of(mutant) for mutant in verdicts})
    for chapter in [*chapters, "all"]:
        of_chapter = Counter(v for mutant, v in verdicts.items() if chapter in {chapter_of(mutant), "all"})
        counts = f"{of_chapter[SEEN]:6}  {of_chapter[ENDLESS]:7}  {of_chapter[SURVIVED]:8}"
        print(f"{chapter:14} {of_chapter.total():7}  {counts}")
    for mutant in sorted((m for m, v in verdicts.items() if v == SURVIVED), key=lambda m: (m.path, m.line)):
        print(f"survived: {mutant.path.relative_to(ROOT)}:{mutant.line}  {mutant.before}  ->  {mutant.after}")
    for test in unmeasured:
        print(f"not measured: {test.relative_to(ROOT)} is missing, or red on the rules as they are")
    caught = sum(v != SURVIVED for v in verdicts.values())
    print(f"{caught} of {len(verdicts)} mutants caught; the bar is {BAR_PERCENT} %")
    return bool(verdicts) and not unmeasured and caught * 100 >= BAR_PERCENT * len(verdicts)


def chapter_of(mutant: Mutant) -> str:
    folder = mutant.path.parent
    return mutant.path.stem if folder == RULES else folder.name


def main() -> int:
    arguments = argparse.ArgumentParser(description="Break the rulebook on purpose and count who notices.")
    arguments.add_argument("--count", type=int, default=300, help="mutants to try, drawn by the seed")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--only", default="", help="modules whose path contains this")
    arguments.add_argument("--all", action="store_true", help="every mutant there is")
    arguments.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    wanted = arguments.parse_args()

    # Imported once, before the first fork. Nothing of flows may be: a mutant's module must be imported by its child.
    import hypothesis  # noqa: PLC0415
    import numba  # noqa: PLC0415
    import pytest  # noqa: PLC0415

    assert not any(name.partition(".")[0] == "flows" for name in sys.modules)
    found = [mutant for path in rule_files(wanted.only) for mutant in mutants_of(path)]
    count = len(found) if wanted.all else min(wanted.count, len(found))
    drawn = random.Random(wanted.seed).sample(found, count)
    print(f"{count} of {len(found)} mutants, seed {wanted.seed}; pytest {pytest.__version__}", end=", ")
    print(f"hypothesis {hypothesis.__version__}, numba {numba.__version__} with the JIT off", flush=True)
    tests = sorted({mutant.test for mutant in drawn})
    usual = usual_seconds(tests, wanted.workers)
    verdicts = judge([mutant for mutant in drawn if mutant.test in usual], usual, wanted.workers)
    return 0 if report(verdicts, [test for test in tests if test not in usual]) else 1


if __name__ == "__main__":
    sys.exit(main())
