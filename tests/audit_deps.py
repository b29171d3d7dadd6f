"""Known vulnerabilities of the locked packages: `make audit-deps` asks PyPI by pip-audit.

Where the service does not answer, nothing is known: it says NOT AUDITED and ends with 0, as a build must not depend on a
network; ``--strict``, for a release, ends with 1 then. A known vulnerability ends with 1 always.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

LOCK: Final = Path(__file__).resolve().parents[1] / "requirements.lock"
TIMEOUT_S: Final = 15

Audit = Callable[[Path], dict[str, Any] | str]
"""Asks about a file of requirements: pip-audit's report, or why there is none."""


def pip_audit(requirements: Path) -> dict[str, Any] | str:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip_audit", "--requirement", str(requirements), "--disable-pip"),
            *("--format", "json", "--progress-spinner", "off", "--timeout", str(TIMEOUT_S)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return (done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]
    return report


def first_package(lock: str) -> str:
    """The first package of a lock with its hashes: one question shows whether the service answers any."""
    lines = [line for line in lock.splitlines() if line and not line.lstrip().startswith("#")]
    end = next((at for at, line in enumerate(lines[1:], 1) if not line.startswith(" ")), len(lines))
    return "\n".join(lines[:end]).rstrip("\\ ") + "\n"


def audit(ask: Audit, lock: Path = LOCK) -> tuple[list[str], list[str], int]:
    """What is vulnerable, what nobody knows about, and how many packages were audited."""
    with tempfile.TemporaryDirectory() as folder:
        first = Path(folder) / "first.txt"
        first.write_text(first_package(lock.read_text()))
        found = ask(first)
    if not isinstance(found, str) and audited(found):
        found = ask(lock)
    if isinstance(found, str):
        return [], [f"the service does not answer: {found}"], 0
    packages = found["dependencies"]
    vulnerable = [
        f"{each['name']} {each['version']}: {bug['id']}, mended in {', '.join(bug['fix_versions']) or 'nothing yet'}"
        for each in packages
        for bug in each.get("vulns", [])
    ]
    unknown = [f"{each['name']}: {each['skip_reason']}" for each in packages if "skip_reason" in each]
    return vulnerable, unknown, audited(found)


def audited(report: dict[str, Any]) -> int:
    return sum("skip_reason" not in each for each in report["dependencies"])


def main(arguments: Sequence[str] | None = None, ask: Audit = pip_audit) -> int:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--strict", action="store_true", help="fail where nothing is known, too")
    strict = words.parse_args(arguments).strict
    vulnerable, unknown, count = audit(ask)
    for line in [*vulnerable, *unknown]:
        print(line)
    if unknown:
        print(f"NOT AUDITED: {'nothing' if not count else f'only {count} packages'} could be asked about.")
    print(f"{count} packages audited, {len(vulnerable)} known vulnerabilities.")
    return 1 if vulnerable or (strict and unknown) else 0


if __name__ == "__main__":
    sys.exit(main())
