"""How to reach a ClickHouse server: an address, and ``MARGINLINE_CLICKHOUSE_...`` in the environment.

    https://host:8443/marginline?max_execution_time=60

What stands behind the question mark are ClickHouse's own settings, sent with everything that is asked. User and password
may stand in the address, too, but an address is seen by more people than a file is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from flows.connectors.errors import SettingError
from flows.connectors.telemetry.logs import hide
from flows.connectors.variables import refuse_unknown, secret

PREFIX: Final = "MARGINLINE_CLICKHOUSE_"


class Environment(BaseSettings):
    """What the environment says of the server."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True, env_ignore_empty=True
    )
    user: str = Field(default="default", description="user, unless the address names one")
    password: SecretStr | None = Field(default=None, description="password, unless the address names one")
    password_file: Path | None = Field(default=None, description="file that holds the password instead")
    ca: Path | None = Field(
        default=None, description="PEM file of the authority that signed the server's certificate"
    )
    certificate: Path | None = Field(default=None, description="PEM file of this client's certificate")
    key: Path | None = Field(default=None, description="PEM file of its key")
    timeout_s: int = Field(
        default=60,
        ge=1,
        le=3600,
        description="seconds that an answer may take; a write is tried again after them",
    )


@dataclass(frozen=True, slots=True)
class Server:
    """A server's address, taken apart, and how to get in."""

    place: str  # without user and password: for messages
    database: str  # empty where the address names none
    parts: SplitResult
    said: Environment

    def client(self) -> dict[str, Any]:
        """What the driver is told. It holds the password: not for logs."""
        parts, said = self.parts, self.said
        word = unquote(parts.password or "") or secret(
            said.password, said.password_file, f"{PREFIX}PASSWORD_FILE"
        )
        hide(word)
        files = {"ca_cert": said.ca, "client_cert": said.certificate, "client_cert_key": said.key}
        return {
            "interface": parts.scheme,
            "host": parts.hostname,
            "port": parts.port or (8443 if parts.scheme == "https" else 8123),
            "username": unquote(parts.username or "") or said.user,
            "password": word,
            "send_receive_timeout": said.timeout_s,
            "settings": dict(parse_qsl(parts.query)),
            **{name: str(path) for name, path in files.items() if path is not None},
        }


def database_settings(url: str) -> Server:
    """An address and the environment together; `SettingError` names what does not fit."""
    said = _environment()
    try:
        parts = urlsplit(url)
        port = parts.port or (8443 if parts.scheme == "https" else 8123)
    except ValueError as error:
        raise SettingError(f"the database's address: {error}.") from None
    if not parts.hostname:
        raise SettingError("the database's address: it names no host.")
    for name in ("ca", "certificate", "key"):
        path: Path | None = getattr(said, name)
        if path is not None:
            _require(parts.scheme == "https", name, "needs an address that begins with https://")
            _require(path.is_file(), name, f"{path}: there is no such file")
    _require((said.key is None) == (said.certificate is None), "key", "goes with CERTIFICATE")
    _require(
        said.password is None or said.password_file is None, "password_file", "is given besides PASSWORD"
    )
    return Server(f"{parts.scheme}://{parts.hostname}:{port}", parts.path.strip("/"), parts, said)


def _environment() -> Environment:
    refuse_unknown(PREFIX, Environment.model_fields)
    try:
        return Environment()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise _fault("_".join(str(part) for part in first["loc"]), first["msg"]) from None


def _require(holds: bool, field: str, text: str) -> None:
    if not holds:
        raise _fault(field, text)


def _fault(field: str, text: str) -> SettingError:
    return SettingError(f"{PREFIX}{field.upper()}: {text}")
