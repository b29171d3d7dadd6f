"""What goes wrong with files and folders, in words for the person at the screen: one line, no traceback.

RecordingError            a recording or a topic's file is missing or cannot be read
SettingError              a MARGINLINE_ variable is missing or not allowed
RunError                  a run's folder cannot be used
    RunBusy               another run holds it
    RunNotWritable        it cannot be written
    RunFull               no space is left
    RunDiffers            it was begun with other settings, or on another recording
    RunBroken             a file of it is shorter than, or other than, what was noted of it
"""

from __future__ import annotations

import errno
from pathlib import Path


class RecordingError(Exception):
    """A recording cannot be read."""


class SettingError(Exception):
    """A setting in the environment is missing or not allowed."""


class RunError(Exception):
    """A run's folder cannot be used."""


class RunBusy(RunError):  # noqa: N818 - its name is what it says
    """Another run holds the folder."""


class RunNotWritable(RunError):  # noqa: N818 - the same
    """The folder, or a file in it, cannot be written."""


class RunFull(RunError):  # noqa: N818 - the same
    """No space is left."""


class RunDiffers(RunError):  # noqa: N818 - the same
    """The folder holds a run that was begun with other settings, or on another recording."""


class RunBroken(RunError):  # noqa: N818 - the same
    """A file of the run does not hold what was noted of it."""


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def not_written(path: Path, error: OSError) -> RunError:
    """The run's own error for what the system said of a write."""
    if error.errno in _FULL:
        return RunFull(
            f"{path}: no space is left ({error.strerror}). Make room; the same command takes the run up again."
        )
    return RunNotWritable(f"{path}: cannot be written: {error.strerror or error}.")
