"""Accounts that are about to be liquidated: shorts of many sizes of margin, before a rise that takes them one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from flows.live.chaos.fall import START
from flows.recording import files

START_NS: Final = int(START.timestamp()) * 1_000_000_000
MILLISECOND: Final = 1_000_000
SHORTS: Final = {"BTC-PERP": (745_700, 10, "2.000"), "ETH-PERP": (143_700, 100, "100.000")}
"""By market: price sold at, in 1 / scale, and the size of each: the recorded prices rise by one per cent from there."""

ACCOUNTS: Final = 40
TRADERS: Final = 10


def write(folder: Path) -> None:
    """The account topics of the first minutes of the fall, as files in ``folder``."""
    folder.mkdir(parents=True)
    for topic, source, texts in (
        ("collateral", "wallet", deposits()),
        ("fills", "engine", fills()),
        ("order-checks", "gateway", checks()),
    ):
        lines = []
        for number, (second, text) in enumerate(texts, 1):
            at = START_NS + second * 1_000_000_000 + number * MILLISECOND
            head = f'"source":"{source}","number":{number},"time_ns":{at},"sent_ns":{at + MILLISECOND}'
            lines.append(f"{{{head},{text}}}".encode())
        files.write_lines(files.topic_file(folder, topic), [lines])


def names(market: str) -> list[str]:
    """Who is short in a market."""
    return [f"s-{market[:3].lower()}-{number}" for number in range(ACCOUNTS)]


def deposits() -> list[tuple[int, str]]:
    """Makers and liquidators with funds enough; a short's margin is 0.45 % of its position and up."""
    rich = {f"mm-majors-{number}": 90_000_000 for number in (1, 2)} | {"liq-majors-1": 5_000_000}
    rich |= {f"t-{number}": 100_000 for number in range(TRADERS)}
    for market, (price, scale, size) in SHORTS.items():
        notional = price * int(size.split(".")[0]) // scale
        rich |= {name: notional * (45 + 2 * at) // 10_000 for at, name in enumerate(names(market))}
    return [
        (
            5,
            f'"pool":"majors","kind":"deposit","account":"{name}","asset":"USDT","amount":"{amount}.00"',
        )
        for name, amount in rich.items()
    ]


def fills() -> list[tuple[int, str]]:
    """Each short sold to a maker."""
    found = []
    for market, (price, scale, size) in SHORTS.items():
        decimals = len(str(scale)) - 1
        told = f"{price // scale}.{price % scale:0{decimals}d}"
        for at, name in enumerate(names(market)):
            sides = f'"buyer":"mm-majors-{1 + at % 2}","seller":"{name}","taker":"seller"'
            found.append((65, f'"market":"{market}",{sides},"quantity":"{size}","price":"{told}"'))
    return found


def checks() -> list[tuple[int, str]]:
    """Orders that any book fills, two a second."""
    what = '"market":"BTC-PERP","side":"buy","quantity":"0.010","price":"76000.0","reduce_only":false'
    return [(70 + turn // 2, f'"account":"t-{turn % TRADERS}",{what}') for turn in range(200)]
