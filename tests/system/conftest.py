"""One short recording for all tests of this room, and one undisturbed run of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import replay
from tests.system import short
from tests.system.short import Short


@pytest.fixture(scope="session")
def fall(tmp_path_factory: pytest.TempPathFactory) -> Short:
    """The recording; nobody writes into it."""
    return short.with_accounts(short.make(tmp_path_factory.mktemp("fall")))


@pytest.fixture(scope="session")
def whole(fall: Short, tmp_path_factory: pytest.TempPathFactory) -> replay.Done:
    """An undisturbed run of it, in a plain loop. It also leaves the compiled kernels in their cache."""
    out = tmp_path_factory.mktemp("whole") / "run"
    return replay.execute(short.asked(fall, out, plain=True), replay.unheard)


@pytest.fixture(scope="session")
def whole_folder(whole: replay.Done) -> Path:
    """Where it is."""
    return whole.run.folder
