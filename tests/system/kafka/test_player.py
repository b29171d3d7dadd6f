"""A recording played into Kafka: every line once, on its pool's lane, in its order, whatever happens to the player."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
from collections import defaultdict
from itertools import count

import orjson
import pytest

from flows.connectors.kafka import topics
from flows.connectors.kafka.errors import KafkaRefused
from flows.connectors.kafka.settings import KafkaSettings
from flows.connectors.kafka.tail import Held, Tail
from flows.connectors.settings import ROOT, venue_of
from flows.live.broker import Broker
from flows.live.played import Play
from flows.live.player import Player, Progress
from flows.live.script import Script
from flows.recording import files, manifest
from schemas.catalogue import BY_NAME
from tests.system.kafka.beside import until
from tests.system.kafka.conftest import Kafka
from tests.system.short import TOPICS, Short

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SECOND = 1_000_000_000
TIMES = re.compile(rb'"(time_ns|sent_ns)":(\d+)')


@pytest.fixture(scope="module")
def script(fall: Short) -> Script:
    described = manifest.load(fall.folder)
    horizon = (described.start_s * SECOND, described.end_s * SECOND)
    return Script(venue_of(described.venue), (fall.folder, fall.topics), horizon)


def play(settings: KafkaSettings, script: Script, **more: object) -> Play:
    return Play(settings, script.venue, script.folders, script.horizon, **{"speed": 0.0, **more})  # type: ignore[arg-type]


def held(settings: KafkaSettings, topic: str, lanes: int = 2) -> dict[int, list[Held]]:
    tail = Tail(settings, "looker")
    found = {lane: list(tail.since(topic, lane, 0)) for lane in range(lanes)}
    tail.close()
    return found


def expected(script: Script, fall: Short, topic: str) -> dict[int, list[bytes]]:
    """The lines of each lane, in the order of the file."""
    lanes = {pool.id: lane for lane, pool in enumerate(script.venue.pools)}
    lanes |= {market.id: lane for lane, pool in enumerate(script.venue.pools) for market in pool.markets}
    found: dict[int, list[bytes]] = defaultdict(list)
    for line in files.read_lines(fall.file(topic)):
        said = orjson.loads(line)
        found[lanes[said.get("pool") or said["market"]] if topic != "oracle-prices" else 0].append(line)
    return found


def check(settings: KafkaSettings, script: Script, fall: Short, shift_ns: int = 0) -> None:
    """Every line of every topic once and in order, and every second once."""

    def moved(line: bytes) -> bytes:
        return TIMES.sub(lambda found: b'"%s":%d' % (found[1], int(found[2]) + shift_ns), line)

    for topic in TOPICS:
        lines = expected(script, fall, topic)
        there = held(settings, topic, 1 if topic == "oracle-prices" else 2)
        for lane, records in there.items():
            assert [each.value for each in records] == [moved(line) for line in lines[lane]], (topic, lane)
    clocks = [orjson.loads(each.value) for each in held(settings, "clock", 1)[0]]
    first, last = (each // SECOND for each in script.horizon)
    assert [each["number"] for each in clocks] == list(range(first - 1, last + 1))
    assert {each["time_ns"] - each["number"] * SECOND for each in clocks} == {shift_ns}


@pytest.fixture(scope="module")
def played(broker: Broker, script: Script) -> KafkaSettings:
    """Topics with all of it, played once."""
    settings = broker.settings(topic_prefix="played.")
    topics.ensure(settings, 2, replication=1)
    assert Player(play(settings, script)).run()
    return settings


def test_every_line_is_played_once_on_its_lane(played: KafkaSettings, script: Script, fall: Short) -> None:
    check(played, script, fall)


def test_what_is_there_to_its_end_is_not_played_again(played: KafkaSettings, script: Script) -> None:
    again = Player(play(played, script))
    assert again.run()
    assert again.sent == 0


def test_a_second_is_told_behind_all_that_was_sent_in_it(played: KafkaSettings) -> None:
    clocks = held(played, "clock", 1)[0]
    told_ms = {orjson.loads(each.value)["time_ns"] // SECOND: each.time_ms for each in clocks}
    for topic in TOPICS:
        for records in held(played, topic, 1 if topic == "oracle-prices" else 2).values():
            for each in records:
                sent_ns = orjson.loads(each.value)["sent_ns"]
                second = -(-sent_ns // SECOND)  # the clock that follows it
                assert told_ms[second - 1] <= each.time_ms <= told_ms[second], (topic, each)


def test_headers_and_keys_are_those_of_the_catalogue(played: KafkaSettings, script: Script) -> None:
    tail = Tail(played, "looker")
    for topic in (*TOPICS, "clock"):
        message = read_one(tail, played.topic(topic))
        said, headers = orjson.loads(message.value()), dict(message.headers())
        key = {"oracle-prices": said.get("asset"), "trades": said.get("market"), "depth": said.get("market")}
        pool = "clock" if topic == "clock" else script.venue.pools[0].id
        assert message.key().decode() == key.get(topic, pool)
        assert headers["ce_type"] == f"marginline.{topic}".encode()
        assert headers["ce_source"].decode() == said["source"]
        assert headers["ce_id"].decode() == f"{topic}:{said['number']}"
        assert headers["content-type"] == BY_NAME[topic].content_type.encode()
    tail.close()


def read_one(tail: Tail, name: str):
    from confluent_kafka import TopicPartition  # noqa: PLC0415 - headers are no part of what a tail tells

    tail.client.assign([TopicPartition(name, 0, 0)])
    [message] = tail.client.consume(1, 10)
    return message


def test_times_can_be_moved_to_now(kafka: Kafka, script: Script) -> None:
    settings = kafka(2)
    now_ns = 1_800_000_000 * SECOND + 1
    player = Player(play(settings, script, now=True), lambda: True, wall_ns=lambda: now_ns)
    assert not player.run()
    assert script.horizon[0] + player.shift_ns == 1_800_000_002 * SECOND
    [held_clock] = held(settings, "clock", 1)[0]
    clock = orjson.loads(held_clock.value)
    assert (clock["time_ns"], clock["number"]) == (1_800_000_001 * SECOND, script.horizon[0] // SECOND - 1)
    # A later start goes on with the same shift, whatever it is told.
    later = Player(play(settings, script), lambda: True)
    later.run()
    assert later.shift_ns == player.shift_ns


def test_the_pace_is_the_recordings_times_the_speed(kafka: Kafka, script: Script) -> None:
    settings, looks = kafka(2), count()
    wall_ns = [0]

    def wall() -> int:
        """This machine's clock, but each look at it takes 20 ms."""
        wall_ns[0] = next(looks) * SECOND // 50
        return wall_ns[0]

    told: list[Progress] = []
    player = Player(
        play(settings, script, speed=40.0), lambda: wall_ns[0] > 3 * SECOND, told.append, wall_ns=wall
    )
    assert not player.run()
    assert (told[-1].time_ns - script.horizon[0]) // SECOND == pytest.approx(40 * 3, abs=3)
    assert all(each.behind_s <= 3 for each in told)


def test_another_recording_or_a_fresh_start_is_refused(kafka: Kafka, script: Script) -> None:
    settings = kafka(2)
    Player(play(settings, script), lambda: True).run()
    with pytest.raises(KafkaRefused, match="that was begun: give another topic prefix"):
        Player(play(settings, script, fresh=True)).run()
    other = Script(
        script.venue, script.folders, (script.horizon[1] + 60 * SECOND, script.horizon[1] + 90 * SECOND)
    )
    with pytest.raises(KafkaRefused, match="clock holds another recording"):
        Player(play(settings, other)).run()


PLAY = """
import sys
from pathlib import Path
from flows.connectors.kafka.settings import kafka_settings
from flows.connectors.settings import venue_of
from flows.live.broker import Broker
from flows.live.played import Play
from flows.live.player import Player
venue, start, end, now, *folders = sys.argv[1:]
asked = Play(kafka_settings(), venue_of(venue), tuple(map(Path, folders)), (int(start), int(end)), 0.0, now == "now")
Player(asked).run()
"""


def test_a_killed_player_goes_on_where_its_topics_end(kafka: Kafka, script: Script, fall: Short) -> None:
    settings, dice = kafka(2), random.Random(7)
    start, end = map(str, script.horizon)
    venue = manifest.load(fall.folder).venue
    command = [sys.executable, "-c", PLAY, venue, start, end, "now", *map(str, script.folders)]
    place = {
        "MARGINLINE_KAFKA_BOOTSTRAP": settings.bootstrap,
        "MARGINLINE_KAFKA_TOPIC_PREFIX": settings.topic_prefix,
    }
    clocks = 0
    for _ in range(4):
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | place)
        until(lambda: len(held(settings, "clock", 1)[0]) > clocks, 60, "the first seconds")  # noqa: B023
        time.sleep(dice.random())
        assert process.poll() is None, "it is still playing"
        process.kill()
        process.wait()
        clocks = len(held(settings, "clock", 1)[0])
    Player(play(settings, script)).run()
    clock = orjson.loads(held(settings, "clock", 1)[0][0].value)
    check(settings, script, fall, clock["time_ns"] - clock["number"] * SECOND)
