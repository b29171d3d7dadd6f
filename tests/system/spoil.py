"""A recording with bad lines of every kind in every topic, the same without them, and how many of each there are."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import zstandard

from flows.recording import files
from schemas.dead_letter import Reason
from tests.system.short import TOPICS, Short

DAY_NS: Final = 86_400 * 10**9
ONE_IN: Final = 100
"""Of so many lines one is spoilt."""

LATER_MOST: Final = 300
"""Lines between a line and its repeat, at most."""

BAD_MARKET: Final = dict.fromkeys(TOPICS, Reason.UNKNOWN_MARKET) | {
    "oracle-prices": Reason.UNKNOWN_ASSET,
    "collateral": Reason.UNKNOWN_ASSET,
}
PRICE: Final = dict.fromkeys(TOPICS, "price") | {"depth": "bids", "collateral": "amount"}
ISOLATED: Final = re.compile(rb'"a-[0-9]+:')


def _changed(**values: Any) -> Callable[[str, bytes], bytes]:
    def spoil(_topic: str, raw: bytes) -> bytes:
        return _line(json.loads(raw) | values)

    return spoil


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


def _truncated(_topic: str, raw: bytes) -> bytes:
    return raw[: len(raw) * 2 // 3]


def _wrong_type(topic: str, raw: bytes) -> bytes:
    return _line(json.loads(raw) | {PRICE[topic]: 5})


def _negative(topic: str, raw: bytes) -> bytes:
    return _line(json.loads(raw) | {PRICE[topic]: [["-5", "1"]] if topic == "depth" else "-5"})


def _unknown_market(topic: str, raw: bytes) -> bytes:
    field = "asset" if topic in {"oracle-prices", "collateral"} else "market"
    return _line(json.loads(raw) | {field: "DOGE" if field == "asset" else "DOGE-PERP"})


def _day_back(_topic: str, raw: bytes) -> bytes:
    message = json.loads(raw)
    return _line(message | {key: message[key] - DAY_NS for key in ("sent_ns", "time_ns")})


def _1e400(_topic: str, raw: bytes) -> bytes:
    return re.sub(rb'"number":[0-9]+', b'"number":1e400', raw)


def _not_utf8(_topic: str, raw: bytes) -> bytes:
    return raw.replace(b'"source":"', b'"source":"\xff\xfe', 1)


KINDS: Final[dict[str, tuple[Callable[[str, bytes], bytes], Callable[[str], Reason]]]] = {
    "truncated": (_truncated, lambda _: Reason.NOT_JSON),
    "wrong type": (_wrong_type, lambda _: Reason.WRONG_TYPE),
    "unknown field": (_changed(colour="red"), lambda _: Reason.UNKNOWN_FIELD),
    "negative": (_negative, lambda _: Reason.NOT_POSITIVE),
    "unknown market": (_unknown_market, BAD_MARKET.__getitem__),
    "a day back": (_day_back, lambda _: Reason.TIME_ORDER),
    "1e400": (_1e400, lambda _: Reason.WRONG_TYPE),
    "not UTF-8": (_not_utf8, lambda _: Reason.NOT_UTF8),
    "10 MB": (_changed(source="x" * 10_000_000), lambda _: Reason.TOO_LARGE),
}
"""How a line is spoilt, and what is said of it then. The last kind comes once a topic."""


@dataclass(frozen=True, slots=True)
class Spoilt:
    """The two recordings; ``reasons`` count the lines that the clean one lacks, ``repeats`` those told twice."""

    bad: Short
    clean: Short
    reasons: Counter[str]
    repeats: dict[str, list[bytes]]
    lines: int


def spoil(short: Short, folder: Path, seed: int) -> Spoilt:
    """Spoil one line in `ONE_IN` of each topic, and one of each kind at least; as many more are told twice."""
    dice = random.Random(seed)
    bad, clean = (Short(folder / name / "recording", folder / name / "topics") for name in ("bad", "clean"))
    for each in (bad, clean):
        each.topics.mkdir(parents=True)
        each.folder.mkdir()
        (each.folder / files.MANIFEST).write_bytes((short.folder / files.MANIFEST).read_bytes())
    reasons: Counter[str] = Counter()
    repeats: dict[str, list[bytes]] = {}
    count = 0
    for topic in TOPICS:
        raws = list(files.read_lines(short.file(topic)))
        kinds = _places(topic, raws, dice)
        good = [raw for place, raw in enumerate(raws) if place not in kinds]
        for kind in kinds.values():
            reasons[KINDS[kind][1](topic)] += 1
        spoilt = [
            KINDS[kinds[place]][0](topic, raw) if place in kinds else raw for place, raw in enumerate(raws)
        ]
        repeats[topic] = dice.sample(good, -(-len(raws) // ONE_IN))
        _write(clean.file(topic), good)
        _write(bad.file(topic), _with_repeats(spoilt, repeats[topic], dice))
        count += len(raws)
    return Spoilt(bad, clean, reasons, repeats, count)


def _places(topic: str, raws: list[bytes], dice: random.Random) -> dict[int, str]:
    """Which lines are spoilt, and how. An isolated account in an unknown market would be another reason."""
    once, often = list(KINDS), list(KINDS)[:-1]
    kinds = once + [often[turn % len(often)] for turn in range(len(raws) // ONE_IN - len(once))]
    fit = [place for place, raw in enumerate(raws) if not ISOLATED.search(raw)]
    return dict(zip(dice.sample(fit, len(kinds)), kinds, strict=True))


def _with_repeats(lines: list[bytes], repeats: list[bytes], dice: random.Random) -> list[bytes]:
    """Each repeat stands at once behind its first copy, or some lines later."""
    place_of = {line: place for place, line in enumerate(lines)}
    later = sorted(
        ((place_of[line] + dice.choice((1, dice.randint(1, LATER_MOST))), line) for line in repeats),
        reverse=True,
    )
    out = list(lines)
    for place, line in later:
        out.insert(place, line)
    return out


def _write(path: Path, lines: list[bytes]) -> None:
    path.write_bytes(zstandard.ZstdCompressor(level=1).compress(b"\n".join(lines) + b"\n"))
