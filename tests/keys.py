"""Keys of the people who sign commands in tests, made from their names, and what they sign with them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flows.journal.signing import signed_bytes


def private_key(name: str) -> Ed25519PrivateKey:
    """Somebody's private key. Nobody but tests may use it: whoever reads this can make it."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"test key of {name}".encode()).digest())


def public_key(name: str) -> str:
    """Its public half, in hex."""
    return private_key(name).public_key().public_bytes_raw().hex()


def signature(order: dict[str, Any], name: str) -> dict[str, str]:
    """Somebody's signature over an order."""
    return {"key": public_key(name), "signature": private_key(name).sign(signed_bytes(order)).hex()}


def message(order: dict[str, Any], *names: str, time_ns: int, number: int = 1, **changes: Any) -> bytes:
    """An order as it travels, signed by these people."""
    sending = {"source": "engine", "number": number, "time_ns": time_ns, "sent_ns": time_ns}
    signatures = [signature(order, name) for name in names]
    return json.dumps(sending | order | {"signatures": signatures} | changes).encode()
