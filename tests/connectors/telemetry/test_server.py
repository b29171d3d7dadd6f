"""The page of a flow: what it answers, on which addresses it listens, and that it changes nothing."""

from __future__ import annotations

import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from flows.connectors.errors import SettingError
from flows.connectors.telemetry.health import Health
from flows.connectors.telemetry.server import Server, parsed
from tests.tables import table


@pytest.fixture
def page() -> Iterator[Server]:
    with Server("127.0.0.1:0", Health("served")) as server:
        yield server


def asked(page: Server, path: str, method: str = "GET") -> tuple[int, str]:
    request = urllib.request.Request(f"http://{page.address}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_probes_answer_with_a_reason(page: Server) -> None:
    health = page._server.health
    assert asked(page, "/startup") == (503, "served is starting\n")
    assert asked(page, "/ready") == (503, "served is starting\n")
    assert asked(page, "/live") == (200, "served is live\n")
    health.started()
    health.behind("majors", 60)
    assert asked(page, "/startup") == (200, "served has started\n")
    assert asked(page, "/ready") == (503, "majors is 60.0 s behind, at most 5\n")
    health.behind("majors", 0)
    assert asked(page, "/ready") == (200, "served is ready\n")


def test_metrics_are_prometheus_text(page: Server) -> None:
    status, text = asked(page, "/metrics")
    assert status == 200
    assert "# TYPE marginline_flow_ready_bool gauge" in text
    assert 'marginline_flow_ready_bool{flow="served"} 0.0' in text


def test_nothing_else_is_there(page: Server) -> None:
    assert asked(page, "/")[0] == 404
    assert asked(page, "/metrics/../etc")[0] == 404
    assert asked(page, "/metrics", "POST")[0] == 501


def test_a_silent_client_holds_up_nobody(page: Server) -> None:
    host, port = parsed(page.address)
    with socket.create_connection((host, port)):
        assert asked(page, "/live")[0] == 200


def test_a_closed_page_gives_its_port_back() -> None:
    first = Server("127.0.0.1:0", Health("closed"))
    address = first.address
    first.close()
    Server(address, Health("closed-again")).close()
    assert "http" not in [thread.name for thread in threading.enumerate()]


def test_an_address_in_use_is_told_in_one_line(page: Server) -> None:
    with pytest.raises(SettingError, match=r"^MARGINLINE_HTTP: cannot listen on 127\.0\.0\.1:\d+: .*in use"):
        Server(page.address, Health("second"))


@pytest.mark.parametrize(
    ("address", "host", "port", "why"),
    table("""
        127.0.0.1:9464   127.0.0.1   9464   loopback
        localhost:9464   localhost   9464   by_name
        [::1]:9464       ::1         9464   IPv6
        0.0.0.0:9464     0.0.0.0     9464   everywhere_and_it_says_so
    """),
)
def test_addresses(address: str, host: str, port: str, why: str) -> None:
    assert parsed(address) == (host, int(port))


@pytest.mark.parametrize(
    "address", [":9464", "9464", "127.0.0.1", "127.0.0.1:x", "a:1/metrics", "me@a:1", "a:70000"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(SettingError, match="is no address; write HOST:PORT"):
        parsed(address)
