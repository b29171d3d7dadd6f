"""What every typed view of an event carries: its id, its cause, and the rule that decided it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.message import EventId, Offset, PoolId, Strict, TimeNs


class EventView(Strict):
    """An event as JSON. The id is the same wherever the event appears, so a consumer can drop what it has seen."""

    id: Annotated[EventId, Field(description="pool:journal offset:index.", examples=["majors:88412:2"])]
    pool: Annotated[PoolId, Field(description="Pool that decided it.", examples=["majors"])]
    journal_offset: Annotated[Offset, Field(description="Journal entry that caused it.", examples=[88_412])]
    event_index: Annotated[Offset, Field(description="Its place among that entry's events.", examples=[2])]
    time_ns: Annotated[
        TimeNs, Field(description="Pool time, ns since 1970 UTC.", examples=[1_743_985_800_000_000_000])
    ]
    rule: Annotated[
        str, Field(pattern=r"^R-[A-Z][0-9]{1,2}$", description="Rule of the rulebook.", examples=["R-H1"])
    ]
    rule_version: Annotated[int, Field(ge=1, description="Version of that rule.", examples=[1])]
    parameters_version: Annotated[
        int, Field(ge=1, description="Version of the pool's parameters.", examples=[1])
    ]
