"""The thin seam to bytewax: a step that knows nothing of it becomes a keyed operator, a reader a source, a writer a sink.

The same steps run in a plain loop (`flows.replay.run_plain`): nothing is decided here.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.operators import StatefulBatchLogic
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from flows.connectors.errors import not_written
from flows.connectors.silence import Silence

In = TypeVar("In")
Out = TypeVar("Out")
Taken_contra = TypeVar("Taken_contra", contravariant=True)
Made_co = TypeVar("Made_co", covariant=True)

EPOCH: Final = timedelta(seconds=1)
"""How often a cut is made through the whole flow: what a crash costs at most."""


class Step(Protocol[Taken_contra, Made_co]):
    """One pool's part of a flow: items in, items out, and a small state to resume from."""

    def apply(self, item: Taken_contra) -> Iterable[Made_co]:
        """What follows from an item."""

    def snapshot(self) -> Any:
        """What a later start needs to go on from here; cheap, as it is asked for in every epoch."""


@runtime_checkable
class Ending(Step[Taken_contra, Made_co], Protocol[Taken_contra, Made_co]):
    """A step that has more to say once its input is over."""

    def end(self) -> Iterable[Made_co]:
        """What is left."""


class Reader(Protocol[Made_co]):
    """A source's partition."""

    def read(self) -> Sequence[Made_co] | None:
        """The next items, or None at the end."""

    def snapshot(self) -> Any:
        """The position behind the items that were read."""

    def close(self) -> None:
        """Let go of files."""


class Writer(Protocol[Taken_contra]):
    """A sink's partition."""

    def write(self, items: Sequence[Taken_contra]) -> None:
        """Write items; they need not be safe yet."""

    def snapshot(self) -> Any:
        """Make all that was written safe; what a later start needs to go on behind it."""

    def close(self) -> None:
        """Let go of files."""


class Item(NamedTuple):
    """What travels between steps: an item, and the pool it is of."""

    pool: str
    body: Any


Build = Callable[[str, Any], Step[Any, Any]]
"""Makes a pool's step from its id and what an earlier one's `snapshot` gave, None at the first start."""


class Keyed(StatefulBatchLogic[Item, Item, Any]):
    """A pool's step as bytewax holds it, one a key. bytewax tells a builder the state but not the key: the items do."""

    def __init__(self, build: Build, state: Any) -> None:
        """The step is made when its first item says which pool's it is."""
        self.build = build
        self.state = state
        self.pool = ""
        self.step: Step[Any, Any] | None = None

    def on_batch(self, values: list[Item]) -> tuple[Iterable[Item], bool]:
        """Each item in its order."""
        out: list[Item] = []
        for pool, body in values:
            if self.step is None:
                self.pool, self.step = pool, self.build(pool, self.state)
            out.extend(Item(pool, made) for made in self.step.apply(body))
        return out, StatefulBatchLogic.RETAIN

    def on_eof(self) -> tuple[Iterable[Item], bool]:
        """The input is over; a step that saw none of it has nothing to end."""
        left = self.step.end() if isinstance(self.step, Ending) else ()
        return [Item(self.pool, made) for made in left], StatefulBatchLogic.RETAIN

    def snapshot(self) -> Any:
        """The step's own."""
        return self.state if self.step is None else self.step.snapshot()


class Part(StatefulSourcePartition[Out, Any], Generic[Out]):
    """A reader as bytewax polls it."""

    def __init__(self, reader: Reader[Out]) -> None:
        """Read from this."""
        self.reader = reader

    def next_batch(self) -> Iterable[Out]:
        """The next items."""
        items = self.reader.read()
        if items is None:
            raise StopIteration
        return items

    def snapshot(self) -> Any:
        """The reader's position."""
        return self.reader.snapshot()

    def close(self) -> None:
        """Let go of files."""
        self.reader.close()


class Parts(FixedPartitionedSource[Out, Any], Generic[Out]):
    """A source of named partitions, each opened from its position."""

    def __init__(self, names: Sequence[str], open_part: Callable[[str, Any], Reader[Out]]) -> None:
        """``open_part(name, position)``; the position is None at the first start."""
        self.names = list(names)
        self.open_part = open_part

    def list_parts(self) -> list[str]:
        """All partitions: a worker takes its share of them."""
        return self.names

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> Part[Out]:  # noqa: ARG002
        """Open one where it stood."""
        return Part(self.open_part(for_part, resume_state))


class SinkPart(StatefulSinkPartition[In, Any], Generic[In]):
    """A writer as bytewax fills it."""

    def __init__(self, writer: Writer[In]) -> None:
        """Write to this."""
        self.writer = writer

    def write_batch(self, values: list[In]) -> None:
        """Write in order."""
        self.writer.write(values)

    def snapshot(self) -> Any:
        """The durability barrier: it runs before the epoch commits."""
        return self.writer.snapshot()

    def close(self) -> None:
        """Let go of files."""
        self.writer.close()


class Sinks(FixedPartitionedSink[In, Any], Generic[In]):
    """A sink with one partition a key."""

    def __init__(self, keys: Sequence[str], open_part: Callable[[str, Any], Writer[In]]) -> None:
        """``open_part(key, position)``; the position is None at the first start."""
        self.keys = sorted(keys)  # bytewax sorts partitions, and asks `part_fn` for a place among them
        self.open_part = open_part

    def list_parts(self) -> list[str]:
        """One a key."""
        return self.keys

    def part_fn(self, item_key: str) -> int:
        """A key's own partition."""
        return self.keys.index(item_key)

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> SinkPart[In]:  # noqa: ARG002
        """Open one where it stood."""
        return SinkPart(self.open_part(for_part, resume_state))


def run_flow(flow: Dataflow, recovery: Path, workers: int) -> None:
    """Run to the end on this many workers, resuming from the recovery folder if it has something."""
    if not recovery.exists():
        draft = recovery.with_name(f".{recovery.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        init_db_dir(draft, 1)  # type: ignore[no-untyped-call]
        draft.rename(recovery)  # a kill between the two lines above would leave a store without partitions
    config = RecoveryConfig(str(recovery))  # type: ignore[no-untyped-call]
    try:
        with Silence():
            cli_main(  # type: ignore[no-untyped-call]
                flow, workers_per_process=workers, epoch_interval=EPOCH, recovery_config=config
            )
    except BaseException as error:
        if "SqliteFailure" not in str(error):
            raise
        number = errno.ENOSPC if "DiskFull" in str(error) else errno.EIO
        raise not_written(recovery, OSError(number, os.strerror(number))) from error
