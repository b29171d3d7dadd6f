"""Generated accounts of a run: who they are, their opening book and what they do through the day, as topic files.

recording.toml, its quotes, the venue's pools, a number of accounts -> collateral, fills, order-checks

start + 5 s   deposits        + 26 s  transfers to isolated accounts
      + 30 s  opening book    + 120 s trading, top-ups, withdrawals
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from flows.recording import lines
from flows.recording.crowd import QUANTA, Crowd, draw
from flows.recording.files import RecordingError, Written, topic_file, write_lines
from flows.recording.opening import Matches, match
from flows.recording.prices import index_paths
from flows.recording.seeds import dice
from flows.recording.trading import Checks, Movements, activity, checks, movements
from flows.rules.scale.time import MILLISECOND_NS, SECOND_NS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from flows.recording.manifest import Recording
    from flows.registry.parameters import PoolParameters

    Column = NDArray[np.int64]
    Floats = NDArray[np.float64]

LEAST: Final = 100
MOST: Final = 1_000_000

_PUBLISH_NS: Final = 3 * MILLISECOND_NS  # from an order, fill or payment to its message: an assumption
_DEPOSITS_S: Final = (5, 25)
_TRANSFERS_S: Final = (26, 29)
_BOOK_S: Final = (30, 59)
_MAKER_LEAST: Final = 100_000  # settlement asset: a maker of an empty book still has some capital


@dataclass(frozen=True, slots=True)
class PoolCrowd:
    """All that was drawn for one pool."""

    pool: PoolParameters
    crowd: Crowd
    names: list[str]  # by row; a market maker's row is negative, and -1 is the last name here
    matches: Matches
    makers: int
    maker_quanta: int  # deposit of each
    checks: Checks
    movements: Movements


def write_accounts(
    recording: Recording, folder: Path, venue_pools: Sequence[PoolParameters], accounts: int, out: Path
) -> dict[str, Written]:
    """Generate ``accounts`` accounts of the recording in ``folder`` and write their three topics into ``out``."""
    if not LEAST <= accounts <= MOST:
        raise RecordingError(f"{accounts} accounts: {LEAST} to {MOST:,} are possible")
    paths = index_paths(recording, folder)
    drawn = draw_pools(recording, venue_pools, paths, accounts)
    start_ns = recording.start_s * SECOND_NS
    makers = {
        "collateral": collateral_lines(recording, drawn, paths, start_ns),
        "fills": fill_lines(recording, drawn, paths, start_ns),
        "order-checks": check_lines(drawn, start_ns),
    }
    return {topic: write_lines(topic_file(out, topic), chunks) for topic, chunks in makers.items()}


def draw_pools(
    recording: Recording, venue_pools: Sequence[PoolParameters], paths: dict[str, Floats], accounts: int
) -> list[PoolCrowd]:
    """Deal the accounts out to the pools and draw each pool by dice of its own."""
    law = recording.accounts
    first = law.first_pool_share if len(venue_pools) > 1 else 1.0
    shares = [first] + [(1 - first) / max(len(venue_pools) - 1, 1)] * (len(venue_pools) - 1)
    rng = dice(recording.seed, "accounts", str(accounts), "pools")
    dealt = np.searchsorted(np.cumsum(shares)[:-1], rng.random(accounts), side="right")
    found = []
    for place, pool in enumerate(venue_pools):
        members = np.flatnonzero(dealt == place)
        wanted = min(law.checks_per_account * accounts, law.checks_most) * len(members) / accounts
        found.append(_draw_pool(recording, pool, paths, members, shares[place], round(wanted), accounts))
    return found


def _draw_pool(
    recording: Recording,
    pool: PoolParameters,
    paths: dict[str, Floats],
    members: Column,
    share: float,
    wanted_checks: int,
    accounts: int,
) -> PoolCrowd:
    law = recording.accounts
    rngs = {
        part: dice(recording.seed, "accounts", str(accounts), pool.id, part)
        for part in ("crowd", "book", "checks", "money")
    }
    prices = {asset: float(path[0]) for asset, path in paths.items()}
    crowd = draw(law, pool, share, prices, len(members), rngs["crowd"])
    matches, held = match(crowd.lots, law.makers, rngs["book"])
    market_paths = [paths[each.index_asset] for each in pool.markets]
    lot_value = np.array([prices[each.index_asset] / each.lot_scale for each in pool.markets])
    interest = float((np.maximum(crowd.lots, 0).sum(axis=0) + np.maximum(held, 0).sum(axis=0)) @ lot_value)
    capital = max(interest * law.maker_capital_ppm / 1_000_000 / law.makers, _MAKER_LEAST)
    seconds = activity(market_paths, len(market_paths[0]))
    names = [f"a-{member + 1:06d}" for member in members.tolist()]
    names += [
        f"{names[row]}:{pool.markets[market].id}"
        for row, market in zip(crowd.isolated.tolist(), crowd.isolated_market.tolist(), strict=True)
    ]
    names += [f"mm-{pool.id}-{number}" for number in range(law.makers, 0, -1)]
    planned = checks(law, pool, crowd, market_paths, seconds, wanted_checks, rngs["checks"])
    moved = movements(law, pool, crowd, market_paths, rngs["money"])
    return PoolCrowd(pool, crowd, names, matches, law.makers, round(capital) * QUANTA, planned, moved)


def _moments(rng: np.random.Generator, count: int, span_s: tuple[int, int]) -> Column:
    """Random milliseconds within a span of seconds, ascending."""
    return np.sort(rng.integers(span_s[0] * 1_000, span_s[1] * 1_000, count)) * MILLISECOND_NS


def collateral_lines(
    recording: Recording, drawn: list[PoolCrowd], paths: dict[str, Floats], start_ns: int
) -> Iterator[list[bytes]]:
    """Deposits of all, transfers to isolated accounts, then the day's top-ups and withdrawals."""
    rng = dice(recording.seed, "accounts", "wallet", str(sum(each.crowd.count for each in drawn)))
    deposits = [text for each in drawn for text in _deposit_texts(recording, each, paths)]
    transfers = [text for each in drawn for text in _transfer_texts(each)]
    deposits = [deposits[place] for place in rng.permutation(len(deposits)).tolist()]
    moves = [(each, *columns) for each in drawn for columns in _moves(each)]
    moves.sort(key=_second_of)
    times = np.concatenate(
        [
            _moments(rng, len(deposits), _DEPOSITS_S),
            _moments(rng, len(transfers), _TRANSFERS_S),
            np.array([time for _, time, _, _ in moves], np.int64),
        ]
    )
    texts = deposits + transfers + [_move_text(each, row, cents) for each, _, row, cents in moves]
    yield from _numbered("wallet", times + start_ns, texts)


def _second_of(move: tuple[PoolCrowd, int, int, int]) -> int:
    return move[1]


def _moves(drawn: PoolCrowd) -> Iterator[tuple[int, int, int]]:
    moved = drawn.movements
    return zip(moved.time_ns.tolist(), moved.row.tolist(), moved.cents.tolist(), strict=True)


def _move_text(drawn: PoolCrowd, row: int, cents: int) -> str:
    kind = "deposit" if cents > 0 else "withdrawal"
    return _movement(drawn, kind, drawn.names[row], drawn.pool.assets[0].id, _cents(abs(cents)))


def _movement(drawn: PoolCrowd, kind: str, account: str, asset: str, amount: str) -> str:
    return f'"pool":"{drawn.pool.id}","kind":"{kind}","account":"{account}","asset":"{asset}","amount":"{amount}"'


def _cents(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _deposit_texts(recording: Recording, drawn: PoolCrowd, paths: dict[str, Floats]) -> list[str]:
    """First deposits: settlement asset and, for some, a part in another; makers and liquidators as well."""
    crowd, pool, law = drawn.crowd, drawn.pool, recording.accounts
    settlement = pool.assets[0].id
    found = []
    columns = (crowd.deposit.tolist(), crowd.second_asset.tolist(), crowd.second_part.tolist())
    for name, value, second, part in zip(drawn.names, *columns, strict=False):
        asset = pool.assets[second]
        amount = value * part / float(paths[asset.id][0]) if second and asset.id in paths else 0.0
        millionths = int(amount * 1_000_000)
        cash = round((value * (1 - part) if millionths else value) * 100)
        found.append(_movement(drawn, "deposit", name, settlement, _cents(max(cash, 1))))
        if millionths:
            text = f"{millionths // 1_000_000}.{millionths % 1_000_000:06d}"
            found.append(_movement(drawn, "deposit", name, asset.id, text))
    capital = _cents(drawn.maker_quanta // (QUANTA // 100))
    found += [_movement(drawn, "deposit", name, settlement, capital) for name in drawn.names[-drawn.makers :]]
    funds = _cents(round(law.liquidator_deposit * 100))
    found += [
        _movement(drawn, "deposit", f"liq-{pool.id}-{number}", settlement, funds)
        for number in range(1, law.liquidators + 1)
    ]
    return found


def _transfer_texts(drawn: PoolCrowd) -> list[str]:
    """Transfers that open the isolated accounts."""
    crowd, settlement = drawn.crowd, drawn.pool.assets[0].id
    found = []
    for place, row in enumerate(crowd.isolated.tolist()):
        owner, isolated = drawn.names[row], drawn.names[crowd.count + place]
        text = _movement(
            drawn, "transfer", owner, settlement, _cents(round(float(crowd.transfer[row]) * 100))
        )
        found.append(f'{text},"to":"{isolated}"')
    return found


def fill_lines(
    recording: Recording, drawn: list[PoolCrowd], paths: dict[str, Floats], start_ns: int
) -> Iterator[list[bytes]]:
    """The opening book, all pools and markets mixed, at the index of the moment rounded to the tick."""
    rng = dice(recording.seed, "accounts", "engine", str(sum(each.crowd.count for each in drawn)))
    pool = np.repeat(np.arange(len(drawn)), [len(each.matches.lots) for each in drawn])
    place = np.concatenate([np.arange(len(each.matches.lots)) for each in drawn])
    order = rng.permutation(len(pool))
    times = _moments(rng, len(pool), _BOOK_S)
    takers = np.where(rng.random(len(pool)) < recording.accounts.long_share, 0, 1)
    for part in lines.chunks(len(order)):
        texts = np.empty(part.stop - part.start, dtype=object)
        for number, each in enumerate(drawn):
            mine = np.flatnonzero(pool[order[part]] == number)
            rows = place[order[part]][mine]
            texts[mine] = _fill_texts(each, rows, times[part][mine], takers[part][mine], paths)
        yield from _numbered("engine", times[part] + start_ns, texts.tolist(), part.start)


def _fill_texts(
    drawn: PoolCrowd, rows: Column, times: Column, takers: Column, paths: dict[str, Floats]
) -> list[str]:
    """Fills of one pool; a market maker is never the taker."""
    matches, markets, names = drawn.matches, drawn.pool.markets, drawn.names
    buyer, seller, market = matches.buyer[rows], matches.seller[rows], matches.market[rows]
    taker = np.where(buyer < 0, 1, np.where(seller < 0, 0, takers))
    prices, amounts = _price_texts(
        drawn.pool, market, _ticks_at(drawn.pool, market, times, paths), matches.lots[rows]
    )
    said = ("buyer", "seller")
    columns = (market.tolist(), buyer.tolist(), seller.tolist(), taker.tolist())
    return [
        f'"market":"{markets[m].id}","buyer":"{names[b]}","seller":"{names[s]}","taker":"{said[t]}",'
        f'"quantity":"{amount}","price":"{price}"'
        for m, b, s, t, price, amount in zip(*columns, prices, amounts, strict=True)
    ]


def _ticks_at(pool: PoolParameters, market: Column, times: Column, paths: dict[str, Floats]) -> Column:
    """Index of each fill's market at its second, to the nearest tick."""
    path = np.stack([paths[each.index_asset] for each in pool.markets])
    second = np.minimum(times // SECOND_NS, path.shape[1] - 1)
    scale = np.array([each.tick_scale for each in pool.markets])
    ticks: Column = np.maximum(np.rint(path[market, second] * scale[market]), 1).astype(np.int64)
    return ticks


def _price_texts(
    pool: PoolParameters, market: Column, ticks: Column, lots: Column
) -> tuple[list[str], list[str]]:
    """Decimal texts of prices and quantities, each by its own market's scales."""
    prices, amounts = np.empty(len(market), dtype=object), np.empty(len(market), dtype=object)
    for row, parameters in enumerate(pool.markets):
        mine = np.flatnonzero(market == row)
        prices[mine] = lines.scaled(ticks[mine], parameters.tick_scale)
        amounts[mine] = lines.scaled(np.abs(lots[mine]), parameters.lot_scale)
    return prices.tolist(), amounts.tolist()


def check_lines(drawn: list[PoolCrowd], start_ns: int) -> Iterator[list[bytes]]:
    """The day's order checks, all pools in order of time."""
    texts = [text for each in drawn for text in _check_texts(each)]
    times = np.concatenate([each.checks.time_ns for each in drawn])
    order = np.argsort(times, kind="stable")
    yield from _numbered("gateway", times[order] + start_ns, [texts[place] for place in order.tolist()])


def _check_texts(drawn: PoolCrowd) -> list[str]:
    planned, markets, names = drawn.checks, drawn.pool.markets, drawn.names
    prices, amounts = _price_texts(drawn.pool, planned.market, planned.price_ticks, planned.lots)
    columns = (
        planned.row.tolist(),
        planned.market.tolist(),
        planned.lots.tolist(),
        planned.reduce_only.tolist(),
    )
    return [
        f'"account":"{names[row]}","market":"{markets[m].id}","side":"{"buy" if lots > 0 else "sell"}",'
        f'"quantity":"{amount}","price":"{price}","reduce_only":{"true" if closing else "false"}'
        for row, m, lots, closing, price, amount in zip(*columns, prices, amounts, strict=True)
    ]


def _numbered(source: str, times: Column, texts: list[str], before: int = 0) -> Iterator[list[bytes]]:
    """Lines of one producer, numbered on from ``before``."""
    for part in lines.chunks(len(texts)):
        numbers = range(before + part.start + 1, before + part.stop + 1)
        yield [
            f'{{"source":"{source}","number":{n},"time_ns":{t},"sent_ns":{t + _PUBLISH_NS},{text}}}'.encode()
            for n, t, text in zip(numbers, times[part].tolist(), texts[part], strict=True)
        ]
