"""Whose price? 2025-10-10 under three engines that differ in nothing but the prices they are told.

    python -m benchmarks.october --prices DIR [--accounts N] [--still]

The same accounts byte for byte, the same trades, books, collateral prices and rules. `own venue` is told the perpetual's
own last price, `index believed` the weighted median of the venues' fresh quotes (R-O1 to O3) whatever its doubt: each by
three tellers who agree, so that no status comes of it. `index` is the venue file as it stands: quotes of each venue, and
an index in doubt is degraded or halted (R-O5). docs/explanation/why-an-index.md says what it shows.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

import orjson
from rich.console import Console
from rich.table import Table

from flows.connectors.settings import VENUES
from flows.recording.accounts import write_accounts
from flows.recording.build import build
from flows.recording.files import MANIFEST, MARKET_TOPICS, SPECS, read_lines, topic_file, write_lines
from flows.recording.manifest import Recording, load
from flows.registry.load import load as load_venue
from flows.registry.parameters import MarketParameters, PoolParameters
from flows.replay import TOPICS, Done, Replay, execute, unheard
from flows.rules.oracle.admission import MAX_CONFIDENCE_PPM, is_fresh
from flows.rules.oracle.aggregate import aggregate
from flows.rules.oracle.weight import cap_weights
from flows.rules.scale.time import SECOND_NS
from flows.verify import tally as counted
from flows.verify.tally import Tally

NAME: Final = "crash-2025-10-10"
PERPETUALS: Final = "binance-coinm"
"""The venue whose trades and books the recording's markets are."""

TELLERS: Final = ("told-1", "told-2", "told-3")
PANELS: Final = ("spot-and-perp", "coinbase-and-perp", "binance-and-perp")
"""Panels of the venue's file that price its markets; the one for collateral stays."""

NANO: Final = 10**9
TOLD_CONFIDENCE_PPM: Final = 300
STEP_PPM: Final = 1_500
"""A price is told in steps of at most this, the tellers one after another: none is ever so far from the others that the
index would be degraded, which is at 2,500."""

FORCED: Final = (
    *counted.OF_STAGE.values(),
    counted.AUCTIONED,
    counted.TAKEN,
    counted.BANKRUPTED,
)
"""What makes an account a liquidated one: any step that it did not take itself."""

OWN, BELIEVED, INDEX = "own venue", "index believed", "index"


@dataclass(frozen=True, slots=True)
class Quote:
    """An oracle quote as recorded, in 1e-9."""

    source: str
    asset: str
    price: int
    confidence: int
    time_ns: int
    sent_ns: int


# --- prices -----------------------------------------------------------------------------------------------------------
def quotes_of(folder: Path) -> list[Quote]:
    """All quotes of a recording, in the order of their arrival."""
    found = []
    for line in read_lines(topic_file(folder, "oracle-prices")):
        said = orjson.loads(line)
        price, confidence = (int(Decimal(said[name]) * NANO) for name in ("price", "confidence"))
        found.append(
            Quote(said["source"], said["asset"], price, confidence, said["time_ns"], said["sent_ns"])
        )
    return found


def price_path(
    quotes: Iterable[Quote], seconds: range, price_of: Callable[[dict[str, Quote], int], int]
) -> list[int]:
    """A price at each second, of the newest quotes that have arrived: the last one known, before the first the first."""
    waiting, newest, path, price = deque(quotes), dict[str, Quote](), list[int](), 0
    for second in seconds:
        now_ns = second * SECOND_NS
        while waiting and waiting[0].sent_ns <= now_ns:
            quote = waiting.popleft()
            if quote.confidence * 1_000_000 <= quote.price * MAX_CONFIDENCE_PPM:
                newest[quote.source] = quote
        price = price_of(newest, now_ns) or price
        path.append(price)
    first = next(each for each in path if each)
    return [each or first for each in path]


def own_price(newest: dict[str, Quote], _now_ns: int) -> int:
    """The perpetual's own last price, 0 before the first."""
    return newest[PERPETUALS].price if PERPETUALS in newest else 0


def index_price(market: MarketParameters) -> Callable[[dict[str, Quote], int], int]:
    """The weighted median of the market's fresh sources, 0 where all are stale."""
    beats = dict(zip(market.sources, market.heartbeat_ns, strict=True))
    weight_of = dict(zip(market.sources, market.source_weights, strict=True))

    def price(newest: dict[str, Quote], now_ns: int) -> int:
        fresh = [
            newest[source]
            for source in market.sources
            if source in newest and is_fresh(now_ns - newest[source].time_ns, beats[source])
        ]
        if not fresh:
            return 0
        weights = [weight_of[each.source] for each in fresh]
        cap_weights(weights, len(fresh))
        scratch = [0] * (3 * len(fresh)), [0] * (3 * len(fresh))
        prices, confidences = [each.price for each in fresh], [each.confidence for each in fresh]
        return aggregate(prices, confidences, weights, len(fresh), *scratch)[0]

    return price


def steps(path: Sequence[int], seconds: range) -> Iterator[tuple[int, int]]:
    """When a path is told, and what: at each second, and where it moves by more than a step through the next one."""
    former = path[0]
    for second, price in zip(seconds, path, strict=True):
        count = max(1, -(-abs(price - former) * 1_000_000 // (STEP_PPM * min(price, former))))
        for nth in range(count):
            yield (
                second * SECOND_NS + nth * SECOND_NS // count,
                former + (price - former) * (nth + 1) // count,
            )
        former = price


def told_lines(paths: dict[str, list[int]], seconds: range) -> list[tuple[int, bytes]]:
    """Lines of the tellers, by time of sending; each says all prices."""
    told = [(*each, asset) for asset, path in paths.items() for each in steps(path, seconds)]
    told.sort(key=lambda each: (each[0], each[2]))
    found = []
    for number, (time_ns, price, asset) in enumerate(told, start=1):
        confidence = max(price * TOLD_CONFIDENCE_PPM // 1_000_000, 1)
        found += [
            (
                time_ns,
                f'{{"source":"{teller}","asset":"{asset}","price":"{_decimal(price)}",'
                f'"confidence":"{_decimal(confidence)}","number":{number},"time_ns":{time_ns},'
                f'"sent_ns":{time_ns}}}'.encode(),
            )
            for teller in TELLERS
        ]
    return found


def _decimal(nano: int) -> str:
    return f"{nano // NANO}.{nano % NANO:09d}"


# --- engines ----------------------------------------------------------------------------------------------------------
def told_venue(text: str) -> str:
    """The venue's file with the tellers as every market's sources."""
    for panel in PANELS:
        assert f"[panels.{panel}]" in text, f"the venue has no panel {panel} any more"
        text = text.replace(f'panel = "{panel}"', 'panel = "told"')
    producers = "".join(f'{teller} = ["oracle-prices"]\n' for teller in TELLERS)
    text = text.replace("[producers]\n", f"[producers]\n{producers}", 1)
    sources = ", ".join(f'{{ source = "{teller}", weight = 1, heartbeat = "1 s" }}' for teller in TELLERS)
    return f"{text}\n[panels.told]\nsources = [{sources}]\n"


def told_recording(recorded: Path, pools: Sequence[PoolParameters], engine: str, folder: Path) -> Path:
    """The recording once more, with what the tellers say in the place of the venues' quotes of its markets."""
    recording = load(recorded)
    seconds = range(recording.start_s + 1, recording.end_s)
    quotes = quotes_of(recorded)
    paths = {}
    for market in (each for pool in pools for each in pool.markets):
        price_of = own_price if engine == OWN else index_price(market)
        asked = [each for each in quotes if each.asset == market.index_asset]
        paths[market.index_asset] = price_path(asked, seconds, price_of)
    kept = [
        (said.sent_ns, line)
        for said, line in zip(quotes, read_lines(topic_file(recorded, "oracle-prices")), strict=True)
        if said.asset not in paths
    ]
    lines = sorted([*kept, *told_lines(paths, seconds)], key=lambda each: each[0])
    folder.mkdir(parents=True)
    write_lines(topic_file(folder, "oracle-prices"), [[line for _, line in lines]])
    for topic in MARKET_TOPICS[1:]:
        shutil.copy(topic_file(recorded, topic), topic_file(folder, topic))
    venue = folder / "venue.toml"
    venue.write_text(told_venue((VENUES / recording.venue).read_text("utf-8")), "utf-8")
    text = (recorded / MANIFEST).read_text("utf-8")
    named = f'venue = "{recording.venue}"'
    assert named in text, "the recording names its venue"
    (folder / MANIFEST).write_text(text.replace(named, f'venue = "{venue}"'), "utf-8")
    return folder


def run(prices: Path, accounts: int, folder: Path, *, still: bool) -> dict[str, Done]:
    """Build the recording, draw the accounts once, and run the three engines on them. Nothing is there yet."""
    specification = SPECS / f"{NAME}.toml"
    recording = load(specification)
    pools = load_venue(VENUES / recording.venue).pools
    recorded = build(recording, specification, prices, folder / "recording", pools, level=3).folder
    drawn = folder / "accounts"
    drawn.mkdir()
    write_accounts(_still(recording) if still else recording, recorded, pools, accounts, drawn)
    done = {}
    for engine in (OWN, BELIEVED, INDEX):
        place = folder / engine.replace(" ", "-")
        (place / "run").mkdir(parents=True)
        shutil.copytree(drawn, place / "run" / TOPICS)
        told = recorded if engine == INDEX else told_recording(recorded, pools, engine, place / "recording")
        done[engine] = execute(Replay(str(told), accounts, place / "run", database=False), unheard)
    return done


def _still(recording: Recording) -> Recording:
    """The same accounts, and nobody trades."""
    return recording.model_copy(
        update={"accounts": recording.accounts.model_copy(update={"checks_per_account": 0.0})}
    )


# --- what came of it --------------------------------------------------------------------------------------------------
def liquidated(done: Done) -> int:
    """Accounts of all pools that were forced to anything."""
    return sum(tally.touched(*FORCED) for tally in done.counted.tallies().values())


def _trips(*states: str) -> Callable[[Tally], int]:
    return lambda tally: sum(market.trips[state] for market in tally.markets for state in states)


def _halted_s(tally: Tally) -> int:
    spans = [
        span
        for row in range(len(tally.markets))
        for span in tally.minutes.spans(row, tally.time_ns)
        if span.state == "halted index"
    ]
    return sum(span.end_ns - span.start_ns for span in spans) // SECOND_NS


def _usd(figure: Callable[[Tally], int]) -> Callable[[Tally], int]:
    return lambda tally: figure(tally) // tally.of.assets[0].unit_scale


COUNTS: Final[dict[str, Callable[[Tally], int]]] = {
    "accounts called": lambda tally: tally.touched(counted.CALLED),
    "accounts liquidated, by any forced step": lambda tally: tally.touched(*FORCED),
    "  of these taken over by the vault": lambda tally: tally.touched(counted.TAKEN),
    "  of these bankrupt": lambda tally: tally.touched(counted.BANKRUPTED),
    "closed for their holders, USD": _usd(lambda tally: sum(tally.channel_quanta())),
    "vault takeovers": lambda tally: tally.events["takeover"],
    "deficits of the bankrupt, USD": _usd(lambda tally: tally.deficit_quanta),
    "drawn from the fund, USD": _usd(Tally.drawn_quanta),
    "accounts deleveraged": lambda tally: tally.touched(counted.DELEVERAGED),
    "deleveraged, USD": _usd(lambda tally: tally.adl_quanta),
    "price band: limit states": _trips("limit state"),
    "price band: pauses": _trips("pause"),
    "divergences of mark and index": _trips("divergence"),
    "halts of an index": _trips("halted index"),
    "  seconds of that, all markets together": _halted_s,
}


def tables(done: dict[str, Done]) -> Iterator[Table]:
    """A table of each pool, and what the runs were."""
    tallies = [each.counted.tallies() for each in done.values()]
    for pool in done[INDEX].run.venue.pools:
        table = _table(f"pool {pool.id}", done)
        for name, figure in COUNTS.items():
            table.add_row(name, *(f"{figure(each[pool.id]):,}" for each in tallies))
        for row, market in enumerate(pool.markets):
            lows = (each[pool.id].markets[row].low_ticks / market.tick_scale for each in tallies)
            table.add_row(f"lowest mark, {market.id}", *(f"{low:,.5g}" for low in lows))
        yield table
    table = _table("both pools", done)
    for name, figure in COUNTS.items():
        table.add_row(name, *(f"{sum(figure(pool) for pool in each.values()):,}" for each in tallies))
    hit = [liquidated(each) for each in done.values()]
    table.add_row(
        "accounts liquidated, times the index's", *(f"{each / liquidated(done[INDEX]):.2f}" for each in hit)
    )
    for name in ("journal_entries", "events", "wall_s"):
        table.add_row(name, *(f"{each.summary[name]:,}" for each in done.values()))
    yield table


def _table(title: str, engines: Iterable[str]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for engine in engines:
        table.add_column(engine, justify="right")
    return table


def main() -> None:
    """Print the comparison."""
    asked = argparse.ArgumentParser(
        prog="python -m benchmarks.october", description=(__doc__ or "").split("\n")[0]
    )
    where = os.environ.get("MARGINLINE_PRICES", "prices")
    asked.add_argument("--prices", type=Path, default=Path(where), help="folder of the price files")
    asked.add_argument("--accounts", type=int, default=10_000)
    asked.add_argument("--still", action="store_true", help="nobody trades; the opening book is all there is")
    told = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="marginline-") as folder:
        console = Console(width=110)
        for table in tables(run(told.prices, told.accounts, Path(folder), still=told.still)):
            console.print(table)


if __name__ == "__main__":
    main()
