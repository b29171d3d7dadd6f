"""A recording with bad lines of every kind: each is counted, and what is admitted is what the clean lines give."""

from __future__ import annotations

import base64
import json
from collections import Counter
from pathlib import Path

import pytest
import zstandard

from flows.connectors.files import SUFFIX, RecordingReader
from flows.journal import entries as en
from schemas.dead_letter import RAW_BYTES_KEPT, DeadLetter, Reason
from tests.journal.small import END, START, Intake, Outcome, admitted, line, recording, without_origin

DAY_NS = 86_400 * 10**9
PRICE = {
    "oracle-prices": "price",
    "depth": "bids",
    "trades": "price",
    "collateral": "amount",
    "fills": "price",
    "order-checks": "price",
}
KINDS: dict[str, Reason | None] = {
    "truncated": Reason.NOT_JSON,
    "wrong-type": Reason.WRONG_TYPE,
    "unknown-field": Reason.UNKNOWN_FIELD,
    "negative": Reason.NOT_POSITIVE,
    "unknown-market": None,
    "day-back": Reason.TIME_ORDER,
    "1e400": Reason.WRONG_TYPE,
    "ten-megabytes": Reason.TOO_LARGE,
    "not-utf8": Reason.NOT_UTF8,
}
"""An unknown market's reason depends on the topic."""


def spoilt(kind: str, topic: str, raw: bytes) -> bytes:
    """A line made bad in one way."""
    message = json.loads(raw)
    if kind == "truncated":
        return raw[: len(raw) // 2]
    if kind == "wrong-type":
        message[PRICE[topic]] = 5
    elif kind == "unknown-field":
        message["colour"] = "red"
    elif kind == "negative":
        message[PRICE[topic]] = [["-5", "1"]] if topic == "depth" else "-5"
    elif kind == "unknown-market":
        message["market" if "market" in message else "asset"] = "DOGE-PERP" if "market" in message else "DOGE"
    elif kind == "day-back":
        message["sent_ns"] -= DAY_NS
        message["time_ns"] -= DAY_NS
    elif kind == "1e400":
        return raw.replace(str(message["number"]).encode(), b"1e400", 1)
    elif kind == "ten-megabytes":
        message["source"] = "x" * 10_000_000
    else:
        return raw.replace(b'"source": "', b'"source": "\xff\xfe', 1)
    return line(message)


def expected(kind: str, topic: str, raw: bytes) -> Reason:
    if kind != "unknown-market":
        return KINDS[kind] or Reason.BAD_VALUE
    if topic in {"oracle-prices", "collateral"}:
        return Reason.UNKNOWN_ASSET
    # An isolated account in another market is seen before it is seen that there is no such market.
    return Reason.ACCOUNT_MARKET if b":BTC-PERP" in raw or b":SUI-PERP" in raw else Reason.UNKNOWN_MARKET


def clean_and_bad() -> tuple[dict[str, list[bytes]], dict[str, list[tuple[bytes, bool]]], Counter[Reason]]:
    """The clean subset; all lines, the clean ones flagged; and how often each reason was put in."""
    clean: dict[str, list[bytes]] = {}
    lines: dict[str, list[tuple[bytes, bool]]] = {}
    reasons: Counter[Reason] = Counter()
    for shift, (topic, raws) in enumerate(recording().items()):
        kind_at = {(place * 2 + shift) % len(raws): kind for place, kind in enumerate(KINDS)}
        lines[topic] = [
            (spoilt(kind_at[place], topic, raw), False) if place in kind_at else (raw, True)
            for place, raw in enumerate(raws)
        ]
        clean[topic] = [raw for raw, is_clean in lines[topic] if is_clean]
        reasons.update(expected(kind, topic, raws[place]) for place, kind in kind_at.items())
    return clean, lines, reasons


def worlds() -> tuple[dict[str, list[bytes]], Outcome, Counter[Reason]]:
    """The spoilt recording, some of its admitted lines told twice or thrice; what the clean subset gives; reasons."""
    clean, lines, reasons = clean_and_bad()
    outcome = admitted(clean)
    # A refused deposit opens nothing: the clean subset has dead letters of its own, whose repeats are no repeats.
    refused = {(letter.topic, letter.raw) for letter in outcome.dead}
    reasons.update(letter.reason for letter in outcome.dead)
    bad: dict[str, list[bytes]] = {}
    for topic, flagged in lines.items():
        bad[topic] = []
        late: list[bytes] = []
        for place, (raw, is_clean) in enumerate(flagged):
            bad[topic] += [raw, *late]
            late = []
            if is_clean and place % 5 == 0 and (topic, raw) not in refused:
                bad[topic].append(raw)
                late = [raw]
                reasons[Reason.DUPLICATE] += 2
        bad[topic] += late
    return bad, outcome, reasons


def write(folder: Path, topics: dict[str, list[bytes]]) -> Path:
    folder.mkdir(exist_ok=True)
    for topic, lines in topics.items():
        data = zstandard.ZstdCompressor().compress(b"\n".join(lines) + b"\n")
        (folder / f"{topic}{SUFFIX}").write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome, Counter[Reason]]:
    bad, outcome, reasons = worlds()
    return write(tmp_path_factory.mktemp("bad"), bad), outcome, reasons


def run(folder: Path, most: int) -> Outcome:
    intake = Intake()
    for piece in RecordingReader([folder], (START, END), most):
        intake.take(piece)
    return intake.outcome()


@pytest.mark.parametrize("most", [20_000, 97, 1])
def test_bad_lines_are_counted_and_change_nothing(
    case: tuple[Path, Outcome, Counter[Reason]], most: int
) -> None:
    folder, clean, reasons = case
    found = run(folder, most)
    assert [without_origin(rows) for rows in found.rows] == [without_origin(rows) for rows in clean.rows]
    assert found.texts == clean.texts
    assert Counter(letter.reason for letter in found.dead) == reasons
    assert min(map(len, found.rows)) > 200


def test_a_dead_letter_is_a_message_of_its_topic(case: tuple[Path, Outcome, Counter[Reason]]) -> None:
    folder, _, _ = case
    letters = run(folder, 20_000).dead
    for letter in letters:
        told = DeadLetter.model_validate_json(letter.line())
        assert base64.b64decode(told.raw) == letter.raw
        assert len(letter.raw) == min(letter.raw_bytes, RAW_BYTES_KEPT)
    sizes = [letter.raw_bytes for letter in letters if letter.reason == Reason.TOO_LARGE]
    assert len(sizes) == 6
    assert min(sizes) > 10_000_000


def test_dead_letters_name_the_line_they_came_from(case: tuple[Path, Outcome, Counter[Reason]]) -> None:
    folder, _, _ = case
    bad, _, _ = worlds()
    for letter in run(folder, 20_000).dead:
        assert bad[letter.topic][letter.offset][:RAW_BYTES_KEPT] == letter.raw


def test_a_stop_anywhere_changes_nothing(case: tuple[Path, Outcome, Counter[Reason]]) -> None:
    folder, _, _ = case
    whole = run(folder, 50)
    first = Intake()
    reader = RecordingReader([folder], (START, END), 50)
    for _ in range(8):
        for piece in reader.read() or []:
            first.take(piece)
    position, numbers = json.loads(json.dumps(reader.snapshot())), first.router.snapshot()
    stages = [stage.snapshot() for stage in first.stages]
    reader.close()
    stopped = first.outcome()
    second = Intake()
    second.router.restore(numbers)
    for pool, stage in enumerate(second.stages):
        stage.restore(stages[pool])
        second.doors[pool].replay(stopped.rows[pool], stopped.texts[pool])
        second.rows[pool], second.texts[pool] = [stopped.rows[pool]], dict(stopped.texts[pool])
    second.dead = list(stopped.dead)
    for piece in RecordingReader([folder], (START, END), 50, position):
        second.take(piece)
    found = second.outcome()
    assert [rows.tolist() for rows in found.rows] == [rows.tolist() for rows in whole.rows]
    assert (found.texts, found.dead) == (whole.texts, whole.dead)
    assert sum(int((rows[:, en.KIND] == en.FILL).sum()) for rows in stopped.rows) > 0
