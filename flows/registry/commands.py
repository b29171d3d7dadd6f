"""The venue's signers to what every pool knows of them, and what that must satisfy."""

from __future__ import annotations

import re
from typing import Final

from flows.registry.errors import ConfigurationError
from flows.registry.parameters import CommandParameters
from flows.registry.text import duration_ns, show_ns
from flows.rules.scale.time import SECOND_NS
from schemas.config.commands import KEYS, Commands
from schemas.message import DIGEST_PATTERN, NAME_PATTERN

WHERE: Final = "commands"

COMMANDS: Final = ("halt", "release", "skip", "parameters", "cancel")
"""By the numbers of `flows.rules.breaker.command`."""


def command_parameters(venue: str, commands: Commands) -> CommandParameters:
    """The integers and keys, for each pool alike."""
    needed = commands.signatures
    return CommandParameters(
        venue=venue,
        names=tuple(commands.keys),
        keys=tuple(commands.keys.values()),
        halt_needed=needed.halt,
        release_needed=needed.release,
        skip_needed=needed.skip,
        parameters_needed=needed.parameters,
        cancel_needed=needed.cancel,
        delay_ns=duration_ns(f"{WHERE}.delay", commands.delay),
        life_ns=duration_ns(f"{WHERE}.longest_life", commands.longest_life),
    )


def check_commands(of: CommandParameters) -> None:
    """Refuse keys that are none or the same, thresholds that nobody can reach, waits that no clock meets."""
    if len(of.names) != len(of.keys) or not 1 <= len(of.keys) <= KEYS:
        raise ConfigurationError(
            f"{WHERE}.keys", f"{len(of.keys)} keys; 1 to {KEYS} are allowed, each with a name."
        )
    for row, (name, key) in enumerate(zip(of.names, of.keys, strict=True)):
        if re.fullmatch(NAME_PATTERN[1:-1], name) is None or name in of.names[:row]:
            raise ConfigurationError(
                f"{WHERE}.keys", f"{name!r} is no name of its own: letters, digits, -, _ and dots."
            )
        if re.fullmatch(DIGEST_PATTERN[1:-1], key) is None:
            raise ConfigurationError(
                f"{WHERE}.keys.{name}", "is no Ed25519 public key: 64 hex digits, lower case."
            )
        if key in of.keys[:row]:
            other = of.names[of.keys.index(key)]
            raise ConfigurationError(
                f"{WHERE}.keys.{name}", f"is {other}'s key too; one person would sign as two."
            )
    for command, needed in zip(COMMANDS, of.needed, strict=True):
        if not 1 <= needed <= len(of.keys):
            raise ConfigurationError(
                f"{WHERE}.signatures.{command}",
                f"{needed} must be 1 to {len(of.keys)}, the number of keys.",
            )
    for name, length_ns in (("delay", of.delay_ns), ("longest_life", of.life_ns)):
        if length_ns < SECOND_NS or length_ns % SECOND_NS:
            raise ConfigurationError(
                f"{WHERE}.{name}",
                f"{show_ns(length_ns)} is no whole number of seconds; the clock ticks once a second.",
            )
