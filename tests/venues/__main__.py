"""``python -m tests.venues [DIR]``: the table of verdicts without the tests. ``--write`` renews the committed page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.venues.loader import CASES, load
from tests.venues.report import line_of, page, terminal
from tests.venues.verdict import Verdict

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "venues.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.venues", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=CASES, help="folder of *.json files")
    parser.add_argument(
        "--write", action="store_true", help="write docs/reference/venues.md from the cases that ship"
    )
    asked = parser.parse_args()
    if asked.write:
        PAGE.write_text(page([line_of(case) for case in load()]), encoding="utf-8")
        return 0
    lines = [line_of(case) for case in load(asked.folder)]
    if not lines:
        parser.error(f"no *.json in {asked.folder}")
    sys.stdout.write("\n".join(terminal(lines)) + "\n")
    failed = [line for line in lines if line.verdict == Verdict.FAILED.value]
    sys.stdout.write("".join(f"failed: {line.name}: {line.reason}\n" for line in failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
