"""One pool, one text: the genesis reads back to the same parameters, and anything else is refused."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.registry.canonical import canonical_json, from_canonical, parameters_hash
from flows.registry.checks import check_pool
from flows.registry.errors import ConfigurationError
from flows.registry.load import load
from flows.registry.parameters import CommandParameters, PoolParameters
from tests.registry.world import small

POOL = small().pool("majors")
VENUES = sorted((Path(__file__).parents[2] / "venues").glob("*.toml"))


@pytest.mark.parametrize("path", VENUES, ids=lambda path: path.stem)
def test_the_pools_that_ship_read_back(path: Path) -> None:
    for pool in load(path).pools:
        assert from_canonical(canonical_json(pool)) == pool


def test_the_text_is_sorted_ascii_without_blanks_and_holds_no_float() -> None:
    text = canonical_json(POOL)
    assert text.isascii()
    assert b" " not in text
    assert b"." not in text
    values = json.loads(text)
    assert list(values) == sorted(values)
    assert list(values["markets"][0]) == sorted(values["markets"][0])
    assert set(values) == {field.name for field in dataclasses.fields(PoolParameters)}


def test_the_hash_is_that_of_the_text_and_tells_pools_apart() -> None:
    assert parameters_hash(POOL) == hashlib.sha256(canonical_json(POOL)).digest()
    assert parameters_hash(POOL) != parameters_hash(dataclasses.replace(POOL, version=4))


def line(values: Any) -> str:
    text = (
        values
        if isinstance(values, bytes)
        else json.dumps(values, sort_keys=True, separators=(",", ":")).encode()
    )
    with pytest.raises(ConfigurationError) as error:
        from_canonical(text)
    return str(error.value)


def changed(**values: Any) -> dict[str, Any]:
    return json.loads(canonical_json(POOL)) | values


def test_what_is_no_genesis_is_one_line() -> None:
    assert line(b"{") == "genesis: is not JSON in ASCII."
    assert line(b"\xff") == "genesis: is not JSON in ASCII."
    assert line(b"[" * 100_000) == "genesis: is not JSON in ASCII."
    assert line([]) == "genesis: is no object."
    assert line(changed(colour=1)) == "genesis.colour: there is no such parameter."
    assert line({name: value for name, value in changed().items() if name != "call_ppm"}) == (
        "genesis.call_ppm: missing."
    )
    assert line(changed(call_ppm=1.25)) == "genesis.call_ppm: 1.25 is no int."
    assert line(changed(call_ppm=True)) == "genesis.call_ppm: True is no int."
    assert line(changed(call_ppm="1")) == "genesis.call_ppm: '1' is no int."
    assert line(changed(call_ppm=2**63)) == "genesis.call_ppm: leaves 64 bits."
    assert line(changed(liquidate_at_equality=0)) == "genesis.liquidate_at_equality: 0 is no bool."
    assert line(changed(markets={})) == "genesis.markets: is no array."
    assert line(changed(producers=[1])) == "genesis.producers[1]: 1 is no str."
    assert (
        line(json.dumps(changed()).encode())
        == "genesis: is not canonical: keys sorted, no blanks, nothing twice."
    )
    twice = canonical_json(POOL).replace(b'"version":3', b'"version":3,"version":3')
    assert line(twice) == "genesis: is not canonical: keys sorted, no blanks, nothing twice."


def test_a_genesis_is_checked_like_a_file() -> None:
    assert line(changed(call_ppm=POOL.clear_ppm)).startswith(
        "pools.majors.levels.clear: 135 % is not above call's"
    )
    market = changed()["markets"][0]
    tampered = changed(markets=[market | {"tier_maintenance_amount_quanta": [0, 1, 2]}])
    assert (
        line(tampered)
        == "markets.BTC-PERP.tiers: amounts are not those that make the margin continuous (R-D1)."
    )
    assert line(changed(markets=[market | {"funding_cap_ppb": 5_000_001}])).startswith(
        "pools.majors.funding.cap_share: the cap of BTC-PERP is 5000001 ppb"
    )


def signers(**changes: Any) -> CommandParameters:
    return dataclasses.replace(POOL.commands, **changes)


MARKET = POOL.markets[0]
ASSET = POOL.assets[1]
WRONG_POOLS = [
    (dataclasses.replace(POOL, id="Majors"), "pools: 'Majors' is no pool id"),
    (dataclasses.replace(POOL, markets=()), "pools.majors.markets: a pool needs at least one market."),
    (dataclasses.replace(POOL, assets=()), "pools.majors.collateral: a pool needs its settlement asset."),
    (dataclasses.replace(POOL, version=0), "version: 0 must be at least 1."),
    (dataclasses.replace(POOL, markets=(MARKET, MARKET)), "pools.majors.markets: BTC-PERP is there twice."),
    (dataclasses.replace(POOL, producers=("one", "one")), "producers: one is there twice."),
    (
        dataclasses.replace(POOL, producers=("one",)),
        "assets.BTC: oracle source two is not among the producers.",
    ),
    (dataclasses.replace(POOL, assets=(ASSET,)), "assets.BTC: the settlement asset counts in full"),
    (dataclasses.replace(POOL, commands=signers(names=("ada",))), "commands.keys: 2 keys; 1 to 62"),
    (dataclasses.replace(POOL, commands=signers(keys=(), names=())), "commands.keys: 0 keys; 1 to 62"),
    (
        dataclasses.replace(POOL, commands=signers(names=("ada", "ada"))),
        "commands.keys: 'ada' is no name of its own",
    ),
    (
        dataclasses.replace(POOL, commands=signers(names=("ada", "B"))),
        "commands.keys: 'B' is no name of its own",
    ),
    (
        dataclasses.replace(POOL, commands=signers(keys=("A" * 64, "b" * 64))),
        "commands.keys.ada: is no Ed25519",
    ),
    (
        dataclasses.replace(POOL, commands=signers(halt_needed=0)),
        "commands.signatures.halt: 0 must be 1 to 2",
    ),
    (
        dataclasses.replace(POOL, loss_scope=3),
        "pools.majors: vault.leverage must be above 0 and loss_scope one of",
    ),
    (
        dataclasses.replace(POOL, vault_leverage_ppm=0),
        "pools.majors: vault.leverage must be above 0 and loss_scope",
    ),
]
WRONG_MARKETS = [
    ({"lot_scale": 0}, "markets.BTC-PERP.lot: 0 must be above 0 and within 64 bits."),
    ({"lot_tick_quanta": 0}, "markets.BTC-PERP.lot: 0 must be above 0 and within 64 bits."),
    ({"leverage": 0}, "markets.BTC-PERP.leverage: 0 must be above 0 and within 64 bits."),
    ({"sources": ()}, "markets.BTC-PERP: 0 oracle sources; 1 to 8 are allowed."),
    ({"sources": ("one",) * 9}, "markets.BTC-PERP: 9 oracle sources; 1 to 8 are allowed."),
    ({"sources": ("one", "one", "two")}, "markets.BTC-PERP: one is there twice."),
    ({"source_weights": (1, 1)}, "markets.BTC-PERP: each oracle source needs a weight and a heartbeat."),
    (
        {"source_weights": (3, 0, 1)},
        "markets.BTC-PERP: weight and heartbeat of oracle source two must be above 0.",
    ),
    (
        {"heartbeat_ns": (1, 1, 0)},
        "markets.BTC-PERP: weight and heartbeat of oracle source three must be above 0.",
    ),
    ({"tier_initial_ppm": (10_000,)}, "markets.BTC-PERP.tiers: a tier needs a floor in whole units"),
    ({"tier_floor_quanta": (0, 1, 2)}, "markets.BTC-PERP.tiers: a tier needs a floor in whole units"),
    (
        {"taker_fee_ppm": -1, "maker_rebate_ppm": -1},
        "pools.majors.fees.taker: -0.0001 % must be 0 % to 100 %.",
    ),
    ({"penalty_ppm": 1_000_001}, "pools.majors.penalty.rate: 100.0001 % must be 0 % to 100 %."),
    (
        {"penalty_venue_ppm": -1, "penalty_insurance_ppm": 500_001},
        "pools.majors.penalty: liquidator, insurance",
    ),
    ({"bracket_limit_quanta": 0}, "markets.BTC-PERP.limit: 0 must be above the last tier's 3000000."),
    ({"fund_opening_quanta": -1}, "markets.BTC-PERP.fund_opening: it must not be negative."),
    ({"funding_interval_ns": 0}, "pools.majors.funding.interval: 0 ns does not divide a day"),
]


@pytest.mark.parametrize(("pool", "start"), WRONG_POOLS, ids=[start for _, start in WRONG_POOLS])
def test_integers_are_checked_whoever_made_them(pool: PoolParameters, start: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        check_pool(pool)
    assert str(error.value).startswith(start)


@pytest.mark.parametrize(("change", "start"), WRONG_MARKETS, ids=[str(change) for change, _ in WRONG_MARKETS])
def test_a_markets_integers_are_checked_whoever_made_them(change: dict[str, Any], start: str) -> None:
    pool = dataclasses.replace(POOL, markets=(dataclasses.replace(MARKET, **change),))
    with pytest.raises(ConfigurationError) as error:
        check_pool(pool)
    assert str(error.value).startswith(start)


@settings(max_examples=100)
@given(st.data())
def test_no_byte_of_a_genesis_can_be_changed_unseen(data: st.DataObject) -> None:
    """Another text is refused or stands for another pool: never for the same one."""
    text = bytearray(canonical_json(POOL))
    text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    try:
        pool = from_canonical(bytes(text))
    except ConfigurationError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is checked
    else:
        assert (pool == POOL) == (bytes(text) == canonical_json(POOL))
