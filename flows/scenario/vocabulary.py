"""How a sentence is defined and recognised. The vocabulary is closed: what no pattern matches is an error.

A pattern is the sentence itself: ``{account} has deposited {amount}[ {asset}]``. Braces hold a word of a kind, named by
the kind or as ``{name:kind}``; square brackets what may be left out; round ones a choice.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from flows.scenario.errors import ScenarioError

AMOUNT: Final = r"-?[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?"
RATE: Final = rf"{AMOUNT} (?:%|ppm|ppb)"
DURATION: Final = r"[0-9]+ (?:seconds?|minutes?|hours?)"
TIME: Final = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
FACT: Final = (
    r"(?:equity without haircut|initial equity|withdrawable equity|equity|maintenance margin|initial margin"
    r"|notional|balance|health)"
)

KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "account": (
        r"(?:the vault|the market|[a-z][a-z0-9-]*(?:/[A-Z][A-Z0-9-]*)?)",
        "alice; alice/BTC-PERP is her isolated position; the vault; the market",
    ),
    "amount": (AMOUNT, "1,000 or 0.073"),
    "asset": (r"[A-Z][A-Z0-9]*", "USDC"),
    "code": (r"[A-Z][A-Z_]*", "OVERSIZED"),
    "count": (r"[0-9]+(?:,[0-9]{3})*", "1,000"),
    "duration": (DURATION, "10 seconds, 5 minutes or 1 hour"),
    "event": (r"[a-z]+(?:-[a-z]+)*", "margin-call"),
    "facts": (rf"{FACT} {AMOUNT}(?:(?:, | and ){FACT} {AMOUNT})*", "equity 500, maintenance margin 575"),
    "level": (r"(?:ok|call|soft|partial|backstop|bankrupt)", "ok, call, soft, partial, backstop or bankrupt"),
    "market": (r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+", "BTC-PERP"),
    "pool": (r"[a-z][a-z0-9-]*", "majors"),
    "rate": (RATE, "0.5 %, 5,000 ppm or 12,345 ppb"),
    "reduce": (r"reduce-only", "reduce-only"),
    "settings": (r".+", "clauses of the list below, parted by commas"),
    "side": (r"(?:buy|sell)", "buy or sell"),
    "status": (r"(?:ok|degraded|halted)", "ok, degraded or halted"),
    "time": (TIME, "12:05:00 or 12:05:00.000000001"),
    "traded": (r"(?:bought|sold)", "bought or sold"),
    "trend": (r"(?:risen|fallen)", "risen or fallen"),
}
"""Kinds of words: what they look like, and an example."""

AT: Final = re.compile(rf"at ({TIME}),? (.+)")
"""Any action may begin so: time passes up to that moment, whose own clock comes after it."""

ACTION: Final = "action"
EXPECTATION: Final = "expectation"

Arguments = dict[str, str | None]


@dataclass(frozen=True)
class Table:
    """The table under a step: its columns, and its rows by column."""

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]


@dataclass(frozen=True)
class Sentence:
    """A pattern, what it does, and the columns its table may have."""

    pattern: str
    kind: str
    example: str
    says: str
    act: Callable[..., None]
    columns: Mapping[str, str] = field(default_factory=dict)  # column -> what it holds
    regex: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "regex", re.compile(regex_of(self.pattern)))


@dataclass(frozen=True)
class Bound:
    """A step of a file with its sentence found: ready to be done."""

    text: str
    sentence: Sentence
    arguments: Arguments
    at: str | None
    table: Table | None


class Chapter:
    """Sentences about one subject, in the order in which the reference lists them."""

    def __init__(self, title: str, about: str) -> None:
        self.title, self.about = title, about
        self.sentences: list[Sentence] = []

    def action(
        self, pattern: str, example: str, columns: Mapping[str, str] | None = None
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """What happens: under Given and When."""
        return self._add(ACTION, pattern, example, columns or {})

    def expectation(
        self, pattern: str, example: str, columns: Mapping[str, str] | None = None
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """What must be so: under Then."""
        return self._add(EXPECTATION, pattern, example, columns or {})

    def _add(
        self, kind: str, pattern: str, example: str, columns: Mapping[str, str]
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        def added(act: Callable[..., None]) -> Callable[..., None]:
            says = " ".join((act.__doc__ or "").split())
            self.sentences.append(Sentence(pattern, kind, example, says, act, columns))
            return act

        return added


def regex_of(pattern: str) -> str:
    """A pattern as a regular expression with a group for each word in braces."""
    pieces: list[str] = []
    for piece in re.split(r"(\{[a-z_]+(?::[a-z]+)?\}|[\[\]()|])", pattern):
        if piece in ("[", "("):
            pieces.append("(?:")
        elif piece == "]":
            pieces.append(")?")
        elif piece in (")", "|"):
            pieces.append(piece)
        elif piece.startswith("{"):
            name, _, kind = piece[1:-1].partition(":")
            pieces.append(f"(?P<{name}>{KINDS[kind or name][0]})")
        else:
            pieces.append(re.escape(piece))
    return "".join(pieces)


def bind(chapters: Sequence[Chapter], text: str, kind: str, table: Table | None) -> Bound:
    """Find the sentence that a step is; ScenarioError names the nearest ones if there is none."""
    moment, bare = None, text
    if kind == ACTION and (prefixed := AT.fullmatch(text)) is not None:
        moment, bare = prefixed[1], prefixed[2]
    found = [
        (sentence, match)
        for chapter in chapters
        for sentence in chapter.sentences
        if (match := sentence.regex.fullmatch(bare)) is not None
    ]
    if not found:
        raise ScenarioError(f"no sentence is {text!r}; the nearest: {nearest(chapters, bare, kind)}.")
    right = [(sentence, match) for sentence, match in found if sentence.kind == kind]
    if not right:
        where = "under Then" if kind == ACTION else "under Given or When"
        raise ScenarioError(f"{text!r} is an {found[0][0].kind}: it belongs {where}.")
    assert len(right) == 1, f"two sentences say {bare!r}: the vocabulary is ambiguous"
    sentence, match = right[0]
    check_table(sentence, table)
    return Bound(text, sentence, match.groupdict(), moment, table)


def check_table(sentence: Sentence, table: Table | None) -> None:
    """A step has a table iff its sentence does, and only columns that the sentence knows."""
    if table is None:
        if sentence.columns:
            raise ScenarioError(f"a table is missing, with columns of: {', '.join(sentence.columns)}.")
        return
    if not sentence.columns:
        raise ScenarioError("this sentence takes no table.")
    for column in table.columns:
        if column not in sentence.columns:
            raise ScenarioError(f"no column is called {column!r}; there are: {', '.join(sentence.columns)}.")


def nearest(chapters: Sequence[Chapter], text: str, kind: str) -> str:
    """The three sentences that look most like a text."""
    known = {
        shape(sentence.example): sentence.pattern
        for chapter in chapters
        for sentence in chapter.sentences
        if sentence.kind == kind
    }
    close = difflib.get_close_matches(shape(text), list(known), n=3, cutoff=0.0)
    return "; ".join(known[each] for each in close)


def shape(text: str) -> str:
    """A sentence without its markets and figures, so that the words decide what it resembles."""
    return re.sub(r"[A-Z][A-Z0-9_-]*|[0-9][0-9,.:]*", "#", text)


def unknown(what: str, name: str, known: Sequence[str]) -> ScenarioError:
    """The error for a name that means nothing here."""
    return ScenarioError(f"no {what} is called {name!r}; there are: {', '.join(known) or 'none'}.")
