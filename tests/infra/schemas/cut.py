"""Cut Kubernetes' schema down to the kinds that infra/kubernetes uses: ``python cut.py FOLDER > kubernetes.json``.

FOLDER is one of kubernetes-validate's (PyPI): kubernetes_validate/kubernetes-json-schema/v1.37.0-local-strict. Texts are
left out; what may and what must be there is as it was.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

KINDS = {
    "v1 Namespace": "io.k8s.api.core.v1.Namespace",
    "v1 ConfigMap": "io.k8s.api.core.v1.ConfigMap",
    "v1 Service": "io.k8s.api.core.v1.Service",
    "v1 ServiceAccount": "io.k8s.api.core.v1.ServiceAccount",
    "apps/v1 StatefulSet": "io.k8s.api.apps.v1.StatefulSet",
    "batch/v1 Job": "io.k8s.api.batch.v1.Job",
    "policy/v1 PodDisruptionBudget": "io.k8s.api.policy.v1.PodDisruptionBudget",
    "networking.k8s.io/v1 NetworkPolicy": "io.k8s.api.networking.v1.NetworkPolicy",
}


def bare(node: Any, *, names: bool = False) -> Any:
    """A schema without its texts; under ``properties`` keys are names, whatever they are."""
    if isinstance(node, dict):
        kept = node if names else {key: each for key, each in node.items() if key != "description"}
        if isinstance(kept.get("$ref"), str):
            kept = {**kept, "$ref": f"#/definitions/{kept['$ref'].rpartition('/')[2]}"}
        return {key: bare(each, names=key == "properties" and not names) for key, each in kept.items()}
    return [bare(each) for each in node] if isinstance(node, list) else node


def referred(node: Any) -> list[str]:
    """Definitions that a schema refers to."""
    if isinstance(node, dict):
        own = [node["$ref"].rpartition("/")[2]] if isinstance(node.get("$ref"), str) else []
        return own + [name for each in node.values() for name in referred(each)]
    return [name for each in node for name in referred(each)] if isinstance(node, list) else []


def main(folder: Path) -> None:
    """Print what is left."""
    whole = json.loads((folder / "_definitions.json").read_text())["$defs"]
    kept: dict[str, Any] = {}
    waiting = list(KINDS.values())
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept[name] = bare(whole[name])
            waiting += referred(kept[name])
    told = {"kinds": KINDS, "definitions": dict(sorted(kept.items()))}
    print(json.dumps(told, separators=(",", ":"), sort_keys=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
