"""A log line is whole, says where it belongs, and holds no secret."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from flows.connectors.silence import Silence
from flows.connectors.telemetry import logs
from tests.tables import table


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Logging is the process's: give it back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
    logs._known.clear()


@pytest.fixture
def said() -> io.StringIO:
    stream = io.StringIO()
    logs.configure("auto", "info", stream, flow="intake")
    return stream


def only(said: io.StringIO) -> dict[str, Any]:
    """The one line."""
    lines = said.getvalue().splitlines()
    assert len(lines) == 1, lines
    found: dict[str, Any] = json.loads(lines[0])
    return found


log = structlog.get_logger()


def test_a_line_is_one_json_object(said: io.StringIO) -> None:
    with logs.context(pool="usdt", term=3):
        log.warning("checkpoint not used", place=250_000, why="its hash\ndoes not match")
    line = only(said)
    assert line.pop("time").endswith("Z")
    assert list(line)[:3] == ["level", "event", "flow"]
    assert line == {
        "level": "warning",
        "event": "checkpoint not used",
        "flow": "intake",
        "pool": "usdt",
        "term": 3,
        "place": 250_000,
        "why": "its hash\ndoes not match",
    }


def test_context_ends_where_it_ends(said: io.StringIO) -> None:
    with logs.context(pool="usdt"):
        pass
    log.info("begins")
    assert "pool" not in only(said)


def test_less_than_the_level_is_not_said(said: io.StringIO) -> None:
    log.debug("a detail")
    assert said.getvalue() == ""


def test_libraries_log_the_same_way(said: io.StringIO) -> None:
    logging.getLogger("some.library").warning("slow %s", "insert")
    line = only(said)
    assert (line["level"], line["event"], line["flow"]) == ("warning", "slow insert", "intake")


def test_an_exception_is_a_field(said: io.StringIO) -> None:
    try:
        int("password=hunter2")
    except ValueError:
        log.exception("stopped")
    line = only(said)
    assert line["exception"].endswith("with base 10: 'password=[hidden]'")


def test_a_person_gets_text() -> None:
    screen = Screen()
    logs.configure("auto", "info", screen, flow="intake")
    log.info("begins", pool="usdt", sasl_password="hunter2")
    assert "begins" in screen.getvalue()
    assert "usdt" in screen.getvalue()
    assert "hunter2" not in screen.getvalue()
    assert not screen.getvalue().startswith("{")


def test_the_form_can_be_chosen() -> None:
    screen = Screen()
    logs.configure("json", "info", screen)
    log.info("begins")
    assert json.loads(screen.getvalue())["event"] == "begins"


@pytest.mark.parametrize(
    ("name", "value", "why"),
    table("""
        sasl_password      hunter2                                            by_its_name
        client_secret      hunter2                                            by_another_name
        api-key            hunter2                                            by_a_third_name
        database           clickhouse://me:hunter2@db:8443/x                  in_a_URL
        settings           {"sasl.password":"hunter2"}                        in_a_JSON_text
        error              sasl.password=hunter2;client.id=a                  in_a_text
        key_file           -----BEGIN_PRIVATE_KEY-----hunter2                 a_key_without_end
    """),
)
def test_secrets_are_hidden(said: io.StringIO, name: str, value: str, why: str) -> None:
    log.warning("told", **{name: value.replace("BEGIN_PRIVATE_KEY", "BEGIN PRIVATE KEY")})
    line = only(said)
    assert "hunter2" not in json.dumps(line)
    assert "[hidden]" in line[name]


def test_secrets_are_hidden_however_deep(said: io.StringIO) -> None:
    log.warning("told", config={"sasl.password": "hunter2", "list": [{"token": b"hunter2"}], "client": "a"})
    line = only(said)
    assert line["config"] == {"sasl.password": "[hidden]", "list": [{"token": "[hidden]"}], "client": "a"}


def test_a_known_secret_is_hidden_anywhere(said: io.StringIO) -> None:
    logs.hide("correct horse")
    logs.hide("correct horse battery")
    logs.hide("")
    log.warning("the broker said: correct horse battery staple")
    assert only(said)["event"] == "the broker said: [hidden] staple"


def test_what_is_no_secret_stays(said: io.StringIO) -> None:
    log.info("told", tokens=5, passed=True, address="http://127.0.0.1:9464/metrics", offset=2**80)
    line = only(said)
    assert (line["passed"], line["address"]) == (True, "http://127.0.0.1:9464/metrics")
    assert line["tokens"] == 5
    assert line["offset"] == 2**80


def test_no_field_is_endless_and_nothing_breaks_a_line(said: io.StringIO) -> None:
    log.info("told", raw=b"\xff" * 10_000, odd=object(), lone="\ud800", place=("a", 1))
    line = only(said)
    assert len(line["raw"]) == logs.LONGEST_TEXT + 3
    assert line["odd"].startswith("<object object")
    assert line["place"] == ["a", 1]


def test_what_is_logged_reaches_the_screen_while_compiled_code_does_not(
    capfd: pytest.CaptureFixture[str],
) -> None:
    logs.configure("json", "info")
    with Silence() as silence:
        os.write(2, b"a compiled stack\n")
        log.info("said meanwhile")
        assert silence.said() == "a compiled stack\n"
    log.info("said after")
    lines = [json.loads(line)["event"] for line in capfd.readouterr().err.splitlines()]
    assert lines == ["said meanwhile", "said after"]
