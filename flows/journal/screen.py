"""What can be said of a record before its pool sees it: repeats, its place in time, and the faults of its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from flows.journal import entries as en
from flows.journal.columns import Columns, taken
from flows.journal.compiled import kernel
from flows.journal.dead_letters import DeadLetter, code, dead_letter
from flows.journal.decimals import NANO, scaled
from flows.journal.merge import Part
from flows.journal.numbers import KNOWN, NEW, OUTSIDE, WINDOW, Numbers, judge, note
from flows.journal.tables import NOT_THERE, Measure, Tables
from flows.journal.wire import BEYOND, NUMBER, TIME_NS, Ints, texts
from flows.registry.text import show
from flows.rules.scale.time import SECOND_NS, is_early, is_late
from schemas.dead_letter import Reason
from schemas.explain import Refusal

DUPLICATE: Final = code(Reason.DUPLICATE)
NUMBER_JUMP: Final = code(Reason.NUMBER_JUMP)
TIME_ORDER: Final = code(Reason.TIME_ORDER)
EARLY: Final = code(Reason.EARLY)
LATE: Final = code(Reason.LATE)

LARGEST_WHOLE: Final = 9_223_372_035
"""Amounts above it do not fit int64 in 1e-9: `BEYOND`."""

Bits = NDArray[np.uint64]
Flags = NDArray[np.bool_]


class Faults:
    """What is wrong with the lines of a part, by row: the first fault found, but for what `Screen` finds."""

    def __init__(self, part: Part, tables: Tables) -> None:
        """Lines that could not be read, and those whose producer may not send on this topic."""
        self.part, self.tables = part, tables
        self.codes: Ints = np.zeros(len(part.lines), np.int64)
        self.why: dict[int, Refusal] = {}
        for row, refusal in part.read.refused.items():
            self.put(row, refusal)
        self.readable = np.flatnonzero(self.codes == 0)
        self.good = taken(part.read.messages, self.readable)
        self.producer: Ints = np.full(len(part.lines), NOT_THERE, np.int64)
        self.producer[self.readable] = self.numbers(tables.producers, "source")
        self.window = tables.number_row[part.topic, self.producer]
        self.mark(self.window < 0, Reason.UNKNOWN_PRODUCER, "source", self._unregistered)

    def _unregistered(self, row: int) -> str:
        return f"{self.part.read.messages[row].source} is not registered to send on this topic"

    def told(self, field: str) -> list[Any]:
        """One field of every readable message."""
        return texts(self.good, field)

    def numbers(self, of: dict[str, int], field: str) -> Ints:
        """Numbers of one field's names, `NOT_THERE` for unknown ones."""
        if isinstance(self.good, Columns):
            return self.good.numbers(of, field, NOT_THERE)
        return self.tables.lookup(of, texts(self.good, field))

    def is_text(self, field: str, text: str) -> Ints:
        """1 where a field is this text, else 0."""
        if isinstance(self.good, Columns):
            return self.good.numbers({text: 1}, field, 0)
        return np.array([each == text for each in texts(self.good, field)], np.int64)

    def spread(self, values: Ints, empty: int = NOT_THERE) -> Ints:
        """Values of the readable messages, put in the rows of their lines."""
        column = np.full(len(self.part.lines), empty, np.int64)
        column[self.readable] = values
        return column

    def mark(self, where: Flags, reason: Reason, field: str, detail: Callable[[int], str]) -> None:
        """Note a fault of rows that have none yet."""
        for row in np.flatnonzero(where & (self.codes == 0)).tolist():
            self.put(row, Refusal(reason, field, detail(row)))

    def units(
        self,
        values: Ints,
        measure: Measure,
        of: Ints,
        field: str | Callable[[int], str],
        row: Ints | None = None,
    ) -> Ints:
        """Amounts in 1e-9 as whole units of what each is ``of``; ``row`` tells the lines, where one has several."""
        scale, most = measure.scale[of], measure.most[of]
        result, whole = scaled(values, scale)
        beyond = (values == BEYOND) | (values // NANO > most // scale) | (result > most)
        for place in np.flatnonzero(beyond | ~whole).tolist():
            line = place if row is None else int(row[place])
            if self.codes[line] == 0:
                named = field if isinstance(field, str) else field(place)
                self.put(
                    line, _misfit(int(values[place]), measure, int(of[place]), named, bool(beyond[place]))
                )
        return np.where(beyond | ~whole, 0, result)

    def put(self, row: int, refusal: Refusal) -> None:
        """Note the fault of a row that has none yet."""
        if self.codes[row] == 0:
            self.codes[row], self.why[row] = code(refusal.reason), refusal

    def letter(self, row: int) -> DeadLetter:
        """The dead letter of a row."""
        part = self.part
        offset, length = int(part.offsets[row]), part.lengths.get(row)
        line, number = part.lines[row], part.row(row)
        return dead_letter(part.topic, part.partition, offset, self.why[row], line, length, number)


def _misfit(value: int, measure: Measure, of: int, field: str, beyond: bool) -> Refusal:
    """An amount that is not of its measure."""
    name, scale = measure.names[of], int(measure.scale[of])
    found = show(value, NANO) if value != BEYOND else f"more than {LARGEST_WHOLE}"
    if beyond:
        most = show(int(measure.most[of]), scale)
        return Refusal(Reason.OUT_OF_RANGE, field, f"{found} is above {name}'s {measure.bound} {most}")
    detail = f"{found} is not a multiple of {name}'s {measure.unit} {show(1, scale)}"
    return Refusal(Reason.TOO_PRECISE, field, detail)


class Screen:
    """What the source remembers of its producers: their last numbers on each topic."""

    def __init__(self, tables: Tables, start_ns: int) -> None:
        """``start_ns`` of the recording: the time before the first clock."""
        self.numbers = Numbers(tables.number_rows)
        self.tables = tables
        self.start_ns = start_ns

    def note(self, rows: Ints) -> None:
        """Make known the numbers of entries that were admitted before."""
        sent = rows[rows[:, en.SOURCE] >= 0]
        window = self.tables.number_row[sent[:, en.TOPIC], sent[:, en.SOURCE]]
        number = np.ascontiguousarray(sent[:, en.NUMBER])
        note_all(window[window >= 0], number[window >= 0], self.numbers.highest, self.numbers.bits)

    def judge(self, faults: Faults, late_ns: int, *, refuse_known: bool) -> None:
        """Find repeats, jumps, and what lies wrong in time; these come before all other faults of a line."""
        part, former = faults.part, faults.codes.copy()
        common = part.read.common
        screen(
            np.ascontiguousarray(common[:, NUMBER]),
            np.ascontiguousarray(common[:, TIME_NS]),
            part.sent_ns,
            part.in_order,
            faults.window,
            faults.codes,
            self.start_ns,
            late_ns,
            refuse_known,
            self.numbers.highest,
            self.numbers.bits,
        )
        for row in np.flatnonzero(faults.codes != former).tolist():
            message, sent_ns = part.read.messages[row], int(part.sent_ns[row])
            faults.why[row] = _told(int(faults.codes[row]), message, sent_ns, late_ns)


def _told(fault: int, message: Any, sent_ns: int, late_ns: int) -> Refusal:
    """A fault that `screen` found, for a person."""
    source, number, time_ns = message.source, message.number, message.time_ns
    if fault == DUPLICATE:
        return repeated(source, number)
    if fault == NUMBER_JUMP:
        return jumped(source, number)
    if fault == TIME_ORDER:
        detail = f"sent at {message.sent_ns}, before its predecessor ({sent_ns}) or outside the recording"
        return Refusal(Reason.TIME_ORDER, "sent_ns", detail)
    if fault == EARLY:
        return Refusal(Reason.EARLY, "time_ns", f"{time_ns} is more than 2 s ahead of the clock")
    behind = f"{time_ns} is more than {show(late_ns, 60 * SECOND_NS)} min behind the clock"
    return Refusal(Reason.LATE, "time_ns", behind)


def repeated(source: str, number: int) -> Refusal:
    """A number that is known."""
    return Refusal(Reason.DUPLICATE, "number", f"number {number} of {source} was seen before")


def jumped(source: str, number: int) -> Refusal:
    """A number outside its window."""
    detail = f"number {number} of {source} is {WINDOW} or more away from its last one"
    return Refusal(Reason.NUMBER_JUMP, "number", detail)


@kernel
def screen(
    number: Ints,
    time_ns: Ints,
    sent_ns: Ints,
    in_order: NDArray[np.bool_],
    number_row: Ints,
    faults: Ints,
    start_ns: int,
    late_ns: int,
    refuse_known: bool,
    highest: Ints,
    bits: Bits,
) -> None:
    """Judge the lines of one topic in their order; ``faults`` holds what else is wrong, and takes the verdict.

    A row of the window below 0 is a line that could not be read or whose producer is unknown. A number counts as known
    once its line is found in order. ``refuse_known`` is off for account topics: their pool knows what it admitted, so
    here a repeat goes on to it, and only jumps are seen.
    """
    for row in range(len(number)):
        window = number_row[row]
        if window < 0:
            continue
        verdict = judge(highest, bits, window, number[row])
        # The latest clock lies at the last whole second before it was sent; before the first one, at the start.
        clock_ns = max((sent_ns[row] - 1) // SECOND_NS * SECOND_NS, start_ns)
        if verdict == KNOWN and refuse_known:
            faults[row] = DUPLICATE
        elif verdict == OUTSIDE:
            faults[row] = NUMBER_JUMP
        elif not in_order[row]:
            faults[row] = TIME_ORDER
        elif is_early(time_ns[row], clock_ns):
            faults[row] = EARLY
        elif is_late(time_ns[row], clock_ns, late_ns):
            faults[row] = LATE
        if verdict == NEW and faults[row] == 0:
            note(highest, bits, window, number[row])


@kernel
def note_all(number_row: Ints, number: Ints, highest: Ints, bits: Bits) -> None:
    """Note the numbers of admitted records in their order."""
    for place in range(len(number)):
        note(highest, bits, number_row[place], number[place])


@kernel
def rising(number_row: Ints, number: Ints, highest: Ints) -> NDArray[np.bool_]:
    """Which records' numbers lie above all that their producers sent before: new, whatever was admitted of it."""
    top = highest.copy()
    result = np.zeros(len(number), np.bool_)
    for place in range(len(number)):
        if number[place] > top[number_row[place]]:
            top[number_row[place]] = number[place]
            result[place] = True
    return result
