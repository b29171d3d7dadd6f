"""A `Board` as tables and lines of text: what the terminal view puts in its places, and what a run without it prints."""

from __future__ import annotations

from typing import Final

from rich.table import Table
from rich.text import Text

from flows.journal import events as ev
from flows.live.board import Board, FlowBoard, PoolBoard
from flows.verify.amounts import Amounts, decimal_text, time_text

MEGABYTE: Final = 1 << 20

SILENT_S: Final = 5.0
"""A flow that has not beaten for so long is busy with one thing: it compiles, or it hangs."""


def head(board: Board) -> str:
    """The venue's time and how much has happened."""
    entries = sum(pool.entries for pool in board.pools.values())
    when = (
        f"{time_text(board.time_ns // 1_000_000_000 * 1_000_000_000)} UTC" if board.time_ns else "no time yet"
    )
    return f"{when}   {entries:,} journal entries"


def line(board: Board) -> str:
    """Everything in one line, for a log."""
    pools = board.pools.values()
    called = sum(pool.count(ev.MARGIN_CALL) for pool in pools)
    orders = sum(pool.count(ev.LIQUIDATION_ORDER) for pool in pools)
    fills = sum(pool.count(ev.LIQUIDATION_FILL) + pool.count(ev.OFFER_FILL) for pool in pools)
    taken = sum(pool.count(ev.TAKEOVER) for pool in pools)
    lag = ", ".join(
        f"{flow.name} {flow.waiting:,}" if flow.answers else f"{flow.name} -" for flow in board.flows.values()
    )
    return (
        f"{head(board)}   calls {called:,}, liquidation orders {orders:,}, fills {fills:,}, takeovers {taken:,}"
        f"   waiting: {lag}"
    )


def flows(board: Board) -> Table:
    """Each flow: whether it has caught up, what it reads a second, what waits and on which topic."""
    table = _table("flow", "", ">records/s", ">waiting", "most on", ">memory")
    for flow in board.flows.values():
        table.add_row(
            flow.name,
            _state(flow),
            f"{flow.rate:,.0f}" if flow.answers else "",
            f"{flow.waiting:,}" if flow.answers else "",
            _longest(flow),
            f"{flow.memory_bytes // MEGABYTE:,} MB" if flow.memory_bytes else "",
        )
    return table


def _state(flow: FlowBoard) -> Text:
    if not flow.answers:
        return Text("no answer", style="bold red")
    if flow.silent_s > SILENT_S:
        return Text(f"silent {flow.silent_s:.0f} s", style="bold yellow")
    return Text("ready", style="green") if flow.ready else Text("behind", style="yellow")


def _longest(flow: FlowBoard) -> str:
    topic = max(flow.lag, key=lambda each: flow.lag[each], default="")
    return topic if topic and flow.lag[topic] else ""


def pools(board: Board) -> Table:
    """Each pool in a column: accounts by level, what is open, who bears what."""
    table = _table("", *(f">{pool}" for pool in board.pools))
    columns = [_pool(pool) for pool in board.pools.values()]
    for label in columns[0]:
        table.add_row(label, *(column[label] for column in columns))
    return table


def _pool(pool: PoolBoard) -> dict[str, str]:
    amounts = Amounts(pool.of)

    def money(quanta: int) -> str:
        return decimal_text(quanta // pool.of.assets[0].unit_scale, 1)

    def wanted(which: str) -> str:
        found = getattr(pool, which)
        return f"{pool.open_of(found):,}   {money(pool.worth_quanta(found))}"

    standing = pool.standing
    return {
        "accounts": f"{pool.accounts:,}",
        **{f"  at {level}": f"{count:,}" for level, count in standing.items()},
        "orders open": wanted("orders"),
        "offers open": wanted("offers"),
        "liquidation fills": f"{pool.count(ev.LIQUIDATION_FILL):,}",
        "offers taken": f"{pool.count(ev.OFFER_FILL):,}",
        "vault takeovers": f"{pool.count(ev.TAKEOVER):,}",
        "vault holds": money(pool.vault_quanta),
        "insurance fund": amounts.money(pool.fund_now_quanta).partition(".")[0],
        "deficits found": money(pool.deficit_quanta),
        "deleveraged": f"{pool.count(ev.ADL):,}",
        "withdrawals": "closed" if pool.gate_closed else "open",
    }


def markets(board: Board) -> Table:
    """Each market: mark, its change, status of the index and breakers."""
    table = _table("market", ">mark", ">change", "index and breakers")
    for pool in board.pools.values():
        amounts = Amounts(pool.of)
        for row, market in enumerate(pool.markets):
            change = (
                f"{(market.mark_ticks - market.first_ticks) / market.first_ticks:+.2%}"
                if market.first_ticks
                else ""
            )
            style = "green" if market.words == "ok" else "bold yellow"
            table.add_row(
                market.id,
                amounts.price(row, market.mark_ticks) if market.mark_ticks else "-",
                Text(change, style="red" if change.startswith("-") else ""),
                Text(market.words, style=style),
            )
    return table


def _table(*columns: str) -> Table:
    """A table without a frame; ``>`` before a name sets its column to the right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        table.add_column(
            name.removeprefix(">"), justify="right" if name.startswith(">") else "left", no_wrap=True
        )
    return table
