"""The picture: it needs nothing but itself, and what it shows is what the events say."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import image

from flows.cli.drawing.figures import Figures, figures, indexed, short, spread, ticks, time_ticks
from flows.cli.drawing.page import write_page
from flows.cli.picture import IMAGE, PAGE, write_picture
from flows.journal import entries as en
from flows.journal import events as ev
from flows.verify.tally import Tally
from tests.tables import table
from tests.verify.by_hand import MINUTE, event, rows, told, two_pools
from tests.worlds import START, pool

TITLE = "A <day> & its end"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("picture")
    write_picture(made, TITLE, two_pools()[0].tallies(), "Made by hand.")
    return made


def page(folder: Path) -> str:
    return (folder / PAGE).read_text("utf-8")


def told_to_script(text: str) -> dict[str, Any]:
    found = re.search(r'<script id="told" type="application/json">(.*?)</script>', text, re.DOTALL)
    assert found
    answer: dict[str, Any] = orjson.loads(found[1])
    return answer


def drawing(text: str) -> ET.Element:
    return ET.fromstring(text[text.index("<svg") : text.index("</svg>") + len("</svg>")])


# ---- the page --------------------------------------------------------------------------------------------------------
def test_the_page_needs_no_network(folder: Path) -> None:
    text = page(folder)
    assert "http" not in text.lower()
    for leak in ("src=", "href=", "url(", "@import", "fetch(", "<link", "//cdn"):
        assert leak not in text, leak
    assert "A &lt;day&gt; &amp; its end" in text
    assert "<day>" not in text
    assert "Made by hand." in text


def test_the_drawing_is_whole_and_within_its_frame(folder: Path) -> None:
    svg = drawing(page(folder))
    _, _, width, height = (float(each) for each in svg.attrib["viewBox"].split())
    for part in svg.iter():
        places = [(float(part.attrib[name]), width) for name in ("x", "x1", "x2") if name in part.attrib]
        places += [(float(part.attrib[name]), height) for name in ("y", "y1", "y2") if name in part.attrib]
        numbers = [float(each) for each in re.findall(r"-?[\d.]+", part.attrib.get("d", ""))]
        places += [(each, max(width, height)) for each in numbers]
        assert all(0 <= place <= most for place, most in places), part.attrib
    assert "nan" not in ET.tostring(svg, "unicode")


def test_panels_have_titles_times_and_legends(folder: Path) -> None:
    said = [part.text for part in drawing(page(folder)).iter("text")]
    for title in ("Prices, start = 100", "Breakers and index states", "Liquidated per minute, USDT"):
        assert title in said
    assert "Insurance fund, USDT" in said
    for name in (
        "market orders",
        "liquidators",
        "vault",
        "deleveraging",
        "call",
        "bankrupt",
        "coins",
        "other",
    ):
        assert name in said
    assert any(re.fullmatch(r"\d\d:\d\d", each or "") for each in said)
    assert any((each or "").startswith("UTC, from 2025-04-") for each in said)


def test_the_same_run_draws_the_same_page(folder: Path, tmp_path: Path) -> None:
    write_picture(tmp_path, TITLE, two_pools()[0].tallies(), "Made by hand.")
    assert page(tmp_path) == page(folder)
    assert (tmp_path / IMAGE).read_bytes() == (folder / IMAGE).read_bytes()


def test_what_is_pointed_at_is_what_happened(folder: Path) -> None:
    _, stories = two_pools()
    shown = told_to_script(page(folder))
    panels = {
        panel["name"]: {each["name"]: each["values"] for each in panel["series"]} for panel in shown["panels"]
    }
    assert set(panels) == {"prices", "states", "liquidated", "fund", "levels"}
    for pool_id, of in stories.items():
        last = next(reversed(list(told(of, ev.FUND))))["balance_quanta"]
        assert panels["fund"][pool_id][-1] == round(last / 1_000_000)
    for name, kind in (("market orders", ev.LIQUIDATION_FILL), ("deleveraging", ev.ADL)):
        by_minute: dict[int, int] = {}
        for of in stories.values():
            for each in told(of, kind):
                minute = each["time_ns"] // MINUTE - shown["first"]
                by_minute[minute] = by_minute.get(minute, 0) + abs(each["quanta"])
        drawn = {minute: value for minute, value in enumerate(panels["liquidated"][name]) if value}
        assert drawn == {minute: round(quanta / 1e6) for minute, quanta in by_minute.items()}
    bankrupt = {
        (pool_id, each["time_ns"] // MINUTE - shown["first"], each["account"])
        for pool_id, of in stories.items()
        for each in told(of, ev.LEVEL)
        if each["code"] == 5
    }
    in_minute = [sum(1 for _, at, _ in bankrupt if at == minute) for minute in range(shown["minutes"])]
    assert all(drawn >= found for drawn, found in zip(panels["levels"]["bankrupt"], in_minute, strict=True))
    assert sum(in_minute) > 0
    names = [each["name"] for each in shown["panels"][0]["series"]]
    assert names == ["BTC-PERP", "ETH-PERP"] * 2


def test_prices_start_at_a_hundred() -> None:
    drawn = figures("", "", two_pools()[0].tallies())
    for series in drawn.prices:
        first = np.flatnonzero(np.isfinite(series.values))[0]
        assert series.values[first] == 100
    assert np.isnan(indexed(np.array([0, 0]))).all()
    assert np.array_equal(indexed(np.array([0, 50, 75])), [np.nan, 100, 150], equal_nan=True)


def test_breakers_are_drawn_from_their_trip_to_their_end() -> None:
    tally = Tally(pool())
    entries = en.empty(2)
    entries[:, en.KIND] = en.MARKET_STATE
    entries[:, en.TIME_NS] = START // MINUTE * MINUTE + np.array([0, 10]) * MINUTE
    entries[:, en.MarketState.MARK_TICKS] = 7
    tally.add_entries(entries)
    status = {"market": 1, "mark_ticks": 7}
    tally.add_events(
        rows(
            event(ev.MARKET_STATUS, 1, minute=2, quanta=2, **status),
            event(ev.MARKET_STATUS, 2, minute=4.5, fee_quanta=2, **status),
            event(ev.MARKET_STATUS, 3, minute=7, code=2, **status),
        )
    )
    spans = [(each.market, each.state, each.start, each.end) for each in figures("", "", {"x": tally}).spans]
    assert spans == [(1, "halted index", 7.0, 10.0), (1, "pause", 2.0, 4.5)]


# ---- the image -------------------------------------------------------------------------------------------------------
def test_the_image_opens_and_is_not_blank(folder: Path) -> None:
    pixels = image.imread(folder / IMAGE)
    assert pixels.shape[0] >= 1_000
    assert pixels.shape[1] >= 1_000
    for quarter in np.array_split(pixels[..., :3], 4):
        colourful = np.ptp(quarter, axis=2) > 0.2
        assert 0.001 < colourful.mean() < 0.6, "each panel is drawn"


def test_a_run_in_which_nothing_happened_is_drawn(tmp_path: Path) -> None:
    write_picture(tmp_path, "Nothing", {"quiet": Tally(replace(pool(), fund_opening_quanta=0))})
    assert "nan" not in drawing(page(tmp_path)).attrib["viewBox"]
    assert (tmp_path / IMAGE).stat().st_size > 0


def test_a_name_cannot_end_the_script(tmp_path: Path) -> None:
    drawn = figures("t", "s", two_pools()[0].tallies())
    renamed = replace(drawn, fund=tuple(replace(each, name="</script>") for each in drawn.fund))
    write_page(tmp_path / PAGE, renamed)
    assert page(tmp_path).count("</script>") == 2
    assert told_to_script(page(tmp_path))["panels"][3]["series"][0]["name"] == "</script>"


# ---- axes ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("low", "high", "expected", "why"),
    table("""
    0      10     0,2,4,6,8,10    both_ends
    88.7   103.6  90,95,100       round_values_within
    0      1      0,0.2,0.4,0.6,0.8,1   below_one
    5      5      5               no_room
    """),
)
def test_ticks(low: str, high: str, expected: str, why: str) -> None:
    assert ticks(float(low), float(high)) == pytest.approx([float(each) for each in expected.split(",")])


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e9), st.integers(2, 12))
def test_ticks_are_few_and_within(low: float, size: float, most: int) -> None:
    found = ticks(low, low + size, most)
    assert len(found) <= most + 1
    slack = size * 1e-6
    assert all(low - slack <= each <= low + size + slack for each in found)


@pytest.mark.parametrize(
    ("minutes", "step"), [(30, 5), (600, 60), (1_440, 120), (14_400, 1_440), (10_000_000, 43_200)]
)
def test_time_ticks_stand_on_round_times(minutes: int, step: int) -> None:
    drawn = replace(figures("", "", {}), first_minute=29_000_003, minutes=minutes)
    found = time_ticks(drawn)
    assert all((drawn.first_minute + each) % step == 0 for each in found)
    assert found[0] < step
    assert set(np.diff(found)) == {step}


@pytest.mark.parametrize(
    ("value", "text", "why"),
    table("""
    0         0      zero
    999       999    small
    1500      1.5_k  thousands
    2000000   2_M    millions
    -3.2e9    -3.2_B  below_zero
    """),
)
def test_short(value: str, text: str, why: str) -> None:
    assert short(float(value)) == text.replace("_", " ")


@given(st.lists(st.floats(0, 100), max_size=9), st.floats(0.5, 10))
def test_labels_keep_their_order_and_distance(heights: list[float], gap: float) -> None:
    places = spread(heights, gap, 0, 100)
    order = sorted(range(len(heights)), key=lambda place: heights[place])
    stacked = [places[place] for place in order]
    assert all(above - below >= gap - 1e-9 for below, above in pairwise(stacked))
    assert all(-1e-9 <= place <= 100 + 1e-9 for place in places)


def test_labels_with_room_stay_where_they_are_and_neighbours_share() -> None:
    assert spread([10, 90, 50], 5, 0, 100) == [10, 90, 50]
    assert spread([50, 50], 4, 0, 100) == [48, 52]


def test_times_are_utc() -> None:
    drawn: Figures = replace(figures("", "", {}), first_minute=29_066_340)
    assert drawn.time_text(5, "%Y-%m-%d %H:%M") == "2025-04-06 23:05"
