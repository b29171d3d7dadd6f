"""A ClickHouse server by HTTP: TLS and passwords, and writing through its faults, each row once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from flows.connectors import clickhouse as ch
from flows.connectors.clickhouse import Client, Writer
from flows.connectors.errors import SettingError
from flows.journal import entries as en
from flows.journal import events as ev
from tests.certificates import Authority, authority, server
from tests.connectors.http_engine import HttpEngine

WORD: Final = "geheim & wort"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who signed the server's certificate."""
    return authority(tmp_path_factory.mktemp("certificates"), "ours")


@pytest.fixture(scope="module")
def secured(ours: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpEngine]:
    """A server with TLS and a password."""
    folder = tmp_path_factory.mktemp("secured")
    with HttpEngine(folder / "ch", certificate=server(folder, ours), user="auditor", password=WORD) as engine:
        yield engine


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpEngine]:
    """A server without."""
    with HttpEngine(tmp_path_factory.mktemp("plain") / "ch") as engine:
        yield engine


def said(environment: pytest.MonkeyPatch, **told: object) -> None:
    for name, value in told.items():
        environment.setenv(f"MARGINLINE_CLICKHOUSE_{name}", str(value))


# ---- security --------------------------------------------------------------------------------------------------------
def test_a_certificate_and_a_password(
    secured: HttpEngine, ours: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said(monkeypatch, CA=ours.file, USER="auditor", PASSWORD=WORD)
    client = ch.connect(secured.url)
    ch.migrate(client)
    write(Writer(client), "p")
    assert counts(client, "p") == (50, 100)
    client.close()
    monkeypatch.delenv("MARGINLINE_CLICKHOUSE_PASSWORD")
    (tmp_path / "word").write_text(f"{WORD}\n")
    said(monkeypatch, PASSWORD_FILE=tmp_path / "word")
    reader = ch.connect(f"{secured.url}/marginline?max_execution_time=7", create=False)
    assert counts(reader, "p") == (50, 100)
    assert str(reader.command("select getSetting('max_execution_time')")) in {"7", "7.0"}
    reader.close()


def test_user_and_password_in_the_address(
    secured: HttpEngine, ours: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(monkeypatch, CA=ours.file, USER="somebody")
    client = ch.connect(secured.url.replace("//", "//auditor:geheim%20%26%20wort@"))
    assert client.command("select 1") == 1
    client.close()


def test_what_is_wrong_is_one_line_without_the_password(
    secured: HttpEngine, ours: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said(monkeypatch, CA=authority(tmp_path, "another").file, USER="auditor", PASSWORD=WORD)
    place = secured.url
    untrusted = f"no trusted connection to ClickHouse at {place}: check MARGINLINE_CLICKHOUSE_CA"
    assert fault(place).startswith(f"{untrusted} (certificate verify failed: ")
    monkeypatch.delenv("MARGINLINE_CLICKHOUSE_CA")
    assert fault(place).startswith(f"{untrusted} (certificate verify failed: ")
    assert fault(place.replace("https", "http")).startswith("no ClickHouse answers at http://")
    said(monkeypatch, CA=ours.file, PASSWORD="wrong word")
    assert fault(place) == (
        f"ClickHouse at {place} refuses: Code: 516. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED)"
    )
    said(monkeypatch, PASSWORD=WORD)
    assert "Unknown setting 'no_such'" in fault(f"{place}/?no_such=1")


def fault(url: str) -> str:
    """What a person is told."""
    with pytest.raises(ch.DatabaseUnreachable) as caught:
        ch.connect(url)
    line = str(caught.value)
    assert "\n" not in line
    assert WORD not in line
    assert "wrong word" not in line
    return line


@pytest.mark.parametrize(
    ("url", "told", "line"),
    [
        ("http://host", {"CA": "ca.pem"}, "_CA: needs an address that begins with https://"),
        ("https://host", {"CA": "none.pem"}, "_CA: none.pem: there is no such file"),
        ("https://host", {"KEY": "ca.pem"}, "_KEY: goes with CERTIFICATE"),
        ("https://host", {"PASSWORD": "x", "PASSWORD_FILE": "ca.pem"}, "_FILE: is given besides PASSWORD"),
        ("https://host", {"PASSWORD_FILE": "none.pem"}, "_FILE: none.pem: No such file or directory"),
        ("https://host", {"TIMEOUT_S": "0"}, "_TIMEOUT_S: Input should be greater than or equal to 1"),
        ("https://host", {"CAFILE": "ca.pem"}, "_CAFILE: there is no such setting; there are MARGINLINE_"),
        ("https://host:99999/x", {}, "the database's address: Port out of range 0-65535."),
        ("https:///x", {}, "the database's address: it names no host."),
    ],
)
def test_settings_that_do_not_fit(
    url: str, told: dict[str, str], line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ca.pem").write_text("x")
    said(monkeypatch, **told)
    with pytest.raises(SettingError) as caught:
        ch.connect(url)
    assert line in str(caught.value)


# ---- writing through faults ------------------------------------------------------------------------------------------
def write(writer: Writer, pool: str) -> None:
    """One block: fifty entries and a hundred events."""
    entries = en.empty(50)
    entries[:, en.KIND], entries[:, en.TIME_NS] = en.DEPOSIT, np.arange(50)
    entries[0, en.KIND] = en.GENESIS
    events = np.zeros((100, ev.WIDTH), np.int64)
    events[:, ev.OFFSET], events[:, ev.INDEX] = np.arange(100) // 2, np.arange(100) % 2
    writer.insert_block(pool, 0, entries, {0: '{"version":1}'}, events)


def counts(client: Client, pool: str) -> tuple[int, ...]:
    """Rows of journal and events, not under FINAL: a repeat would show."""
    text = "select count() from {} where pool = {{pool:String}}"
    return tuple(
        int(client.query(text.format(table), parameters={"pool": pool}).result_rows[0][0])
        for table in ("journal", "events")
    )


@pytest.fixture
def client(plain: HttpEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A client that loses patience after a second."""
    said(monkeypatch, TIMEOUT_S=1)
    client = ch.connect(plain.url)
    ch.migrate(client)
    yield client
    plain.heal()
    client.close()


@pytest.mark.parametrize(
    ("pool", "fault", "attempts"),
    [
        ("refused", {"status": 503, "count": 2}, 3),
        ("cut", {"drop": True, "count": 1}, 2),  # the driver itself sends it a second time
        ("hung", {"hang_s": 2, "count": 1}, 2),
        ("slow", {"slow_s": 0.3, "count": 4}, 1),
    ],
)
def test_a_block_is_there_once_whatever_became_of_its_first_insert(
    pool: str, fault: dict[str, float], attempts: int, plain: HttpEngine, client: Client
) -> None:
    """The first block of a start is looked for before it is written, so the fault falls on the second start's."""
    writer = Writer(client, pause=lambda _: None)
    writer._begun.add(pool)
    before = len(plain.seen())
    plain.fault(**fault)  # type: ignore[arg-type]
    write(writer, pool)
    plain.heal()
    assert counts(client, pool) == (50, 100)
    tried = [line for line in plain.seen()[before:] if "parameters" in line or "refused" in line]
    assert len(tried) == attempts


def test_a_server_that_is_killed_and_comes_back_between_two_attempts(
    plain: HttpEngine, client: Client
) -> None:
    def back(_: float) -> None:
        if away:
            away.clear()
            plain.start()

    away = ["yes"]
    writer = Writer(client, pause=back)
    writer._begun.add("killed")
    plain.kill()
    write(writer, "killed")
    assert counts(client, "killed") == (50, 100)


def test_a_server_that_stays_away_is_one_line(plain: HttpEngine, client: Client) -> None:
    writer = Writer(client, pause=lambda _: None)
    writer._begun.add("away")
    plain.fault(status=503, count=100)
    with pytest.raises(ch.DatabaseError, match="cannot write parameters: Service Unavailable") as caught:
        write(writer, "away")
    assert "\n" not in str(caught.value)
