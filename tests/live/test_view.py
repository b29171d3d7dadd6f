"""The terminal view: what stands where, its keys, and that it ends when the run does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import pytest
from rich.console import Console
from textual.widgets import RichLog, Static

from flows.live import panels
from flows.live.board import Board
from flows.live.view import Help, LiveView
from tests.live.test_board import PAGE, ROWS, VENUE, state

FLOWS = ("market", "intake", "clearing", "audit")


def board() -> Board:
    """A venue in the middle of the story, one of its flows silent and another away."""
    made = Board(VENUE, FLOWS)
    majors = made.pools["majors"]
    majors.add_events(12, ROWS)
    majors.add_states(np.concatenate([state(0, 800_000), state(0, 743_210, 1)]))
    for flow, now_s in (("intake", 10.0), ("market", 60.0), ("clearing", 10.0)):
        made.flows[flow].take_page(PAGE.format(fills="1234.0", read="100.0"), now_s)
    said = {"pool": "majors", "time_ns": 0, "type": "bankrupt", "account": "a-000017", "amount": "11"}
    made.add_message("liquidations", said)
    return made


def text(table: object) -> list[str]:
    console = Console(width=100, color_system=None)
    with console.capture() as captured:
        console.print(table)
    return [line.rstrip() for line in captured.get().splitlines()]


def test_flows_as_text() -> None:
    assert text(panels.flows(board())) == [
        "flow                   records/s  waiting  most on  memory",
        "market    silent 50 s          0    1,236  fills    333 MB",
        "intake    ready                0    1,236  fills    333 MB",
        "clearing  ready                0    1,236  fills    333 MB",
        "audit     no answer",
    ]


def test_pools_as_text() -> None:
    shown = text(panels.pools(board()))
    assert shown[0].split() == ["majors", "alts"]
    lines = {line[:19].strip(): line[19:].split() for line in shown[1:]}
    assert lines["accounts"] == ["3", "0"]
    assert lines["at backstop"] == ["1", "0"]
    assert lines["orders open"] == ["0", "0", "0", "0"]
    assert lines["vault takeovers"] == ["1", "0"]
    assert lines["withdrawals"] == ["closed", "open"]


def test_markets_as_text() -> None:
    shown = text(panels.markets(board()))
    assert shown[1].split() == ["BTC-PERP", "74,321.0", "-7.10%", "degraded"]
    assert shown[2].split()[1:] == ["-", "no", "price", "yet"]
    assert len(shown) == 1 + sum(len(pool.markets) for pool in VENUE.pools)


def test_a_line_says_it_all() -> None:
    line = panels.line(board())
    assert "12 journal entries   calls 1, liquidation orders 1, fills 2, takeovers 1" in line
    assert line.endswith("waiting: market 1,236, intake 1,236, clearing 1,236, audit -")


def run(test: Callable[[LiveView], object], look: Callable[[], bool]) -> LiveView:
    view = LiveView(board(), look, "live-test")

    async def driven() -> None:
        async with view.run_test(size=(140, 45)) as pilot:
            await test(view)(pilot)  # type: ignore[operator]

    asyncio.run(driven())
    return view


def screen(view: LiveView) -> str:
    """All that stands in its places, as text."""
    statics = [str(each.render()) for each in view.query(Static)]
    return "\n".join([*statics, *(line.text for line in view.query_one(RichLog).lines)])


def test_it_shows_the_board_and_follows_it() -> None:
    def test(view: LiveView) -> object:
        async def drive(pilot: object) -> None:
            await pilot.pause(0.2)  # type: ignore[attr-defined]
            assert "live-test" in screen(view)
            assert "a-000017 bankrupt: deficit 11" in screen(view)
            said = {"pool": "alts", "time_ns": 0, "type": "call-cleared", "account": "a-000018"}
            view.board.add_message("margin-calls", said)
            view.draw()
            await pilot.pause(0.1)  # type: ignore[attr-defined]
            assert "a-000018 call cleared" in screen(view)

        return drive

    assert run(test, lambda: True).failure is None


def test_its_keys() -> None:
    def test(view: LiveView) -> object:
        async def drive(pilot: object) -> None:
            await pilot.press("question_mark")  # type: ignore[attr-defined]
            assert isinstance(view.screen, Help)
            await pilot.press("escape")  # type: ignore[attr-defined]
            await pilot.press("p")  # type: ignore[attr-defined]
            assert view.is_held
            await pilot.press("ctrl+c")  # type: ignore[attr-defined]
            assert view.is_stopping

        return drive

    run(test, lambda: True)


def test_it_ends_when_the_run_does() -> None:
    turns = iter([True, True, False])
    view = LiveView(board(), lambda: next(turns), "live-test")

    async def driven() -> None:
        await asyncio.wait_for(view.run_async(headless=True, size=(140, 45)), 30)

    asyncio.run(driven())
    assert next(turns, None) is None


def test_what_went_wrong_is_raised_once_the_screen_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def look() -> bool:
        raise ValueError("market has ended")

    view = LiveView(board(), look, "live-test")
    monkeypatch.setattr(view, "run", lambda: asyncio.run(view.run_async(headless=True, size=(80, 24))))
    with pytest.raises(ValueError, match="market has ended"):
        view.show()
