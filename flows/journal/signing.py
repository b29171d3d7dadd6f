"""What people sign: the canonical bytes of a command, its id, and signatures over it.

command -> what is signed (no producer, no number, no times of sending) -> JSON, keys sorted, no blanks, ASCII
        -> "marginline command 1" and a line end before it -> Ed25519
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from schemas.inputs.commands import Command

DOMAIN: Final = b"marginline command 1\n"
"""What stands before the signed text, so that a signature made for anything else is none."""

UNSIGNED: Final = ("source", "number", "time_ns", "sent_ns", "signatures")
"""Fields of the message that belong to its sending."""

Order = Mapping[str, Any]


def order_of(command: Command) -> dict[str, Any]:
    """What is signed of a command; a field that is absent is left out."""
    return command.model_dump(mode="json", exclude=set(UNSIGNED), exclude_none=True)


def canonical(values: Mapping[str, Any]) -> str:
    """One text for one value: keys sorted, no blanks, ASCII."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def signed_bytes(order: Order) -> bytes:
    """What a key signs."""
    return DOMAIN + canonical(order).encode("ascii")


def command_id(order: Order) -> str:
    """What a cancellation names a command by."""
    return hashlib.sha256(signed_bytes(order)).hexdigest()


def short_id(id_: str) -> int:
    """An id as an entry's column holds it: its first 63 bits."""
    return int(id_[:16], 16) >> 1


def text_of(command: Command) -> str:
    """A command as its entry's text: what was signed, and the signatures by key, so that anybody can check them again."""
    signatures = sorted((each.key, each.signature) for each in command.signatures)
    signed = [{"key": key, "signature": signature} for key, signature in signatures]
    return canonical({"order": order_of(command), "signatures": signed})


def parameters_in(text: str) -> bytes:
    """The new parameters in the text of a command's entry, as the canonical text that they were signed as."""
    return canonical(json.loads(text)["order"]["parameters"]).encode("ascii")


def is_signed(order: Order, key: str, signature: str) -> bool:
    """Whether a signature (hex) is this key's over the command."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(
            bytes.fromhex(signature), signed_bytes(order)
        )
    except (InvalidSignature, ValueError):
        return False
    return True
