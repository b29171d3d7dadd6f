"""Variables of the environment: none misspelt, and secrets out of files and never into a log."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from flows.connectors.errors import SettingError
from flows.connectors.telemetry.logs import hide

LARGEST_BYTES: Final = 4096

_OF_KUBERNETES: Final = re.compile(r"_(SERVICE_HOST|SERVICE_PORT\w*|PORT|PORT_\d+_\w+)$")
"""Variables that Kubernetes makes of each service's name: one may begin as ours do."""


def refuse_unknown(prefix: str, names: Iterable[str]) -> None:
    """Raise `SettingError` for a variable that begins with ``prefix`` and that nobody reads: it is misspelt."""
    known = {f"{prefix}{name}".upper() for name in names}
    for name in sorted(os.environ):
        upper = name.upper()
        if upper.startswith(prefix) and upper not in known and not _OF_KUBERNETES.search(upper):
            raise SettingError(f"{name}: there is no such setting; there are {', '.join(sorted(known))}")


def secret(given: SecretStr | None, file: Path | None, name: str) -> str:
    """What is given, or what the file holds: read again each time, as it may have been replaced. Empty if neither is.

    ``name`` is the variable that names the file, for what is wrong with it. No log shows the secret from now on.
    """
    text = _read(file, name) if file is not None else given.get_secret_value() if given is not None else ""
    hide(text)
    return text


def _read(file: Path, name: str) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST_BYTES + 1)
        text = data.decode().rstrip("\r\n")
    except OSError as error:
        raise SettingError(f"{name}: {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingError(f"{name}: {file}: is not UTF-8") from None
    if len(data) > LARGEST_BYTES:
        raise SettingError(f"{name}: {file}: is longer than {LARGEST_BYTES} bytes")
    if not text:
        raise SettingError(f"{name}: {file}: holds no password")
    return text
