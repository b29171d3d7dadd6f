"""The picture as an image, by matplotlib without a screen."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from flows.cli.drawing.figures import (
    FUND,
    INK,
    LIQUIDATED,
    PRICES,
    STATE_COLOURS,
    STATES,
    UNDER,
    Figures,
    Values,
    short,
    spread,
    time_ticks,
)

FAINT: Final = "#8793a0"
GRID: Final = "#e4e8ec"
INCHES: Final = (12.5, 14.0)
DPI: Final = 120
LABEL_GAP: Final = 0.043
"""Least distance of two labels at the right end of the prices, in parts of the panel's height."""


def write_png(path: Path, figures: Figures) -> None:
    """Draw and write."""
    rows = max(1, len(figures.prices))
    figure = Figure(figsize=INCHES, dpi=DPI, facecolor="white")
    grid = figure.add_gridspec(
        5,
        1,
        height_ratios=(3.2, 0.11 * rows, 1.9, 1.5, 1.9),
        hspace=0.34,
        left=0.07,
        right=0.885,
        top=0.915,
        bottom=0.065,
    )
    prices, states, liquidated, fund, levels = (figure.add_subplot(grid[row]) for row in range(5))
    for axes, title in (
        (prices, PRICES),
        (states, STATES),
        (liquidated, f"{LIQUIDATED}, {figures.unit}"),
        (fund, f"{FUND}, {figures.unit}"),
        (levels, UNDER),
    ):
        _frame(axes, title, figures)
    _prices(prices, figures)
    _states(states, figures)
    _stack(liquidated, figures)
    _fund(fund, figures)
    _levels(levels, figures)
    levels.set_xlabel(figures.time_text(0, "UTC, from %Y-%m-%d"), color=INK, fontsize=9)
    figure.text(0.07, 0.965, figures.title, fontsize=16, fontweight="bold", color=INK)
    figure.text(0.07, 0.947, figures.source, fontsize=9, color=FAINT)
    figure.savefig(path, metadata={"Software": None})


def _frame(axes: Axes, title: str, figures: Figures) -> None:
    """Title, time axis, grid; no box."""
    axes.set_title(title, loc="left", fontsize=10.5, fontweight="bold", color=INK, pad=7)
    axes.set_xlim(0, figures.minutes)
    at = time_ticks(figures)
    axes.set_xticks(at, [figures.time_text(minute) for minute in at])
    axes.tick_params(colors=INK, labelsize=8.5, length=0)
    axes.grid(visible=True, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)


def _minutes(figures: Figures) -> Values:
    return np.arange(figures.minutes, dtype=np.float64) + 0.5


def _prices(axes: Axes, figures: Figures) -> None:
    """One line a market, named at its end."""
    for series in figures.prices:
        axes.plot(_minutes(figures), series.values, color=series.colour, linewidth=1.2)
    low, high = axes.get_ylim()
    named = [each for each in figures.prices if np.isfinite(each.values[-1])]
    heights = spread([float(each.values[-1]) for each in named], (high - low) * LABEL_GAP, low, high)
    for at, series in zip(heights, named, strict=True):
        axes.annotate(
            series.name,
            (1.008, at),
            xycoords=("axes fraction", "data"),
            color=series.colour,
            fontsize=8.5,
            va="center",
            annotation_clip=False,
        )


def _states(axes: Axes, figures: Figures) -> None:
    """A row a market, filled where its breaker or index was in an unusual state."""
    axes.set_ylim(len(figures.prices), 0)
    axes.set_yticks([row + 0.5 for row in range(len(figures.prices))], [each.name for each in figures.prices])
    axes.tick_params(axis="y", labelsize=6.5, pad=2)
    axes.grid(visible=False, axis="y")
    least = figures.minutes / 900  # a state of a moment is seen, too
    for span in figures.spans:
        axes.barh(
            span.market + 0.5,
            max(span.end - span.start, least),
            left=span.start,
            height=0.86,
            color=STATE_COLOURS[span.state],
            linewidth=0,
        )
    _legend(axes, [Patch(color=STATE_COLOURS[state], label=state) for state in figures.states()])


def _stack(axes: Axes, figures: Figures) -> None:
    below = np.zeros(figures.minutes)
    for series in figures.liquidated:
        _area(axes, below, below + series.values, series.colour)
        below = below + series.values
    axes.set_ylim(0, max(1.0, float(below.max()) * 1.06))
    axes.yaxis.set_major_formatter(lambda value, _: short(value))
    _legend(axes, [Patch(color=each.colour, label=each.name) for each in figures.liquidated])


def _area(axes: Axes, low: Values, high: Values, colour: str) -> None:
    """Fill between two steps a minute."""
    edges = np.arange(len(low) + 1)
    axes.fill_between(
        edges, np.append(low, low[-1]), np.append(high, high[-1]), step="post", color=colour, linewidth=0
    )


def _fund(axes: Axes, figures: Figures) -> None:
    for series in figures.fund:
        axes.plot(_minutes(figures), series.values, color=series.colour, linewidth=1.6, drawstyle="steps-mid")
    top = max((float(series.values.max()) for series in figures.fund), default=0.0)
    axes.set_ylim(0, max(1.0, top * 1.1))
    axes.yaxis.set_major_formatter(lambda value, _: short(value))
    _legend(axes, [Patch(color=each.colour, label=each.name) for each in figures.fund])


def _levels(axes: Axes, figures: Figures) -> None:
    """Few bankrupt beside many called: the axis is logarithmic, with room for none."""
    axes.set_yscale("symlog", linthresh=1, linscale=0.5)
    for series in figures.levels:
        _area(axes, np.zeros(figures.minutes), series.values, series.colour)
    top = max(1.0, max((float(series.values.max()) for series in figures.levels), default=0.0))
    axes.set_ylim(0, top * 1.6)
    axes.yaxis.set_major_formatter(lambda value, _: short(value))
    axes.minorticks_off()
    _legend(axes, [Patch(color=each.colour, label=each.name) for each in figures.levels])


def _legend(axes: Axes, handles: list[Patch]) -> None:
    if handles:
        axes.legend(
            handles=handles,
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),
            ncols=len(handles),
            frameon=False,
            fontsize=8.5,
            labelcolor=INK,
            handlelength=1.0,
            handleheight=0.8,
            columnspacing=1.4,
            borderaxespad=0.2,
        )
