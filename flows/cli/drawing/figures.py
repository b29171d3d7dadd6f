"""What the picture shows, by the minute: four panels on one time axis, the same for page and image."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from flows.verify.minutes import BREAKERS, CHANNELS, INDEX_STATES, LEVELS, MINUTE_NS
from flows.verify.tally import Tally

Values = NDArray[np.float64]

INK: Final = "#1c2733"

# Colours are read on white and on near-black alike. Rungs go from yellow to black, states by what they stop.
LINES: Final = (
    "#3b82f6",
    "#e8710a",
    "#1f9d55",
    "#d6409f",
    "#8e5cf0",
    "#a5673f",
    "#0e9bb5",
    "#e5484d",
    "#9a8a00",
    "#6a6fdb",
    "#5b9a1f",
    "#7d8590",
)
CHANNEL_COLOURS: Final = ("#3b82f6", "#2fb3a0", "#8e5cf0", "#e5484d")
LEVEL_COLOURS: Final = ("#e6bd45", "#ef8a1d", "#e5484d", "#a13d86", INK)
STATE_COLOURS: Final = {
    "limit state": "#e8a33d",
    "pause": "#e5484d",
    "divergence": "#8e5cf0",
    "open-interest jump": "#0e9bb5",
    "venue-wide pause": "#a5673f",
    "halted by hand": "#d6409f",
    "degraded index": "#9aa7b5",
    "halted index": "#5c6773",
}
assert set(STATE_COLOURS) == {*BREAKERS, *INDEX_STATES.values()}, "every state has its colour"

CHANNEL_NAMES: Final = ("market orders", "liquidators", "vault", "deleveraging")

PRICES: Final = "Prices, start = 100"
STATES: Final = "Breakers and index states"
LIQUIDATED: Final = "Liquidated per minute"
FUND: Final = "Insurance fund"
UNDER: Final = "Accounts at each level or worse, at some time in the minute (log scale)"

TICK_STEPS_MIN: Final = (5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 7_200, 14_400, 43_200)


@dataclass(frozen=True)
class Series:
    """One line, or one layer of a stack."""

    name: str
    colour: str
    values: Values


@dataclass(frozen=True)
class StateSpan:
    """A market's unusual state, in minutes from the start of the picture."""

    market: int
    state: str
    start: float
    end: float


@dataclass(frozen=True)
class Figures:
    """All that is drawn."""

    title: str
    source: str
    unit: str
    first_minute: int
    minutes: int
    prices: tuple[Series, ...]
    spans: tuple[StateSpan, ...]
    liquidated: tuple[Series, ...]
    fund: tuple[Series, ...]
    levels: tuple[Series, ...]

    def time_text(self, minute: int, form: str = "%H:%M") -> str:
        """The time of a minute from the start."""
        return datetime.fromtimestamp((self.first_minute + minute) * 60, UTC).strftime(form)

    def states(self) -> list[str]:
        """The unusual states that occurred, in the order of their colours."""
        return [state for state in STATE_COLOURS if any(span.state == state for span in self.spans)]


def figures(title: str, source: str, tallies: Mapping[str, Tally]) -> Figures:
    """What the tallies of all pools come to, on one time axis."""
    firsts = [tally.minutes.first for tally in tallies.values() if tally.minutes.first]
    first = min(firsts, default=0)
    last = max((tally.minutes.last for tally in tallies.values()), default=first)
    each = {pool: tally.minutes.series(first, max(first, last)) for pool, tally in tallies.items()}
    units = {pool: tally.of.assets[0].unit_scale for pool, tally in tallies.items()}
    count = max(first, last) - first + 1
    liquidated = sum(
        (series.liquidated_quanta / units[pool] for pool, series in each.items()),
        np.zeros((len(CHANNELS), count)),
    )
    under = sum((series.under for series in each.values()), np.zeros((len(LEVELS), count), np.int64))
    marks = [row for series in each.values() for row in series.mark_ticks]
    markets = [market.id for tally in tallies.values() for market in tally.markets]
    pools = enumerate(each.items())
    return Figures(
        title,
        source,
        " and ".join(sorted({tally.of.assets[0].id for tally in tallies.values()})),
        first,
        count,
        tuple(
            Series(market, LINES[row % len(LINES)], indexed(mark))
            for row, (market, mark) in enumerate(zip(markets, marks, strict=True))
        ),
        _spans(tallies, first, count),
        _named(CHANNEL_NAMES, CHANNEL_COLOURS, liquidated),
        tuple(
            Series(pool, LINES[row % len(LINES)], series.fund_quanta / units[pool])
            for row, (pool, series) in pools
        ),
        _named(LEVELS, LEVEL_COLOURS, under.astype(np.float64)),
    )


def indexed(mark_ticks: NDArray[np.int64]) -> Values:
    """A path with its first price at 100; nothing where there is none."""
    priced = mark_ticks > 0
    if not priced.any():
        return np.full(len(mark_ticks), np.nan)
    return np.where(priced, mark_ticks * 100 / int(mark_ticks[priced][0]), np.nan)


def _named(names: Sequence[str], colours: Sequence[str], rows: Values) -> tuple[Series, ...]:
    return tuple(Series(*each) for each in zip(names, colours, rows, strict=True))


def _spans(tallies: Mapping[str, Tally], first: int, count: int) -> tuple[StateSpan, ...]:
    spans = []
    market = 0
    for tally in tallies.values():
        for row in range(len(tally.markets)):
            for span in tally.minutes.spans(row, tally.time_ns):
                start = max(0.0, span.start_ns / MINUTE_NS - first)
                end = min(float(count), span.end_ns / MINUTE_NS - first)
                if end >= start:
                    spans.append(StateSpan(market, span.state, start, end))
            market += 1
    order = list(STATE_COLOURS)
    return tuple(sorted(spans, key=lambda span: -order.index(span.state)))  # breakers over index states


# ---- axes ------------------------------------------------------------------------------------------------------------
def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round values between two ends, at most ``most`` steps apart."""
    if not high > low:
        return [low]
    rough = (high - low) / most
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= rough * (1 - 1e-9))
    start = math.ceil(low / step - 1e-9)
    return [number * step for number in range(start, math.floor(high / step + 1e-9) + 1)]


def time_ticks(figures: Figures, most: int = 12) -> list[int]:
    """Minutes from the start that stand on a round time of the day."""
    step = next((each for each in TICK_STEPS_MIN if figures.minutes / each <= most), TICK_STEPS_MIN[-1])
    start = -figures.first_minute % step
    return list(range(start, figures.minutes, step))


def short(value: float) -> str:
    """``1.2 M``: an amount on an axis."""
    for scale, letter in ((1e9, " B"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= scale:
            return f"{value / scale:.3g}{letter}"
    return f"{value:.3g}"


def spread(heights: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places for labels: as near to their heights as it goes with ``gap`` between them, within two ends."""
    order = sorted(range(len(heights)), key=lambda place: heights[place])
    blocks: list[list[float]] = []  # neighbours that touch move as one, around their mean
    for rank, place in enumerate(order):
        blocks.append([heights[place] - rank * gap])
        while len(blocks) > 1 and _mean(blocks[-2]) > _mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    top = high - (len(order) - 1) * gap
    bases = [min(max(_mean(block), low), max(top, low)) for block in blocks for _ in block]
    places = [0.0] * len(heights)
    for rank, place in enumerate(order):
        places[place] = bases[rank] + rank * gap
    return places


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
