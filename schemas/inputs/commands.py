"""Topic ``commands``: what people order the venue to do, signed."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, JsonValue, model_validator

from schemas.message import Counter, Digest, MarketId, Message, Offset, PoolId, Strict, TimeNs, wrong

NAMED: Final = {"skip": "journal_offset", "parameters": "parameters", "cancel": "cancels"}
"""What each command must name and no other may; a halt and a release may name a market."""


class Signature(Strict):
    """One key's signature over the command."""

    key: Annotated[Digest, Field(description="Ed25519 public key, hex.", examples=["9d" * 32])]
    signature: Annotated[
        str, Field(pattern=r"^[0-9a-f]{128}$", description="Ed25519 signature, hex.", examples=["5a" * 64])
    ]


class Command(Message):
    """Halt or release markets, skip a poison entry, change parameters, cancel. Topic ``commands``; key: pool.

    Signed is all but source, number, time_ns, sent_ns and the signatures: the line `marginline command 1`, a line end,
    then the fields that are there as JSON in ASCII, keys sorted, no blanks. Its id is the SHA-256 of that, in hex.
    """

    command: Annotated[
        Literal["halt", "release", "skip", "parameters", "cancel"],
        Field(description="What to do.", examples=["halt"]),
    ]
    venue: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9][a-z0-9-]{0,63}$",
            description="Venue it is for, by the name in its file: at another one it means nothing.",
            examples=["crash-2025-04-07"],
        ),
    ]
    pool: Annotated[PoolId, Field(description="Pool it is for.", examples=["majors"])]
    market: Annotated[
        MarketId | None,
        Field(description="Halt and release: one market; absent for all of the pool.", examples=["BTC-PERP"]),
    ] = None
    journal_offset: Annotated[
        Offset | None, Field(description="Skip: the entry to pass over.", examples=[88_412])
    ] = None
    parameters: Annotated[
        dict[str, JsonValue] | None,
        Field(description="Parameters: the pool's new canonical parameters.", examples=[{"version": 2}]),
    ] = None
    cancels: Annotated[
        Digest | None, Field(description="Cancel: id of a command that still waits.", examples=["c0" * 32])
    ] = None
    nonce: Annotated[Counter, Field(description="Never the same twice from one key.", examples=[7])]
    expires_ns: Annotated[
        TimeNs,
        Field(description="Not taken up after, ns since 1970 UTC.", examples=[1_743_985_860_000_000_000]),
    ]
    signatures: Annotated[
        tuple[Signature, ...],
        Field(
            min_length=1,
            max_length=16,
            description="Who signed.",
            examples=[[{"key": "9d" * 32, "signature": "5a" * 64}]],
        ),
    ]

    @model_validator(mode="after")
    def _fields_fit_the_command(self) -> Self:
        needed = NAMED.get(self.command)
        for name in ("market", *NAMED.values()):
            given = getattr(self, name) is not None
            if given and name != needed and not (name == "market" and needed is None):
                raise wrong("bad_value", f"a {self.command} command does not name {name}", name)
            if not given and name == needed:
                raise wrong("missing_field", f"a {self.command} command must name {name}", name)
        return self
