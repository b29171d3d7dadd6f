"""What a pool's sentence and a market's table can set: clauses and columns, each to its integers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from flows.registry.pools import LOSS_SCOPES
from flows.rules.exact import PPM
from flows.rules.scale.time import SECOND_NS
from flows.scenario.amounts import duration_ns, parts, positive, rate, units
from flows.scenario.draft import QUANTA, Draft, MarketDraft
from flows.scenario.errors import ScenarioError
from flows.scenario.vocabulary import Table, regex_of, unknown

NEVER: Final = "never"
AT_MARK: Final = "at the mark price"

Words = dict[str, str]


@dataclass(frozen=True)
class Clause:
    """One setting of a pool: its words, an example, and the parameters it changes."""

    pattern: str
    example: str
    says: str
    changes: Callable[[Words], dict[str, int | bool]]
    fills: str = ""  # for the clauses about execution: how orders are answered

    def match(self, text: str) -> Words | None:
        """The words of a clause that is this one."""
        found = re.fullmatch(regex_of(self.pattern), text)
        return None if found is None else {key: value for key, value in found.groupdict().items() if value}


def _money(words: Words, name: str) -> int:
    return units(words[name], QUANTA, "quanta") if name in words else 0


def _levels(words: Words) -> dict[str, int | bool]:
    return {f"{name}_ppm": rate(words[name], PPM) for name in ("clear", "call", "target", "hard", "backstop")}


CLAUSES: Final = (
    Clause(
        "no soft window",
        "no soft window",
        "the window is a second, the shortest that a clock can keep, and all of the size may go at once",
        lambda _: {"window_ns": SECOND_NS, "window_least_ns": SECOND_NS, "soft_initial_ppm": PPM},
    ),
    Clause(
        "a soft window of {window:duration}[ and at least {least:duration}]",
        "a soft window of 5 minutes and at least 30 seconds",
        "R-G2; a volatile market shortens it to no less than the second",
        lambda words: {
            "window_ns": duration_ns(words["window"]),
            "window_least_ns": duration_ns(words.get("least", words["window"])),
        },
    ),
    Clause(
        "levels clear {clear:amount}, call {call:amount}, target {target:amount}, hard {hard:amount}"
        ", backstop {backstop:amount}",
        "levels clear 1.35, call 1.25, target 1.1, hard 0.8, backstop 0.666667",
        "R-G1, parts of maintenance margin",
        _levels,
    ),
    Clause(
        "slices of any size",
        "slices of any size",
        "R-H4 and R-G5 do not pace: the whole restore size may be one order",
        lambda _: {"slice_ppm": PPM, "participation_ppm": PPM, "participation_hard_ppm": PPM},
    ),
    Clause(
        "slices of {part:rate} and at least {least:amount}",
        "slices of 10 % and at least 1,000",
        "R-H4: part of the position, or lots of that notional",
        lambda words: {
            "slice_ppm": rate(words["part"], PPM),
            "slice_least_quanta": _money(words, "least"),
        },
    ),
    Clause(
        "dust under {dust:amount}",
        "dust under 100",
        "R-H4: a rest worth less is closed with the slice",
        lambda words: {"dust_quanta": _money(words, "dust")},
    ),
    Clause(
        "forced volume of {soft:rate}[ and {hard:rate} below the hard level]",
        "forced volume of 10 % and 20 % below the hard level",
        "R-G5: part of the market's volume or depth, within 60 s",
        lambda words: {
            "participation_ppm": rate(words["soft"], PPM),
            "participation_hard_ppm": rate(words.get("hard", words["soft"]), PPM),
        },
    ),
    Clause(
        "an insurance fund of {fund:amount}[ with a floor of {floor:amount}]",
        "an insurance fund of 10,000 with a floor of 2,500",
        "R-K1: the general part, and what is left of it to the end",
        lambda words: {
            "fund_opening_quanta": _money(words, "fund"),
            "fund_floor_quanta": _money(words, "floor"),
        },
    ),
    Clause(
        "a vault of {vault:amount}[ that holds {times:amount} times its equity]",
        "a vault of 20,000 that holds 5 times its equity",
        "R-J3; else fivefold, and 30 % of that in one market",
        lambda words: {
            "vault_opening_quanta": _money(words, "vault"),
            "vault_leverage_ppm": rate(words.get("times", "5"), PPM),
        },
    ),
    Clause(
        "a vault share of {share:rate} a market",
        "a vault share of 30 % a market",
        "R-J3: of all that the vault may hold",
        lambda words: {"vault_market_share_ppm": rate(words["share"], PPM)},
    ),
    Clause(
        "offers that last {life:duration}",
        "offers that last 60 seconds",
        "R-I1",
        lambda words: {"offer_life_ns": duration_ns(words["life"])},
    ),
    Clause(
        "losses shared by {scope:pool}",
        "losses shared by traders",
        "R-M1: market, traders (the default) or all",
        lambda words: {"loss_scope": _scope(words["scope"])},
    ),
    Clause(
        "withdrawals closed for {cool:duration} after a deficit",
        "withdrawals closed for 60 seconds after a deficit",
        "R-M2",
        lambda words: {"gate_cool_ns": duration_ns(words["cool"])},
    ),
    Clause(
        "liquidation at equality",
        "liquidation at equality",
        "R-G1: act already at equity = margin",
        lambda _: {"liquidate_at_equality": True},
    ),
    Clause(
        "fills at the mark price",
        "fills at the mark price",
        "execution answers every order of the pool at once, in full, at the mark",
        lambda _: {},
        fills=AT_MARK,
    ),
    Clause("no fills", "no fills", "execution answers no order: the default", lambda _: {}, fills=NEVER),
)
"""The clauses of ``a pool settled in ...``, parted by commas."""


def _scope(name: str) -> int:
    if name not in LOSS_SCOPES:
        raise unknown("circle of losers", name, LOSS_SCOPES)
    return LOSS_SCOPES.index(name)


def apply_clauses(draft: Draft, text: str) -> str:
    """Change a draft as clauses say; how its orders are answered is returned.

    A clause may hold commas of its own, so as many parts as can be are taken together.
    """
    fills = NEVER
    parts = text.split(", ")
    while parts:
        for count in range(len(parts), 0, -1):
            joined = ", ".join(parts[:count])
            found = next(
                (
                    (clause, words)
                    for clause in CLAUSES
                    if (words := clause.match(joined.removeprefix("and "))) is not None
                ),
                None,
            )
            if found is not None:
                clause, words = found
                draft.changes.update(clause.changes(words))
                fills = clause.fills or fills
                parts = parts[count:]
                break
        else:
            raise ScenarioError(
                f"a pool has no setting {parts[0]!r}; settings are: {'; '.join(each.pattern for each in CLAUSES)}."
            )
    return fills


# --- a market's table -------------------------------------------------------------------------------------------------
MARKET_COLUMNS: Final[Mapping[str, str]] = {
    "lot": "smallest quantity; needed",
    "tick": "smallest price step; needed",
    "maintenance": "maintenance rate of all sizes (R-D1); else give the margin tiers",
    "initial": "initial rate (R-D2); twice the maintenance rate if left out",
    "leverage": "largest leverage; else as the initial rate has it",
    "limit": "largest notional of a position (R-D6)",
    "target health": "the pool's target (R-G1)",
    "penalty": "of the closed notional (R-H5); 0.5 % if left out",
    "to fund": "the fund's part of an order's penalty, the rest is the venue's; else 80 %",
    "fee": "the taker's (R-B2); none if left out",
    "rebate": "the maker's; none if left out",
    "compartment": "the market's own part of the insurance fund (R-K2); none if left out",
    "daily volume": "for slippage where no depth is known (R-H2)",
}


def market_of(draft: Draft, name: str, table: Table) -> MarketDraft:
    """The market that one row of a table describes."""
    if len(table.rows) != 1:
        raise ScenarioError("a market's table has one row.")
    row = {column: cell for column, cell in table.rows[0].items() if cell}
    for needed in ("lot", "tick"):
        if needed not in row:
            raise ScenarioError(f"{name} needs a {needed}.")
    market = MarketDraft(name, parts_of_one(row["lot"]), parts_of_one(row["tick"]))
    if "maintenance" in row:
        market.maintenance_ppm = (rate(row["maintenance"], PPM),)
        initial = rate(row["initial"], PPM) if "initial" in row else 2 * market.maintenance_ppm[0]
        market.initial_ppm = (initial,)
    if "target health" in row:
        set_target(draft, rate(row["target health"], PPM))
    market.changes = market_changes(row)
    return market


def market_changes(row: Mapping[str, str]) -> dict[str, int]:
    """Columns that are figures of the market alone."""
    changes: dict[str, int] = {}
    for column, name in (
        ("fee", "taker_fee_ppm"),
        ("rebate", "maker_rebate_ppm"),
        ("penalty", "penalty_ppm"),
    ):
        if column in row:
            changes[name] = rate(row[column], PPM)
    for column, name in (
        ("limit", "bracket_limit_quanta"),
        ("compartment", "fund_opening_quanta"),
        ("daily volume", "adv_quanta"),
    ):
        if column in row:
            changes[name] = positive(row[column], QUANTA, "quanta")
    if "leverage" in row:
        changes["leverage"] = positive(row["leverage"], 1, "times")
    if "to fund" in row:
        share = rate(row["to fund"], PPM)
        changes |= {
            "penalty_liquidator_ppm": 0,
            "penalty_insurance_ppm": share,
            "penalty_venue_ppm": PPM - share,
        }
    return changes


def set_target(draft: Draft, target_ppm: int) -> None:
    """The target is the pool's: two markets cannot want different ones."""
    if draft.changes.get("target_ppm", target_ppm) != target_ppm:
        raise ScenarioError("the target health is the pool's; two markets name different ones.")
    draft.changes["target_ppm"] = target_ppm


def parts_of_one(text: str) -> int:
    """How many of a step make one whole: 1,000 for 0.001."""
    number, decimals = parts(text)
    if number != 1:
        raise ScenarioError(f"{text} is no step; 1, 0.1, 0.01 and so on are.")
    return int(10**decimals)


# --- tiers ------------------------------------------------------------------------------------------------------------
TIER_COLUMNS: Final[Mapping[str, str]] = {
    "above": "notional at which the tier begins; the first at 0",
    "maintenance": "its rate (R-D1)",
    "initial": "its initial rate (R-D2); twice the maintenance rate if left out",
}


def set_tiers(market: MarketDraft, table: Table) -> None:
    """A margin table of several tiers."""
    for needed in ("above", "maintenance"):
        if needed not in table.columns:
            raise ScenarioError(f"tiers need a column {needed}.")
    market.floor_quanta = tuple(units(row["above"], QUANTA, "quanta") for row in table.rows)
    market.maintenance_ppm = tuple(rate(row["maintenance"], PPM) for row in table.rows)
    market.initial_ppm = tuple(
        rate(row["initial"], PPM) if row.get("initial") else 2 * maintenance
        for row, maintenance in zip(table.rows, market.maintenance_ppm, strict=True)
    )
