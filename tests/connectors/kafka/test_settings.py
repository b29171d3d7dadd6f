"""What the environment may say of the broker, and what is wrong with it in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.connectors.errors import SettingError
from flows.connectors.kafka.settings import PREFIX, kafka_settings

SECRET = "correct horse"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Files to name, beside which one stands."""
    monkeypatch.chdir(tmp_path)
    for name in ("ca.pem", "cert.pem", "key.pem"):
        Path(name).write_text("-----BEGIN NOTHING-----\n")
    Path("word").write_text(f"{SECRET}\n")
    Path("empty").write_text("\n")
    Path("long").write_text("x" * 5000)
    Path("binary").write_bytes(b"\xff\xfe")
    return monkeypatch


def said(environment: pytest.MonkeyPatch, line: str) -> None:
    for word in line.split():
        name, _, value = word.partition("=")
        environment.setenv(PREFIX + name, value)


SASL = "SECURITY_PROTOCOL=sasl_ssl SASL_MECHANISM=SCRAM-SHA-256 SASL_USERNAME=alice"

FAULTS = {
    "BOOTSTRAP=broker": "BOOTSTRAP: must be host:port, or several of them separated by commas",
    "BOOTSTRAP=a:1,b": "BOOTSTRAP: must be host:port, or several of them separated by commas",
    "TOPIC_PREFIX=a/b": "TOPIC_PREFIX: must be at most 100 letters, digits, dots, dashes and underscores",
    "SECURITY_PROTOCOL=tls": (
        "SECURITY_PROTOCOL: should be 'plaintext', 'ssl', 'sasl_plaintext' or 'sasl_ssl'"
    ),
    "SSL_CA=ca.pem": "SSL_CA: needs SECURITY_PROTOCOL ssl or sasl_ssl",
    "SECURITY_PROTOCOL=sasl_plaintext SSL_CA=ca.pem": "SSL_CA: needs SECURITY_PROTOCOL ssl or sasl_ssl",
    "SECURITY_PROTOCOL=ssl SSL_CA=none.pem": "SSL_CA: none.pem: there is no such file",
    "SECURITY_PROTOCOL=ssl SSL_KEY=key.pem": "SSL_KEY: goes with SSL_CERTIFICATE",
    "SECURITY_PROTOCOL=ssl SSL_CERTIFICATE=cert.pem": "SSL_KEY: goes with SSL_CERTIFICATE",
    "SASL_USERNAME=alice": "SASL_USERNAME: needs SECURITY_PROTOCOL sasl_ssl or sasl_plaintext",
    "SECURITY_PROTOCOL=ssl SASL_PASSWORD=x": (
        "SASL_PASSWORD: needs SECURITY_PROTOCOL sasl_ssl or sasl_plaintext"
    ),
    "SECURITY_PROTOCOL=sasl_ssl": "SASL_MECHANISM: is missing: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512",
    "SECURITY_PROTOCOL=sasl_ssl SASL_MECHANISM=GSSAPI": (
        "SASL_MECHANISM: should be 'PLAIN', 'SCRAM-SHA-256' or 'SCRAM-SHA-512'"
    ),
    "SECURITY_PROTOCOL=sasl_ssl SASL_MECHANISM=PLAIN": "SASL_USERNAME: is missing",
    SASL: "SASL_PASSWORD: is missing; or name a file with SASL_PASSWORD_FILE",
    f"{SASL} SASL_PASSWORD=x SASL_PASSWORD_FILE=word": (
        "SASL_PASSWORD_FILE: is given besides SASL_PASSWORD; one of them is enough"
    ),
    f"{SASL} SASL_PASSWORD_FILE=none": "SASL_PASSWORD_FILE: none: No such file or directory",
    f"{SASL} SASL_PASSWORD_FILE=empty": "SASL_PASSWORD_FILE: empty: holds no password",
    f"{SASL} SASL_PASSWORD_FILE=long": "SASL_PASSWORD_FILE: long: is longer than 4096 bytes",
    f"{SASL} SASL_PASSWORD_FILE=binary": "SASL_PASSWORD_FILE: binary: is not UTF-8",
}


@pytest.mark.parametrize("line", FAULTS)
def test_what_does_not_fit_together_is_one_line(line: str, environment: pytest.MonkeyPatch) -> None:
    said(environment, line)
    with pytest.raises(SettingError) as caught:
        kafka_settings()
    assert str(caught.value) == PREFIX + FAULTS[line]
    assert caught.value.__cause__ is None, "the library's own error quotes what was given"


def test_a_misspelt_name_is_not_passed_over(environment: pytest.MonkeyPatch) -> None:
    said(environment, "SSLCA=ca.pem")
    with pytest.raises(
        SettingError, match=r"^MARGINLINE_KAFKA_SSLCA: there is no such setting; there are MAR"
    ):
        kafka_settings()


def test_what_kubernetes_makes_of_a_services_name_is_none_of_ours(environment: pytest.MonkeyPatch) -> None:
    said(
        environment,
        "SERVICE_HOST=10.0.0.1 SERVICE_PORT_TLS=9093 PORT=tcp://10.0.0.1:9093 PORT_9093_TCP=tcp://x",
    )
    assert kafka_settings().bootstrap == "127.0.0.1:9092"


def test_nothing_said_is_a_broker_beside_us(environment: pytest.MonkeyPatch) -> None:
    settings = kafka_settings()
    assert settings.client() == {"bootstrap.servers": "127.0.0.1:9092", "security.protocol": "PLAINTEXT"}
    assert settings.topic("journal") == "journal"


def test_all_of_it(environment: pytest.MonkeyPatch) -> None:
    said(
        environment, f"{SASL} SASL_PASSWORD_FILE=word SSL_CA=ca.pem SSL_CERTIFICATE=cert.pem SSL_KEY=key.pem"
    )
    said(environment, "BOOTSTRAP=kafka-1.example:9093,[::1]:9093 TOPIC_PREFIX=test-7.")
    settings = kafka_settings()
    assert settings.client() == {
        "bootstrap.servers": "kafka-1.example:9093,[::1]:9093",
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": "ca.pem",
        "ssl.certificate.location": "cert.pem",
        "ssl.key.location": "key.pem",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": "alice",
        "sasl.password": SECRET,
    }
    assert settings.topic("journal") == "test-7.journal"


def test_a_password_is_never_shown(environment: pytest.MonkeyPatch) -> None:
    environment.setenv(f"{PREFIX}SASL_PASSWORD", SECRET)
    said(environment, SASL)
    settings = kafka_settings()
    assert settings.password() == SECRET
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert "alice" in shown
    assert SECRET not in shown


def test_a_wrong_setting_beside_it_does_not_show_it(environment: pytest.MonkeyPatch) -> None:
    environment.setenv(f"{PREFIX}SASL_PASSWORD", SECRET)
    with pytest.raises(SettingError) as caught:
        kafka_settings()
    assert SECRET not in f"{caught.value!r} {caught.value.__cause__} {caught.value.__context__}"


def test_a_file_is_read_again_since_it_may_have_been_replaced(environment: pytest.MonkeyPatch) -> None:
    said(environment, f"{SASL} SASL_PASSWORD_FILE=word")
    settings = kafka_settings()
    Path("word").write_text("a new one\r\n")
    assert settings.client()["sasl.password"] == "a new one"
