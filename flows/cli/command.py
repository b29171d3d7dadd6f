"""`marginline command`: orders of people to a venue's pool: written, signed by one after the other, shown."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from flows.connectors.settings import venue_of
from flows.registry.commands import COMMANDS
from flows.registry.load import Venue
from flows.rules.scale.time import SECOND_NS

EXAMPLE = """[bold]Example[/bold]

    [cyan]marginline command draft halt --venue venues/crash-2025-04-07.toml --pool majors --nonce 7 --out halt.json[/cyan]

    [cyan]marginline command sign halt.json --key risk.pem[/cyan]

    [cyan]marginline command show halt.json --venue venues/crash-2025-04-07.toml[/cyan]
"""

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    help="Write, sign and show orders of people: halt, release, skip, parameters, cancel.",
    epilog=EXAMPLE,
)


class Kind(StrEnum):
    """What can be ordered."""

    HALT = "halt"
    RELEASE = "release"
    SKIP = "skip"
    PARAMETERS = "parameters"
    CANCEL = "cancel"


VenueFile = Annotated[
    str, typer.Option("--venue", help="The venue's file, or the name of one that ships.", show_default=False)
]
CommandFile = Annotated[
    Path, typer.Argument(help="The command's file, as draft wrote it.", show_default=False)
]

PRIVATE: Final = 0o600
"""Who may read a key: its owner."""


@app.command(epilog="[bold]Example[/bold]\n\n    [cyan]marginline command key risk.pem[/cyan]\n")
def key(
    file: Annotated[Path, typer.Argument(help="Where the private key goes; it must not be there yet.")],
) -> None:
    """Make an Ed25519 key, and print its public half as the venue's file wants it."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - help does not wait for it
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    made = Ed25519PrivateKey.generate()
    pem = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    if file.exists():
        raise typer.BadParameter(f"{file} is there already; a key is never written over.", param_hint="FILE")
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as out:
        out.write(pem)
    print(f'{file.stem} = "{made.public_key().public_bytes_raw().hex()}"')


@app.command(epilog=EXAMPLE)
def draft(
    command: Annotated[Kind, typer.Argument(help="What to order.", show_default=False)],
    venue: VenueFile,
    pool: Annotated[str, typer.Option(help="Pool it is for.", show_default=False)],
    nonce: Annotated[
        int,
        typer.Option(
            min=0, help="Never the same twice: the next number of your register.", show_default=False
        ),
    ],
    market: Annotated[str, typer.Option(help="Halt and release: one market; all of the pool without.")] = "",
    entry: Annotated[int, typer.Option(min=-1, help="Skip: journal offset of the entry to pass over.")] = -1,
    cancels: Annotated[str, typer.Option(help="Cancel: id of the command to take back.")] = "",
    parameters: Annotated[
        Path | None,
        typer.Option(help="Parameters: a copy of the venue's file, changed, its version one higher."),
    ] = None,
    expires_in: Annotated[str, typer.Option(help="How long it may be taken up.")] = "30 min",
    out: Annotated[Path, typer.Option(help="Where it goes.")] = Path("command.json"),
) -> None:
    """Write an order that nobody has signed yet.

    The message's own number is the nonce: one register of rising numbers serves for both.
    """
    of = venue_of(venue)
    if pool not in [each.id for each in of.pools]:
        raise typer.BadParameter(f"there is no pool {pool} at {of.name}.", param_hint="--pool")
    now_ns = time.time_ns()
    producers = [
        name for name, topics in zip(of.producers, of.producer_topics, strict=True) if "commands" in topics
    ]
    values = {
        "source": producers[0] if producers else "operator",
        "number": nonce,
        "time_ns": now_ns,
        "sent_ns": now_ns,
        "command": command.value,
        "venue": of.name,
        "pool": pool,
        "market": market or None,
        "journal_offset": entry if entry >= 0 else None,
        "cancels": cancels or None,
        "parameters": _new_parameters(of, pool, parameters) if parameters is not None else None,
        "nonce": nonce,
        "expires_ns": now_ns // SECOND_NS * SECOND_NS + _duration_ns(expires_in),
        "signatures": [],
    }
    values = {name: value for name, value in values.items() if value is not None}
    told = _valid(json.dumps(values), "this")
    _write(out, values)
    _show(told, of)
    print(f"Written to {out}; sign it with marginline command sign {out} --key KEY.")


@app.command(epilog=EXAMPLE)
def sign(
    file: CommandFile,
    key: Annotated[Path, typer.Option(help="Your private key: PEM, PKCS8, Ed25519.", show_default=False)],
) -> None:
    """Add your signature to a command's file."""
    from flows.journal.signing import order_of, signed_bytes  # noqa: PLC0415 - help does not wait for it

    command = _read(file)
    private = _private_key(key)
    public = private.public_key().public_bytes_raw().hex()
    order = order_of(command)
    signed = [each.model_dump() for each in command.signatures if each.key != public]
    signed.append({"key": public, "signature": private.sign(signed_bytes(order)).hex()})
    values = json.loads(file.read_text("utf-8"))
    _write(file, values | {"signatures": signed})
    print(f"{file}: signed with {public}; {len(signed)} signatures now.")


@app.command(epilog=EXAMPLE)
def show(file: CommandFile, venue: VenueFile) -> None:
    """Say what a command orders, who has signed it, and who still must."""
    _show(_read(file), venue_of(venue))


@app.command(
    epilog="[bold]Example[/bold]\n\n    [cyan]marginline command send halt.json --venue venues/crash-2025-04-07.toml[/cyan]\n"
)
def send(
    file: CommandFile,
    venue: VenueFile,
    kafka: Annotated[
        str | None,
        typer.Option(help="Broker, host:port; MARGINLINE_KAFKA_BOOTSTRAP by default.", show_default=False),
    ] = None,
) -> None:
    """Put a command on its pool's lane of the topic commands; its time of sending is now."""
    of, command = venue_of(venue), _read(file)
    _show(command, of)
    from flows.connectors.kafka.outbox import Outbox  # noqa: PLC0415 - help does not wait for it
    from flows.connectors.kafka.settings import kafka_settings  # noqa: PLC0415

    now_ns = time.time_ns()
    values = json.loads(file.read_text("utf-8")) | {"time_ns": now_ns, "sent_ns": now_ns}
    lane = [each.id for each in of.pools].index(command.pool)
    out = Outbox(kafka_settings(**({"bootstrap": kafka} if kafka else {})), "marginline-command")
    try:
        value = json.dumps(values).encode()
        out.send("commands", lane, command.pool, value, [("content-type", b"application/json")])
        out.flush()
    finally:
        out.close()
    print("Sent. The event command-taken, or a dead letter, say what became of it.")


# --- files ------------------------------------------------------------------------------------------------------------
def _duration_ns(text: str) -> int:
    from flows.registry.text import duration_ns  # noqa: PLC0415 - help does not wait for it
    from schemas.config.text import DURATION_PATTERN  # noqa: PLC0415

    if re.fullmatch(DURATION_PATTERN[1:-1], text) is None:
        raise typer.BadParameter(f"{text!r} is no duration such as '30 min'.", param_hint="--expires-in")
    return duration_ns("--expires-in", text)


def _read(file: Path) -> Any:
    """A command from its file."""
    try:
        return _valid(file.read_text("utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} cannot be read: {error}.", param_hint="FILE") from None


def _valid(text: str, name: str) -> Any:
    """A command, signed or not; one line if it is none."""
    from pydantic import ValidationError  # noqa: PLC0415 - help does not wait for it

    from schemas.inputs.commands import Command, Signature  # noqa: PLC0415

    class Draft(Command):
        """A command that may have no signature yet."""

        signatures: tuple[Signature, ...] = ()

    try:
        return Draft.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = "".join(f"{part}: " for part in fault["loc"])
        raise typer.BadParameter(f"{name} is no command: {where}{fault['msg']}.") from None


def _write(file: Path, values: dict[str, Any]) -> None:
    file.write_text(json.dumps(values, indent=2, ensure_ascii=True) + "\n", "ascii")


def _private_key(file: Path) -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        found = load_pem_private_key(file.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise typer.BadParameter(f"{file} is no private key in PEM: {error}.", param_hint="--key") from None
    if not isinstance(found, Ed25519PrivateKey):
        raise typer.BadParameter(f"{file} is no Ed25519 key.", param_hint="--key")
    return found


def _new_parameters(of: Venue, pool: str, file: Path) -> dict[str, Any]:
    """The pool's parameters from a changed venue's file, as far as they can be judged without the pool."""
    from flows.registry.canonical import canonical_json  # noqa: PLC0415 - help does not wait for it
    from flows.registry.change import changed  # noqa: PLC0415

    text = canonical_json(venue_of(str(file)).pool(pool))
    version = json.loads(text)["version"]
    changed(text, of.pool(pool), replace(of.pool(pool), version=version - 1))
    values: dict[str, Any] = json.loads(text)
    return values


# --- what it says -----------------------------------------------------------------------------------------------------
def _show(command: Any, of: Venue) -> None:
    from flows.journal.signing import command_id, is_signed, order_of  # noqa: PLC0415 - help does not wait for it
    from flows.registry.text import show_ns  # noqa: PLC0415
    from flows.rules.breaker.command import effective_ns  # noqa: PLC0415
    from flows.verify.amounts import time_text  # noqa: PLC0415

    if command.pool not in [each.id for each in of.pools]:
        raise typer.BadParameter(f"there is no pool {command.pool} at {of.name}.", param_hint="--venue")
    signers = of.pool(command.pool).commands
    order = order_of(command)
    print(f"{_what(command)} of {command.venue}")
    if command.parameters is not None:
        for line in _changes("", asdict(of.pool(command.pool)), command.parameters):
            print(f"    {line}")
    left_ns = (command.expires_ns - time.time_ns()) // SECOND_NS * SECOND_NS
    until = f"in {show_ns(left_ns)}" if left_ns > 0 else "over"
    code = COMMANDS.index(command.command)
    delay_ns = effective_ns(code, 0, signers.delay_ns)
    rows = [
        ("id", command_id(order)),
        ("nonce", str(command.nonce)),
        ("expires", f"{time_text(command.expires_ns)}, {until}"),
        ("effect", f"{show_ns(delay_ns)} after it is taken up" if delay_ns else "at once"),
    ]
    good: list[str] = []
    for each in command.signatures:
        if each.key not in signers.keys:
            rows.append(("signed", f"{each.key[:16]}...: no key of this venue's"))
        elif is_signed(order, each.key, each.signature):
            good.append(signers.names[signers.keys.index(each.key)])
            rows.append(("signed", f"{good[-1]}"))
        else:
            name = signers.names[signers.keys.index(each.key)]
            rows.append(("signed", f"{name}: WRONG, this is not what was signed"))
    rows.append(("needed", _needed(signers.needed[code], good, signers.names)))
    if command.venue != of.name:
        rows.append(("venue", f"WRONG: {of.name} would refuse it"))
    for name, value in rows:
        print(f"  {name:8}  {value}")


def _what(command: Any) -> str:
    """``halt BTC-PERP in pool majors``."""
    if command.command == "skip":
        return f"skip entry {command.journal_offset} of pool {command.pool}"
    if command.command == "cancel":
        return f"cancel {command.cancels[:16]}... in pool {command.pool}"
    if command.command == "parameters":
        return f"new parameters, version {command.parameters.get('version')}, for pool {command.pool}"
    return f"{command.command} {command.market or 'every market'} in pool {command.pool}"


def _needed(needed: int, good: list[str], names: tuple[str, ...]) -> str:
    """How many, and who is left to ask."""
    if len(good) >= needed:
        return f"{needed} of {', '.join(names)}: enough"
    left = ", ".join(name for name in names if name not in good)
    return f"{needed} of {', '.join(names)}: {needed - len(good)} more of {left}"


def _changes(where: str, old: Any, new: Any) -> list[str]:
    """Every parameter that differs from the venue's file: ``markets[1].taker_fee_ppm: 450 -> 500``."""
    if isinstance(old, dict) and isinstance(new, dict):
        names = dict.fromkeys([*old, *new])
        return [
            line
            for name in names
            for line in _changes(f"{where}.{name}".lstrip("."), old.get(name), new.get(name))
        ]
    if isinstance(old, list | tuple) and isinstance(new, list | tuple) and len(old) == len(new):
        return [
            line
            for row, (one, other) in enumerate(zip(old, new, strict=True), 1)
            for line in _changes(f"{where}[{row}]", one, other)
        ]
    same = list(old) == list(new) if isinstance(old, tuple) and isinstance(new, list) else old == new
    return [] if same else [f"{where}: {old} -> {new}"]
