"""Which worker a pool lands on: bytewax hashes keys, so a pool's key is chosen to land where the map says.

bytewax routes a key to worker ``hash(key) modulo workers``, the hash being Rust's default: SipHash-1-3 without a secret
over the text and a closing byte of 255. A pool's key is its id and a suffix such that the hash is the pool's place modulo
`SPREAD`: so pools spread evenly over any number of workers that divides it, and a key, which names the pool's state in
the recovery store, stays the same when the number of workers changes.

Parts of sources and sinks go to workers by their place among the sorted names. A key begins with its pool's place, so a
pool's source, steps and sink lie on one worker: nothing of it crosses, and its checkpoints lie with its process.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

SPREAD: Final = 240
"""Divided by every number of workers that pools should spread over evenly: 1 to 6, 8, 10, 12, 15, 16."""

_WORD: Final = (1 << 64) - 1


def keys_for(pools: Sequence[str]) -> dict[str, str]:
    """The key of each pool, by its place in the list."""
    return dict(_keys_for(tuple(pools)))


@cache
def _keys_for(pools: tuple[str, ...]) -> dict[str, str]:
    return {pool: _key(pool, place) for place, pool in enumerate(pools)}


def pool_of(key: str) -> str:
    """The pool that a key names."""
    return key.partition("~")[0].partition(":")[2]


def _key(pool: str, place: int) -> str:
    suffix = 0
    named = f"{place:04d}:{pool}"
    while sip_hash(f"{named}~{suffix}".encode() + b"\xff") % SPREAD != place % SPREAD:
        suffix += 1
    return f"{named}~{suffix}"


def sip_hash(data: bytes) -> int:
    """SipHash-1-3 with a key of zeros (Aumasson and Bernstein, 2012; one compression round, three at the end)."""
    state = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
    whole = len(data) // 8 * 8
    for start in range(0, whole, 8):
        state = _absorb(state, int.from_bytes(data[start : start + 8], "little"))
    last = (len(data) << 56 | int.from_bytes(data[whole:], "little")) & _WORD
    a, b, c, d = _absorb(state, last)
    state = (a, b, c ^ 0xFF, d)
    for _ in range(3):
        state = _round(state)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _absorb(state: tuple[int, int, int, int], word: int) -> tuple[int, int, int, int]:
    a, b, c, d = state
    a, b, c, d = _round((a, b, c, d ^ word))
    return a ^ word, b, c, d


def _round(state: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    a, b, c, d = state
    a = (a + b) & _WORD
    b = _left(b, 13) ^ a
    a = _left(a, 32)
    c = (c + d) & _WORD
    d = _left(d, 16) ^ c
    a = (a + d) & _WORD
    d = _left(d, 21) ^ a
    c = (c + b) & _WORD
    b = _left(b, 17) ^ c
    return a, b, _left(c, 32), d


def _left(word: int, bits: int) -> int:
    return (word << bits | word >> (64 - bits)) & _WORD
