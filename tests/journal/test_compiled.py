"""An edited rule must never meet an old kernel, and no folder of another's may feed us code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core import config

from flows.journal import compiled

KERNEL = """
from flows.rules.exact import mul_ppm_floor
from flows.journal.compiled import kernel

@kernel
def half(amount):
    return mul_ppm_floor(amount, 500_000)

print(half(11))
"""


ROOMS = (*compiled.SHARED_ROOMS, "pool", "pricing")


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    """A small tree of rooms."""
    for room in ROOMS:
        (tmp_path / room / "chapter").mkdir(parents=True)
        (tmp_path / room / "chapter" / "one.py").write_text("RATE = 1\n")
    return tmp_path


@pytest.mark.parametrize("room", ROOMS)
def test_an_edit_names_another_folder_for_those_who_may_see_it(flows: Path, room: str) -> None:
    before = compiled.kernel_digest(flows, "pool")
    (flows / room / "chapter" / "one.py").write_text("RATE = 2\n")
    assert (compiled.kernel_digest(flows, "pool") == before) == (room == "pricing")


def test_text_that_moves_between_files_names_another_folder(flows: Path) -> None:
    (flows / "rules" / "a.py").write_text("A = 1\nB = 2\n")
    before = compiled.kernel_digest(flows, "pool")
    (flows / "rules" / "a.py").rename(flows / "rules" / "b.py")
    assert compiled.kernel_digest(flows, "pool") != before


def test_a_touched_file_and_another_kind_of_file_change_nothing(flows: Path) -> None:
    before = compiled.kernel_digest(flows, "pool")
    os.utime(flows / "rules" / "chapter" / "one.py", (1, 1))
    (flows / "rules" / "notes.md").write_text("not compiled")
    assert compiled.kernel_digest(flows, "pool") == before


def test_a_compiler_that_checks_bounds_has_a_folder_of_its_own(
    flows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = compiled.kernel_digest(flows, "pool")
    monkeypatch.setattr(config, "BOUNDSCHECK", 1)
    assert compiled.kernel_digest(flows, "pool") != before


def test_a_kernel_knows_its_room() -> None:
    def stranger() -> None: ...

    def insider() -> None: ...

    insider.__module__ = "flows.pool.kernels"
    assert compiled.room_of(insider) == "pool"
    assert compiled.room_of(stranger) == ""


def test_the_operators_folder_comes_before_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(compiled.CACHE_VARIABLE, str(tmp_path / "named"))
    assert compiled.cache_folder.__wrapped__("pool") == tmp_path / "named" / compiled.kernel_digest(
        compiled.FLOWS, "pool"
    )
    monkeypatch.delenv(compiled.CACHE_VARIABLE)
    assert compiled.cache_folder.__wrapped__("pool").parent == tmp_path / "home" / "marginline"


def test_where_nothing_can_be_made_a_fresh_folder_serves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_text("")
    monkeypatch.setenv(compiled.CACHE_VARIABLE, str(blocked))
    folder = compiled.cache_folder.__wrapped__("pool")
    assert folder.is_dir()
    assert blocked not in folder.parents


def test_a_folder_that_others_may_write_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(compiled.CACHE_VARIABLE, str(tmp_path))
    open_to_all = tmp_path / compiled.kernel_digest(compiled.FLOWS, "pool")
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    assert compiled.cache_folder.__wrapped__("pool") != open_to_all


@pytest.mark.parametrize(("jit", "kept"), [("0", True), ("1", False)])
def test_a_kernel_runs_with_and_without_the_compiler(tmp_path: Path, jit: str, kept: bool) -> None:
    """``jit`` is NUMBA_DISABLE_JIT."""
    script = tmp_path / "half.py"
    script.write_text(KERNEL)
    environment = {
        **os.environ,
        "NUMBA_DISABLE_JIT": jit,
        "PYTHONPATH": str(compiled.FLOWS.parent),
        compiled.CACHE_VARIABLE: str(tmp_path / "cache"),
    }
    done = subprocess.run(
        [sys.executable, script],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "5\n"
    assert bool(list((tmp_path / "cache").rglob("*.nbi"))) == kept


def test_a_folder_that_is_full_is_named(tmp_path: Path) -> None:
    """The system says "File too large", and not of what."""
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
    page = tmp_path / "one.py"
    page.write_text(full + KERNEL)
    environment = {
        **os.environ,
        compiled.CACHE_VARIABLE: str(tmp_path / "kernels"),
        "PYTHONPATH": str(compiled.FLOWS.parent),
    }
    ended = subprocess.run(
        [sys.executable, str(page)], env=environment, capture_output=True, text=True, check=False
    )
    last = ended.stderr.splitlines()[-1]
    assert last.startswith(f"flows.journal.compiled.KernelsNotKeptError: {tmp_path / 'kernels'}/")
    assert last.endswith(
        "cannot be kept there: File too large. Make room, or name another folder in MARGINLINE_CACHE_DIR."
    )
