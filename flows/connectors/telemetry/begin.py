"""What a flow does first: its logs, its metrics at zero, its page if an address is set.

health = begin("intake", pools=["majors", "alts"], topics=["fills", "collateral"])
...
health.started()
health.beat("majors")        # whenever the part is called
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata

import structlog

from flows.connectors.telemetry import logs, metrics
from flows.connectors.telemetry.health import Health
from flows.connectors.telemetry.server import Server
from flows.connectors.telemetry.settings import TelemetrySettings, telemetry_settings

log = structlog.get_logger()


def begin(
    flow: str, pools: Sequence[str], topics: Sequence[str], settings: TelemetrySettings | None = None
) -> Health:
    """The flow's health, on an HTTP page until the process ends if ``MARGINLINE_HTTP`` is set. SettingError."""
    chosen = settings or telemetry_settings()
    logs.configure(chosen.log, chosen.log_level, flow=flow)
    version = metadata.version("marginline")
    metrics.flow_info(flow, version).set(1)
    metrics.prepare(flow, pools, topics)
    health = Health(flow)
    where = Server(chosen.http, health).address if chosen.http else "off"
    log.info("flow begins", version=version, http=where)
    return health
