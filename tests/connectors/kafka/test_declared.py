"""infra/kafka/topics.toml declares every topic of the catalogue, and sizes that let no record get stuck."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.connectors.kafka.clients import LARGEST_MESSAGE_BYTES
from flows.connectors.kafka.topics import FOREVER, declaration
from flows.registry.errors import ConfigurationError
from schemas.catalogue import ARROW, BY_NAME
from schemas.dead_letter import LARGEST_RECORD_BYTES

WHOLE = declaration()
AROUND_BYTES = 1 << 16
"""Key, headers and the batch around a record."""


def test_every_topic_of_the_catalogue_is_declared_and_no_other() -> None:
    assert sorted(WHOLE.topics) == sorted(BY_NAME)


def test_a_pool_has_its_lane_and_what_all_read_has_one() -> None:
    one = {name for name, topic in WHOLE.topics.items() if topic.partitions == 1}
    assert one == {"oracle-prices", "clock"}


@pytest.mark.parametrize("name", BY_NAME)
def test_the_longest_record_fits(name: str) -> None:
    """A record of ours as long as a producer sends it; another's as long as it is read, and one byte more to refuse."""
    allowed = int(WHOLE.settings(name, 3)["max.message.bytes"])
    batches = BY_NAME[name].content_type == ARROW or name == "market-state"
    assert allowed == (LARGEST_MESSAGE_BYTES if batches else LARGEST_RECORD_BYTES) + AROUND_BYTES


@pytest.mark.parametrize("name", BY_NAME)
def test_what_decides_is_the_same_for_all(name: str) -> None:
    told = WHOLE.settings(name, 3)
    assert told["min.insync.replicas"] == "2"
    assert told["unclean.leader.election.enable"] == "false"
    assert told["message.timestamp.type"] == "LogAppendTime"
    assert "cleanup.policy" not in told, "nothing is compacted: a key names a pool, not a record"


def test_what_nothing_else_can_be_made_again_from_is_kept() -> None:
    kept = {name for name in WHOLE.topics if WHOLE.settings(name, 3)["retention.ms"] == FOREVER}
    assert kept == {"journal", "commands", "attestations"}


@pytest.mark.parametrize(("copies", "needed"), [(1, "1"), (2, "1"), (3, "2"), (5, "2")])
def test_one_copy_away_does_not_stop_the_writers(copies: int, needed: str) -> None:
    assert WHOLE.settings("journal", copies)["min.insync.replicas"] == needed


GOOD = 'replication = 1\n[defaults]\n[topics.journal]\npartitions = "lanes"\n'


@pytest.mark.parametrize(
    ("change", "by", "said"),
    [
        ('"lanes"', "2", ", topics.journal.partitions: 2: Input should be 'lanes' or 1"),
        ("= 1", "= 0", ", replication: 0: Input should be greater than or equal to 1"),
        ("defaults", "default", ", defaults: "),
        ("[defaults]", "x = [", ": is not TOML: "),
    ],
)
def test_a_fault_names_its_place(change: str, by: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "topics.toml"
    file.write_text(GOOD)
    assert list(declaration(file).topics) == ["journal"]
    file.write_text(GOOD.replace(change, by))
    with pytest.raises(ConfigurationError) as caught:
        declaration(file)
    assert str(caught.value).startswith(f"{file}{said}")
    assert "\n" not in str(caught.value)
