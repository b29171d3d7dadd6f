"""Who may give orders to the venue's pools: the keys, how many of them each order needs, and how long it waits."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from schemas.config.text import Bounds, Seconds
from schemas.message import Digest, SourceId, Strict

KEYS: Final = 62
"""Keys of one venue, at most: bits of an entry's column."""

Needed = Annotated[int, Bounds("signatures", "1 to 16, and to the number of keys"), Field(ge=1, le=16)]


class Signatures(Strict):
    """How many distinct keys must have signed each command."""

    halt: Annotated[Needed, Field(description="Halt a market, or all of a pool.", examples=[1])]
    release: Annotated[Needed, Field(description="End a halt.", examples=[2])]
    skip: Annotated[Needed, Field(description="Pass over a poison entry.", examples=[2])]
    parameters: Annotated[Needed, Field(description="Change a pool's parameters.", examples=[2])]
    cancel: Annotated[Needed, Field(description="Take a command back that still waits.", examples=[1])]


class Commands(Strict):
    """Orders of people (R-P1, row 10): m of n Ed25519 keys sign them; what does not lower risk waits."""

    delay: Annotated[
        Seconds,
        Field(
            description="A release and new parameters wait so long, and can be cancelled.",
            examples=["10 min"],
        ),
    ]
    longest_life: Annotated[
        Seconds,
        Field(description="A command must expire within so long of being taken up.", examples=["1 h"]),
    ]
    signatures: Annotated[
        Signatures,
        Field(
            description="How many keys each command needs.",
            examples=[{"halt": 1, "release": 2, "skip": 2, "parameters": 2, "cancel": 1}],
        ),
    ]
    keys: Annotated[
        dict[SourceId, Digest],
        Field(
            min_length=1,
            max_length=KEYS,
            description="Each signer's Ed25519 public key, 32 bytes in hex.",
            examples=[{"risk-desk": "9d" * 32}],
        ),
    ]
