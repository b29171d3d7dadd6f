"""The faults: each does its harm to a `Scene`, lets some time pass, and heals it again.

What a fault leaves behind that an operator must mend, a process that is dead for one, the operator mends.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, get_args

from flows.connectors.checkpoints import Checkpoints
from flows.connectors.clickhouse import FOLDER
from flows.live.chaos.fall import clock
from flows.live.chaos.poison import throw
from flows.live.chaos.processes import FLOWS, STOP_S, Flow
from flows.live.chaos.scene import Scene
from flows.live.chaos.sender import Trouble
from flows.rules.scale.time import SECOND_NS

Fault = Callable[[Scene], None]

PAUSE_MOST_S: Final = 45.0
CLOCK_BACK_S: Final = 60
FLOW_ENDS_S: Final = 40.0
AT_MOST: Final = 1 << 62
AHEAD: Final = 1_000_000
"""Places that a checkpoint is moved ahead by."""

LEAST_ROOM: Final = 20_000
MOST_ROOM: Final = 200_000
"""Bytes that a file may have on a disk that is full."""


# ---- processes -------------------------------------------------------------------------------------------------------
def kill(flow: Flow, scene: Scene) -> None:
    """Kill -9."""
    scene.flows[flow].kill()


def stop(flow: Flow, scene: Scene) -> None:
    """Ask it to stop and start it again: what each deployment does."""
    scene.stop(flow)
    scene.flows[flow] = scene.starter.start(flow)


def twin(flow: Flow, scene: Scene) -> None:
    """Start a second process of a flow: it takes the lanes over, and the first one ends by itself."""
    former = scene.replace(flow)
    _leave(flow, scene, former)


def revived(flow: Flow, scene: Scene) -> None:
    """Pause a process, start another, and let the first one go on when the other has taken over."""
    former = scene.flows[flow]
    former.pause()
    scene.pump(scene.dice.uniform(0, 1))
    scene.replace(flow)
    scene.until(f"a second {flow} begins", lambda: scene.flows[flow].begun)
    scene.pump(scene.dice.uniform(0.5, 2))
    former.resume()
    _leave(flow, scene, former)


def _leave(flow: Flow, scene: Scene, former: object) -> None:
    """A former writer of lanes ends by itself with its one line; of clearing, both write the same."""
    stray = scene.strays[-1]
    assert stray is former, "it has just been replaced"
    scene.until(f"a second {flow} begins", lambda: scene.flows[flow].begun)
    if flow in {"market", "intake"}:
        scene.until(f"the former {flow} ends by itself", lambda: stray.code is not None, FLOW_ENDS_S)
        if stray.code is not None:
            scene.sign(f"former {flow} ended with {stray.code}: {stray.last_line}")
    else:
        scene.pump(scene.dice.uniform(0.5, 2))
        if stray.code is None:
            stray.stop(STOP_S * scene.patience)
    if wrong := stray.fault():
        scene.wrong.append(wrong)


def workers(scene: Scene) -> None:
    """Start all flows with two workers, and later with one again."""
    for count in (2, 1):
        scene.starter.workers = count
        for flow in FLOWS:
            stop(flow, scene)
        scene.until(f"flows begin with {count} workers", scene.is_well)
        scene.pump(scene.dice.uniform(0.5, 2))


# ---- the broker ------------------------------------------------------------------------------------------------------
def broker_stop(scene: Scene) -> None:
    """Stop it and start it again."""
    scene.broker.stop()
    scene.pump(scene.dice.uniform(0.5, 6))
    scene.broker.start()


def broker_kill(scene: Scene) -> None:
    """Kill it and start it again."""
    scene.broker.kill()
    scene.pump(scene.dice.uniform(0.5, 6))
    scene.broker.start()


def broker_pause(scene: Scene) -> None:
    """Let it stand still, for up to three quarters of a minute."""
    scene.broker.pause()
    scene.pump(scene.dice.choice([2.0, 5.0, 12.0, PAUSE_MOST_S]))
    scene.broker.resume()


# ---- what is sent ----------------------------------------------------------------------------------------------------
def trouble(what: Trouble, scene: Scene) -> None:
    """Repeat, swap or hold back a tenth of all records for a while."""
    scene.sender.trouble = what
    scene.pump(scene.dice.uniform(1.5, 4))
    scene.sender.trouble = "none"


def poison(scene: Scene) -> None:
    """Records that no producer of ours would send, on every input topic."""
    throw(scene.live, scene.dice, lanes=False)
    scene.pump(0.5)


def garbage(scene: Scene) -> None:
    """A foreign producer writes to the lanes that are the flows' own."""
    throw(scene.live, scene.dice, lanes=True)
    scene.pump(0.5)


def surge(scene: Scene) -> None:
    """Eighty order checks for each one."""
    scene.sender.surge = True
    scene.pump(scene.dice.uniform(1.5, 4))
    scene.sender.surge = False


def clock_back(scene: Scene) -> None:
    """The clock is set back by a minute and runs up to where it was; the pools' time stands still meanwhile."""
    second = scene.sender.clock_ns // SECOND_NS
    scene.sender.extra.extend(clock(each) for each in range(second - CLOCK_BACK_S, second))
    scene.pump(0.5)


# ---- checkpoints and disks -------------------------------------------------------------------------------------------
def _checkpoints(scene: Scene, flow: Flow) -> list[Path]:
    return sorted(scene.starter.state.glob(f"{flow}-*.checkpoint"))


def checkpoint_damaged(scene: Scene) -> None:
    """A flow's newest checkpoints have other bytes than were written."""
    flow = scene.dice.choice(FLOWS)
    scene.stop(flow)
    for path in _checkpoints(scene, flow)[-2:]:
        data = bytearray(path.read_bytes())
        data[scene.dice.randrange(len(data))] ^= 0xFF
        path.write_bytes(data[: scene.dice.choice([len(data), len(data) // 2])])
    scene.flows[flow] = scene.starter.start(flow)


def checkpoint_missing(scene: Scene) -> None:
    """A flow's newest checkpoint of each pool is gone: an older one is there, or none."""
    flow = scene.dice.choice(FLOWS)
    scene.flows[flow].kill()
    for pool in scene.live.venue.pools:
        for path in sorted(scene.starter.state.glob(f"{flow}-{pool.id}-*.checkpoint"))[-1:]:
            path.unlink()


def checkpoints_gone(scene: Scene) -> None:
    """All flows are killed, and of their folder only the database is left."""
    for flow in FLOWS:
        scene.flows[flow].kill()
    for path in scene.starter.state.iterdir():
        if path.name != FOLDER:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def checkpoint_ahead(scene: Scene) -> None:
    """A checkpoint of a flow knows more than its lane holds, as after a broker that has lost its newest records."""
    flow = scene.dice.choice(FLOWS)
    scene.stop(flow)
    for pool in scene.live.venue.pools:
        kept = Checkpoints(scene.starter.state, flow, pool.id)
        found = kept.newest(AT_MOST)
        if found is not None:
            place, state = found
            if "positions" in state:
                state["positions"] = {at: end + AHEAD for at, end in state["positions"].items()}
            kept.save(place + AHEAD, state)
    scene.flows[flow] = scene.starter.start(flow)


def another_machine(scene: Scene) -> None:
    """All flows are killed and start where there is nothing but the broker and a copy of the checkpoints."""
    for flow in FLOWS:
        scene.flows[flow].kill()
    former = scene.starter.state
    scene.starter.state = former.with_name(f"{former.name}-moved")
    scene.starter.state.mkdir()
    for path in former.glob("*.checkpoint"):
        shutil.copy(path, scene.starter.state)


def disk_full(scene: Scene) -> None:
    """A flow's files cannot grow beyond a few kilobytes (RLIMIT_FSIZE): what it writes of checkpoints fails."""
    flow = scene.dice.choice([each for each in FLOWS if each != "audit" or scene.database is not None])
    scene.stop(flow)
    room = scene.dice.randrange(LEAST_ROOM, MOST_ROOM)
    scene.flows[flow] = full = scene.starter.start(flow, room)
    scene.pump(3)
    if full.code is None:
        full.stop(STOP_S * scene.patience)
        scene.sign(f"{flow} ended with {full.code}: {full.last_line}")
        if wrong := full.fault():
            scene.wrong.append(wrong)
        scene.flows[flow] = scene.starter.start(flow)


# ---- the database ----------------------------------------------------------------------------------------------------
def database_down(scene: Scene) -> None:
    """Killed, and started again."""
    assert scene.database is not None, "the plan asks for one"
    scene.database.end(signal.SIGKILL)
    scene.pump(scene.dice.uniform(1, 8))
    scene.database.start()


def database_fault(scene: Scene, **told: float) -> None:
    """Slow, refusing, or silent after it has done what was asked."""
    assert scene.database is not None, "the plan asks for one"
    scene.database.fault(**told)
    scene.pump(scene.dice.uniform(2, 5))
    with suppress(OSError):
        scene.database.heal()


def _named() -> dict[str, Fault]:
    return {
        **{f"kill-{flow}": partial(kill, flow) for flow in FLOWS},
        **{f"stop-{flow}": partial(stop, flow) for flow in FLOWS},
        **{f"twin-{flow}": partial(twin, flow) for flow in FLOWS if flow != "audit"},
        **{f"revived-{flow}": partial(revived, flow) for flow in FLOWS if flow != "audit"},
        "workers": workers,
        "broker-stop": broker_stop,
        "broker-kill": broker_kill,
        "broker-pause": broker_pause,
        **{f"records-{what}": partial(trouble, what) for what in get_args(Trouble) if what != "none"},
        "poison": poison,
        "garbage": garbage,
        "surge": surge,
        "clock-back": clock_back,
        "checkpoint-damaged": checkpoint_damaged,
        "checkpoint-missing": checkpoint_missing,
        "checkpoints-gone": checkpoints_gone,
        "checkpoint-ahead": checkpoint_ahead,
        "another-machine": another_machine,
        "disk-full": disk_full,
        "database-down": database_down,
        "database-slow": partial(database_fault, count=30, slow_s=0.5),
        "database-refuses": partial(database_fault, count=6, status=503),
        "database-silent": partial(database_fault, count=4, drop=1),
    }


FAULTS: Final = _named()
"""By name, as `marginline chaos --fault` takes them."""

KILLS: Final = tuple(f"kill-{flow}" for flow in FLOWS)
OF_DATABASE: Final = tuple(name for name in FAULTS if name.startswith("database"))
