"""Every command that a page shows exists: its sub-command, and each of its options."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.main import COMMANDS, app

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(?:bash|console|sh|text)?\n(.*?)^```|^((?: {4}.*\n)+)", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:marginline|make) [^`]+)`")


def shown(page: Path) -> list[str]:
    """Command lines of a page: in its blocks, with or without a prompt, and between backticks."""
    text = page.read_text()
    lines = [
        line.strip().removeprefix("$ ") for match in BLOCK.finditer(text) for line in match[0].splitlines()
    ]
    found = [line for line in lines if re.match(r"(marginline|make) ", line)]
    return [line.partition(" #")[0].strip() for line in found + INLINE.findall(text)]


def all_shown(tool: str) -> list[str]:
    return sorted({line for page in PAGES for line in shown(page) if line.startswith(f"{tool} ")})


@pytest.mark.parametrize("line", all_shown("marginline"))
def test_the_command_exists(line: str) -> None:
    # A placeholder in capitals stands for any value; --help stops before the command does anything, but not before an
    # unknown sub-command or option is refused.
    words = shlex.split(line.partition(" > ")[0].partition(" | ")[0])[1:]
    result = CliRunner().invoke(app, [*words, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage: " in result.output


@pytest.mark.parametrize("line", all_shown("make"))
def test_the_chore_exists(line: str) -> None:
    targets = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    words = [word for word in shlex.split(line)[1:] if "=" not in word and not word.startswith("-")]
    unknown = [word for word in words if word not in targets]
    assert not unknown, f"`{line}`: no chore {unknown}"


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_teaches_with_an_example(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0, result.output
    assert "Example" in result.output
    assert f"marginline {command}" in result.output


def test_a_made_up_option_would_be_noticed() -> None:
    assert CliRunner().invoke(app, ["schemas", "export", "--no-such-option", "--help"]).exit_code != 0
