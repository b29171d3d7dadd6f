"""Topic ``clock``: the venue's time, once a second."""

from __future__ import annotations

from schemas.message import Message


class Clock(Message):
    """Time moves by these only: windows end and what is due starts at one of them. Topic ``clock``; to every pool."""
