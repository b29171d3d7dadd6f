"""The terminal view of a live system: flows, pools, markets and the last events, drawn from a `Board` twice a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar, Final

from rich.table import Table
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Footer, RichLog, Static

from flows.live import panels
from flows.live.board import Board

REFRESH_S: Final = 0.5
"""Seconds between two looks."""

HELP: Final = """[bold]What you see[/bold]

[bold]flows[/bold]    each process: records it reads a second, records that wait, on which topic most of them do.
[bold]pools[/bold]    accounts at each level of the ladder; orders and offers that are open, with what they are worth;
         what the vault has taken over and holds; the insurance fund.
[bold]markets[/bold]  mark, its change since the view began, status of the index, circuit breakers that hold.
[bold]events[/bold]   calls, liquidations, offers, takeovers, deleveraging, as they are published.

[bold]Keys[/bold]

Ctrl-C or q  stop everything cleanly, then check      p  hold the events      ?  this page

In another terminal, while it runs:  marginline audit liquidations
"""


class Help(ModalScreen[None]):
    """What the view shows, and its keys."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,enter", "dismiss", "back")]
    CSS = """
    Help { align: center middle; }
    Help > Static { width: auto; max-width: 96%; height: auto; padding: 1 2; border: round $accent; background: $surface; }
    """

    def compose(self) -> ComposeResult:
        """One text."""
        yield Static(HELP)


class LiveView(App[None]):
    """The view. ``look`` fills the board and says whether the run goes on; it is called in a thread beside."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c,q", "stop", "stop and check", priority=True),
        Binding("p", "hold", "hold the events"),
        Binding("question_mark", "help", "help"),
    ]
    CSS = """
    #head { height: 1; padding: 0 1; background: $primary-background; text-style: bold; }
    #tables { height: auto; max-height: 72%; }
    #left { width: 62; height: auto; padding: 0 1; }
    #right { width: 1fr; height: auto; padding: 0 1; }
    #flows { height: auto; margin-bottom: 1; }
    #log { height: 1fr; min-height: 5; border-top: solid $accent; padding: 0 1; }
    """
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, board: Board, look: Callable[[], bool], name: str) -> None:
        """Nothing is drawn yet."""
        super().__init__()
        self.board, self.look_once, self.run_name = board, look, name
        self.shown = 0  # lines of the log
        self.is_held = False
        self.is_stopping = False
        self.failure: BaseException | None = None

    def show(self) -> None:
        """Draw until the run is over or somebody stops it; what went wrong meanwhile is raised."""
        self.run()
        if self.failure is not None:
            raise self.failure

    def compose(self) -> ComposeResult:
        """The places."""
        yield Static(id="head")
        with VerticalScroll(id="tables"), Horizontal():
            with Vertical(id="left"):
                yield Static(id="flows")
                yield Static(id="markets")
            with Vertical(id="right"):
                yield Static(id="pools")
        yield RichLog(id="log", max_lines=500, wrap=False, auto_scroll=True)
        yield Footer()

    def on_mount(self) -> None:
        """Begin to look."""
        self.draw()
        self.run_worker(self._looking(), exclusive=True)

    async def _looking(self) -> None:
        """Look and draw, again and again, one after the other: nothing is drawn while the board changes."""
        while not self.is_stopping:
            try:
                goes_on = await asyncio.to_thread(self.look_once)
            except Exception as error:  # noqa: BLE001 - the screen is given back first, then it is raised
                self.failure, goes_on = error, False
            self.draw()
            if not goes_on:
                break
            await asyncio.sleep(REFRESH_S)
        self.exit()

    def draw(self) -> None:
        """Put what the board says into its places; once they are gone there is nothing to do."""
        if not self.screen_stack or not (root := self.screen_stack[0]).query("#head"):
            return
        tables: dict[str, str | Table] = {
            "#head": f"{self.run_name}   {panels.head(self.board)}",
            "#flows": panels.flows(self.board),
            "#markets": panels.markets(self.board),
            "#pools": panels.pools(self.board),
        }
        for place, shown in tables.items():
            root.query_one(place, Static).update(shown)
        if not self.is_held:
            log = root.query_one("#log", RichLog)
            news = min(self.board.logged - self.shown, len(self.board.log))
            for line in list(self.board.log)[len(self.board.log) - news :]:
                log.write(line)
            self.shown = self.board.logged

    def action_stop(self) -> None:
        """End the view at its next look; whoever started it stops the rest."""
        self.is_stopping = True

    def action_hold(self) -> None:
        """Hold the events where they are, or let them go on."""
        self.is_held = not self.is_held

    def action_help(self) -> None:
        """Say what is shown."""
        self.push_screen(Help())
