"""How to reach the broker: ``MARGINLINE_KAFKA_...`` in the environment, checked before anything connects.

A password is given as a variable or, better, as the name of a file that holds it; it is never shown.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from flows.connectors.errors import SettingError
from flows.connectors.variables import refuse_unknown, secret

PREFIX: Final = "MARGINLINE_KAFKA_"

_ADDRESS: Final = r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}"

Protocol = Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class KafkaSettings(BaseSettings):
    """Broker, security, and what is put before every topic's name."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True, env_ignore_empty=True
    )
    bootstrap: Annotated[str, Field(pattern=rf"^{_ADDRESS}(,{_ADDRESS})*$")] = Field(
        default="127.0.0.1:9092", description="host:port of one broker or more, separated by commas"
    )
    security_protocol: Protocol = Field(
        default="plaintext",
        description="what the listener speaks: plaintext, ssl, sasl_plaintext or sasl_ssl",
    )
    ssl_ca: Path | None = Field(
        default=None, description="PEM file of the authority that signed the broker's certificate"
    )
    ssl_certificate: Path | None = Field(default=None, description="PEM file of this client's certificate")
    ssl_key: Path | None = Field(default=None, description="PEM file of its key")
    sasl_mechanism: Mechanism | None = Field(
        default=None, description="how the password is proved: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    )
    sasl_username: str = Field(default="", description="user")
    sasl_password: SecretStr | None = Field(default=None, description="password")
    sasl_password_file: Path | None = Field(default=None, description="file that holds the password instead")
    topic_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,100}$")] = Field(
        default="", description="put before every topic's name, so that several venues share a broker"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> KafkaSettings:
        """Refuse what would be ignored, and what is missing."""
        tls, sasl = "ssl" in self.security_protocol.split("_"), self.security_protocol.startswith("sasl")
        for name in ("ssl_ca", "ssl_certificate", "ssl_key"):
            path: Path | None = getattr(self, name)
            if path is not None:
                _require(tls, name, "needs SECURITY_PROTOCOL ssl or sasl_ssl")
                _require(path.is_file(), name, f"{path}: there is no such file")
        _require(
            (self.ssl_key is None) == (self.ssl_certificate is None), "ssl_key", "goes with SSL_CERTIFICATE"
        )
        for name in ("sasl_mechanism", "sasl_username", "sasl_password", "sasl_password_file"):
            if getattr(self, name):
                _require(sasl, name, "needs SECURITY_PROTOCOL sasl_ssl or sasl_plaintext")
        if sasl:
            _require(
                self.sasl_mechanism is not None,
                "sasl_mechanism",
                "is missing: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512",
            )
            _require(bool(self.sasl_username), "sasl_username", "is missing")
            given = (self.sasl_password is not None) + (self.sasl_password_file is not None)
            _require(given > 0, "sasl_password", "is missing; or name a file with SASL_PASSWORD_FILE")
            _require(given < 2, "sasl_password_file", "is given besides SASL_PASSWORD; one of them is enough")
            self.password()
        return self

    def topic(self, name: str) -> str:
        """A topic's name at this broker."""
        return self.topic_prefix + name

    def password(self) -> str:
        """The secret itself. No log shows it from now on."""
        return secret(self.sasl_password, self.sasl_password_file, f"{PREFIX}SASL_PASSWORD_FILE")

    def client(self) -> dict[str, Any]:
        """What every client of the library is told. It holds the password: not for logs."""
        told: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": self.security_protocol.upper(),
        }
        files = {
            "ssl.ca.location": self.ssl_ca,
            "ssl.certificate.location": self.ssl_certificate,
            "ssl.key.location": self.ssl_key,
        }
        told |= {name: str(path) for name, path in files.items() if path is not None}
        if self.sasl_mechanism is not None:
            told |= {
                "sasl.mechanism": self.sasl_mechanism,
                "sasl.username": self.sasl_username,
                "sasl.password": self.password(),
            }
        return told


def kafka_settings(**given: Any) -> KafkaSettings:
    """Settings of the environment, overridden by what is given; `SettingError` names the first fault."""
    refuse_unknown(PREFIX, KafkaSettings.model_fields)
    try:
        return KafkaSettings(**given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = "_".join(str(part) for part in first["loc"])
        text = re.sub(r"^(Value error, |Input )", "", first["msg"])
        raise _fault(field, _allowed(field, text)) from None


def _allowed(field: str, text: str) -> str:
    """Say what is allowed, where the library only quotes a pattern."""
    if field == "bootstrap":
        return "must be host:port, or several of them separated by commas"
    if field == "topic_prefix":
        return "must be at most 100 letters, digits, dots, dashes and underscores"
    return text


def _require(holds: bool, field: str, text: str) -> None:
    if not holds:
        raise _fault(field, text)


def _fault(field: str, text: str) -> SettingError:
    return SettingError(f"{PREFIX}{field.upper()}: {text}")
