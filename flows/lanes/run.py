"""One flow over Kafka as a process: settings of the environment, a stop that loses nothing, errors as one line."""

from __future__ import annotations

from bytewax.dataflow import Dataflow

from flows.connectors.engine import run_flow
from flows.connectors.stop import stop_on_sigterm
from flows.lanes import still, watch
from flows.lanes.settings import Live, live_from_environment
from flows.lanes.tables import FLOWS
from flows.lanes.warm import warm
from flows.registry.errors import ConfigurationError
from schemas.catalogue import TOPICS


def over_kafka(flow: str) -> Dataflow | None:
    """The flow, if the environment names a venue; it then ends at SIGTERM. None: it is one over a run's files."""
    live = live_from_environment()
    return None if live is None else _prepared(live, flow)


def run_lane(flow: str, workers: int) -> None:
    """Run it until SIGTERM. StandsStill, if one of its pools did by then."""
    live = live_from_environment()
    if live is None:
        raise ConfigurationError("MARGINLINE_VENUE", "name the venue's file, or give --venue.")
    run_flow(_prepared(live, flow), live.state / f"{flow}-recovery", workers)
    if why := still.said(flow):
        raise still.StandsStill(why)


def _prepared(live: Live, flow: str) -> Dataflow:
    stop_on_sigterm()
    watch.begin(flow, live, [topic.name for topic in TOPICS if topic.direction != "output"])
    live.state.mkdir(parents=True, exist_ok=True)
    warm(live, flow)
    dataflow: Dataflow = FLOWS[flow](live)
    return dataflow
