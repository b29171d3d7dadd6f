"""Build a recording: price files in, one folder of zstd NDJSON out, the same bytes every time.

price files -> seconds -> sources -> oracle-prices
                  | `---> trades
                  `-----> depth
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from flows.recording import lines
from flows.recording.depth import Books, market_books
from flows.recording.files import MANIFEST, MARKET_TOPICS, RecordingError, Written, topic_file, write_lines
from flows.recording.manifest import FileFacts, Recording, facts_text, specification
from flows.recording.series import PriceFiles
from flows.recording.sources import Quotes, asset_quotes
from flows.recording.trades import Trades, market_trades

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from flows.registry.parameters import MarketParameters, PoolParameters

    Column = NDArray[np.int64]
    Progress = Callable[[str, float], None]

LEVEL: Final = 19
"""zstd's level for files that ship: a third smaller than the default, a minute slower to make."""


@dataclass(frozen=True, slots=True)
class Built:
    """What building did."""

    folder: Path
    files: dict[str, Written]
    superseded: int  # recorded quotes that arrived after a newer one of their source, left out


def build(
    recording: Recording,
    specification_file: Path,
    prices: Path,
    out: Path,
    pools: Iterable[PoolParameters],
    *,
    level: int = LEVEL,
    progress: Progress = lambda _step, _share: None,
) -> Built:
    """Write the recording into ``out``, which appears only when whole."""
    parameters = {market.id: market for pool in pools for market in pool.markets}
    for market in recording.markets:
        if market.id not in parameters:
            raise RecordingError(f"{specification_file}: market {market.id} is not in {recording.venue}")
    if out.exists():
        raise RecordingError(f"{out}: exists already; name another folder, or remove it")
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        files = PriceFiles(recording, prices)
        written, superseded = _write_topics(files, parameters, part, level, progress)
        facts = {
            topic: FileFacts(lines=each.lines, bytes=each.size, sha256=each.sha256)
            for topic, each in written.items()
        }
        text = specification(specification_file) + facts_text(facts)
        (part / MANIFEST).write_text(text, "utf-8")
        if recording.notice:
            (part / "NOTICE").write_text(recording.notice, "utf-8")
        os.replace(part, out)  # noqa: PTH105 - a rename that must replace nothing: `out` was seen absent
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Built(out, written, superseded)


def _write_topics(
    files: PriceFiles, parameters: dict[str, MarketParameters], folder: Path, level: int, progress: Progress
) -> tuple[dict[str, Written], int]:
    """Make and write the three topics, one after the other: a third of the memory of all at once."""
    recording = files.recording
    written: dict[str, Written] = {}
    quotes = [each for asset in recording.assets for each in asset_quotes(files, asset)]
    superseded = sum(each.superseded for each in quotes)
    makers: dict[str, Callable[[], Iterator[list[bytes]]]] = {
        "oracle-prices": lambda: quote_lines(recording, quotes),
        "trades": lambda: trade_lines(
            recording,
            parameters,
            [
                market_trades(files, place, parameters[each.id])
                for place, each in enumerate(recording.markets)
            ],
        ),
        "depth": lambda: depth_lines(
            recording,
            parameters,
            [market_books(files, place, parameters[each.id]) for place, each in enumerate(recording.markets)],
        ),
    }
    for topic in MARKET_TOPICS:
        progress(topic, 0.0)
        chunks = _reported(makers[topic](), topic, progress)
        written[topic] = write_lines(topic_file(folder, topic), chunks, level)
        progress(topic, 1.0)
    return written, superseded


def _reported(chunks: Iterator[list[bytes]], topic: str, progress: Progress) -> Iterator[list[bytes]]:
    """Pass chunks on, saying how far the topic is (its size is not known before: it nears one half, then jumps)."""
    for count, chunk in enumerate(chunks, start=1):
        yield chunk
        progress(topic, 1 - 1 / (1 + count / 8))


def quote_lines(recording: Recording, quotes: list[Quotes]) -> Iterator[list[bytes]]:
    """Lines of oracle-prices in the order of sending."""
    count = [len(each.time_ns) for each in quotes]
    source = np.repeat([each.source for each in quotes], count)
    asset = np.repeat([each.asset for each in quotes], count)
    time_ns = np.concatenate([each.time_ns for each in quotes])
    sent_ns = np.concatenate([each.sent_ns for each in quotes])
    prices = [text for each in quotes for text in lines.e10_texts(each.price_e10, each.grid_e10)]
    widths = [text for each in quotes for text in lines.e10_texts(each.confidence_e10, each.grid_e10)]
    order = np.lexsort((asset, source, time_ns, sent_ns))
    number = lines.ranks(source[order])
    sources = [each.id for each in recording.sources]
    assets = recording.assets
    for part in lines.chunks(len(order)):
        rows = order[part]
        columns = (source[rows], number[part], time_ns[rows], sent_ns[rows], asset[rows], rows)
        yield [
            f'{{"source":"{sources[s]}","asset":"{assets[a]}","price":"{prices[r]}","confidence":"{widths[r]}",'
            f'"number":{n},"time_ns":{t},"sent_ns":{at}}}'.encode()
            for s, n, t, at, a, r in zip(*(each.tolist() for each in columns), strict=True)
        ]


def trade_lines(
    recording: Recording, parameters: dict[str, MarketParameters], trades: list[Trades]
) -> Iterator[list[bytes]]:
    """Lines of trades in the order of sending."""
    market = np.repeat([each.market for each in trades], [len(each.time_ns) for each in trades])
    time_ns = np.concatenate([each.time_ns for each in trades])
    sent_ns = np.concatenate([each.sent_ns for each in trades])
    buys = np.concatenate([each.buys for each in trades])
    markets = [each.id for each in recording.markets]
    scales = [parameters[each] for each in markets]
    prices = [
        text for each in trades for text in lines.scaled(each.price_ticks, scales[each.market].tick_scale)
    ]
    amounts = [text for each in trades for text in lines.scaled(each.lots, scales[each.market].lot_scale)]
    order = np.lexsort((market, time_ns, sent_ns))
    order = order[sent_ns[order] < recording.end_s * 10**9]
    source, takers = recording.market_source, ("sell", "buy")
    for part in lines.chunks(len(order)):
        rows = order[part]
        numbers = range(part.start + 1, part.stop + 1)
        columns = (rows, market[rows], time_ns[rows], sent_ns[rows], buys[rows])
        yield [
            f'{{"source":"{source}","market":"{markets[m]}","price":"{prices[r]}","quantity":"{amounts[r]}",'
            f'"taker":"{takers[b]}","number":{n},"time_ns":{t},"sent_ns":{at}}}'.encode()
            for n, r, m, t, at, b in zip(numbers, *(each.tolist() for each in columns), strict=True)
        ]


def depth_lines(
    recording: Recording, parameters: dict[str, MarketParameters], books: list[Books]
) -> Iterator[list[bytes]]:
    """Lines of depth: all markets of one moment together, in the recording's order of markets."""
    market = np.repeat([each.market for each in books], [len(each.time_ns) for each in books])
    time_ns = np.concatenate([each.time_ns for each in books])
    sent_ns = np.concatenate([each.sent_ns for each in books])
    markets = [each.id for each in recording.markets]
    sides = [_side_texts(parameters, recording, books, side) for side in (0, 1)]
    order = np.lexsort((market, sent_ns))
    for part in lines.chunks(len(order)):
        rows = order[part]
        numbers = range(part.start + 1, part.stop + 1)
        columns = (rows, market[rows], time_ns[rows], sent_ns[rows])
        yield [
            f'{{"source":"{recording.market_source}","market":"{markets[m]}","bids":[{sides[0][r]}],'
            f'"asks":[{sides[1][r]}],"number":{n},"time_ns":{t},"sent_ns":{at}}}'.encode()
            for n, r, m, t, at in zip(numbers, *(each.tolist() for each in columns), strict=True)
        ]


def _side_texts(
    parameters: dict[str, MarketParameters], recording: Recording, books: list[Books], side: int
) -> list[str]:
    """Text of one side of each snapshot: its levels, best first."""
    found = []
    for book in books:
        scale = parameters[recording.markets[book.market].id]
        levels = book.lots[side].shape[1]
        held = book.lots[side] > 0
        prices = lines.scaled(book.price_ticks[side].ravel(), scale.tick_scale)
        amounts = lines.scaled(book.lots[side].ravel(), scale.lot_scale)
        pairs = [f'["{price}","{amount}"]' for price, amount in zip(prices, amounts, strict=True)]
        for row, stands in enumerate(held.tolist()):
            found.append(",".join(pairs[row * levels + place] for place in range(levels) if stands[place]))
    return found
