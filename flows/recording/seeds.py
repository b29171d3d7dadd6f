"""Seeded dice: one generator for each thing that is drawn, so that adding a market changes no other's draws."""

from __future__ import annotations

import hashlib

import numpy as np


def seed(*parts: str) -> int:
    """SHA-256 of the parts joined by slashes ("recording/market/source"), as one integer."""
    return int.from_bytes(hashlib.sha256("/".join(parts).encode()).digest(), "big")


def dice(*parts: str) -> np.random.Generator:
    """A PCG64 generator of its own for ``parts``."""
    return np.random.Generator(np.random.PCG64(seed(*parts)))
