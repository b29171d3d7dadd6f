"""Opening the audit database: folders that are held, missing or no folders, servers that are away."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.connectors import clickhouse as ch
from tests.connectors.engine import held


def test_a_folder_held_by_another_process_is_busy(tmp_path: Path) -> None:
    folder = tmp_path / "held"
    with held(folder) as holder:
        with pytest.raises(ch.DatabaseBusy, match=rf"{folder} is held by a run .* \(process {holder.pid}\)"):
            ch.connect(folder, create=False)
        with pytest.raises(ch.DatabaseBusy):
            ch.connect(f"chdb://{folder}")
    assert holder.returncode == 0


def test_a_second_client_of_this_process_is_no_conflict(tmp_path: Path) -> None:
    first = ch.connect(tmp_path / "twice")
    second = ch.connect(tmp_path / "twice")
    assert second.command("select 1") == 1
    first.close()
    second.close()
    reader = ch.connect(tmp_path / "twice", create=False)
    with pytest.raises(ch.DatabaseMissing, match="holds no audit tables"):
        ch.ask(reader, "fund", pool="")
    reader.close()
    with pytest.raises(ch.DatabaseMissing, match="no database other at"):
        ch.connect(tmp_path / "twice", "other", create=False)


def test_a_reader_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ch.DatabaseMissing, match=f"no audit database in {tmp_path / 'none'}"):
        ch.connect(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()


def test_a_place_that_cannot_hold_a_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ch.DatabaseUnreachable, match="cannot hold a database: Not a directory"):
        ch.connect(tmp_path / "file" / "below")


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(ch.DatabaseUnreachable) as caught:
        ch.connect("http://auditor:secret@127.0.0.1:9/marginline")
    assert str(caught.value) == "no ClickHouse answers at http://127.0.0.1:9: Connection refused"


def test_a_name_is_no_place_for_sql(tmp_path: Path) -> None:
    with pytest.raises(ch.DatabaseError, match="is no name for a database"):
        ch.connect(tmp_path / "named", "a; drop table events")
