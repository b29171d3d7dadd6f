"""Orders of people: what is signed, by whom, until when, and never twice."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.journal import entries as en
from flows.journal import signing
from flows.journal.admission import Admission, Admitted, in_order
from flows.journal.commands import NONCES_KEPT, CommandDoor, Nonces, Taken
from flows.journal.items import Items
from flows.registry.canonical import canonical_json
from flows.registry.parameters import PoolParameters
from flows.rules.breaker.command import CANCEL, HALT, RELEASE, SKIP
from schemas.dead_letter import Reason
from schemas.explain import Refusal
from schemas.inputs.commands import Command
from tests.journal.script import chosen
from tests.keys import message, private_key, public_key, signature
from tests.worlds import SECOND, START, pool

POOL = pool()
DELAY_NS = POOL.commands.delay_ns
ID = "c0" * 32


def order(command: str = "halt", **fields: Any) -> dict[str, Any]:
    """What is signed, with a nonce of 7 and an hour to live."""
    made = {
        "command": command,
        "venue": "test",
        "pool": "test",
        "nonce": 7,
        "expires_ns": START + 1_800 * SECOND,
        **fields,
    }
    return {name: value for name, value in made.items() if value is not None}


def line(of: dict[str, Any], *names: str, **changes: Any) -> bytes:
    return message(of, *names, time_ns=START, **changes)


def clock(time_ns: int) -> en.Rows:
    rows = en.empty(1)
    rows[0, [en.KIND, en.TIME_NS]] = en.CLOCK, time_ns
    return rows


def door(of: PoolParameters = POOL) -> CommandDoor:
    """A pool whose clock has just struck."""
    made = CommandDoor(of)
    made.pass_time(clock(START))
    return made


def judged(at: CommandDoor, of: dict[str, Any], *names: str, **changes: Any) -> Refusal | Taken:
    return at.judge(line(of, *names, **changes), en.empty(0))


def reason(found: Refusal | Taken) -> tuple[str, str]:
    assert isinstance(found, Refusal), found
    return found.reason.value, found.field


def column(found: Refusal | Taken, place: int) -> int:
    assert isinstance(found, Taken), found
    return found.columns[place]


# --- what is signed ---------------------------------------------------------------------------------------------------
def test_the_signed_bytes_are_sorted_ascii_behind_a_domain() -> None:
    text = signing.signed_bytes({"pool": "test", "command": "halt", "nonce": 7})
    assert text == b'marginline command 1\n{"command":"halt","nonce":7,"pool":"test"}'
    assert (
        signing.command_id({"nonce": 7}) == hashlib.sha256(b'marginline command 1\n{"nonce":7}').hexdigest()
    )


def test_what_belongs_to_the_sending_is_not_signed() -> None:
    command = Command.model_validate_json(line(order(market="BTC-PERP"), "ada"))
    assert signing.order_of(command) == order(market="BTC-PERP")
    assert set(Command.model_fields) - set(signing.order_of(command)) == {
        *signing.UNSIGNED,
        "journal_offset",
        "parameters",
        "cancels",
    }


def test_an_entrys_text_can_be_checked_again_by_anybody() -> None:
    found = judged(door(), order("release"), "bea", "ada")
    assert isinstance(found, Taken)
    values = json.loads(found.text)
    assert signing.canonical(values) == found.text
    assert [each["key"] for each in values["signatures"]] == sorted([public_key("ada"), public_key("bea")])
    assert all(signing.is_signed(values["order"], **each) for each in values["signatures"])
    assert not signing.is_signed(values["order"] | {"nonce": 8}, **values["signatures"][0])


@pytest.mark.parametrize("key", ["00" * 31, "zz" * 32, ""])
def test_what_is_no_key_signs_nothing(key: str) -> None:
    assert not signing.is_signed({}, key, "00" * 64)


# --- columns ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("of", "names", "columns"),
    [
        (order(), ("cyd",), (HALT, -1, -1, -1, 0b100)),
        (order(market="ETH-PERP"), ("ada",), (HALT, 1, -1, -1, 0b001)),
        (order("release", market="BTC-PERP"), ("bea", "ada"), (RELEASE, 0, -1, -1, 0b011)),
        (order("skip", journal_offset=12), ("ada", "cyd"), (SKIP, -1, 12, -1, 0b101)),
        (order("cancel", cancels=ID), ("bea",), (CANCEL, -1, -1, int("c0" * 8, 16) >> 1, 0b010)),
    ],
)
def test_an_entry_says_what_was_ordered_and_who_signed(
    of: dict[str, Any], names: tuple[str, ...], columns: tuple[int, ...]
) -> None:
    found = judged(door(), of, *names)
    at = en.Command
    places = (at.COMMAND, at.MARKET, at.JOURNAL_OFFSET, at.CANCELS, at.SIGNERS)
    assert tuple(column(found, place) for place in places) == columns
    assert column(found, at.ID) == int(signing.command_id(of)[:16], 16) >> 1
    assert (column(found, at.NONCE), column(found, at.EXPIRES_NS)) == (7, of["expires_ns"])


# --- why not ----------------------------------------------------------------------------------------------------------
LATEST = START + POOL.commands.life_ns
REFUSED = [
    (order(venue="other"), ("ada",), "bad_value", "venue", "another_venues"),
    (order(expires_ns=START - 1), ("ada",), "expired", "expires_ns", "its_time_is_over"),
    (order(expires_ns=LATEST + 1), ("ada",), "out_of_range", "expires_ns", "it_would_lie_around_too_long"),
    (order(), ("eve",), "unknown_key", "signatures[0].key", "a_stranger"),
    (order("release"), ("ada", "eve"), "unknown_key", "signatures[1].key", "a_stranger_beside_a_signer"),
    (order("release"), ("ada", "ada"), "unknown_key", "signatures[1].key", "one_person_as_two"),
    (order("release"), ("ada",), "not_enough_signatures", "signatures", "one_of_two"),
    (
        order("skip", journal_offset=1),
        ("ada",),
        "not_enough_signatures",
        "signatures",
        "one_of_two_for_a_skip",
    ),
]


@pytest.mark.parametrize(
    ("of", "names", "reason_", "field", "why"), REFUSED, ids=[row[-1] for row in REFUSED]
)
def test_why_an_order_is_refused(
    of: dict[str, Any], names: tuple[str, ...], reason_: str, field: str, why: str
) -> None:
    assert reason(judged(door(), of, *names)) == (reason_, field)


@pytest.mark.parametrize("expires_ns", [START, LATEST])
def test_the_edges_of_a_life_are_in_time(expires_ns: int) -> None:
    assert isinstance(judged(door(), order(expires_ns=expires_ns), "ada"), Taken)


def test_nobody_orders_before_the_first_clock() -> None:
    assert reason(judged(CommandDoor(POOL), order(), "ada")) == ("out_of_range", "expires_ns")


def test_a_clock_of_the_same_batch_counts() -> None:
    at = door()
    late = clock(START + 3_600 * SECOND)
    assert reason(at.judge(line(order(), "ada"), late)) == ("expired", "expires_ns")


@pytest.mark.parametrize(
    "change", [{"nonce": 8}, {"market": "BTC-PERP"}, {"command": "release"}, {"pool": "other"}]
)
def test_no_field_can_be_changed_behind_a_signature(change: dict[str, Any]) -> None:
    found = judged(door(), order(), "ada", "bea", **change)
    assert reason(found) == ("bad_signature", "signatures[0].signature")
    assert isinstance(found, Refusal)
    assert found.detail == "it is not ada's over this command"


def test_a_signature_is_its_own_keys() -> None:
    of = order()
    forged = signature(of, "ada") | {"key": public_key("bea")}
    assert reason(judged(door(), of, signatures=[forged])) == ("bad_signature", "signatures[0].signature")


def test_a_signature_over_the_bare_text_is_none() -> None:
    of = order()
    bare = private_key("ada").sign(signing.canonical(of).encode()).hex()
    signed = [{"key": public_key("ada"), "signature": bare}]
    assert reason(judged(door(), of, signatures=signed)) == ("bad_signature", "signatures[0].signature")


# --- nonces -----------------------------------------------------------------------------------------------------------
def test_a_nonce_is_used_once_by_each_key() -> None:
    at = door()
    assert isinstance(judged(at, order(), "ada"), Taken)
    assert reason(judged(at, order(), "ada")) == ("nonce_used", "nonce")
    assert reason(judged(at, order("release"), "bea", "ada")) == ("nonce_used", "nonce")
    assert isinstance(judged(at, order("release"), "bea", "cyd"), Taken)
    assert isinstance(judged(at, order(nonce=6), "ada"), Taken)


def test_a_refused_order_uses_no_nonce() -> None:
    at = door()
    judged(at, order("release"), "ada")
    judged(at, order(), "ada", pool="other")
    assert isinstance(judged(at, order(), "ada"), Taken)


@given(st.lists(st.integers(0, 3 * NONCES_KEPT), min_size=1), st.integers(0, 3 * NONCES_KEPT))
def test_no_nonce_is_ever_free_again(used: list[int], asked: int) -> None:
    nonces = Nonces()
    for each in used:
        nonces.note(each)
    assert all(nonces.is_used(each) for each in used)
    assert nonces.is_used(asked) == (asked in used)


def test_the_memory_of_nonces_has_an_end_and_forgets_nothing() -> None:
    nonces = Nonces()
    for each in range(0, 2 * NONCES_KEPT, 2):
        nonces.note(each)
    assert not nonces.is_used(1)
    nonces.note(2 * NONCES_KEPT)
    assert len(nonces.used) == NONCES_KEPT
    assert nonces.is_used(0)
    assert not nonces.is_used(1)
    nonces.note(2 * NONCES_KEPT + 2)
    assert nonces.is_used(1), "older than what is remembered"


# --- parameters -------------------------------------------------------------------------------------------------------
def set_of(of: PoolParameters) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(canonical_json(of))
    return values


def change(of: PoolParameters, nonce: int = 7, **fields: Any) -> dict[str, Any]:
    return order("parameters", parameters=set_of(of), nonce=nonce, **fields)


NEXT = replace(POOL, version=2, call_ppm=1_200_000)
NEW_KEYS = replace(
    NEXT, commands=replace(POOL.commands, names=("dan", "eve"), keys=(public_key("dan"), public_key("eve")))
)


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (replace(POOL, call_ppm=1_200_000), "version: 1 must be 2, the next one."),
        (replace(NEXT, version=3), "version: 3 must be 2, the next one."),
        (replace(NEXT, call_ppm=1_400_000), "pools.test.levels.clear: 135 % is not above call's 140 %;"),
        (
            replace(NEXT, fund_opening_quanta=6_000_000_000),
            "fund_opening_quanta: must stay as it was registered.",
        ),
        (replace(NEXT, markets=NEXT.markets[:1]), "markets: must stay as many."),
        (
            replace(NEXT, markets=(replace(POOL.markets[0], tick_scale=100), POOL.markets[1])),
            "markets.BTC-PERP.tick_scale: must stay as it was registered.",
        ),
        (
            replace(NEXT, markets=(replace(POOL.markets[0], max_position_lots=10_000_001), POOL.markets[1])),
            "markets.BTC-PERP.max_position_lots: 10000001 is above 10000000, as registered (R-A2).",
        ),
        (
            replace(NEXT, assets=(POOL.assets[0], replace(POOL.assets[1], max_units=1))),
            "assets.BTC.max_units: must stay as it was registered.",
        ),
        (replace(NEXT, commands=replace(POOL.commands, venue="other")), "commands.venue: must not change."),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_why_new_parameters_are_refused(of: PoolParameters, said: str) -> None:
    found = judged(door(), change(of), "ada", "bea")
    assert reason(found) == ("bad_parameters", "parameters")
    assert isinstance(found, Refusal)
    assert found.detail.startswith(said)


def test_parameters_that_are_none_are_refused() -> None:
    found = judged(door(), order("parameters", parameters={"version": 2.5}), "ada", "bea")
    assert reason(found) == ("bad_parameters", "parameters")


def test_new_parameters_are_in_force_at_the_first_clock_after_the_delay() -> None:
    at = door()
    assert isinstance(judged(at, change(NEXT), "ada", "bea"), Taken)
    at.pass_time(clock(START + DELAY_NS - SECOND))
    assert at.in_force == POOL
    at.pass_time(clock(START + DELAY_NS))
    assert at.in_force == NEXT


def test_of_two_that_wait_for_one_version_the_first_is_in_force() -> None:
    at = door()
    for nonce, of in enumerate((NEXT, replace(NEXT, call_ppm=1_150_000))):
        assert isinstance(judged(at, change(of, nonce), "ada", "bea"), Taken)
    at.pass_time(clock(START + DELAY_NS))
    assert (at.in_force, at.waiting) == (NEXT, [])


def test_a_cancellation_takes_new_parameters_back() -> None:
    at = door()
    of = change(NEXT)
    judged(at, of, "ada", "bea")
    assert isinstance(judged(at, order("cancel", cancels=signing.command_id(of), nonce=1), "cyd"), Taken)
    at.pass_time(clock(START + DELAY_NS))
    assert at.in_force == POOL


def test_limits_may_be_lowered_and_raised_again() -> None:
    def limited(version: int, lots: int) -> PoolParameters:
        first = replace(POOL.markets[0], max_position_lots=lots, max_open_interest_lots=lots)
        return replace(POOL, version=version, markets=(first, POOL.markets[1]))

    at = door()
    judged(at, change(limited(2, 50)), "ada", "bea")
    at.pass_time(clock(START + DELAY_NS))
    assert isinstance(judged(at, change(limited(3, 10_000_000), 8), "ada", "bea"), Taken)


def test_who_may_sign_changes_with_the_parameters() -> None:
    at = door()
    judged(at, change(NEW_KEYS), "ada", "bea")
    assert reason(judged(at, order(nonce=9), "dan")) == ("unknown_key", "signatures[0].key")
    at.pass_time(clock(START + DELAY_NS))
    assert reason(judged(at, order(nonce=9), "ada")) == ("unknown_key", "signatures[0].key")
    found = judged(at, order("release", nonce=9), "eve", "dan")
    assert column(found, en.Command.SIGNERS) == 0b11


# --- through admission ------------------------------------------------------------------------------------------------
def items(*lines: bytes) -> Items:
    """Commands as they come to a pool, in places 1, 2 ..."""
    rows = en.empty(len(lines))
    rows[:, [en.KIND, en.TIME_NS, en.TOPIC]] = en.COMMAND, START, en.TOPIC_COMMANDS
    rows[:, en.ORIGIN_OFFSET], rows[:, en.NUMBER] = np.arange(len(lines)), np.arange(1, len(lines) + 1)
    empty = [""] * len(lines)
    return Items(rows, np.arange(1, len(lines) + 1), empty, list(empty), {}, chosen(lines))


def admitted(at: Admission, *lines: bytes, time_ns: int = START) -> Admitted:
    none = np.zeros(0, np.int64)
    return at.admit(in_order(clock(time_ns), np.zeros(1, np.int64), en.empty(0), none, items(*lines)))


def test_commands_become_entries_with_their_text_and_the_rest_dead_letters() -> None:
    signed = line(order(), "ada")
    found = admitted(Admission(POOL), line(order(), "eve"), signed, line(order(), "ada"))
    assert found.rows[:, en.KIND].tolist() == [en.CLOCK, en.COMMAND]
    assert found.rows[1, en.Command.SIGNERS] == 1
    assert json.loads(found.texts[1])["order"] == order()
    assert [letter.reason for letter in found.dead] == [Reason.UNKNOWN_KEY, Reason.NONCE_USED]
    assert found.dead[1].raw == signed


def test_what_the_door_remembers_is_in_the_journal() -> None:
    """Nonces, the clock, keys in force and what waits are read back, wherever the journal is cut."""
    first = Admission(POOL)
    cancelled = change(replace(NEXT, call_ppm=1_150_000), 3)
    ordered = [
        line(order(), "ada"),
        line(cancelled, "ada", "cyd", number=2),
        line(order("cancel", cancels=signing.command_id(cancelled), nonce=4), "bea", number=3),
        line(change(NEW_KEYS, 5), "ada", "bea", number=4),
    ]
    found = admitted(first, *ordered)
    assert found.dead == []
    later = admitted(first, time_ns=START + DELAY_NS)
    for cut in range(len(found.rows) + 1):
        again = Admission(POOL)
        texts = {place: text for place, text in found.texts.items() if place < cut}
        again.replay(found.rows[:cut], texts)
        rest = {place - cut: text for place, text in found.texts.items() if place >= cut}
        again.replay(found.rows[cut:], rest)
        again.replay(later.rows, later.texts)
        for one, other in zip(vars(first.commands).values(), vars(again.commands).values(), strict=True):
            assert one == other
    assert first.commands.in_force == NEW_KEYS
