"""One short recording for all tests that only read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recording.worlds import short_recording


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return short_recording(tmp_path_factory.mktemp("short"))[1].folder
