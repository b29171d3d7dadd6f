"""Now and then, by the monotonic clock: for work that decides nothing, like checkpoints."""

from __future__ import annotations

import time
from collections.abc import Callable


class Every:
    """Says when it is time again."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds, self.clock = seconds, clock
        self.last = clock()

    def again(self) -> None:
        """Count from now."""
        self.last = self.clock()

    def is_over(self) -> bool:
        """Whether so many seconds have passed, and go on to have."""
        return self.clock() - self.last >= self.seconds

    def is_due(self) -> bool:
        """Whether so many seconds have passed since it was last due."""
        now = self.clock()
        if now - self.last < self.seconds:
            return False
        self.last = now
        return True
