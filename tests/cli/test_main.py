"""The command as a user meets it: quick to start, one line for what is wrong, an exit code for scripts."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from flows.cli import main as cli
from flows.connectors.exits import ExitCode

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def raises(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """A list whose exception the command `replay` then ends with."""
    errors: list[BaseException] = []
    application = typer.Typer()

    @application.command()
    def replay() -> None:
        if errors:
            raise errors[0]

    monkeypatch.setattr(cli, "load", lambda _name: typer.main.get_command(application))
    return errors


def end_of(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str]]:
    code = cli.main(words)
    return code, capsys.readouterr().err.splitlines()


def test_nothing_raised_is_zero(raises: list[BaseException], capsys: pytest.CaptureFixture[str]) -> None:
    assert not raises
    assert end_of(capsys, "replay") == (0, [])


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (typer.Exit(ExitCode.DIFFERENCE), 1, None),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", "recordings/x"),
            4,
            "recordings/x: No such file",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device", "runs/x/journal"),
            5,
            "runs/x/journal: No space left",
        ),
        (KeyboardInterrupt(), 130, "Stopped. The same command takes"),
        (typer.Abort(), 130, "Stopped."),
    ],
    ids=["difference", "missing file", "full disk", "ctrl-c", "end of input"],
)
def test_what_a_user_causes_is_one_line(
    raises: list[BaseException],
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    line: str | None,
) -> None:
    raises.append(error)
    ended, lines = end_of(capsys, "replay")
    assert ended == code
    assert len(lines) == (line is not None)
    assert line is None or lines[0].startswith(line)


def test_a_bug_shows_its_traceback(raises: list[BaseException], capsys: pytest.CaptureFixture[str]) -> None:
    raises.append(AssertionError("value not conserved"))
    code, lines = end_of(capsys, "replay")
    assert code == ExitCode.BUG
    assert "AssertionError: value not conserved" in lines
    assert lines[-1].startswith("This is a bug of marginline")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["replya"], "marginline: No such command 'replya'. Did you mean 'replay'?"),
        (["--no-such"], "marginline: No such option: --no-such"),
        (["replay", "--no-such"], "marginline replay: No such option: --no-such"),
    ],
)
def test_a_wrong_command_line_is_one_line(
    raises: list[BaseException], capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert not raises
    code, lines = end_of(capsys, *words)
    assert code == ExitCode.USAGE
    assert len(lines) == 1
    assert lines[0].startswith(said)


def test_alone_it_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == ExitCode.USAGE
    shown = capsys.readouterr()
    assert all(command in shown.out for command in cli.COMMANDS)
    assert not shown.err


def test_help_loads_no_engine() -> None:
    heavy = "{'numba', 'pyarrow', 'bytewax', 'chdb', 'pydantic'} & set(sys.modules)"
    code = f"import sys; from flows.cli.main import main; main(['--help']); print(sorted({heavy}), file=sys.stderr)"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stderr.strip() == "[]"


def test_python_without_asserts_is_refused() -> None:
    ended = subprocess.run(
        [sys.executable, "-O", "-m", "flows"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == ExitCode.USAGE
    assert len(ended.stderr.splitlines()) == 1
    assert "PYTHONOPTIMIZE" in ended.stderr
