"""The manifests are what Kubernetes allows; the four flows differ in nothing but what a flow is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.infra.promql import FLOWS, ROOT
from tests.infra.test_compose import SETTINGS

FOLDER = ROOT / "infra" / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
SCHEMA = json.loads((ROOT / "tests/infra/schemas/kubernetes.json").read_text())

PORT = 9464
CLUSTER = 2101


def objects() -> Iterator[tuple[str, dict[str, Any]]]:
    for name in KUSTOMIZATION["resources"]:
        yield from ((name, each) for each in yaml.safe_load_all((FOLDER / name).read_text()))


OBJECTS = list(objects())


def of_kind(kind: str, name: str) -> dict[str, Any]:
    found = [each for _, each in OBJECTS if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    assert len(found) == 1, f"{kind} {name}"
    return found[0]


def faults(told: dict[str, Any]) -> list[str]:
    """What Kubernetes' schema refuses of an object."""
    name = SCHEMA["kinds"][f"{told['apiVersion']} {told['kind']}"]
    schema = {"$ref": f"#/definitions/{name}", "definitions": SCHEMA["definitions"]}
    found = Draft202012Validator(schema).iter_errors(told)
    return [f"{'.'.join(map(str, fault.absolute_path))}: {fault.message}" for fault in found]


def pods() -> list[tuple[str, dict[str, Any]]]:
    """Every pod's specification."""
    return [
        (each["metadata"]["name"], each["spec"]["template"]["spec"])
        for _, each in OBJECTS
        if each["kind"] in {"StatefulSet", "Job"}
    ]


@pytest.mark.parametrize(
    "told", [each for _, each in OBJECTS], ids=[f"{name}-{each['kind']}" for name, each in OBJECTS]
)
def test_it_is_what_kubernetes_allows(told: dict[str, Any]) -> None:
    assert not faults(told)
    assert told["kind"] == "Namespace" or told["metadata"]["namespace"] == "marginline"


def test_a_made_up_key_and_a_wrong_type_would_be_noticed() -> None:
    told = of_kind("StatefulSet", "clearing")
    assert faults({**told, "spec": {**told["spec"], "replica": 2}})
    assert faults({**told, "spec": {**told["spec"], "replicas": "2"}})
    assert faults({**told, "spec": {"replicas": 2}})


def test_every_file_is_applied() -> None:
    assert {path.name for path in FOLDER.glob("*.yaml")} == {
        *KUSTOMIZATION["resources"],
        "kustomization.yaml",
    }


@pytest.mark.parametrize("flow", FLOWS)
def test_a_flow_s_processes_find_one_another(flow: str) -> None:
    told = of_kind("StatefulSet", flow)["spec"]
    hosts = of_kind("ConfigMap", "marginline-hosts")["data"][flow].split()
    wanted = [
        f"{flow}-{number}.{flow}.marginline.svc.cluster.local:{CLUSTER}" for number in range(told["replicas"])
    ]
    assert hosts == wanted
    assert told["serviceName"] == flow
    assert told["podManagementPolicy"] == "Parallel"
    service = of_kind("Service", flow)["spec"]
    assert service["clusterIP"] == "None"
    assert service["publishNotReadyAddresses"]
    env = {each["name"]: each for each in told["template"]["spec"]["containers"][0]["env"]}
    assert env["BYTEWAX_POD_NAME"]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
    assert env["BYTEWAX_STATEFULSET_NAME"]["value"] == flow
    assert env["BYTEWAX_HOSTFILE_PATH"]["value"] == f"/etc/marginline/hosts/{flow}"


@pytest.mark.parametrize("flow", FLOWS)
def test_the_same_labels_hold_pods_services_and_budgets_together(flow: str) -> None:
    labels = of_kind("StatefulSet", flow)["spec"]["template"]["metadata"]["labels"]
    assert labels == {"app.kubernetes.io/name": "marginline", "app.kubernetes.io/component": flow}
    assert of_kind("StatefulSet", flow)["spec"]["selector"]["matchLabels"] == labels
    assert of_kind("Service", flow)["spec"]["selector"] == labels
    assert of_kind("PodDisruptionBudget", flow)["spec"]["selector"]["matchLabels"] == labels


@pytest.mark.parametrize("flow", FLOWS)
def test_probes_ask_the_flow_s_page(flow: str) -> None:
    container = of_kind("StatefulSet", flow)["spec"]["template"]["spec"]["containers"][0]
    asked = {
        name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "readiness", "liveness")
    }
    assert asked == {"startup": "/startup", "readiness": "/ready", "liveness": "/live"}
    assert {each["name"]: each["containerPort"] for each in container["ports"]} == {
        "cluster": CLUSTER,
        "http": PORT,
    }
    startup = container["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 180, (
        "kernels compile for a minute and more"
    )


@pytest.mark.parametrize(("name", "pod"), pods())
def test_a_pod_may_do_nothing_but_its_work(name: str, pod: dict[str, Any]) -> None:
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not pod["automountServiceAccountToken"]
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize(("name", "pod"), pods())
def test_what_a_pod_mounts_and_refers_to_exists(name: str, pod: dict[str, Any]) -> None:
    claimed = ["state"] if name in FLOWS else []
    assert {mount["name"] for each in pod["containers"] for mount in each["volumeMounts"]} == {
        *(volume["name"] for volume in pod["volumes"]),
        *claimed,
    }
    by_hand = {"marginline-venue", "marginline-kafka", "marginline-clickhouse"}
    text = json.dumps(pod)
    maps = {each["metadata"]["name"] for _, each in OBJECTS if each["kind"] == "ConfigMap"}
    referred = set(re.findall(r'"(?:name|secretName)": "(marginline-[a-z]+|marginline)"', text))
    assert referred <= maps | by_hand
    page = (ROOT / "docs/how-to/deploy.md").read_text()
    assert not [each for each in sorted(referred & by_hand) if each not in page]


def test_settings_have_their_names() -> None:
    told = set(of_kind("ConfigMap", "marginline")["data"])
    named = {env["name"] for _, pod in pods() for each in pod["containers"] for env in each["env"]}
    assert {each for each in told | named if each.startswith("MARGINLINE_")} <= SETTINGS
    assert of_kind("ConfigMap", "marginline")["data"]["MARGINLINE_HTTP"] == f"0.0.0.0:{PORT}"


def test_no_secret_is_written_down() -> None:
    assert not [each for _, each in OBJECTS if each["kind"] == "Secret"]


@pytest.mark.parametrize("flow", FLOWS[1:])
def test_flows_differ_in_nothing_else(flow: str) -> None:
    lines = (FOLDER / "market.yaml").read_text().replace("market", flow).splitlines()
    own = (FOLDER / f"{flow}.yaml").read_text().splitlines()
    differ = [line for line in own if line not in lines]
    assert not differ or flow == "audit"
    told = {"replicas:", "clickhouse", "CLICKHOUSE", "MARGINLINE_DATABASE"}
    assert not [line for line in differ if not any(word in line for word in told)]


def test_the_network_lets_in_what_the_ports_are_for() -> None:
    rules = of_kind("NetworkPolicy", "marginline")["spec"]["ingress"]
    assert [rule["ports"][0]["port"] for rule in rules] == [CLUSTER, PORT]
