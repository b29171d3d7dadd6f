"""``python -m benchmarks.live throughput|latency|recovery|surge|soak``: one scenario on a real broker, and its report."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from benchmarks.live.report import FOLDER, Report
from benchmarks.live.scenarios import SCENARIOS

TENTH = "but for throughput, a tenth of it"


def parser() -> argparse.ArgumentParser:
    """One set of options: a scenario takes those that it knows."""
    found = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    found.add_argument("name", choices=SCENARIOS)
    found.add_argument("--accounts", type=int, default=100_000)
    found.add_argument("--seconds", type=float, default=120.0, help="of load")
    found.add_argument("--fills", type=float, default=60_000, help=f"a second; {TENTH}")
    found.add_argument("--quotes", type=float, default=20_000, help=f"a second; {TENTH}")
    found.add_argument("--minutes", type=float, default=20.0, help="of a soak")
    found.add_argument("--repeats", type=int, default=3, help="kills of each flow, of recovery")
    found.add_argument("--usual", type=float, default=500.0, help="order checks a second, of a surge")
    found.add_argument("--times", type=float, default=80.0, help="as many in the surge")
    found.add_argument("--compression", default="lz4", help="of the producers' batches: lz4 or none")
    found.add_argument("--no-audit", action="store_true", help="without the database")
    found.add_argument("--no-check", action="store_true", help="without executing the journal again")
    found.add_argument("--folder", type=Path, default=None, help="of the run; emptied first. A temporary one")
    found.add_argument("--json", type=Path, default=FOLDER, help="folder of the report as JSON")
    return found


def main() -> None:
    """Run it, show it, write it down."""
    asked = parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    with tempfile.TemporaryDirectory(prefix="marginline-live-") as temporary:
        report: Report = SCENARIOS[asked.name](asked, asked.folder or Path(temporary))
    report.settings.pop("folder", None)
    report.settings["json"] = str(asked.json)
    report.show(Console(width=120))
    print(report.write(asked.json))


if __name__ == "__main__":
    main()
