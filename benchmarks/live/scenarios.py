"""The scenarios by name."""

from __future__ import annotations

from benchmarks.live import latency, recovery, soak, surge, throughput

SCENARIOS = {
    "throughput": throughput.run,
    "latency": latency.run,
    "recovery": recovery.run,
    "surge": surge.run,
    "soak": soak.run,
}
