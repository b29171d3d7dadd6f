"""What the local broker is told: Kafka's own properties, for one node that starts and comes back quickly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from flows.connectors.kafka.clients import LARGEST_MESSAGE_BYTES

_MODULES: Final = "org.apache.kafka.common.security"


@dataclass(frozen=True, slots=True)
class Secured:
    """A second listener: SASL over TLS, and rights once somebody is named who has them all."""

    keystore: Path  # PEM: key (PKCS #8), certificate, authority
    truststore: Path  # PEM: authority
    scram: Mapping[str, str] = field(
        default_factory=dict, repr=False
    )  # user: password, by SCRAM-SHA-256 and -512
    plain: Mapping[str, str] = field(default_factory=dict, repr=False)  # user: password, by PLAIN
    supers: tuple[str, ...] = ()  # users with every right; the others have what rules of access give them

    def scram_users(self) -> list[str]:
        """Arguments that make the users known while the folder is made ready."""
        return [
            argument
            for user, word in self.scram.items()
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
            for argument in ("--add-scram", f"{mechanism}=[name={user},password={word}]")
        ]

    def properties(self) -> dict[str, Any]:
        """The listener's part."""
        words = " ".join(f'user_{user}="{word}"' for user, word in self.plain.items())
        listener = "listener.name.sasl_ssl"
        told = {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self.keystore,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.truststore,
            "sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512,PLAIN",
            f"{listener}.scram-sha-256.sasl.jaas.config": f"{_MODULES}.scram.ScramLoginModule required;",
            f"{listener}.scram-sha-512.sasl.jaas.config": f"{_MODULES}.scram.ScramLoginModule required;",
            f"{listener}.plain.sasl.jaas.config": f"{_MODULES}.plain.PlainLoginModule required {words};",
        }
        if self.supers:
            told["authorizer.class.name"] = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
            # Whoever comes by the plain listener, on this machine alone, is the broker's own administrator.
            told["super.users"] = ";".join(f"User:{user}" for user in ("ANONYMOUS", *self.supers))
        return told


def properties(folder: Path, ports: tuple[int, int, int], secured: Secured | None) -> dict[str, Any]:
    """All of them. ``ports``: plain, controller, secured."""
    plain, controller, secure = ports
    listeners = {"PLAINTEXT": f"127.0.0.1:{plain}"}
    if secured is not None:
        listeners["SASL_SSL"] = f"127.0.0.1:{secure}"
    advertised = ",".join(f"{name}://{address}" for name, address in listeners.items())
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listeners": f"{advertised},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": advertised,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
        "log.dirs": folder / "data",
        "auto.create.topics.enable": "false",
        # One node has no one to replicate to.
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        # After a kill it must wait until its own earlier session has run out: 4 s so, 15 s by default.
        "broker.session.timeout.ms": 2000,
        "broker.heartbeat.interval.ms": 500,
        "message.max.bytes": LARGEST_MESSAGE_BYTES + (1 << 16),
        "num.network.threads": 2,
        "num.io.threads": 2,
        "num.recovery.threads.per.data.dir": 1,
        "log.cleaner.dedupe.buffer.size": 4_000_000,
        **(secured.properties() if secured is not None else {}),
    }
