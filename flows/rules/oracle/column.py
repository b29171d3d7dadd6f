"""What a rule of this chapter may write into: the caller's columns, so that a kernel allocates nothing."""

from typing import Protocol

from flows.rules.exact import Ints


class Column(Ints, Protocol):
    """A row of integers that can be written: a list when Python calls, an int64 column when a kernel does."""

    def __setitem__(self, place: int, value: int, /) -> None: ...
