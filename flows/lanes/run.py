"""One flow over Kafka as a process: settings of the environment, a stop that loses nothing, errors as one line."""

from __future__ import annotations

from flows.connectors.engine import run_flow
from flows.connectors.stop import stop_on_sigterm
from flows.lanes.settings import live_from_environment
from flows.lanes.tables import FLOWS
from flows.registry.errors import ConfigurationError


def run_lane(flow: str, workers: int) -> None:
    """Run it until SIGTERM."""
    live = live_from_environment()
    if live is None:
        raise ConfigurationError("MARGINLINE_VENUE", "name the venue's file, or give --venue.")
    stop_on_sigterm()
    live.state.mkdir(parents=True, exist_ok=True)
    run_flow(FLOWS[flow](live), live.state / f"{flow}-recovery", workers)
