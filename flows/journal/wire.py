"""Input messages, many lines at once: the fast reading of what `schemas` describes, and the same set of messages.

    lines -> one struct each -> names, amounts and order judged in columns -> rows; the rest explained by schemas

Each line is read alone, so that no line can hide in another. What is refused here pydantic refuses too, and says why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from flows.journal.columns import Columns, Messages
from flows.journal.decimals import GOOD, TOO_LARGE, parse_decimals
from flows.journal.messages import (
    Bid,
    Collateral,
    Command,
    Depth,
    Fill,
    Message,
    OraclePrice,
    OrderCheck,
    Trade,
)
from schemas import message as form
from schemas.dead_letter import LARGEST_RECORD_BYTES, Reason
from schemas.explain import Refusal, explain

Ints = NDArray[np.int64]

NUMBER, TIME_NS, SENT_NS = 0, 1, 2
"""Columns of `Read.common`."""

BEYOND: Final = -1
"""An amount above 9,223,372,035: a legal text that no market's bounds reach."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a topic's messages are read: fields by the pattern their text must have, and fields that are amounts."""

    decoder: msgspec.json.Decoder[Any]
    names: tuple[tuple[str, re.Pattern[str]], ...]
    amounts: tuple[str, ...]


def _form(kind: type[Message], names: Mapping[str, str], *amounts: str) -> Form:
    # The schemas anchor with $, which to Python's re also fits before a last line end: fullmatch does not.
    patterns = {"source": form.NAME_PATTERN, **names}
    fields = tuple((field, re.compile(pattern[1:-1])) for field, pattern in patterns.items())
    return Form(msgspec.json.Decoder(kind), fields, amounts)


FORMS: Final = {
    "oracle-prices": _form(OraclePrice, {"asset": form.ASSET_PATTERN}, "price", "confidence"),
    "depth": _form(Depth, {"market": form.MARKET_PATTERN}),
    "trades": _form(Trade, {"market": form.MARKET_PATTERN}, "price", "quantity"),
    "collateral": _form(
        Collateral,
        {
            "pool": form.POOL_PATTERN,
            "account": form.ACCOUNT_PATTERN,
            "asset": form.ASSET_PATTERN,
            "owner": form.OWNER_PATTERN,
            "to": form.ACCOUNT_PATTERN,
        },
        "amount",
    ),
    "fills": _form(
        Fill,
        {
            "market": form.MARKET_PATTERN,
            "buyer": form.ACCOUNT_PATTERN,
            "seller": form.ACCOUNT_PATTERN,
            "liquidation": form.EVENT_PATTERN,
        },
        "price",
        "quantity",
    ),
    "order-checks": _form(
        OrderCheck, {"account": form.ACCOUNT_PATTERN, "market": form.MARKET_PATTERN}, "price", "quantity"
    ),
    "liquidation-bids": _form(
        Bid,
        {"offer": form.EVENT_PATTERN, "market": form.MARKET_PATTERN, "account": form.ACCOUNT_PATTERN},
        "limit_price",
        "quantity",
    ),
    "commands": _form(Command, {"pool": form.POOL_PATTERN, "market": form.MARKET_PATTERN}),
}
"""Topics of a recording, in the order of `flows.journal.entries.TOPICS`."""

CLOCK: Final = "clock"
_FORMS: Final = {**FORMS, CLOCK: _form(Message, {})}
"""Live there are clocks, too."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a run of lines says, a row a line. A refused line has no message, and zeros in its columns."""

    messages: Messages
    refused: dict[int, Refusal]  # by row
    common: Ints  # number, time_ns, sent_ns
    amounts: Ints  # a column an amount of the topic's form, in 1e-9, or `BEYOND`
    sides: Ints  # of depth: how many bids, how many asks
    levels: Ints  # of depth: price and quantity of all rows' bids and asks, in 1e-9, or `BEYOND`
    level_from: Ints  # by row: its first level; one more at the end

    def cut(self, start: int, end: int) -> Read:
        """Rows from ``start`` up to ``end``, of lines."""
        assert not isinstance(self.messages, Columns), "only lines are read in pieces"
        return Read(
            self.messages[start:end],
            {row - start: why for row, why in self.refused.items() if start <= row < end},
            self.common[start:end],
            self.amounts[start:end],
            self.sides[start:end],
            self.levels[self.level_from[start] : self.level_from[end]],
            self.level_from[start : end + 1] - self.level_from[start],
        )


def read(topic: str, lines: Sequence[bytes], lengths: Mapping[int, int] | None = None) -> Read:
    """Read the lines of a topic. ``lengths`` are the true lengths of lines that were cut, by row."""
    form_ = _FORMS[topic]
    refused: dict[int, Refusal] = {}
    messages = _decode(topic, lines, lengths or {}, refused)
    rows = [row for row, message in enumerate(messages) if message is not None]
    good = [messages[row] for row in rows]
    amounts, faults = _amounts(form_, good)
    sides, levels, level_faults = _levels(good) if topic == "depth" else (_none(2), _none(2), _none(0))
    doubtful = dict.fromkeys(chain(_ill_named(form_, good), np.flatnonzero(faults).tolist(), _early(good)))
    if topic == "depth":
        doubtful.update(dict.fromkeys(_ill_ordered(sides, levels, level_faults)))
    elif topic in CONTRADICTS:
        contradicts = CONTRADICTS[topic]
        doubtful.update(dict.fromkeys(place for place, each in enumerate(good) if contradicts(each)))
    out: list[int] = []
    for place in doubtful:
        if (why := explain(topic, lines[rows[place]])) is not None:
            refused[rows[place]] = why
            messages[rows[place]] = None
            out.append(place)
    return _spread(messages, refused, np.array(rows, np.int64), out, (good, amounts, sides, levels))


def _decode(
    topic: str, lines: Sequence[bytes], lengths: Mapping[int, int], refused: dict[int, Refusal]
) -> list[Any]:
    """One message or None a line; why not, by row, into ``refused``."""
    decode = _FORMS[topic].decoder.decode
    messages: list[Any] = []
    why: Refusal | None
    while len(messages) < len(lines):
        rest = lines[len(messages) :] if messages else lines
        try:
            for line in rest:
                if len(line) > LARGEST_RECORD_BYTES:
                    break
                messages.append(decode(line))
            else:
                break
            why = _too_large(lengths.get(len(messages), len(lines[len(messages)])))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            line = lines[len(messages)]
            why = explain(topic, line)
            if why is None:  # a field told twice, and wrongly at first: JSON's last one counts
                messages.append(decode(json.dumps(json.loads(line)).encode()))
                continue
        refused[len(messages)] = why
        messages.append(None)
    return messages


def _too_large(length: int) -> Refusal:
    return Refusal(Reason.TOO_LARGE, "", f"{length} bytes, {LARGEST_RECORD_BYTES} are allowed")


def _none(width: int) -> Ints:
    return np.zeros((0, width), np.int64)


def texts(messages: Messages, field: str) -> list[Any]:
    """One field of all messages."""
    if isinstance(messages, Columns):
        return messages.told(field)
    return list(map(attrgetter(field), messages))


def integers(messages: Messages, field: str) -> Ints:
    """One integer field of all messages."""
    if isinstance(messages, Columns):
        return np.asarray(messages.fields[field]).astype(np.int64)
    return np.fromiter(map(attrgetter(field), messages), np.int64, len(messages))


def _ill_named(form_: Form, good: Sequence[Any]) -> Iterable[int]:
    """Messages with a text that does not fit its pattern. Few texts are many messages': each is tried once."""
    for field, pattern in form_.names:
        found = texts(good, field)
        bad = {name for name in dict.fromkeys(found) if name is not None and not pattern.fullmatch(name)}
        if bad:
            yield from (place for place, name in enumerate(found) if name in bad)


def _amounts(form_: Form, good: Sequence[Any]) -> tuple[Ints, NDArray[np.bool_]]:
    """Amounts in 1e-9, a column a field, and whether any of a message's is refused."""
    width = len(form_.amounts)
    values, faults = parsed([text for field in form_.amounts for text in texts(good, field)])
    shape = (width, len(good))
    return values.reshape(shape).T, np.logical_or.reduce(faults.reshape(shape), axis=0)


def parsed(found: list[str]) -> tuple[Ints, NDArray[np.bool_]]:
    """Decimals in 1e-9, or `BEYOND`, and which are refused."""
    values, codes = parse_decimals(found)
    values[codes == TOO_LARGE] = BEYOND
    return values, (codes != GOOD) & (codes != TOO_LARGE)


def _early(good: Sequence[Any]) -> list[int]:
    ahead = integers(good, "time_ns") - integers(good, "sent_ns")
    return np.flatnonzero(ahead > form.SKEW_NS).tolist()


def _levels(good: Sequence[Depth]) -> tuple[Ints, Ints, Ints]:
    """How many levels a side, all levels, and the levels that are refused."""
    sides = np.array([(len(each.bids), len(each.asks)) for each in good], np.int64).reshape(-1, 2)
    flat = chain.from_iterable(each.bids + each.asks for each in good)
    values, faults = parsed(list(chain.from_iterable(flat)))
    return sides, values.reshape(-1, 2), np.flatnonzero(faults.reshape(-1, 2).any(axis=1))


def _ill_ordered(sides: Ints, levels: Ints, faults: Ints) -> list[int]:
    """Snapshots with a refused level, one beyond int64, or one that is not worse than the level before."""
    message = np.repeat(np.arange(len(sides)), sides.sum(axis=1))
    side = np.repeat(np.arange(2 * len(sides)), sides.ravel())  # bids are even, asks odd
    step = np.diff(levels[:, 0]) * np.where(side[1:] % 2 == 0, -1, 1)
    unordered = np.flatnonzero((side[1:] == side[:-1]) & (step <= 0)) + 1
    beyond = np.flatnonzero((levels == BEYOND).any(axis=1))
    places: list[int] = np.unique(message[np.concatenate([faults, unordered, beyond])]).tolist()
    return places


def _odd_collateral(each: Collateral) -> bool:
    """A movement whose optional fields need a closer look."""
    if each.kind == "transfer":
        return each.to is None or each.owner is not None or _not_own(each.account, each.to)
    return each.to is not None or (each.owner is not None and each.kind != "deposit")


def _not_own(account: str, to: str) -> bool:
    longer, shorter = (account, to) if len(account) > len(to) else (to, account)
    return not longer.startswith(f"{shorter}:") or ":" in shorter


def _stray(account: str, market: str) -> bool:
    """An isolated account away from its market."""
    return ":" in account and not account.endswith(f":{market}")


def _odd_fill(each: Fill) -> bool:
    return _stray(each.buyer, each.market) or _stray(each.seller, each.market)


def _odd_check(each: OrderCheck) -> bool:
    return _stray(each.account, each.market)


def _odd_command(_each: Command) -> bool:
    """Each of them is worth a second look."""
    return True


CONTRADICTS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "collateral": _odd_collateral,
    "fills": _odd_fill,
    "order-checks": _odd_check,
    "commands": _odd_command,
}
"""Messages whose fields may contradict each other: asked with ease here, judged by the schema."""


def _spread(
    messages: list[Any],
    refused: dict[int, Refusal],
    rows: Ints,
    out: list[int],
    columns: tuple[Sequence[Any], Ints, Ints, Ints],
) -> Read:
    """Put the columns of the good messages in the rows of their lines; ``out`` are good ones refused after all."""
    good, amounts, sides, levels = columns
    keep = np.ones(len(rows), np.bool_)
    keep[out] = False
    kept = rows[keep]
    common = np.zeros((len(messages), 3), np.int64)
    for column, field in enumerate(("number", "time_ns", "sent_ns")):
        common[kept, column] = integers(good, field)[keep]
    spread = np.zeros((len(messages), amounts.shape[1]), np.int64)
    spread[kept] = amounts[keep]
    counts = np.zeros((len(messages), 2), np.int64)
    if len(sides):
        counts[kept] = sides[keep]
        levels = levels[np.repeat(keep, sides.sum(axis=1))]
    level_from = np.concatenate([[0], np.cumsum(counts.sum(axis=1))])
    return Read(messages, refused, common, spread, counts, levels, level_from)
