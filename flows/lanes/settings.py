"""What a live flow needs to know: venue, broker, where its checkpoints lie, and who says what time it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from flows.connectors.kafka.settings import KafkaSettings, kafka_settings
from flows.connectors.settings import venue_of
from flows.journal import entries as en
from flows.journal.terms import Partition
from flows.registry.load import Venue
from flows.registry.parameters import PoolParameters

SHARED: Final = frozenset({en.TOPIC_ORACLE_PRICES, en.TOPIC_CLOCK})
"""Topics with one partition, which every pool reads."""


class LiveEnvironment(BaseSettings):
    """Settings of a live flow: ``MARGINLINE_VENUE=venues/... python -m bytewax.run flows.clearing``."""

    model_config = SettingsConfigDict(env_prefix="MARGINLINE_", env_ignore_empty=True)
    venue: str = Field(default="", description="the venue's file; with it, flows run over Kafka")
    state: Path = Field(default=Path("state"), description="folder of checkpoints")
    time: Literal["wall", "topic"] = Field(
        default="wall", description="intake writes the topic clock from this machine's, or only reads it"
    )
    audit_block_s: int = Field(
        default=5, ge=1, le=86_400, description="journal time of one block of the audit"
    )
    database: str = Field(
        default="", description="ClickHouse: a folder or a URL; STATE/clickhouse by default"
    )
    answers: str = Field(
        default="127.0.0.1:0",
        description="HOST:PORT where the audit answers questions about an embedded database, 0 for any port; or off",
    )


@dataclass(frozen=True, slots=True)
class Live:
    """A venue on a broker."""

    venue: Venue
    kafka: KafkaSettings
    state: Path
    writes_time: bool = False
    audit_block_s: int = 5
    database: str = ""
    answers: str = "off"

    def pool(self, pool_id: str) -> PoolParameters:
        """Parameters of a pool."""
        return self.venue.pool(pool_id)

    def lane(self, pool_id: str) -> int:
        """A pool's lane: its place in the venue's file."""
        return [pool.id for pool in self.venue.pools].index(pool_id)

    def partition(self, topic: int, pool_id: str) -> Partition:
        """The partition of a topic that a pool reads."""
        return topic, 0 if topic in SHARED else self.lane(pool_id)


def live_from_environment() -> Live | None:
    """What the environment says, or None where it names no venue: then a flow reads a run's files."""
    told = LiveEnvironment()
    if not told.venue:
        return None
    return Live(
        venue_of(told.venue),
        kafka_settings(),
        told.state,
        told.time == "wall",
        told.audit_block_s,
        told.database,
        told.answers,
    )
