"""Whose batches count, as scripts of a lane: one word a record, one letter a verdict.

a1!          a claims term 1, at the length it knows; a1!7 at entry 7
a1:0+3       a's batch in term 1: 3 entries from entry 0 on
a1:0+3@0-5   the same, and it settles the offsets 0 to 4 of fills/1

y  counts    n  does not    G  a gap: the pool stops
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.journal import entries as en
from flows.journal.codec import About, EntryBatch, Settled, about_of, encode_entries, end_of_events
from flows.journal.terms import JournalGapError, Standing, Verdict, judge
from tests.tables import table

WORD = re.compile(r"([a-z])(\d):?(?:(!)(\d*)|(\d+)\+(\d+)(?:@(\d+)-(\d+))?)")


def record(word: str) -> About:
    """What a word says of itself."""
    found = WORD.fullmatch(word)
    assert found, word
    writer, term, claim, at, first, count, start, end = found.groups()
    if claim:
        return About("test", int(at or 0), 0, int(term), writer, (), claim=True)
    settled = (Settled(en.TOPIC_FILLS, 1, int(start), int(end)),) if start else ()
    return About("test", int(first), int(count), int(term), writer, settled, claim=False)


def read(script: str, standing: Standing) -> str:
    """The verdicts on a script's records, which follow each other on the lane."""
    verdicts = ""
    for word in script.split(","):
        try:
            verdicts += "y" if standing.take(record(word), standing.record) else "n"
        except JournalGapError:
            return verdicts + "G"
    return verdicts


@pytest.mark.parametrize(
    ("script", "verdicts", "why"),
    table("""
        a1!,a1:0+3,a1:3+2,a1:5+0                 nyyy     one_writer
        a1:0+3                                   n        nobody_has_claimed
        a1!,b1!,a1:0+3,b1:0+9,a1:3+1             nnyny    the_first_claim_of_a_term_wins
        a1!,a1:0+3,b2!3,a1:3+1,b2:3+2            nynny    an_older_term_writes_in_vain
        a1!,a1:0+3,b2!0,b2:3+2                   nyny     a_claim_may_lag_behind_what_came_before_it
        a1!,b1:0+3,a1:0+1                        nny      another_writer_of_the_same_term
        a1!,b3!,c2!,c2:0+1,b3:0+1                nnnny    a_claim_below_the_term_is_void
        a1!,b2!,a2!,a2:0+1,b2:0+1                nnnny    the_claim_of_a_term_that_is_taken
        a1!,a1:0+3,a1:4+1                        nyG      an_entry_is_missing
        a1!,a1:0+3,a1:2+1                        nyG      an_entry_is_told_twice
        a1!,a1:1+1                               nG       the_first_entry_is_missing
        a1!,a1:0+1@0-5,a1:1+1@5-5,a1:2+1@5-9     nyyy     offsets_follow_each_other
        a1!,a1:0+1@7-9,a1:1+1@9-10               nyy      the_first_offset_may_be_any
        a1!,a1:0+1@0-5,a1:1+1@6-7                nyG      an_offset_is_left_out
        a1!,a1:0+1@0-5,a1:1+1@4-7                nyG      an_offset_is_settled_twice
        a1!,a1:0+1@0-5,b2!1,a1:1+1@5-9,b2:1+1@5-7  nynny  what_an_older_term_settled_is_open
    """),
)
def test_whose_batches_count(script: str, verdicts: str, why: str) -> None:
    standing = Standing()
    assert read(script, standing) == verdicts
    assert standing.record == len(verdicts), "the next record is the one behind"


@pytest.mark.parametrize(
    ("script", "verdicts", "length", "why"),
    table("""
        a4:70+3,a4:73+1              yy      74   in_the_midst_of_a_term
        a4!70,a4:70+3,a4:73+1        nyy     74   at_a_claim
        a4!70                        n       70   a_claim_alone_tells_the_length
        b5!70,a5:72+1,a5:73+1,b5:73+1  nyyn  74   a_claim_that_lost_to_one_that_is_cut_off
        b5!70,b5:72+1,b5:73+1        nyy     74   entries_came_between_its_reading_and_its_claim
        b5!70,a4:72+1,b5:72+1        nny     73   an_older_term_behind_it
        a4!70,b5!70,a4:70+1,b5:71+1  nnny    72   two_claims
        a4:70+3,a4:74+1              yG      73   a_gap_is_one_from_then_on
    """),
)
def test_a_lane_that_retention_has_cut(script: str, verdicts: str, length: str, why: str) -> None:
    standing = Standing(is_late=True)
    assert read(script, standing) == verdicts
    assert standing.length == int(length)


def test_a_late_reader_stops_at_a_term_whose_claim_it_has_not_seen() -> None:
    standing = Standing(is_late=True)
    assert read("a4:70+1,b5:70+1", standing) == "yG", "the first batch was a revived writer's"


def test_what_is_missing_is_said_in_one_line() -> None:
    standing = Standing()
    assert read("a1!,a1:0+1@3-5", standing) == "ny"
    with pytest.raises(JournalGapError) as caught:
        standing.take(record("a1:4+1"), 9)
    assert str(caught.value) == "pool test: record 9 of the journal begins at entry 4, but the journal has 1"
    with pytest.raises(JournalGapError) as caught:
        standing.take(record("a1:1+1@6-7"), 9)
    assert str(caught.value) == "pool test: record 9 settles 4/1 from 6, but it was settled up to 5"


@given(
    st.lists(
        st.sampled_from(
            ["a1!", "b1!", "b2!", "c3!", "a1:0+1@0-2", "a1:1+2@2-4", "b2:0+1@0-2", "b2:1+1@2-3", "c3:1+9"]
        ),
        max_size=9,
    )
)
def test_a_standing_that_was_put_away_judges_as_if_it_had_not_been(script: list[str]) -> None:
    one, other = Standing(), Standing()
    for word in script:
        told = [read(word, each) for each in (one, other)]
        assert told[0] == told[1]
        if told[0] == "G":
            return
        other = Standing.restore(other.state())
        assert other == one


def test_how_far_inputs_are_settled() -> None:
    standing = Standing()
    read("a1!,a1:0+1@0-5", standing)
    fills, bids = (en.TOPIC_FILLS, 1), (en.TOPIC_BIDS, 1)
    assert standing.reaches({})
    assert standing.reaches({fills: 5})
    assert standing.reaches({fills: 4, bids: 0})
    assert not standing.reaches({fills: 6})
    assert not standing.reaches({fills: 5, bids: 1})


@pytest.mark.parametrize("data", [b"", b"{}", b"ARROW1\0\0", b"\xff" * 4 + b"\x10\0\0\0", b"\0" * 64])
def test_what_is_no_batch_never_counts(data: bytes) -> None:
    standing = Standing()
    assert not standing.take(about_of(data), 0), "not even before the first claim"
    read("a1!,a1:0+3", standing)
    assert not standing.take(about_of(data), 3)
    assert (standing.record, standing.length) == (4, 3)
    assert end_of_events(data) == 0


# ---- records as bytes ------------------------------------------------------------------------------------------------
def batch(pool: str, first: int, count: int, term: int = 1, *, claim: bool = False) -> bytes:
    return encode_entries(EntryBatch(pool, first, en.empty(count), {}, term, "a", claim=claim))


@pytest.mark.parametrize(
    ("value", "verdict", "why"),
    [
        (batch("test", 3, 2), Verdict.COUNTS, "the writer's next"),
        (batch("test", 3, 2, term=0), Verdict.DROPPED, "an older term"),
        (batch("test", 9, 0, term=2, claim=True), Verdict.CLAIM, "the next term"),
        (batch("test", 0, 0, term=1, claim=True), Verdict.CLAIM, "one that is taken"),
        (b"", Verdict.FOREIGN, "nothing"),
        (b"ARROW1\x00\x00", Verdict.FOREIGN, "no batch"),
        (batch("other", 3, 2), Verdict.FOREIGN, "another pool's, on this lane"),
        (batch("other", 9, 0, term=7, claim=True), Verdict.FOREIGN, "a claim for another pool"),
    ],
)
def test_what_a_record_is(value: bytes, verdict: Verdict, why: str) -> None:
    standing = Standing()
    read("a1!,a1:0+3", standing)
    term = standing.term
    assert judge(standing, "test", 40, value) is verdict, why
    assert standing.record == 41, "it is behind, whatever it is"
    assert standing.length == (5 if verdict is Verdict.COUNTS else 3)
    if verdict is Verdict.FOREIGN:
        assert standing.term == term, "nobody's term"


def test_a_stranger_between_two_batches_is_no_gap() -> None:
    standing = Standing()
    read("a1!,a1:0+3", standing)
    told = [
        judge(standing, "test", 2 + place, value)
        for place, value in enumerate([b"x", batch("test", 3, 1), b"", batch("test", 4, 1)])
    ]
    assert told == [Verdict.FOREIGN, Verdict.COUNTS, Verdict.FOREIGN, Verdict.COUNTS]
    with pytest.raises(JournalGapError):
        judge(standing, "test", 9, batch("test", 7, 1))
