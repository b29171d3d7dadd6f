"""Orders of people on the command line: made, signed by one after the other, shown; and taken by a pool's door."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from flows.cli.command import Kind
from flows.cli.main import app
from flows.journal import entries as en
from flows.journal.commands import CommandDoor, Taken
from flows.journal.signing import command_id
from flows.registry.commands import COMMANDS
from flows.registry.load import load
from flows.rules.breaker.command import HALT, PARAMETERS
from tests.lanes.memory import Memory

VENUES = Path(__file__).resolve().parents[2] / "venues"
SIGNERS = ("risk", "operations", "treasury")


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["command", *map(str, words)])


def line_of(answer: Result) -> str:
    """What went wrong, out of the box that it is drawn in."""
    return " ".join(answer.output.replace("│", " ").split())


def said(*words: object) -> str:
    answer = run(*words)
    assert answer.exit_code == 0, answer.output
    return answer.stdout


@pytest.fixture
def venue(tmp_path: Path) -> Path:
    """A copy of a venue that ships, with keys of its own."""
    path = tmp_path / "venue.toml"
    shutil.copy(VENUES / "crash-2025-04-07.toml", path)
    lines = path.read_text().splitlines()
    for name in SIGNERS:
        public = said("key", tmp_path / f"{name}.pem").strip()
        (place,) = [row for row, line in enumerate(lines) if line.startswith(f'{name} = "')]
        lines[place] = public
    path.write_text("\n".join(lines))
    return path


def drafted(venue: Path, command: str, *words: object, nonce: int = 7) -> Path:
    out = venue.parent / f"{command}.json"
    said("draft", command, "--venue", venue, "--pool", "majors", "--nonce", nonce, "--out", out, *words)
    return out


def judged(venue: Path, file: Path) -> object:
    """What the pool's door says of the file, a minute after it was written."""
    door = CommandDoor(load(venue).pool("majors"))
    clock = en.empty(1)
    clock[0, [en.KIND, en.TIME_NS]] = en.CLOCK, json.loads(file.read_text())["time_ns"] + 60 * 10**9
    return door.judge(file.read_bytes(), clock)


def test_a_key_is_the_owners_alone_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "risk.pem"
    line = said("key", path)
    assert line.startswith('risk = "')
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    again = run("key", path)
    assert (again.exit_code, path.read_bytes()) == (2, before)
    assert "is there already" in line_of(again)


def test_a_halt_is_written_signed_and_taken(venue: Path) -> None:
    file = drafted(venue, "halt", "--market", "BTC-PERP")
    assert "1 of risk, operations, treasury: 1 more of risk, operations, treasury" in said(
        "show", file, "--venue", venue
    )
    said("sign", file, "--key", venue.parent / "operations.pem")
    shown = said("show", file, "--venue", venue)
    assert shown.startswith("halt BTC-PERP in pool majors of crash-2025-04-07\n")
    assert "signed    operations\n" in shown
    assert "1 of risk, operations, treasury: enough" in shown
    found = judged(venue, file)
    assert isinstance(found, Taken)
    assert (found.columns[en.Command.COMMAND], found.columns[en.Command.SIGNERS]) == (HALT, 0b010)


def test_a_release_needs_two_and_says_whom_to_ask(venue: Path) -> None:
    file = drafted(venue, "release")
    said("sign", file, "--key", venue.parent / "risk.pem")
    said("sign", file, "--key", venue.parent / "risk.pem")
    shown = said("show", file, "--venue", venue)
    assert shown.startswith("release every market in pool majors")
    assert "effect    10 min after it is taken up\n" in shown
    assert "2 of risk, operations, treasury: 1 more of operations, treasury" in shown
    assert not isinstance(judged(venue, file), Taken)
    said("sign", file, "--key", venue.parent / "treasury.pem")
    assert "2 of risk, operations, treasury: enough" in said("show", file, "--venue", venue)
    assert isinstance(judged(venue, file), Taken)


def test_what_is_changed_after_signing_is_shown(venue: Path) -> None:
    file = drafted(venue, "halt")
    said("sign", file, "--key", venue.parent / "risk.pem")
    file.write_text(file.read_text().replace('"nonce": 7', '"nonce": 8'))
    assert "risk: WRONG, this is not what was signed" in said("show", file, "--venue", venue)


def test_a_strangers_key_and_another_venue_are_shown(venue: Path) -> None:
    file = drafted(venue, "halt")
    said("key", venue.parent / "eve.pem")
    said("sign", file, "--key", venue.parent / "eve.pem")
    shown = said("show", file, "--venue", venue)
    assert "no key of this venue's" in shown
    other = venue.parent / "other.toml"
    other.write_text(venue.read_text().replace('name = "crash-2025-04-07"', 'name = "other"', 1))
    assert "WRONG: other would refuse it" in said("show", file, "--venue", other)


def test_a_skip_and_a_cancellation(venue: Path) -> None:
    skip = drafted(venue, "skip", "--entry", 88_412)
    assert said("show", skip, "--venue", venue).startswith("skip entry 88412 of pool majors")
    order = {name: value for name, value in json.loads(skip.read_text()).items() if name not in UNSIGNED}
    cancel = drafted(venue, "cancel", "--cancels", command_id(order))
    assert said("show", cancel, "--venue", venue).startswith(
        f"cancel {command_id(order)[:16]}... in pool majors"
    )


UNSIGNED = ("source", "number", "time_ns", "sent_ns", "signatures")


def test_new_parameters_are_a_changed_copy_of_the_venues_file(venue: Path) -> None:
    new = venue.parent / "new.toml"
    text = venue.read_text().replace("version = 1", "version = 2", 1)
    new.write_text(text.replace('call = "125 %"', 'call = "120 %"', 1))
    file = drafted(venue, "parameters", "--parameters", new)
    shown = said("show", file, "--venue", venue)
    assert shown.startswith("new parameters, version 2, for pool majors of crash-2025-04-07\n")
    assert "    call_ppm: 1250000 -> 1200000\n" in shown
    assert "    version: 1 -> 2\n" in shown
    for name in SIGNERS[:2]:
        said("sign", file, "--key", venue.parent / f"{name}.pem")
    found = judged(venue, file)
    assert isinstance(found, Taken)
    assert found.columns[en.Command.COMMAND] == PARAMETERS


def test_a_command_is_sent_on_its_pools_lane(venue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory().install(monkeypatch)
    file = drafted(venue, "halt")
    said("sign", file, "--key", venue.parent / "risk.pem")
    assert said("send", file, "--venue", venue).endswith("say what became of it.\n")
    [record] = memory.logs["commands", 0]
    sent = venue.parent / "sent.json"
    sent.write_bytes(record.data)
    assert isinstance(judged(venue, sent), Taken)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("draft", "halt", "--market", "BTC"), "this is no command: market: "),
        (("draft", "halt", "--cancels", "c0" * 32), "a halt command does not name cancels"),
        (("draft", "skip"), "a skip command must name journal_offset"),
        (("draft", "halt", "--expires-in", "soon"), "'soon' is no duration such as '30 min'."),
        (("draft", "halt", "--pool", "minors"), "there is no pool minors at crash-2025-04-07."),
    ],
)
def test_what_is_wrong_is_one_line(venue: Path, words: tuple[str, ...], line: str) -> None:
    out = venue.parent / "x.json"
    pool = () if "--pool" in words else ("--pool", "majors")
    answer = run(*words, *pool, "--venue", venue, "--nonce", 1, "--out", out)
    assert answer.exit_code == 2
    assert line in line_of(answer)
    assert not out.exists()


def test_parameters_that_may_not_follow_are_refused_before_anybody_signs(venue: Path) -> None:
    new = venue.parent / "new.toml"
    text = venue.read_text().replace("version = 1", "version = 2", 1)
    new.write_text(text.replace('sigma = "2.4 %"', 'sigma = "2.5 %"', 1))
    out = venue.parent / "x.json"
    answer = run(
        *("draft", "parameters", "--venue", venue, "--pool", "majors", "--nonce", 1, "--out", out),
        *("--parameters", new),
    )
    assert answer.exit_code != 0
    assert "sigma_table_ppm: must stay as it was registered" in str(answer.exception)
    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "line"),
    [("{", "is no command"), ('{"command": "halt"}', "is no command"), ("\xff", "cannot be read")],
)
def test_a_file_that_is_no_command(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(text.encode("latin-1"))
    answer = run("show", path, "--venue", "crash-2025-04-07.toml")
    assert answer.exit_code == 2
    assert line in line_of(answer)


def test_a_file_that_is_no_key(venue: Path) -> None:
    file = drafted(venue, "halt")
    answer = run("sign", file, "--key", venue)
    assert answer.exit_code == 2
    assert "is no private key in PEM" in line_of(answer)


def test_the_kinds_are_the_registrys() -> None:
    assert tuple(Kind) == COMMANDS
