"""Topic ``attestations``: what anyone with the journal can recompute."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.message import Digest, Offset, PoolId, Strict


class Attestation(Strict):
    """Hashes over a range of a pool's journal and of its events. Topic ``attestations``; key: pool."""

    pool: Annotated[PoolId, Field(description="Pool attested.", examples=["majors"])]
    first_offset: Annotated[Offset, Field(description="First journal offset of the range.", examples=[0])]
    last_offset: Annotated[Offset, Field(description="Last journal offset of the range.", examples=[1_023])]
    chain_hash: Annotated[
        Digest,
        Field(
            description="Hash of the journal's chain at the last offset, SHA-256, hex.", examples=["ab" * 32]
        ),
    ]
    events_hash: Annotated[
        Digest, Field(description="Hash of the events of the range, SHA-256, hex.", examples=["cd" * 32])
    ]
