"""Every kind of bad field is refused on every input topic, with its reason and its name; nothing ever raises."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.catalogue import BY_NAME
from schemas.dead_letter import LARGEST_RECORD_BYTES, Reason
from schemas.explain import Refusal, explain
from tests.schemas.messages import INPUTS, example, raw

TIME = 1_743_985_800_000_000_000


def found(topic: str, message: bytes) -> tuple[str, str] | None:
    refusal = explain(topic, message)
    return None if refusal is None else (refusal.reason.value, refusal.field)


@pytest.mark.parametrize("topic", INPUTS)
def test_a_good_message_has_nothing_against_it(topic: str) -> None:
    assert explain(topic, raw(topic)) is None


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        pytest.param(b"", "not_json", id="empty"),
        pytest.param(b'{"source":"engine","num', "not_json", id="truncated"),
        pytest.param(b"{'source':1}", "not_json", id="single_quotes"),
        pytest.param(b'{"price":NaN}', "not_json", id="nan_is_no_json"),
        pytest.param(b'{"price":-Infinity}', "not_json", id="infinity_is_no_json"),
        pytest.param(b'{"a":"\\ud800"}', "not_json", id="half_a_surrogate_pair"),
        pytest.param(b"\xef\xbb\xbf{}", "not_json", id="byte_order_mark"),
        pytest.param(b"[" * 200_000, "not_json", id="nested_too_deeply"),
        pytest.param(b'{"source":"\xff"}', "not_utf8", id="not_utf8"),
        pytest.param(b"[]", "not_object", id="array"),
        pytest.param(b"null", "not_object", id="null"),
        pytest.param(b'"text"', "not_object", id="text"),
        pytest.param(b"9" * 9_000, "not_object", id="a_number_of_thousands_of_digits"),
        pytest.param(b"{" * LARGEST_RECORD_BYTES, "not_json", id="largest_that_is_read"),
        pytest.param(b"{" * (LARGEST_RECORD_BYTES + 1), "too_large", id="one_byte_too_large"),
    ],
)
def test_what_is_no_message_at_all(message: bytes, reason: str) -> None:
    assert found("fills", message) == (reason, "")


@pytest.mark.parametrize("topic", INPUTS)
def test_every_required_field_is_missed_by_name(topic: str) -> None:
    for name, field in BY_NAME[topic].model.model_fields.items():
        if field.is_required():
            assert found(topic, raw(topic, **{name: None})) == ("missing_field", name)


@pytest.mark.parametrize("topic", INPUTS)
def test_an_unknown_field_is_refused_by_name(topic: str) -> None:
    assert found(topic, raw(topic, colour="red")) == ("unknown_field", "colour")


@pytest.mark.parametrize("topic", INPUTS)
def test_no_field_takes_another_type(topic: str) -> None:
    """Nothing is converted: no "1" for 1, no 1.0, no true, no number for text, no null, no array."""
    for name in example(topic):
        kind = type(example(topic)[name])
        for other in (1.5, 7, True, "7", [], {}, float("1e300")):
            if type(other) is kind or (kind in {list, tuple} and other == []):
                continue
            message = json.dumps(example(topic) | {name: other}).encode()
            assert found(topic, message) == ("wrong_type", name), f"{name}={other!r}"
        if BY_NAME[topic].model.model_fields[name].is_required():
            message = json.dumps(example(topic) | {name: None}).encode()
            assert found(topic, message) == ("wrong_type", name)


@pytest.mark.parametrize("topic", INPUTS)
@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"number": -1}, "out_of_range", "number"),
        ({"number": 2**53}, "out_of_range", "number"),
        ({"number": 10**400}, "out_of_range", "number"),
        ({"time_ns": 1_420_070_399_999_999_999}, "out_of_range", "time_ns"),
        ({"time_ns": 4_102_444_800_000_000_000}, "out_of_range", "time_ns"),
        ({"sent_ns": 1_743_985_800}, "out_of_range", "sent_ns"),
        ({"time_ns": TIME + 2_000_000_001, "sent_ns": TIME}, "early", "time_ns"),
        ({"source": ""}, "bad_value", "source"),
        ({"source": "Engine"}, "bad_value", "source"),
        ({"source": "a" * 33}, "bad_value", "source"),
        ({"source": "engine\n"}, "bad_value", "source"),
        ({"source": "\u0663"}, "bad_value", "source"),
    ],
    ids=lambda value: (
        "-".join(f"{name}={str(each)[:12]}" for name, each in value.items())
        if isinstance(value, dict)
        else ""
    ),
)
def test_the_four_common_fields(topic: str, change: dict, reason: str, field: str) -> None:
    assert found(topic, raw(topic, **change)) == (reason, field)


@pytest.mark.parametrize("topic", INPUTS)
@pytest.mark.parametrize(
    "change",
    [
        {"number": 0},
        {"number": 2**53 - 1},
        {"time_ns": 1_420_070_400_000_000_000},
        {"sent_ns": 4_102_444_799_999_999_999},
        {"time_ns": TIME + 2_000_000_000, "sent_ns": TIME},
        {"source": "a" * 32},
        {"source": "0_.-"},
    ],
    ids=str,
)
def test_the_last_values_that_are_taken(topic: str, change: dict) -> None:
    assert explain(topic, raw(topic, **change)) is None


AMOUNTS = [
    ("trades", "price"),
    ("trades", "quantity"),
    ("fills", "price"),
    ("fills", "quantity"),
    ("oracle-prices", "price"),
    ("oracle-prices", "confidence"),
    ("collateral", "amount"),
    ("order-checks", "price"),
    ("order-checks", "quantity"),
    ("liquidation-bids", "quantity"),
    ("liquidation-bids", "limit_price"),
]


@pytest.mark.parametrize(("topic", "field"), AMOUNTS)
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0", "not_positive"),
        ("0.000000000", "not_positive"),
        ("-0.1", "not_positive"),
        ("-60000", "not_positive"),
        ("0.0000000001", "too_precise"),
        ("1.0000000000", "too_precise"),
        ("1000000000000", "out_of_range"),
        ("1e5", "bad_value"),
        ("NaN", "bad_value"),
        ("Infinity", "bad_value"),
        ("-Infinity", "bad_value"),
        ("", "bad_value"),
        (".5", "bad_value"),
        ("5.", "bad_value"),
        ("+5", "bad_value"),
        ("1,000", "bad_value"),
        (" 5", "bad_value"),
        ("5\n", "bad_value"),
        ("0x10", "bad_value"),
        ("\u0665", "bad_value"),
        ("1_000", "bad_value"),
    ],
)
def test_no_amount_but_a_plain_positive_decimal(topic: str, field: str, text: str, reason: str) -> None:
    assert found(topic, raw(topic, **{field: text})) == (reason, field)


@pytest.mark.parametrize(("topic", "field"), AMOUNTS)
@pytest.mark.parametrize("text", ["0.000000001", "999999999999.999999999", "000000000001", "1.100000000"])
def test_amounts_at_their_bounds_are_taken(topic: str, field: str, text: str) -> None:
    assert explain(topic, raw(topic, **{field: text})) is None


CASES = [
    ("fills", {"market": "BTC"}, "bad_value", "market"),
    ("fills", {"market": "btc-PERP"}, "bad_value", "market"),
    ("fills", {"market": "A" * 13 + "-PERP"}, "bad_value", "market"),
    ("fills", {"taker": "buy"}, "bad_value", "taker"),
    ("fills", {"buyer": "Alice"}, "bad_value", "buyer"),
    ("fills", {"buyer": "a" * 41}, "bad_value", "buyer"),
    ("fills", {"buyer": "alice:"}, "bad_value", "buyer"),
    ("fills", {"buyer": "alice:ETH-PERP"}, "account_market", "buyer"),
    ("fills", {"seller": "bob:ETH-PERP"}, "account_market", "seller"),
    ("fills", {"liquidation": "majors:1"}, "bad_value", "liquidation"),
    ("trades", {"taker": "buyer"}, "bad_value", "taker"),
    ("oracle-prices", {"asset": "btc"}, "bad_value", "asset"),
    ("order-checks", {"side": "long"}, "bad_value", "side"),
    ("order-checks", {"account": "alice:ETH-PERP"}, "account_market", "account"),
    ("liquidation-bids", {"offer": "88412"}, "bad_value", "offer"),
    ("liquidation-bids", {"minimum_bonus_ppm": 1_000_001}, "out_of_range", "minimum_bonus_ppm"),
    ("liquidation-bids", {"minimum_bonus_ppm": -1}, "out_of_range", "minimum_bonus_ppm"),
    ("collateral", {"pool": "Majors"}, "bad_value", "pool"),
    ("collateral", {"kind": "gift"}, "bad_value", "kind"),
    ("collateral", {"to": "bob"}, "bad_value", "to"),
    ("collateral", {"kind": "withdrawal"}, "bad_value", "owner"),
    ("collateral", {"kind": "withdrawal", "owner": None, "to": "bob"}, "bad_value", "to"),
    ("collateral", {"kind": "transfer", "owner": None}, "missing_field", "to"),
    ("collateral", {"kind": "transfer", "owner": None, "to": "alice"}, "bad_value", "to"),
    ("collateral", {"kind": "transfer", "owner": None, "to": "bob"}, "bad_value", "to"),
    ("collateral", {"kind": "transfer", "owner": None, "to": "bob:BTC-PERP"}, "bad_value", "to"),
    ("commands", {"command": "stop"}, "bad_value", "command"),
    ("commands", {"command": "skip", "market": None}, "missing_field", "journal_offset"),
    ("commands", {"command": "skip", "journal_offset": 1}, "bad_value", "market"),
    ("commands", {"command": "parameters", "market": None}, "missing_field", "parameters"),
    ("commands", {"journal_offset": 1}, "bad_value", "journal_offset"),
    ("commands", {"command": "cancel", "market": None}, "missing_field", "cancels"),
    ("commands", {"cancels": "c0" * 32}, "bad_value", "cancels"),
    ("commands", {"command": "cancel", "market": None, "cancels": "C0" * 32}, "bad_value", "cancels"),
    ("commands", {"venue": None}, "missing_field", "venue"),
    ("commands", {"venue": "Test"}, "bad_value", "venue"),
    ("commands", {"signatures": []}, "out_of_range", "signatures"),
    ("commands", {"signatures": [{"key": "x", "signature": "5a" * 64}]}, "bad_value", "signatures[0].key"),
    ("depth", {"bids": [["2", "1"], ["2", "1"]]}, "bad_value", "bids"),
    ("depth", {"bids": [["2", "1"], ["3", "1"]]}, "bad_value", "bids"),
    ("depth", {"asks": [["2", "1"], ["2.0", "1"]]}, "bad_value", "asks"),
    ("depth", {"asks": [["10", "1"], ["9", "1"]]}, "bad_value", "asks"),
    ("depth", {"asks": [["10"]]}, "bad_value", "asks[0][1]"),
    ("depth", {"asks": [["10", "1", "1"]]}, "out_of_range", "asks[0]"),
    ("depth", {"asks": [["10", "0"]]}, "not_positive", "asks[0][1]"),
    ("depth", {"asks": [["10", 1]]}, "wrong_type", "asks[0][1]"),
    ("depth", {"asks": [[f"{price}", "1"] for price in range(1, 52)]}, "out_of_range", "asks"),
    ("market-state", {"status": "fine"}, "bad_value", "status"),
    ("market-state", {"mark_ticks": -1}, "out_of_range", "mark_ticks"),
    ("market-state", {"mark_ticks": 2**63}, "out_of_range", "mark_ticks"),
    ("market-state", {"bid_depth_lots": [1]}, "out_of_range", "bid_depth_lots"),
    ("market-state", {"quotes": [{"source": "x"}]}, "missing_field", "quotes[0].number"),
    ("market-state", {"breakers": ["Limit"]}, "bad_value", "breakers[0]"),
]


@pytest.mark.parametrize(
    ("topic", "change", "reason", "field"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)]
)
def test_fields_of_one_topic(topic: str, change: dict, reason: str, field: str) -> None:
    assert found(topic, raw(topic, **change)) == (reason, field)


@pytest.mark.parametrize(
    ("topic", "change"),
    [
        ("depth", {"bids": [], "asks": []}),
        ("depth", {"bids": [["5", "1"]], "asks": [["4", "1"]]}),
        ("depth", {"asks": [[f"{price}", "1"] for price in range(1, 51)]}),
        ("depth", {"asks": [["9", "1"], ["10", "1"]], "bids": [["10", "1"], ["9", "1"]]}),
        ("fills", {"liquidation": None}),
        ("fills", {"buyer": "alice", "seller": "alice"}),
        ("fills", {"buyer": "alice:BTC-PERP"}),
        ("collateral", {"owner": None}),
        ("collateral", {"kind": "withdrawal", "owner": None}),
        ("collateral", {"kind": "transfer", "owner": None, "to": "alice:BTC-PERP"}),
        ("collateral", {"kind": "transfer", "owner": None, "account": "alice:BTC-PERP", "to": "alice"}),
        ("commands", {"command": "release", "market": None}),
        ("commands", {"command": "skip", "market": None, "journal_offset": 0}),
        ("commands", {"command": "parameters", "market": None, "parameters": {"version": 2}}),
        ("commands", {"command": "cancel", "market": None, "cancels": "c0" * 32}),
        ("liquidation-bids", {"minimum_bonus_ppm": 0}),
    ],
    ids=str,
)
def test_what_is_unusual_and_fine(topic: str, change: dict) -> None:
    assert explain(topic, raw(topic, **change)) is None


def test_of_several_faults_the_coarsest_is_told_and_then_the_first() -> None:
    assert found("fills", raw("fills", price="0", quantity=1, taker=None)) == ("missing_field", "taker")
    assert found("fills", raw("fills", price="0", quantity=1)) == ("wrong_type", "quantity")
    assert found("fills", raw("fills", price="0", quantity="-1")) == ("not_positive", "quantity")
    assert found("fills", raw("fills", price="1e400", number=-1)) == ("bad_value", "price")


def test_a_detail_says_what_was_found_and_what_is_allowed() -> None:
    def detail(**change: object) -> str:
        refusal = explain("fills", raw("fills", **change))
        assert refusal is not None
        return refusal.detail

    assert detail(price="60000.0000000005") == "'60000.0000000005' has 10 decimals, 9 are allowed"
    assert detail(price=60000.5) == "a number where text is required"
    assert detail(number="7") == "text where a whole number is required"
    assert (
        detail(buyer="alice:ETH-PERP") == "alice:ETH-PERP is isolated and holds ETH-PERP only, not BTC-PERP"
    )
    assert detail(price="x" * 99) == f"'{'x' * 37}...' is not a plain decimal such as 60000.5"
    assert detail(price="\x1b[31m") == "'?[31m' is not a plain decimal such as 60000.5"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=100)
@given(topic=st.sampled_from(INPUTS), data=st.data())
def test_it_agrees_with_the_model_and_never_raises(topic: str, data: st.DataObject) -> None:
    """Any field replaced by anything: refused by both or by neither, with a field the message has or should have."""
    name = data.draw(st.sampled_from([*example(topic), "extra"]))
    message = json.dumps(example(topic) | {name: data.draw(values)})
    refusal = explain(topic, message.encode("utf-8", "surrogatepass"))
    try:
        BY_NAME[topic].model.model_validate_json(message)
    except ValidationError:
        assert isinstance(refusal, Refusal)
        assert refusal.reason in Reason
        assert refusal.detail.isprintable()
    else:
        assert refusal is None or "NaN" in message or "Infinity" in message


@settings(max_examples=100)
@given(topic=st.sampled_from(INPUTS), message=st.binary(max_size=60))
def test_any_bytes_are_explained(topic: str, message: bytes) -> None:
    assert explain(topic, message) is not None


@settings(max_examples=100)
@given(topic=st.sampled_from(INPUTS), data=st.data())
def test_a_truncated_message_is_never_taken(topic: str, data: st.DataObject) -> None:
    whole = raw(topic)
    assert found(topic, whole[: data.draw(st.integers(0, len(whole) - 1))]) == ("not_json", "")
