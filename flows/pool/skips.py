"""Which entries a journal's skips allow the pool to pass over, should it stop at them.

A skip names an entry that lies before it, so it is looked for ahead of where the pool stands: at the first entry that
cannot be applied, whoever drives the pool asks here, and begins anew before that entry with the skip known. A skip of an
entry that can be applied is never asked for, and void where it stands: signers cannot take anything out of history.
"""

from __future__ import annotations

import numpy as np

from flows.journal import entries as en
from flows.rules.breaker.command import SKIP


def note_skips(known: dict[int, int], rows: en.Rows, first_offset: int) -> None:
    """Add the skips among entries: the entry each names, and its own offset; the first of several counts."""
    places = np.flatnonzero((rows[:, en.KIND] == en.COMMAND) & (rows[:, en.Command.COMMAND] == SKIP))
    for place in places.tolist():
        named = int(rows[place, en.Command.JOURNAL_OFFSET])
        if named < first_offset + place:
            known.setdefault(named, first_offset + place)
