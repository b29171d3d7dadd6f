"""Each flow by itself, as bytewax starts it; and the journal alone, executed again by another process and another pool."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from flows import clearing, intake, market, replay
from flows.connectors import clickhouse
from flows.connectors.blocks import BLOCK_ENTRIES
from flows.connectors.errors import SettingError
from flows.connectors.settings import SUMMARY
from flows.journal import events as ev
from flows.verify.plain import PlainPool
from tests.system import database, process, short
from tests.system.short import ACCOUNTS, Short

KEPT = ("events_sha256", "journal_sha256", "journal_entries", "events", "event_counts", "dead_letters")


@pytest.fixture(scope="module")
def finished(fall: Short, tmp_path_factory: pytest.TempPathFactory) -> replay.Done:
    """A run with its database."""
    out = tmp_path_factory.mktemp("finished") / "run"
    return replay.execute(short.asked(fall, out, database=True, slice_records=1_000), replay.unheard)


def test_the_journal_alone_gives_the_same_events(finished: replay.Done, tmp_path: Path) -> None:
    place = {"MARGINLINE_RUN": str(finished.run.folder), "MARGINLINE_OUT": str(tmp_path / "again")}
    ended = process.ended(process.flow("clearing", "-w", "2"), **place)
    assert ended.code == 0, ended
    for pool in finished.run.venue.pools:
        name = f"events-{pool.id}.arrows"
        assert (tmp_path / "again" / name).read_bytes() == (finished.run.folder / name).read_bytes()


def test_what_a_run_admits_is_its_journal_without_the_answers(finished: replay.Done, tmp_path: Path) -> None:
    place = {"MARGINLINE_RUN": str(finished.run.folder), "MARGINLINE_OUT": str(tmp_path)}
    ended = process.ended(process.flow("intake"), **place)
    assert ended.code == 0, ended
    for pool in finished.run.venue.pools:
        rows, _ = short.journal_rows(finished.run, pool.id)
        alone, _ = short.journal_rows(short.moved(finished.run, tmp_path), pool.id)
        assert alone.tobytes() == short.without_answers(rows).tobytes()


@pytest.mark.parametrize("page", [market, intake, clearing])
def test_a_flow_does_not_write_into_the_run_it_reads(
    finished: replay.Done, monkeypatch: pytest.MonkeyPatch, page: ModuleType
) -> None:
    monkeypatch.setenv("MARGINLINE_RUN", str(finished.run.folder))
    with pytest.raises(SettingError, match="MARGINLINE_OUT: name a folder, another than the run's"):
        page.flow()
    monkeypatch.setenv("MARGINLINE_OUT", str(finished.run.folder))
    with pytest.raises(SettingError, match="MARGINLINE_OUT: name a folder, another than the run's"):
        page.flow()


@pytest.mark.slow
def test_the_plain_pool_gives_the_same_events(finished: replay.Done) -> None:
    """Built from the rules alone: every account is valued at every price, of the pool in which all happens."""
    pool = finished.run.venue.pools[0]
    rows, _ = short.journal_rows(finished.run, pool.id)
    events = np.array(PlainPool(pool).run(rows), np.int64)
    assert events.tobytes() == short.event_rows(finished.run, pool.id).tobytes()
    assert {ev.LIQUIDATION_FILL, ev.TAKEOVER, ev.BANKRUPT, ev.ADL} <= set(events[:, ev.TYPE].tolist())


def test_audit_fills_another_database_with_the_same(finished: replay.Done, tmp_path: Path) -> None:
    place = {"MARGINLINE_RUN": str(finished.run.folder), "MARGINLINE_DATABASE": str(tmp_path / "other")}
    for _ in ("fills it", "finds nothing to add"):
        ended = process.ended(process.flow("audit"), **place)
        assert ended.code == 0, ended
    own, other = finished.run.folder / clickhouse.FOLDER, tmp_path / "other"
    database.assert_holds_once(other, finished.summary, finished)
    every = "select * from events order by pool, journal_offset, event_index"
    assert database.asked(other, every) == database.asked(own, every)


def test_audit_of_a_run_that_is_not_whole_leaves_its_last_block_open(
    finished: replay.Done, tmp_path: Path
) -> None:
    """A short block would bear the token of the long one that it becomes."""
    out, place = tmp_path / "run", {"MARGINLINE_DATABASE": str(tmp_path / "database")}
    short.copy_of(finished.run.folder, out)
    (out / SUMMARY).rename(out / "summary.later")
    assert process.ended(process.flow("audit"), MARGINLINE_RUN=str(out), **place).code == 0
    early = database.rows_of(tmp_path / "database")["journal"][0]
    assert 0 < early < finished.summary["journal_entries"]
    (out / "summary.later").rename(out / SUMMARY)
    assert process.ended(process.flow("audit"), MARGINLINE_RUN=str(out), **place).code == 0
    database.assert_holds_once(tmp_path / "database", finished.summary, finished)


def test_bytewax_itself_takes_up_a_run_that_was_killed(
    fall: Short, finished: replay.Done, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    arguments = ["replay", str(fall.folder), "--accounts", str(ACCOUNTS), "--out", str(out), "--slice", "200"]
    command = process.marginline(arguments, block_entries=BLOCK_ENTRIES)  # blocks are cut alike by both
    with process.started(command) as running:
        assert process.until(running, lambda: sum(process.sizes(out).values()) > 1_000_000)
        running.kill()
    cut = ("-r", str(out / replay.RECOVERY), "-s", "1", "-b", "0")
    ended = process.ended(process.flow("replay", *cut), MARGINLINE_RUN=str(out))
    assert ended.code == 0, ended
    assert_whole(out, finished)


def test_bytewax_itself_begins_a_run(fall: Short, finished: replay.Done, tmp_path: Path) -> None:
    settings = {"MARGINLINE_RECORDING": str(fall.folder), "MARGINLINE_ACCOUNTS": str(ACCOUNTS)}
    ended = process.ended(process.flow("replay", "-w", "2"), MARGINLINE_RUN=str(tmp_path / "run"), **settings)
    assert ended.code == 0, ended
    assert_whole(tmp_path / "run", finished)
    again = process.ended(process.flow("replay"), MARGINLINE_RUN=str(tmp_path / "run"), **settings)
    assert again.code != 0
    assert "holds a finished run" in again.err.splitlines()[-1]


def assert_whole(out: Path, finished: replay.Done) -> None:
    """A finished run with the same figures, and all of it in its database."""
    summary = json.loads((out / SUMMARY).read_bytes())
    assert {key: summary[key] for key in KEPT} == {key: finished.summary[key] for key in KEPT}
    database.assert_holds_once(out / clickhouse.FOLDER, summary, finished)
