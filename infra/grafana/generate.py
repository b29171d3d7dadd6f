"""The dashboard as code: this page says what is shown, dashboard.json is written from it by `make docs`.

A panel is a title, what it means, a unit and its queries; a row of panels has one width each. A test fails while the file
is stale, when a query names a metric that flows/connectors/telemetry/metrics.py does not have, or when it is not PromQL.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

PAGE: Final = Path(__file__).with_name("dashboard.json")

WIDTH: Final = 24
"""Columns of Grafana's grid."""

POOL: Final = 'pool=~"$pool"'
FLOWS: Final = 'job=~"market|intake|clearing|audit"'


@dataclass(frozen=True)
class Query:
    """One query, and the text of its legend."""

    expr: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """One picture."""

    title: str
    says: str
    unit: str
    queries: Sequence[Query]
    kind: str = "timeseries"
    height: int = 8
    red_from: float | None = None
    stacked: bool = False


def rate(metric: str, labels: str = "", by: str = "pool") -> str:
    """What a counter counts a second."""
    return f"sum by ({by}) (rate({metric}{{{labels}}}[$__rate_interval]))"


def quantile(share: float, metric: str, by: str, labels: str = "") -> str:
    """A share of a histogram's observations took at most so long."""
    return f"histogram_quantile({share}, sum by (le, {by}) (rate({metric}_bucket{{{labels}}}[$__rate_interval])))"


def position(flow: str) -> str:
    """How far a flow is in each pool's journal."""
    return f'max by (pool) (marginline_journal_position_entries{{flow="{flow}", {POOL}}})'


def stat(title: str, says: str, expr: str, legend: str, unit: str = "short", red_from: float = 1) -> Panel:
    """One number a series, red from a value on."""
    return Panel(title, says, unit, [Query(expr, legend)], kind="stat", height=4, red_from=red_from)


def lines(title: str, says: str, unit: str, *queries: tuple[str, str], **more: Any) -> Panel:
    """Lines over time."""
    return Panel(title, says, unit, [Query(*each) for each in queries], **more)


def states(title: str, says: str, expr: str, legend: str) -> Panel:
    """What holds, as bars over time."""
    return Panel(title, says, "bool_yes_no", [Query(expr, legend)], kind="state-timeline", red_from=1)


ROWS: Final[tuple[tuple[str, tuple[tuple[Panel, ...], ...]], ...]] = (
    (
        "Is it well?",
        (
            (
                stat(
                    "Alerts",
                    "Rules of alerts.yml that fire.",
                    'count(ALERTS{alertstate="firing"}) or vector(0)',
                    "",
                ),
                stat(
                    "Flows down",
                    "Processes that do not answer.",
                    f"count(up{{{FLOWS}}} == 0) or vector(0)",
                    "",
                ),
                stat(
                    "Flows behind",
                    "Processes that have not caught up.",
                    "count(marginline_flow_ready_bool == 0) or vector(0)",
                    "",
                ),
                stat(
                    "Pools stopped",
                    "Pools that stand still at a gap or an entry.",
                    "sum(marginline_journal_stopped_bool) or vector(0)",
                    "",
                ),
                stat(
                    "Restarts, 1 h",
                    "Starts of a process after its first.",
                    f"sum(changes(process_start_time_seconds{{{FLOWS}}}[1h])) or vector(0)",
                    "",
                ),
                stat(
                    "Open deficit",
                    "Quanta that nobody has borne.",
                    f"sum(marginline_pool_deficit_quanta{{{POOL}}}) or vector(0)",
                    "",
                ),
            ),
        ),
    ),
    (
        "Does it keep up?",
        (
            (
                lines(
                    "Lag",
                    "How old the last record read is while others wait unread.",
                    "s",
                    (
                        "max by (flow, topic, lane) (marginline_input_lag_seconds) > 0",
                        "{{flow}} {{topic}} {{lane}}",
                    ),
                    red_from=10,
                ),
                lines(
                    "From quote to liquidation",
                    "From a quote's sending to the acknowledged order that it led to.",
                    "s",
                    (
                        quantile(0.5, "marginline_pool_quote_to_liquidation_seconds", "pool", POOL),
                        "{{pool}} median",
                    ),
                    (
                        quantile(0.99, "marginline_pool_quote_to_liquidation_seconds", "pool", POOL),
                        "{{pool}} 99 %",
                    ),
                    red_from=0.3,
                ),
                lines(
                    "Records in",
                    "Read, by topic.",
                    "cps",
                    (rate("marginline_input_records_total", by="flow, topic"), "{{flow}} {{topic}}"),
                ),
            ),
            (
                lines(
                    "Journal",
                    "Entries a second: written by intake, applied by clearing, stored by audit.",
                    "cps",
                    (rate("marginline_journal_entries_total", POOL, "flow, pool"), "{{flow}} {{pool}}"),
                ),
                lines(
                    "Behind the journal",
                    "Entries that intake has written and a later flow has not reached.",
                    "short",
                    (
                        f"{position('intake')} - on (pool) {position('clearing')}",
                        "{{pool}} clearing",
                    ),
                    (f"max by (pool) (marginline_database_backlog_entries{{{POOL}}})", "{{pool}} database"),
                ),
                lines(
                    "Turned away",
                    "Refused, shed and conflated records.",
                    "cps",
                    (
                        rate("marginline_input_dead_letters_total", by="topic, reason") + " > 0",
                        "{{topic}} {{reason}}",
                    ),
                    (
                        rate("marginline_input_foreign_records_total", by="flow, topic") + " > 0",
                        "{{flow}} {{topic}} foreign",
                    ),
                    (
                        rate("marginline_input_shed_records_total", POOL, "pool, class"),
                        "{{pool}} shed {{class}}",
                    ),
                    (
                        rate("marginline_input_conflated_records_total", POOL, "pool, class"),
                        "{{pool}} conflated {{class}}",
                    ),
                ),
            ),
        ),
    ),
    (
        "Where do the pools stand?",
        (
            (
                lines(
                    "Accounts on the ladder",
                    "At each level that is not ok.",
                    "short",
                    (
                        f'sum by (pool, level) (marginline_pool_accounts{{level!="ok", {POOL}}})',
                        "{{pool}} {{level}}",
                    ),
                    stacked=True,
                ),
                lines(
                    "Insurance fund",
                    "The general part and its floor, in quanta.",
                    "short",
                    (f'max by (pool) (marginline_fund_quanta{{part="general", {POOL}}})', "{{pool}}"),
                    (f"max by (pool) (marginline_fund_floor_quanta{{{POOL}}})", "{{pool}} floor"),
                ),
                lines(
                    "Deficits",
                    "Found, and who bore them, in quanta a second.",
                    "short",
                    (rate("marginline_pool_deficit_found_quanta_total", POOL), "{{pool}} found"),
                    (
                        rate("marginline_pool_deficit_borne_quanta_total", POOL, "pool, by"),
                        "{{pool}} by {{by}}",
                    ),
                ),
            ),
            (
                lines(
                    "Decisions",
                    "Events a second that change an account by force, or announce it.",
                    "cps",
                    (
                        rate(
                            "marginline_pool_events_total",
                            f'{POOL}, type=~"margin-call|liquidation-order|liquidation-fill|offer-fill|takeover'
                            '|bankrupt|adl|adl-cash|socialized-loss"',
                            "type",
                        )
                        + " > 0",
                        "{{type}}",
                    ),
                ),
                states(
                    "Breakers",
                    "Circuit breakers that hold.",
                    f"max by (pool, market, breaker) (marginline_breaker_bool{{{POOL}}}) == 1",
                    "{{market}} {{breaker}}",
                ),
                states(
                    "Index",
                    "Markets whose index is degraded or halted.",
                    f'max by (pool, market, status) (marginline_index_status_bool{{status!="ok", {POOL}}}) == 1',
                    "{{market}} {{status}}",
                ),
            ),
            (
                lines(
                    "Margin calls open",
                    "Accounts whose call is announced and not cleared.",
                    "short",
                    (f"max by (pool) (marginline_pool_called_accounts{{{POOL}}})", "{{pool}}"),
                ),
                states(
                    "Withdrawals closed",
                    "The gate: from the entry that finds a deficit until a while after it is borne.",
                    f"max by (pool) (marginline_pool_withdrawals_closed_bool{{{POOL}}})",
                    "{{pool}}",
                ),
            ),
        ),
    ),
    (
        "Time, terms, checkpoints",
        (
            (
                lines(
                    "Event time behind the wall",
                    "When it last moved on.",
                    "s",
                    (f'max by (pool) (marginline_clock_skew_seconds{{flow="intake", {POOL}}})', "{{pool}}"),
                ),
                lines(
                    "Terms",
                    "A step is a new writer.",
                    "short",
                    (f"max by (flow, pool) (marginline_journal_term_number{{{POOL}}})", "{{flow}} {{pool}}"),
                ),
                lines(
                    "Age of checkpoints",
                    "Since the last was written.",
                    "s",
                    (
                        f"time() - max by (flow, pool) (marginline_checkpoint_timestamp_seconds{{{POOL}}})",
                        "{{flow}} {{pool}}",
                    ),
                    red_from=180,
                ),
                lines(
                    "Writing a checkpoint",
                    "From the copy to the rename.",
                    "s",
                    (
                        f"max by (flow, pool) (marginline_checkpoint_duration_seconds{{{POOL}}})",
                        "{{flow}} {{pool}}",
                    ),
                ),
            ),
        ),
    ),
    (
        "Database, broker, processes",
        (
            (
                lines(
                    "Inserts",
                    "One in a hundred takes longer.",
                    "s",
                    (quantile(0.99, "marginline_database_insert_seconds", "table"), "{{table}}"),
                ),
                lines(
                    "Rows",
                    "Into the database, and inserts that failed.",
                    "cps",
                    (rate("marginline_database_rows_total", by="table"), "{{table}}"),
                    (rate("marginline_database_failures_total", by="table"), "{{table}} failed"),
                ),
                lines(
                    "Kafka",
                    "Records that wait for an acknowledgement, and errors a second.",
                    "short",
                    ("max by (flow) (marginline_output_unacknowledged_records)", "{{flow}} unacknowledged"),
                    (rate("marginline_broker_errors_total", by="flow, error"), "{{flow}} {{error}}"),
                ),
            ),
            (
                lines(
                    "Memory",
                    "Resident.",
                    "bytes",
                    (
                        f"max by (job, instance) (process_resident_memory_bytes{{{FLOWS}}})",
                        "{{job}} {{instance}}",
                    ),
                ),
                lines(
                    "Processor",
                    "Cores in use.",
                    "short",
                    (
                        f"sum by (job, instance) (rate(process_cpu_seconds_total{{{FLOWS}}}[$__rate_interval]))",
                        "{{job}} {{instance}}",
                    ),
                ),
            ),
        ),
    ),
)


# ---- as Grafana reads it ---------------------------------------------------------------------------------------------
SOURCE: Final = {"type": "prometheus", "uid": "prometheus"}


def placed() -> Iterator[dict[str, Any]]:
    """Rows and panels, one below the other."""
    numbers, y = count(1), 0
    for title, grid in ROWS:
        yield {
            "id": next(numbers),
            "type": "row",
            "title": title,
            "collapsed": False,
            "panels": [],
            "gridPos": {"h": 1, "w": WIDTH, "x": 0, "y": y},
        }
        y += 1
        for panels in grid:
            width = WIDTH // len(panels)
            for place, panel in enumerate(panels):
                at = {"h": panel.height, "w": width, "x": place * width, "y": y}
                yield {"id": next(numbers), **drawn(panel), "gridPos": at}
            y += max(panel.height for panel in panels)


def drawn(panel: Panel) -> dict[str, Any]:
    """One panel without its place."""
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.red_from is not None:
        steps.append({"color": "red", "value": panel.red_from})
    custom = {
        "stacking": {"mode": "normal" if panel.stacked else "none"},
        "fillOpacity": 20 if panel.stacked else 0,
    }
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "datasource": SOURCE,
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "thresholds": {"mode": "absolute", "steps": steps},
                **({"custom": custom} if panel.kind == "timeseries" else {}),
            },
            "overrides": [],
        },
        "targets": [
            {
                "refId": chr(ord("A") + at),
                "datasource": SOURCE,
                "expr": each.expr,
                "legendFormat": each.legend,
            }
            for at, each in enumerate(panel.queries)
        ],
    }


def dashboard() -> dict[str, Any]:
    """The whole of it."""
    return {
        "uid": "marginline",
        "title": "Marginline",
        "tags": ["marginline"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "5s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                {
                    "name": "pool",
                    "label": "Pool",
                    "type": "query",
                    "datasource": SOURCE,
                    "query": "label_values(marginline_pool_accounts, pool)",
                    "refresh": 2,
                    "multi": True,
                    "includeAll": True,
                    "current": {"text": "All", "value": "$__all"},
                }
            ]
        },
        "panels": list(placed()),
    }


def text() -> str:
    """What dashboard.json should hold."""
    return json.dumps(dashboard(), indent=2) + "\n"


if __name__ == "__main__":
    PAGE.write_text(text())
