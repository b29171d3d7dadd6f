"""``python -m benchmarks [ACCOUNTS]``: every question, one after another, in one process."""

from __future__ import annotations

import sys

from rich.console import Console

from benchmarks import fills, ticks
from benchmarks.live.scenarios import SCENARIOS
from benchmarks.table import show


def main() -> None:
    """Print the tables."""
    accounts = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    console = Console(width=110)
    show(
        console,
        f"price ticks, {accounts:,} accounts",
        ticks.run(accounts),
        "Kafka, decoding, journal files, the database; answers of a venue",
    )
    show(console, f"fills, {accounts:,} accounts", fills.run(accounts), "the same, and events taken out")
    console.print(f"The live system, minutes each: python -m benchmarks.live {'|'.join(SCENARIOS)}")


main()
