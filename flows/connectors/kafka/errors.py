"""What goes wrong with a broker, in words for the person at the screen: one line, no traceback.

KafkaFailure              the broker did not do what was asked
    KafkaUnreachable      it does not answer; a later attempt may find it
    KafkaRefused          it answers, and says no; asking again gives the same
"""

from __future__ import annotations

import re
from typing import Final

from confluent_kafka import KafkaError

from flows.connectors.kafka.settings import KafkaSettings


class KafkaFailure(Exception):  # noqa: N818 - its name is what it says
    """The broker did not do what was asked."""


class KafkaUnreachable(KafkaFailure):
    """It does not answer."""


class KafkaRefused(KafkaFailure):
    """It answers, and says no."""


GROUP: Final = "marginline"
"""The library asks for the name of a group even where none is joined, and looks it up: readers need a right on it."""

_DENIED: Final = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "this topic",
    KafkaError.GROUP_AUTHORIZATION_FAILED: f"the group {GROUP}",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "the cluster",
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "this transactional id",
}
_AUTHENTICATION: Final = frozenset({KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED})  # noqa: SLF001
_AWAY: Final = frozenset(
    {
        KafkaError._TRANSPORT,  # noqa: SLF001 - the library names its own codes so
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
        KafkaError._TIMED_OUT,  # noqa: SLF001
        KafkaError._TIMED_OUT_QUEUE,  # noqa: SLF001
        KafkaError._MSG_TIMED_OUT,  # noqa: SLF001
        KafkaError._RESOLVE,  # noqa: SLF001
        KafkaError._AUTHENTICATION,  # noqa: SLF001 - where it only says that the connection broke
        KafkaError._SSL,  # noqa: SLF001 - the same
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.NETWORK_EXCEPTION,
        # It answers, and is still starting or losing its neighbours.
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.REPLICA_NOT_AVAILABLE,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.NOT_CONTROLLER,
        KafkaError.NOT_ENOUGH_REPLICAS,
        KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
    }
)
_BROKE_OFF: Final = re.compile(
    r"transport failure|disconnected|timed out|connection (refused|reset)|broken pipe", re.IGNORECASE
)
"""A handshake that ended so says nothing of who was at the door: the broker was stopping or starting."""

_NOISE: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"^[A-Z_]+ \[[^\]]*\] \[thrd:[^\]]*\]: ",  # which thread of which client
        r"^\S*[:#]\d+/\w+: ",  # which connection
        r"\(after \d+ms in state .*\)$|error:[0-9A-F]{8}:|, verify that .*$|\.\.\.",
    )
)


def failure(error: KafkaError, settings: KafkaSettings, what: str = "") -> KafkaFailure:
    """One of the above for what the library said; ``what`` was asked for when it did: ``topic journal``."""
    code, said = error.code(), reason(error)
    where = settings.bootstrap
    doing = f"{what}: " if what else ""
    if code in _DENIED:
        who = settings.sasl_username or "this user"
        return KafkaRefused(
            f"{doing}{where} does not let {who} use {_DENIED[code]}: have it granted ({said})."
        )
    if code in _AUTHENTICATION and not _BROKE_OFF.search(said):
        return KafkaRefused(
            f"{where} does not take user and password: check MARGINLINE_KAFKA_SASL_USERNAME,"
            f" _SASL_PASSWORD and _SASL_MECHANISM ({said})."
        )
    if code == KafkaError._SSL and not _BROKE_OFF.search(said):  # noqa: SLF001
        return KafkaRefused(
            f"{where}: no trusted connection: check MARGINLINE_KAFKA_SSL_CA and _SECURITY_PROTOCOL ({said})."
        )
    if code in _AWAY:
        return unreachable(settings, said, what)
    return KafkaRefused(f"{doing}{where} refuses: {said}.")


def unreachable(settings: KafkaSettings, said: str, what: str = "") -> KafkaUnreachable:
    """No broker answers; ``said`` is the last that was heard of the connection."""
    doing = f"{what}: " if what else ""
    heard = f" ({said})" if said else ""
    return KafkaUnreachable(
        f"{doing}no Kafka broker answers at {settings.bootstrap}{heard}: is it running, and are"
        " MARGINLINE_KAFKA_BOOTSTRAP and _SECURITY_PROTOCOL right?"
    )


def reason(said: KafkaError | str) -> str:
    """The library's own words on one line, without its names for threads and sockets and without its advice."""
    text = " ".join((said if isinstance(said, str) else said.str()).split())
    for noise in _NOISE:
        text = noise.sub("", text)
    text = " ".join(text.split()).strip(" .:")
    return text if len(text) <= 300 else f"{text[:297]}..."
