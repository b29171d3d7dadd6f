"""Keys of the people who sign commands in tests: made from their names, so that every test has the same ones."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def private_key(name: str) -> Ed25519PrivateKey:
    """Somebody's private key. Nobody but tests may use it: whoever reads this can make it."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"test key of {name}".encode()).digest())


def public_key(name: str) -> str:
    """Its public half, in hex."""
    return private_key(name).public_key().public_bytes_raw().hex()
