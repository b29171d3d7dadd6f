"""The compose file and the image are what their specification allows, and name what exists."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from flows.connectors import database_settings
from flows.connectors.kafka.settings import KafkaSettings
from flows.connectors.telemetry.settings import TelemetrySettings
from flows.journal.compiled import CACHE_VARIABLE
from flows.lanes.settings import LiveEnvironment
from tests.infra.promql import FLOWS, ROOT

INFRA = ROOT / "infra"
COMPOSE: dict[str, Any] = yaml.safe_load((INFRA / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
SCHEMA = json.loads((ROOT / "tests/infra/schemas/compose-spec.json").read_text())
DOCKERFILE = (INFRA / "Dockerfile").read_text()

SETTINGS = {
    *(
        f"MARGINLINE_{name.upper()}"
        for name in (*LiveEnvironment.model_fields, *TelemetrySettings.model_fields)
    ),
    *(f"MARGINLINE_KAFKA_{name.upper()}" for name in KafkaSettings.model_fields),
    *(f"{database_settings.PREFIX}{name.upper()}" for name in database_settings.Environment.model_fields),
    CACHE_VARIABLE,
}
each_service = pytest.mark.parametrize("name", SERVICES)


def test_it_is_what_the_specification_allows() -> None:
    faults = [
        f"{'.'.join(map(str, fault.absolute_path))}: {fault.message}"
        for fault in Draft202012Validator(SCHEMA).iter_errors(COMPOSE)
    ]
    assert not faults


def test_a_made_up_key_would_be_noticed() -> None:
    wrong = {"services": {"intake": {"image": "marginline", "replicas": 2}}}
    assert list(Draft202012Validator(SCHEMA).iter_errors(wrong))


def test_every_flow_is_there_and_everything_it_needs() -> None:
    assert {*FLOWS, "kafka", "clickhouse", "topics", "prometheus", "grafana"} == set(SERVICES)
    for flow in FLOWS:
        assert SERVICES[flow]["command"] == ["run", flow]
        assert SERVICES[flow]["depends_on"]["topics"] == {"condition": "service_completed_successfully"}


@each_service
def test_ports_are_the_loopback_s(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port), port


def test_no_port_is_given_twice() -> None:
    ports = [port.split(":")[1] for service in SERVICES.values() for port in service.get("ports", [])]
    assert sorted(set(ports)) == sorted(ports)


@each_service
def test_nobody_is_root(name: str) -> None:
    assert re.fullmatch(r"[1-9]\d*:\d+", SERVICES[name]["user"])


@each_service
def test_nothing_runs_without_a_healthcheck(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check == {"disable": True} if name == "topics" else check["test"]


@each_service
def test_what_is_mounted_exists(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source = volume.split(":")[0]
        if source.startswith("."):
            assert (INFRA / source).exists(), source
        else:
            assert source in COMPOSE["volumes"], source


def test_every_volume_is_some_service_s_alone() -> None:
    used = [volume.split(":")[0] for each in SERVICES.values() for volume in each.get("volumes", [])]
    assert sorted(each for each in used if not each.startswith(".")) == sorted(COMPOSE["volumes"])


@each_service
def test_settings_have_their_names_and_secrets_no_default(name: str) -> None:
    told = SERVICES[name].get("environment", {})
    unknown = [each for each in told if each.startswith("MARGINLINE_") and each not in SETTINGS]
    assert not unknown
    for each, value in told.items():
        if "PASSWORD" in each or "@" in str(value):
            assert re.search(r"\$\{[A-Z_]+:\?", str(value)) or each == "KAFKA_CONTROLLER_QUORUM_VOTERS", each


def test_flows_show_themselves_where_prometheus_looks() -> None:
    told = yaml.safe_load((INFRA / "prometheus/prometheus.yml").read_text())["scrape_configs"]
    for each in told:
        host, port = each["static_configs"][0]["targets"][0].split(":")
        assert SERVICES[host]["environment"]["MARGINLINE_HTTP"].endswith(f":{port}")
        assert SERVICES[host]["ports"][0].endswith(f":{port}")


def test_servers_are_those_that_the_tests_run_against() -> None:
    broker = re.search(
        r"<artifactId>kafka_2.13</artifactId>\s*<version>([\d.]+)<", (INFRA / "kafka/pom.xml").read_text()
    )
    engine = re.search(r"^chdb-core==(\d+\.\d+)\.", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert broker is not None
    assert engine is not None
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{broker[1]}"
    assert SERVICES["clickhouse"]["image"] == f"clickhouse/clickhouse-server:{engine[1]}"


@each_service
def test_images_have_a_version(name: str) -> None:
    image = SERVICES[name]["image"]
    assert image == "marginline" or re.search(r":v?\d+\.\d+", image), image


# --- the image --------------------------------------------------------------------------------------------------------
def copied() -> list[str]:
    """What the Dockerfile takes from the project's folder."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    return [source for line in lines for source in line.split()[:-1]]


def test_the_image_copies_what_exists_and_what_the_context_has() -> None:
    ignored = (INFRA / "Dockerfile.dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    assert "*" in ignored
    assert set(copied()) == let_in
    assert not [source for source in copied() if not (ROOT / source).exists()]


def test_the_image_holds_every_folder_that_flows_read() -> None:
    for folder in ("flows", "schemas", "infra/clickhouse", "infra/kafka", "venues"):
        assert f"COPY {folder} /app/{folder}\n" in DOCKERFILE


def test_the_image_runs_as_the_user_that_the_volumes_are_of() -> None:
    users = re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)
    assert users == [SERVICES[flow]["user"] for flow in FLOWS][:1]
    assert "install --directory --owner 10001 --group 10001 /state" in DOCKERFILE
