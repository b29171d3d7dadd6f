"""A pool's parameters as canonical JSON, the text of its genesis, and back: one pool, one text, one hash."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any, get_args, get_origin, get_type_hints

from flows.registry.checks import check_pool
from flows.registry.errors import ConfigurationError
from flows.registry.parameters import PoolParameters
from flows.registry.text import LARGEST


def canonical_json(pool: PoolParameters) -> bytes:
    """Keys sorted, no blanks, integers, true, false and ASCII text only."""
    values = dataclasses.asdict(pool)
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def parameters_hash(pool: PoolParameters) -> bytes:
    """SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical_json(pool)).digest()


def from_canonical(text: bytes) -> PoolParameters:
    """The pool a genesis describes, checked like a venue's file. ConfigurationError if it is not canonical."""
    try:
        values = json.loads(text.decode("ascii"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise ConfigurationError("genesis", "is not JSON in ASCII.") from None
    pool: PoolParameters = _read("genesis", values, PoolParameters)
    check_pool(pool)
    if canonical_json(pool) != text:
        raise ConfigurationError("genesis", "is not canonical: keys sorted, no blanks, nothing twice.")
    return pool


def _read(where: str, value: Any, kind: Any) -> Any:
    """A value of exactly this type: dataclasses from objects, tuples from arrays, the rest as it is."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _read_fields(where, value, kind)
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise ConfigurationError(where, "is no array.")
        item = get_args(kind)[0]
        return tuple(_read(f"{where}[{row}]", each, item) for row, each in enumerate(value, 1))
    # bool is an int in Python, and not in a genesis.
    if type(value) is not kind:
        raise ConfigurationError(where, f"{value!r} is no {kind.__name__}.")
    if kind is int and abs(value) > LARGEST:
        raise ConfigurationError(where, "leaves 64 bits.")
    return value


def _read_fields(where: str, value: Any, kind: type) -> Any:
    if not isinstance(value, dict):
        raise ConfigurationError(where, "is no object.")
    kinds = get_type_hints(kind)
    for name in (*kinds, *value):
        if name not in value or name not in kinds:
            raise ConfigurationError(
                f"{where}.{name}", "missing." if name in kinds else "there is no such parameter."
            )
    return kind(**{name: _read(f"{where}.{name}", value[name], kinds[name]) for name in kinds})
