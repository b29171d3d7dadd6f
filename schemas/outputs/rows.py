"""Topics ``journal`` and ``events``: Arrow batches of integer columns. These models describe one row of them."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from schemas.message import Strict

PAYLOAD_COLUMNS: Final = 40
"""Columns of an entry behind its header."""

Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63)]


class JournalRow(Strict):
    """One entry of a pool's journal: a header all kinds have, and a payload by kind. Topic ``journal``; key: pool."""

    kind: Annotated[
        Int64, Field(description="Kind of entry: genesis, clock, deposit, fill ...", examples=[5])
    ]
    time_ns: Annotated[Int64, Field(description="Event time.", examples=[1_743_985_800_000_000_000])]
    topic: Annotated[Int64, Field(description="Origin: row of the topic.", examples=[4])]
    partition: Annotated[Int64, Field(description="Origin: partition.", examples=[0])]
    origin_offset: Annotated[
        Int64, Field(description="Origin: Kafka offset, or line of the recording's file.", examples=[991_204])
    ]
    source: Annotated[Int64, Field(description="Producer's row; -1 for the system itself.", examples=[4])]
    number: Annotated[Int64, Field(description="Producer's rising number.", examples=[41_207])]
    payload: Annotated[
        tuple[Int64, ...],
        Field(
            min_length=PAYLOAD_COLUMNS,
            max_length=PAYLOAD_COLUMNS,
            description="Payload columns, by kind.",
            examples=[[0] * PAYLOAD_COLUMNS],
        ),
    ]
    text: Annotated[str, Field(description="Rarely: an account's name, or the genesis.", examples=[""])]


class EventRow(Strict):
    """One event; the same columns for every type, nothing nests. Topic ``events``; key: pool."""

    journal_offset: Annotated[Int64, Field(description="Entry that caused it.", examples=[88_412])]
    event_index: Annotated[Int64, Field(description="Place among that entry's events.", examples=[2])]
    type: Annotated[Int64, Field(description="Type, by number.", examples=[16])]
    time_ns: Annotated[Int64, Field(description="Pool time.", examples=[1_743_985_800_000_000_000])]
    account: Annotated[Int64, Field(description="Account's row, -1 for none.", examples=[17])]
    market: Annotated[Int64, Field(description="Market's (or asset's) row, -1 for none.", examples=[0])]
    counter_account: Annotated[Int64, Field(description="The other side's row, -1 for none.", examples=[-1])]
    lots: Annotated[Int64, Field(description="Signed change or size, lots.", examples=[-2_728])]
    price_ticks: Annotated[Int64, Field(description="Price, limit or cap, ticks.", examples=[550_000])]
    quanta: Annotated[Int64, Field(description="The event's own amount.", examples=[150_040_000_000])]
    fee_quanta: Annotated[Int64, Field(description="Fee, penalty or bonus taken with it.", examples=[0])]
    reference_offset: Annotated[Int64, Field(description="Event it answers: journal offset.", examples=[-1])]
    reference_index: Annotated[Int64, Field(description="Event it answers: index.", examples=[-1])]
    code: Annotated[Int64, Field(description="Decision, reason, level or state, by type.", examples=[3])]
    former_code: Annotated[Int64, Field(description="What it was before.", examples=[2])]
    rule: Annotated[Int64, Field(description="Chapter x 100 + number: R-H1 is 801.", examples=[801])]
    rule_version: Annotated[Int64, Field(description="Version of the rule.", examples=[1])]
    parameters_version: Annotated[Int64, Field(description="Version of the parameters.", examples=[1])]
    mark_offset: Annotated[
        Int64, Field(description="Market-state in force: journal offset.", examples=[88_400])
    ]
    mark_ticks: Annotated[Int64, Field(description="Mark in force.", examples=[550_000])]
    index_ticks: Annotated[Int64, Field(description="Index in force.", examples=[549_990])]
    equity_quanta: Annotated[Int64, Field(description="Equity for maintenance.", examples=[40_000_000_000])]
    equity_low_quanta: Annotated[
        Int64, Field(description="Equity without haircut.", examples=[40_000_000_000])
    ]
    maintenance_margin_quanta: Annotated[
        Int64, Field(description="Maintenance margin.", examples=[48_500_750_000])
    ]
    initial_margin_quanta: Annotated[Int64, Field(description="Initial margin.", examples=[97_001_500_000])]
    threshold_quanta: Annotated[
        Int64, Field(description="What the equity was compared with.", examples=[48_500_750_000])
    ]
    balance_quanta: Annotated[Int64, Field(description="Balance after it.", examples=[40_000_000_000])]
    position_lots: Annotated[Int64, Field(description="Position after it.", examples=[24_545])]
    position_cost_quanta: Annotated[
        Int64, Field(description="Entry cost after it.", examples=[1_349_975_000_000])
    ]
    deadline_ns: Annotated[Int64, Field(description="When an order, offer or window ends.", examples=[0])]
