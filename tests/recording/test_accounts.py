"""Generated accounts: two sides to every fill, margins that carry them, sizes as documented, the same every time."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from flows.recording.accounts import draw_pools, write_accounts
from flows.recording.files import ACCOUNT_TOPICS, RecordingError, read_lines, topic_file, write_lines
from flows.recording.manifest import Recording, load
from flows.recording.opening import match
from flows.recording.prices import index_paths
from flows.recording.seeds import dice
from flows.registry.parameters import MarketParameters
from schemas.explain import explain
from tests.recording.worlds import pools

ACCOUNTS = 1_000
QUANTA = 10**6
POOLS = {pool.id: pool for pool in pools()}
MARKETS = {market.id: market for pool in pools() for market in pool.markets}
POOL_OF = {market.id: pool.id for pool in pools() for market in pool.markets}

Lines = dict[str, list[dict[str, Any]]]


def lines_of(folder: Path) -> Lines:
    return {
        topic: [orjson.loads(line) for line in read_lines(topic_file(folder, topic))]
        for topic in ACCOUNT_TOPICS
    }


@pytest.fixture(scope="module")
def recording(recorded: Path) -> Recording:
    return load(recorded)


@pytest.fixture(scope="module")
def folder(recorded: Path, recording: Recording, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    write_accounts(recording, recorded, pools(), ACCOUNTS, out)
    return out


@pytest.fixture(scope="module")
def run(folder: Path) -> Lines:
    return lines_of(folder)


def deposits(run: Lines, until_s: int = 30, start_s: int = 0) -> Iterator[dict[str, Any]]:
    for each in run["collateral"]:
        if each["kind"] == "deposit" and each["time_ns"] < (start_s + until_s) * 10**9:
            yield each


def positions(run: Lines) -> dict[tuple[str, str], int]:
    """Lots by account and market after the opening book."""
    held: dict[tuple[str, str], int] = defaultdict(int)
    for fill in run["fills"]:
        lots = Fraction(fill["quantity"]) * MARKETS[fill["market"]].lot_scale
        assert lots.denominator == 1
        held[fill["buyer"], fill["market"]] += int(lots)
        held[fill["seller"], fill["market"]] -= int(lots)
    return {key: lots for key, lots in held.items() if lots}


def test_every_line_is_good_and_in_order(folder: Path, run: Lines, recording: Recording) -> None:
    for topic in ACCOUNT_TOPICS:
        bad = [explain(topic, raw) for raw in read_lines(topic_file(folder, topic))]
        assert not any(bad), bad
        sent = [each["sent_ns"] for each in run[topic]]
        assert sent == sorted(sent)
        assert sent[0] > recording.start_s * 10**9
        assert sent[-1] < recording.end_s * 10**9
        assert [each["number"] for each in run[topic]] == list(range(1, len(sent) + 1))
        assert {each["source"] for each in run[topic]} == {
            {"collateral": "wallet", "fills": "engine", "order-checks": "gateway"}[topic]
        }


def test_each_fill_has_two_accounts_of_the_pool_that_paid_in_before(run: Lines) -> None:
    opened: dict[str, tuple[str, int]] = {}
    for each in run["collateral"]:
        account = each.get("to", each["account"])
        opened.setdefault(account, (each["pool"], each["sent_ns"]))
    for fill in run["fills"]:
        assert fill["buyer"] != fill["seller"]
        for account in (fill["buyer"], fill["seller"]):
            pool, since = opened[account]
            assert pool == POOL_OF[fill["market"]]
            assert since < fill["sent_ns"]
            if ":" in account:
                assert account.partition(":")[2] == fill["market"]


def test_prices_and_quantities_are_on_tick_and_lot(run: Lines) -> None:
    for topic in ("fills", "order-checks"):
        for each in run[topic]:
            market = MARKETS[each["market"]]
            assert (Fraction(each["price"]) * market.tick_scale).denominator == 1
            assert (Fraction(each["quantity"]) * market.lot_scale).denominator == 1


def test_positions_are_balanced_by_makers_and_more_are_long(run: Lines) -> None:
    held = positions(run)
    for market in MARKETS:
        assert sum(lots for (_, name), lots in held.items() if name == market) == 0
    crowd = [lots for (account, _), lots in held.items() if not account.startswith("mm-")]
    assert 0.52 < np.mean(np.array(crowd) > 0) < 0.7
    makers = {account for account, _ in held if account.startswith("mm-")}
    assert makers == {f"mm-{pool}-{number}" for pool in POOLS for number in range(1, 9)}


def test_fills_are_at_the_index_of_their_second(run: Lines, recorded: Path, recording: Recording) -> None:
    paths = index_paths(recording, recorded)
    for fill in run["fills"]:
        market = MARKETS[fill["market"]]
        index = paths[market.index_asset][fill["time_ns"] // 10**9 - recording.start_s]
        assert float(fill["price"]) == pytest.approx(index, abs=0.5001 / market.tick_scale)


def margin(market: MarketParameters, notional: float) -> float:
    """Initial margin as R-D2 has it: the last tier whose floor is reached, or the leverage allowed."""
    tier = max(row for row, floor in enumerate(market.tier_floor_quanta) if floor <= notional * QUANTA)
    by_tier = (
        notional * market.tier_initial_ppm[tier] / QUANTA - market.tier_initial_amount_quanta[tier] / QUANTA
    )
    return max(by_tier, notional / market.leverage)


def test_collateral_carries_the_opening_book(run: Lines, recorded: Path, recording: Recording) -> None:
    law = recording.accounts
    paths = index_paths(recording, recorded)
    value: dict[str, float] = defaultdict(float)
    for each in deposits(run, start_s=recording.start_s):
        pool = POOLS[each["pool"]]
        asset = pool.assets[pool.asset_row(each["asset"])]
        price = 1.0 if each["asset"] == "USDT" else paths[each["asset"]][0]
        value[each["account"]] += float(each["amount"]) * price * asset.initial_weight_ppm[0] / QUANTA
    for each in run["collateral"]:
        if each["kind"] == "transfer":
            value[each["account"]] -= float(each["amount"])
            value[each["to"]] += float(each["amount"])
    needed: dict[str, float] = defaultdict(float)
    for (account, name), lots in positions(run).items():
        market = MARKETS[name]
        needed[account] += margin(market, abs(lots) / market.lot_scale * paths[market.index_asset][0])
    assert needed
    for account, requirement in needed.items():
        assert requirement <= value[account] * (law.margin_use_cap + 0.01), account


def test_the_crowd_is_as_documented(run: Lines, recording: Recording) -> None:
    law = recording.accounts
    first = list(deposits(run, start_s=recording.start_s))
    crowd = [each for each in first if each["account"].startswith("a-")]
    names = {each["account"] for each in crowd}
    assert names == {f"a-{number:06d}" for number in range(1, ACCOUNTS + 1)}
    assert {each["account"] for each in first} - names == {
        *(f"mm-{pool}-{number}" for pool in POOLS for number in range(1, law.makers + 1)),
        *(f"liq-{pool}-{number}" for pool in POOLS for number in range(1, law.liquidators + 1)),
    }
    majors = {each["account"] for each in crowd if each["pool"] == "majors"}
    assert len(majors) == pytest.approx(700, abs=50)
    for asset, share in zip(("BTC", "ETH"), law.mixed_share, strict=True):
        mixed = {each["account"] for each in crowd if each["asset"] == asset}
        assert len(mixed) == pytest.approx(share * ACCOUNTS, abs=40)
    total = sum(float(each["amount"]) for each in crowd if each["asset"] == "USDT")
    assert 0.85 * law.deposits < total < law.deposits
    isolated = {each["to"] for each in run["collateral"] if each["kind"] == "transfer"}
    assert 20 < len(isolated) < 60
    traders = {account for account, _ in positions(run)}
    flat = names - traders
    assert 20 < len(flat) < 90
    assert not flat & {each["account"] for each in run["order-checks"]}


def test_deposits_add_up_to_the_same_for_any_number(
    tmp_path: Path, recorded: Path, recording: Recording
) -> None:
    write_accounts(recording, recorded, pools(), 100, tmp_path)
    few = lines_of(tmp_path)
    paths = index_paths(recording, recorded)
    total = sum(
        float(each["amount"]) * (1.0 if each["asset"] == "USDT" else paths[each["asset"]][0])
        for each in deposits(few, start_s=recording.start_s)
        if each["account"].startswith("a-")
    )
    assert total == pytest.approx(recording.accounts.deposits, rel=0.01)


def test_trading_goes_on_and_closing_orders_only_reduce(run: Lines, recording: Recording) -> None:
    checks = run["order-checks"]
    assert len(checks) == pytest.approx(recording.accounts.checks_per_account * ACCOUNTS, rel=0.02)
    assert checks[0]["time_ns"] >= (recording.start_s + 120) * 10**9
    closing = [each for each in checks if each["reduce_only"]]
    assert 0.35 < len(closing) / len(checks) < 0.65
    planned: dict[tuple[str, str], Fraction] = {
        key: Fraction(lots, MARKETS[key[1]].lot_scale) for key, lots in positions(run).items()
    }
    for each in checks:
        key = (each["account"], each["market"])
        before = planned.get(key, Fraction(0))
        planned[key] = before + Fraction(each["quantity"]) * (1 if each["side"] == "buy" else -1)
        if each["reduce_only"]:
            assert abs(planned[key]) < abs(before)
            assert planned[key] * before >= 0, "a closing order that would open the other side"
        if ":" in each["account"]:
            assert each["account"].endswith(f":{each['market']}")


def test_withdrawals_are_few_and_leave_most_of_the_deposit(run: Lines, recording: Recording) -> None:
    taken = [each for each in run["collateral"] if each["kind"] == "withdrawal"]
    assert 0 < len(taken) < 0.03 * ACCOUNTS
    first = {
        each["account"]: float(each["amount"])
        for each in deposits(run, start_s=recording.start_s)
        if each["asset"] == "USDT"
    }
    assert all(float(each["amount"]) < 0.21 * first[each["account"]] for each in taken)


def test_top_ups_answer_losses_after_they_happened(recording: Recording) -> None:
    """All markets stand for ten minutes, then fall by 40 % in ten: who tops up is long and was hurt before."""
    length, fall = 1_800, 600
    shape = np.clip(1 - 0.4 * (np.arange(length) - fall) / fall, 0.6, 1)
    paths = dict.fromkeys(recording.assets, shape * 100)
    watching = recording.model_copy(
        update={"accounts": recording.accounts.model_copy(update={"top_up_share": 1.0})}
    )
    seen = 0
    for drawn in draw_pools(watching, pools(), paths, ACCOUNTS):
        scale = np.array([each.lot_scale for each in drawn.pool.markets])
        paid = drawn.movements.cents > 0
        for row, time_ns in zip(drawn.movements.row[paid], drawn.movements.time_ns[paid], strict=True):
            value = drawn.crowd.lots[row] / scale
            main = np.abs(drawn.crowd.lots[row]).argmax()
            assert value[main] > 0
            loss = value[main] * (100 - paths["BTC"][time_ns // 10**9])
            assert loss >= 0.3 * drawn.crowd.deposit[row]
            seen += 1
    assert seen > 100


def test_the_same_manifest_gives_the_same_bytes_and_another_number_other_accounts(
    tmp_path: Path, recorded: Path, recording: Recording, folder: Path
) -> None:
    for name, number in (("again", ACCOUNTS), ("other", ACCOUNTS + 1)):
        out = tmp_path / name
        out.mkdir()
        write_accounts(recording, recorded, pools(), number, out)
    for topic in ACCOUNT_TOPICS:
        assert topic_file(tmp_path / "again", topic).read_bytes() == topic_file(folder, topic).read_bytes()
        assert topic_file(tmp_path / "other", topic).read_bytes() != topic_file(folder, topic).read_bytes()


BAD = [
    lambda raw: raw[:50],
    lambda raw: raw.replace(b'"price":"', b'"price":"-'),
    lambda raw: raw.replace(b'"price":"', b'"price":"1e'),
    lambda raw: raw.replace(b'"price":"', b'"price":1,"was":"'),
    lambda raw: raw.replace(b'"sent_ns":1743980', b'"sent_ns":1743880').replace(b'"time_ns":17439', b'"time_ns":17438'),
    lambda raw: raw.replace(b'"sent_ns":1', b'"sent_ns":2'),
    lambda raw: raw.replace(b'"asset":"', b'"asset":"\xff'),
    lambda raw: raw[:-1] + b',"x":"' + b"y" * 10_000 + b'"}',
    lambda raw: raw[:-1] + b',"venue":"x"}',
    lambda raw: raw.replace(b'"number":', b'"number":1e400,"n":'),
    lambda raw: b"[" + raw + b"]",
    lambda raw: b"null",
]  # fmt: skip


def test_bad_quotes_give_the_accounts_of_a_recording_without_them(
    tmp_path: Path, recorded: Path, recording: Recording
) -> None:
    lines = list(read_lines(topic_file(recorded, "oracle-prices")))
    damaged = {
        place: BAD[number % len(BAD)](lines[place]) for number, place in enumerate(range(50, len(lines), 97))
    }
    texts = {
        "damaged": [damaged.get(place, line) for place, line in enumerate(lines)],
        "clean": [line for place, line in enumerate(lines) if place not in damaged],
    }
    for name, held in texts.items():
        (tmp_path / name).mkdir()
        shutil.copy(recorded / "recording.toml", tmp_path / name)
        write_lines(topic_file(tmp_path / name, "oracle-prices"), [held])
        write_accounts(recording, tmp_path / name, pools(), 100, tmp_path / name)
    for topic in ACCOUNT_TOPICS:
        assert (
            topic_file(tmp_path / "damaged", topic).read_bytes()
            == topic_file(tmp_path / "clean", topic).read_bytes()
        )


@pytest.mark.parametrize("accounts", [0, 99, 1_000_001])
def test_numbers_of_accounts_out_of_bounds_are_refused(
    tmp_path: Path, recorded: Path, recording: Recording, accounts: int
) -> None:
    with pytest.raises(RecordingError, match="100 to 1,000,000 are possible"):
        write_accounts(recording, recorded, pools(), accounts, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", range(20))
def test_matching_gives_everybody_their_lots(number: int) -> None:
    rng = dice("match", str(number))
    lots = rng.integers(-50, 50, (number, 3))
    matches, makers = match(lots, 4, rng)
    got = np.zeros_like(lots)
    made = np.zeros((4, 3), np.int64)
    for market, buyer, seller, size in zip(
        *(each.tolist() for each in (matches.market, matches.buyer, matches.seller, matches.lots)),
        strict=True,
    ):
        assert size > 0
        for row, signed in ((buyer, size), (seller, -size)):
            (got if row >= 0 else made)[row if row >= 0 else -1 - row, market] += signed
    assert got.tolist() == lots.tolist()
    assert made.tolist() == makers.tolist()
    assert np.ptp(makers, axis=0).max() <= 1
