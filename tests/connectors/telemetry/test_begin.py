"""What a flow calls first."""

from __future__ import annotations

import logging
import urllib.request
from collections.abc import Iterator

import pytest
import structlog

from flows.connectors.errors import SettingError
from flows.connectors.telemetry import begin as beginning
from flows.connectors.telemetry.begin import begin
from flows.connectors.telemetry.server import Server
from flows.connectors.telemetry.settings import TelemetrySettings, telemetry_settings
from tests.connectors.telemetry.values import shown


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def test_without_an_address_nothing_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginning, "Server", None)
    health = begin("begun", ["p"], ["fills"], TelemetrySettings(http=""))
    assert not health.startup().well
    assert shown("clock_setbacks_total", flow="begun", pool="p") == 0


def test_with_an_address_the_page_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Server] = []
    monkeypatch.setattr(beginning, "Server", lambda *given: made.append(Server(*given)) or made[0])
    begin("begun-page", ["p"], ["fills"], TelemetrySettings(http="127.0.0.1:0"))
    with made[0] as page, urllib.request.urlopen(f"http://{page.address}/metrics", timeout=5) as answer:
        assert 'marginline_flow_info{flow="begun-page",version="' in answer.read().decode()


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARGINLINE_HTTP", "127.0.0.1:9464")
    monkeypatch.setenv("MARGINLINE_LOG", "json")
    assert telemetry_settings() == TelemetrySettings(http="127.0.0.1:9464", log="json", log_level="info")
    monkeypatch.setenv("MARGINLINE_LOG_LEVEL", "loud")
    with pytest.raises(SettingError, match=r"^MARGINLINE_LOG_LEVEL: 'loud': "):
        telemetry_settings()
