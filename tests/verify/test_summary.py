"""The summary: hashes that do not know how batches were cut, and figures that the events bear out."""

from __future__ import annotations

import hashlib
from collections import Counter

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.journal import events as ev
from flows.journal.canonical import Chain, canonical_events, combined
from flows.journal.codec import EntryBatch
from flows.verify import summary as under_test
from flows.verify.summary import AccountNames, RunSummary
from tests.audit.story import story
from tests.verify.by_hand import batches, result, summarized, told, two_pools

SEEDS = (1, 3)
NEEDED = {
    "events_sha256",
    "journal_sha256",
    "journal_entries",
    "events",
    "event_counts",
    "dead_letters",
    "value_conserved",
    "positions_zero_sum",
    "wall_s",
}


@settings(max_examples=15)
@given(st.integers(0, 1), st.lists(st.integers(1, 900), max_size=10))
def test_no_cut_shows(which: int, cuts: list[int]) -> None:
    of = story(SEEDS[which])
    assert result(of, cuts) == result(of)


@pytest.mark.parametrize("seed", SEEDS)
def test_hashes_are_the_canonical_ones(seed: int) -> None:
    of, found = story(seed), result(story(seed))
    chain = Chain()
    chain.add(of.entries, of.texts)
    events = hashlib.sha256(canonical_events(of.events)).digest()
    assert found["journal_sha256"] == combined({of.pool.id: chain.head()})
    assert found["events_sha256"] == combined({of.pool.id: events})
    assert found["pools"][of.pool.id]["journal_sha256"] == chain.head().hex()
    assert found["pools"][of.pool.id]["events_sha256"] == events.hex()


def test_one_event_more_or_less_shows() -> None:
    of = story(3)
    changed = of.events.copy()
    changed[-1, ev.QUANTA] += 1
    summary = RunSummary([of.pool])
    for entries, events in batches(of):
        summary.add(of.pool.id, entries)
        summary.add_events(of.pool.id, type(events)(of.pool.id, 0, len(of.entries), changed))
    assert summary.result("", 0, 1.0, {})["events_sha256"] != result(of)["events_sha256"]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_it_says(seed: int) -> None:
    of, found = story(seed), result(story(seed))
    assert set(found) >= NEEDED
    assert (found["journal_entries"], found["events"]) == (len(of.entries), len(of.events))
    assert list(found["event_counts"]) == list(ev.TYPE_NAMES)
    counts = Counter(of.events[:, ev.TYPE].tolist())
    assert found["event_counts"] == {name: counts[kind] for kind, name in enumerate(ev.TYPE_NAMES)}
    assert found["dead_letters"] == {"duplicate": 1, "late": 2}
    left, right = of.plain.state.conserved()
    assert found["value_conserved"] == {of.pool.id: {"left_quanta": left, "right_quanta": right, "ok": True}}
    assert found["positions_zero_sum"] is True
    assert (found["wall_s"], found["entries_per_s"]) == (2.0, round(len(of.entries) / 2))
    assert orjson.loads(orjson.dumps(found)) == found


def test_value_out_of_nowhere_is_told() -> None:
    of = story(3)
    changed = of.events.copy()
    changed[changed[:, ev.TYPE] == ev.POSITION, ev.BALANCE_QUANTA] += 5
    summary = RunSummary([of.pool])
    for entries, events in batches(of):
        summary.add(of.pool.id, entries)
        summary.add_events(of.pool.id, type(events)(of.pool.id, 0, len(of.entries), changed))
    assert not summary.result("", 0, 1.0, {})["value_conserved"][of.pool.id]["ok"]


@pytest.mark.parametrize("seed", SEEDS)
def test_figures_of_the_pool(seed: int) -> None:
    of = story(seed)
    found = result(of)["pools"][of.pool.id]
    channels = found["liquidated_quanta"]
    assert channels["market_orders"] == sum(each["quanta"] for each in found["liquidations"].values())
    assert channels["liquidators"] == sum(abs(each["quanta"]) for each in told(of, ev.OFFER_FILL))
    assert channels["adl"] == sum(abs(each["quanta"]) for each in told(of, ev.ADL))
    forced = sum(channels.values()) - channels["adl"]
    assert sum(each["liquidated_quanta"] for each in found["markets"].values()) == forced
    assert found["bankruptcies"]["deficit_quanta"] == sum(each["quanta"] for each in told(of, ev.BANKRUPT))
    refused = sum(1 for each in told(of, ev.ORDER_DECISION) if each["code"] != 0)
    assert found["order_checks"]["refused"] == refused
    assert all(each["account"].startswith("trader-") for each in found["worst"])


def test_pools_stand_beside_each_other() -> None:
    summary, stories = two_pools()
    found = summary.result("a-recording", 9, 0.0, {})
    assert found["events"] == sum(len(of.events) for of in stories.values())
    for pool, of in stories.items():
        assert found["pools"][pool]["adl"] == result(of)["pools"][of.pool.id]["adl"]
    assert found["events_sha256"] == combined(
        {pool: bytes.fromhex(each["events_sha256"]) for pool, each in found["pools"].items()}
    )
    assert found["entries_per_s"] == 0


def test_a_gap_or_a_repeat_is_refused() -> None:
    of = story(3)
    (entries, events), (later, _) = batches(of, [300])
    summary = RunSummary([of.pool])
    with pytest.raises(AssertionError, match="no gap"):
        summary.add(of.pool.id, later)
    summary.add(of.pool.id, entries)
    summary.add_events(of.pool.id, events)
    with pytest.raises(AssertionError, match="once"):
        summary.add_events(of.pool.id, events)


# ---- names -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", SEEDS)
def test_accounts_have_the_names_they_were_opened_under(seed: int) -> None:
    of = story(seed)
    summary = summarized(of, range(0, 900, 40))
    for each in told(of, ev.ACCOUNT_OPENED):
        expected = of.texts[each["journal_offset"]] if each["account"] else "vault"
        assert summary.name(of.pool.id, each["account"]) == expected


def test_an_owner_beside_the_name_is_no_part_of_it_and_a_missing_name_is_its_row() -> None:
    of = story(3)
    opens = under_test._opening_places(of.entries)[:2]
    names = AccountNames()
    assert names.of(1) == "account 1"
    names.add(EntryBatch(of.pool.id, 0, of.entries[opens], {0: "alice bob"}))
    assert [names.of(row) for row in range(4)] == ["vault", "alice", "account 2", "account 3"]
