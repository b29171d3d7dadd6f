"""The picture's panels as inline SVG: the same four, and the places of everything for the page's script."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import numpy as np

from flows.cli.drawing.figures import (
    FUND,
    INK,
    LIQUIDATED,
    PRICES,
    STATE_COLOURS,
    STATES,
    UNDER,
    Figures,
    Series,
    Values,
    short,
    spread,
    ticks,
    time_ticks,
)

LEFT: Final = 78
RIGHT: Final = 104
WIDTH: Final = 1_180
INNER: Final = WIDTH - LEFT - RIGHT
HEAD: Final = 30
"""Above a panel, for its title and legend."""
FOOT: Final = 26
"""Below a panel, for its times."""
ROW: Final = 11
"""Height of a market's row of states."""
LABEL: Final = 13
"""Least distance of two labels."""
LEAST_SPAN: Final = 1.5
"""A state of a moment is seen, too."""


@dataclass(frozen=True)
class Panel:
    """A panel's place and how a value becomes a height in it."""

    name: str
    title: str
    top: int
    height: int
    y: Callable[[float], float]
    ticks: Sequence[float] = ()

    @property
    def bottom(self) -> int:
        """Where its time axis is."""
        return self.top + self.height


def drawing(figures: Figures) -> tuple[str, dict[str, Any]]:
    """The SVG element, and what its script needs to know."""
    panels = _panels(figures)
    parts: list[str] = []
    for panel in panels:
        parts += _frame(panel, figures)
    prices, states, liquidated, fund, levels = panels
    parts += [_line(each, prices, figures, step=False) for each in figures.prices]
    parts += _line_names(prices, figures)
    parts += _states(states, figures)
    parts += _stack(liquidated, figures)
    parts += [_line(each, fund, figures, step=True) for each in figures.fund]
    parts += [_area(np.zeros(figures.minutes), each.values, each, levels, figures) for each in figures.levels]
    for panel, keys in (
        (states, [(state, STATE_COLOURS[state]) for state in figures.states()]),
        *((panel, _keys(of)) for panel, of in ((liquidated, figures.liquidated), (fund, figures.fund))),
        (levels, _keys(figures.levels)),
    ):
        parts += _legend(panel, keys)
    height = levels.bottom + FOOT + 18
    date = figures.time_text(0, "UTC, from %Y-%m-%d")
    parts.append(f'<text x="{LEFT + INNER / 2}" y="{height - 6}" text-anchor="middle">{date}</text>')
    parts.append(f'<line id="cross" y1="{prices.top}" y2="{levels.bottom}" visibility="hidden"/>')
    label = escape(f"{figures.title}: {', '.join(panel.title for panel in panels)}")
    svg = f'<svg id="picture" viewBox="0 0 {WIDTH} {height}" tabindex="0" role="img" aria-label="{label}">\n'
    return svg + "\n".join(parts) + "\n</svg>", _told(figures, panels)


def _panels(figures: Figures) -> tuple[Panel, ...]:
    rows = max(1, len(figures.prices))
    heights = (310, rows * ROW, 170, 140, 180)
    titles = (PRICES, STATES, f"{LIQUIDATED}, {figures.unit}", f"{FUND}, {figures.unit}", UNDER)
    tops, top = [], HEAD
    for height in heights:
        tops.append(top)
        top += height + FOOT + HEAD
    low, high = _ends(figures.prices)
    most = float(np.sum([each.values for each in figures.liquidated], axis=0).max(initial=0.0)) * 1.05 or 1.0
    funded = max((float(each.values.max()) for each in figures.fund), default=0.0) * 1.1 or 1.0
    under = max((float(each.values.max()) for each in figures.levels), default=0.0) * 1.5 or 1.0
    decades = [0.0, *(10.0**power for power in range(math.floor(math.log10(max(under, 1.0))) + 1))]
    scales: tuple[tuple[Callable[[int, int], Callable[[float], float]], Sequence[float]], ...] = (
        (lambda top, height: _linear(top, height, low, high), ticks(low, high, 8)),
        (lambda top, _: lambda row: top + row * ROW, ()),
        (lambda top, height: _linear(top, height, 0.0, most), ticks(0.0, most)),
        (lambda top, height: _linear(top, height, 0.0, funded), ticks(0.0, funded, 4)),
        (lambda top, height: _logarithmic(top, height, under), decades),
    )
    names = ("prices", "states", "liquidated", "fund", "levels")
    return tuple(
        Panel(name, title, top, height, scale(top, height), at)
        for name, title, top, height, (scale, at) in zip(names, titles, tops, heights, scales, strict=True)
    )


def _ends(of: Sequence[Series]) -> tuple[float, float]:
    """Lowest and highest value with a little room, whatever there is."""
    values = np.concatenate([each.values for each in of]) if of else np.zeros(0)
    values = values[np.isfinite(values)]
    if not len(values):
        return 99.0, 101.0
    low, high = float(values.min()), float(values.max())
    room = (high - low) * 0.04 or 1.0
    return low - room, high + room


def _linear(top: int, height: int, low: float, high: float) -> Callable[[float], float]:
    return lambda value: top + height * (high - value) / (high - low)


def _logarithmic(top: int, height: int, high: float) -> Callable[[float], float]:
    """None stands at the bottom, one a little above it."""
    return lambda value: top + height * (1 - math.log10(1 + 2 * value) / math.log10(1 + 2 * high))


# ---- parts -----------------------------------------------------------------------------------------------------------
def _x(figures: Figures, minute: float) -> float:
    return LEFT + INNER * minute / figures.minutes


def _frame(panel: Panel, figures: Figures) -> Iterator[str]:
    yield f'<text class="title" x="{LEFT}" y="{panel.top - 10}">{escape(panel.title)}</text>'
    for value in panel.ticks:
        y = panel.y(value)
        yield f'<line class="grid" x1="{LEFT}" x2="{LEFT + INNER}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{short(value)}</text>'
    for minute in time_ticks(figures):
        x = _x(figures, minute)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{panel.top}" y2="{panel.bottom}"/>'
        yield f'<text x="{x:.1f}" y="{panel.bottom + 16}" text-anchor="middle">{figures.time_text(minute)}</text>'
    yield f'<line class="axis" x1="{LEFT}" x2="{LEFT + INNER}" y1="{panel.bottom}" y2="{panel.bottom}"/>'


def _line(series: Series, panel: Panel, figures: Figures, *, step: bool) -> str:
    """One line through the middles of the minutes, or in steps; broken where there is nothing."""
    commands, pen = [], "M"
    for minute, value in enumerate(series.values.tolist()):
        if not math.isfinite(value):
            pen = "M"
            continue
        y = panel.y(value)
        if step:
            commands.append(f"{pen}{_x(figures, minute):.1f} {y:.1f}H{_x(figures, minute + 1):.1f}")
        else:
            commands.append(f"{pen}{_x(figures, minute + 0.5):.1f} {y:.1f}")
        pen = "L"
    name = escape(series.name)
    return (
        f'<path class="line {panel.name}" data-of="{name}" stroke="{series.colour}" d="{"".join(commands)}"/>'
    )


def _line_names(panel: Panel, figures: Figures) -> Iterator[str]:
    """Each line's name at its end; pointing at it brings the line out."""
    named = [each for each in figures.prices if math.isfinite(float(each.values[-1]))]
    heights = spread([panel.y(float(each.values[-1])) for each in named], LABEL, panel.top, panel.bottom)
    for y, series in zip(heights, named, strict=True):
        yield (
            f'<text class="name" data-of="{escape(series.name)}" x="{LEFT + INNER + 7}" y="{y + 4:.1f}"'
            f' style="fill: {series.colour}">{escape(series.name)}</text>'
        )


def _states(panel: Panel, figures: Figures) -> Iterator[str]:
    for row, series in enumerate(figures.prices):
        y = panel.y(row) + ROW - 2
        yield f'<text class="row" x="{LEFT - 7}" y="{y}" text-anchor="end">{escape(series.name)}</text>'
    for span in figures.spans:
        x = _x(figures, span.start)
        width = max(LEAST_SPAN, _x(figures, span.end) - x)
        y = panel.y(span.market) + 1
        yield (
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{ROW - 2}"'
            f' fill="{STATE_COLOURS[span.state]}"/>'
        )


def _stack(panel: Panel, figures: Figures) -> Iterator[str]:
    below = np.zeros(figures.minutes)
    for series in figures.liquidated:
        yield _area(below, below + series.values, series, panel, figures)
        below = below + series.values


def _area(low: Values, high: Values, series: Series, panel: Panel, figures: Figures) -> str:
    """Filled between two steps a minute, where there is anything between them."""
    commands = []
    for minute in np.flatnonzero(high > low).tolist():
        left, right = _x(figures, minute), _x(figures, minute + 1)
        top, bottom = panel.y(float(high[minute])), panel.y(float(low[minute]))
        commands.append(f"M{left:.1f} {bottom:.1f}V{top:.1f}H{right:.1f}V{bottom:.1f}Z")
    return f'<path fill="{_fill(series.colour)}" d="{"".join(commands)}"/>'


def _fill(colour: str) -> str:
    """Ink is what the page's text is written in, by day and by night."""
    return "var(--ink)" if colour == INK else colour


def _keys(of: Sequence[Series]) -> list[tuple[str, str]]:
    return [(each.name, each.colour) for each in of]


def _legend(panel: Panel, keys: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Names and colours, right above the panel; no font is known, so a letter's width is a guess."""
    x = float(LEFT + INNER)
    for name, colour in reversed(keys):
        yield f'<text x="{x:.0f}" y="{panel.top - 10}" text-anchor="end">{escape(name)}</text>'
        x -= 6.2 * len(name) + 16
        yield f'<rect x="{x:.0f}" y="{panel.top - 19}" width="11" height="10" rx="2" fill="{_fill(colour)}"/>'
        x -= 14


def _told(figures: Figures, panels: Sequence[Panel]) -> dict[str, Any]:
    """What the script shows of a minute, rounded as it shows it."""
    of = {
        "prices": (figures.prices, 2),
        "liquidated": (figures.liquidated, 0),
        "fund": (figures.fund, 0),
        "levels": (figures.levels, 0),
    }
    return {
        "left": LEFT,
        "inner": INNER,
        "first": figures.first_minute,
        "minutes": figures.minutes,
        "panels": [_panel_told(panel, *of.get(panel.name, ((), 0))) for panel in panels],
        "markets": [each.name for each in figures.prices],
        "spans": [
            [span.market, span.state, round(span.start, 3), round(span.end, 3), STATE_COLOURS[span.state]]
            for span in figures.spans
        ],
    }


def _panel_told(panel: Panel, of: Sequence[Series], places: int) -> dict[str, Any]:
    return {
        "name": panel.name,
        "title": panel.title,
        "top": panel.top - HEAD,
        "bottom": panel.bottom + FOOT,
        "places": places,
        "series": [
            {
                "name": each.name,
                "colour": _fill(each.colour),
                "values": [_rounded(value, places) for value in each.values.tolist()],
            }
            for each in of
        ],
    }


def _rounded(value: float, places: int) -> float | int | None:
    if not math.isfinite(value):
        return None
    return round(value, places) if places else round(value)
