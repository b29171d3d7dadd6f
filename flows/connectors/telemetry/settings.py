"""What an operator chooses about what he sees: ``MARGINLINE_HTTP``, ``MARGINLINE_LOG``, ``MARGINLINE_LOG_LEVEL``."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from flows.connectors.errors import SettingError

PREFIX: Final = "MARGINLINE_"


class TelemetrySettings(BaseSettings):
    """Where a flow shows its metrics and health, and how it logs."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, env_ignore_empty=True)
    http: str = Field(
        default="",
        description="HOST:PORT of /metrics, /startup, /ready and /live, such as 127.0.0.1:9464; off",
    )
    log: Literal["auto", "json", "text"] = Field(
        default="auto", description="a JSON object a line, or text for a person; auto: text on a terminal"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="what is not logged: anything below"
    )


def telemetry_settings() -> TelemetrySettings:
    """From the environment. SettingError names the variable that is not allowed."""
    try:
        return TelemetrySettings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(each) for each in first["loc"]).upper()
        raise SettingError(f"{PREFIX}{name}: {first['input']!r}: {first['msg']}.") from None
