"""What a metric shows now."""

from __future__ import annotations

from flows.connectors.telemetry.metrics import REGISTRY


def shown(name: str, **labels: str) -> float:
    """One sample, under its name without the prefix; it must be there."""
    value = REGISTRY.get_sample_value(f"marginline_{name}", labels)
    assert value is not None, f"{name} {labels} is not shown"
    return value
