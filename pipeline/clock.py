"""Times as people read them on a player."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """Seconds as people read a player: 1:02 or 1:01:02."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
